"""Where the work is done: places, devices, versions and the machine card.

Conventions
-----------
Nothing personal is recorded: no host name, no user name, no path. A machine card says what a reader needs
to judge a time: processor, cores, memory, accelerator, threads, versions.

Environment variables: ``SERBENCH_CACHE`` (the cache folder); ``SERBENCH_DATA`` (data roots) and ``SERBENCH_WEIGHTS``
(folders of pretrained weights), each joined by the system's path separator.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from serbench.errors import UsageError

#: What ``--device`` takes. ``auto``: cuda, else mps, else cpu.
Device = Literal["auto", "cpu", "cuda", "mps"]

#: The variables that name the cache folder, the data roots and the folders of pretrained weights.
CACHE_VARIABLE, DATA_VARIABLE, WEIGHTS_VARIABLE = "SERBENCH_CACHE", "SERBENCH_DATA", "SERBENCH_WEIGHTS"

_DRIVER = Path("/proc/driver/nvidia/version")
#: What lies in /dev where there is a driver of NVIDIA's cards, its small boards, AMD's cards, either under Windows.
_DRIVER_FILES = ("nvidia*", "nvhost*", "kfd", "dxg")
_PACKAGES = ("torch", "torchaudio", "librosa", "numpy", "scikit-learn", "scipy", "soundfile", "miniaudio", "soxr")


def cache_folder() -> Path:
    """Return where features and generated corpora are kept: ``SERBENCH_CACHE`` or the user's cache folder.

    Raises
    ------
    UsageError
        When the variable names the home of a user who has none.
    """
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return _expanded(named, CACHE_VARIABLE)
    import platformdirs

    return Path(platformdirs.user_cache_dir("serbench"))


def _expanded(folder: str, variable: str) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError as error:
        raise UsageError(f"{variable} names {folder!r}, and there is no such home; write the path in full") from error


def data_roots(named: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Return the folders that corpora are looked for in: those named, else those of ``SERBENCH_DATA``.

    Raises
    ------
    UsageError
        When a named folder does not exist.
    """
    return _folders(named, "data root", "corpora", "--data-root", DATA_VARIABLE)


def weight_roots(named: Sequence[Path] = ()) -> tuple[Path, ...]:
    """Return the folders that weights are looked for in: those named, else those of ``SERBENCH_WEIGHTS``.

    Raises
    ------
    UsageError
        When a named folder does not exist.
    """
    return _folders(named, "weights folder", "pretrained weights", "--weights", WEIGHTS_VARIABLE)


def _folders(named: Sequence[Path], what: str, held: str, option: str, variable: str) -> tuple[Path, ...]:
    """Return the folders that were named, else those of a variable; refuse one that is not there."""
    of_variable = (folder for folder in os.environ.get(variable, "").split(os.pathsep) if folder)
    roots = tuple(named) or tuple(_expanded(folder, variable) for folder in of_variable)
    for root in roots:
        if not root.is_dir():
            raise UsageError(
                f"{what} {str(root)!r} is no folder, expected one that holds {held}; see {option}, {variable}"
            )
    return roots


def resolve_device(device: Device) -> str:
    """Return the torch device a run works on.

    Raises
    ------
    UsageError
        When the device asked for is not there.
    """
    if device == "cpu" or (device == "auto" and not _accelerator_possible()):
        return "cpu"  # without torch: it takes a second to import, and a run that is done already needs none
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next(name for name in ("cuda", "mps", "cpu") if there[name])
    if not there.get(device, False):
        raise UsageError(
            f"device {device!r} is not there, expected one of {[n for n, ok in there.items() if ok]}; try --device auto"
        )
    return device


def _accelerator_possible() -> bool:
    """Return False where no driver offers one: on Linux each kind of driver has a file of its own."""
    return platform.system() != "Linux" or any(any(Path("/dev").glob(each)) for each in _DRIVER_FILES)


def missing(packages: Iterable[str]) -> list[str]:
    """Return which distributions are not installed, in order, each once.

    >>> missing(["numpy", "no-such-thing"])
    ['no-such-thing']
    """
    return [name for name in dict.fromkeys(packages) if package_version(name) is None]


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of those distributions that are installed."""
    return {name: found for name in dict.fromkeys(packages) if (found := package_version(name)) is not None}


def package_version(package: str) -> str | None:
    """Return the version of a package; None where it is not: some are not to be had everywhere."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def versions() -> dict[str, str]:
    """Return the versions of Python, serbench and the packages that results depend on."""
    found = {"python": platform.python_version(), "serbench": importlib.metadata.version("serbench")}
    return found | versions_of(_PACKAGES)  # some are not to be had everywhere


def machine_card(device: str) -> dict[str, Any]:
    """Return what a reader needs to judge a time measured here.

    Returns
    -------
    dict
        ``system``, ``processor``, ``instructions`` (the widest that torch computes with, as ``AVX2``: a processor's
        name may not tell, and with others sums come in another order), ``cores`` (usable by this process),
        ``memory_gib``, ``threads`` (torch's), ``device``, ``accelerator`` and ``driver`` (None without one).
    """
    import torch

    accelerator = driver = None
    if device == "cuda":
        accelerator, driver = torch.cuda.get_device_name(), f"{_driver()}, CUDA {torch.version.cuda}"
    elif device == "mps":
        accelerator = "Apple GPU"
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "threads": torch.get_num_threads(),
        "device": device,
        "accelerator": accelerator,
        "driver": driver,
    }


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def _driver() -> str:
    """Return the version of the accelerator's driver."""
    try:
        found = re.search(r"\b\d{3}(\.\d+)+\b", _DRIVER.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        found = None
    return found.group() if found else "unknown"


def _memory_gib() -> float | None:
    try:
        pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None
    return round(pages * size / 2**30, 1)


__all__ = [
    "CACHE_VARIABLE",
    "DATA_VARIABLE",
    "WEIGHTS_VARIABLE",
    "Device",
    "cache_folder",
    "data_roots",
    "machine_card",
    "package_version",
    "resolve_device",
    "usable_cores",
    "versions",
    "weight_roots",
]
