"""The first files of a new plugin: a package that runs before a line of it is changed."""

from __future__ import annotations

import importlib.resources
import importlib.util
import keyword
import re
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import numpy as np

from serbench.errors import UsageError
from serbench.plugin.registry import Registry

#: What can be begun, as the command line says it, and the kind of plugin that it is.
KINDS: Mapping[str, str] = {
    "model": "model",
    "dataset": "dataset",
    "features": "feature",
    "augmentation": "augmentation",
}

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: What lies in the sample of a new dataset: speakers and the pitch of each, in Hz.
_SPEAKERS = {"anna": 220.0, "ben": 110.0, "cleo": 190.0, "dan": 130.0}
_RATE = 8_000


@dataclass(frozen=True)
class Written:
    """What was begun.

    Attributes
    ----------
    files
        All that was written.
    run
        The command that runs it, in the folder of the package.
    """

    files: tuple[Path, ...]
    run: str


def check_name(kind: str, name: str, registry: Registry) -> None:
    """Raise UsageError with the reason when a new plugin cannot have a name."""
    module = name.replace("-", "_")
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"bad name {name!r}, expected lowercase words joined by '-', the first beginning with a letter: my-{kind}"
        )
    if keyword.iskeyword(module) or importlib.util.find_spec(module) is not None:
        raise UsageError(f"bad name {name!r}: Python has a module or a word {module!r} already; choose another name")
    offers = registry.shelves[KINDS[kind]].all(name)
    if offers:
        raise UsageError(f"bad name {name!r}: {offers[0].provider} offers a {kind} of that name; choose another")


def write_plugin(kind: str, name: str, folder: Path) -> Written:
    """Write an installable package with one plugin.

    Parameters
    ----------
    kind
        One of :data:`KINDS`.
    name
        Of the plugin and of the package; see :func:`check_name`.
    folder
        Where to; it is made.

    Raises
    ------
    UsageError
        When there is something in the folder already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already, expected a new folder; name another with --to")
    module = name.replace("-", "_")
    words = _words(kind, name, module)
    texts = {
        "pyproject.toml": "pyproject.toml.txt",
        "README.md": "README.md.txt",
        f"{module}.py": f"{kind}.py.txt",
        f"test_{module}.py": "test.py.txt",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, template in texts.items():
        text = importlib.resources.files("serbench.plugin").joinpath("templates", template).read_text(encoding="utf-8")
        (folder / file).write_text(Template(text).substitute(words), encoding="utf-8")
    files = [folder / file for file in texts]
    if kind == "dataset":
        files += _write_sample(folder / "sample" / name)
    return Written(tuple(files), words["run"])


def _words(kind: str, name: str, module: str) -> dict[str, str]:
    """Return what stands for the placeholders of the templates."""
    what = {
        "dataset": f"--model logreg --dataset {name} --data-root sample",
        "model": f"--model {name} --dataset synth",
    }.get(kind, f"--model {name}-probe --dataset synth")
    is_dataset = kind == "dataset"
    return {
        "name": name,
        "module": module,
        "class_name": "".join(word.capitalize() for word in name.split("-")),
        "kind": KINDS[kind],
        "run": f"serbench run {what}",
        "run_file": f"serbench run --plugin {module}.py {what}",
        "check_options": " --data-root sample" if is_dataset else "",
        "import_path": "\nfrom pathlib import Path\n" if is_dataset else "",
        "sample": ', data_roots=[Path(__file__).parent / "sample"]' if is_dataset else "",
    }


def _write_sample(root: Path) -> list[Path]:
    """Write a tiny corpus of tones as the new dataset reads it: higher and louder where a speaker is angry."""
    files = []
    for speaker, pitch in _SPEAKERS.items():
        for label, factor in (("angry", 1.5), ("calm", 1.0)):
            for take in range(1, 4):
                times = np.arange(int(0.4 * _RATE)) / _RATE  # (samples,)
                tone = 0.2 * factor * np.sin(2 * np.pi * factor * pitch * (1 + 0.03 * take) * times)
                path = root / speaker / f"{label}-{take:02d}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                with wave.open(str(path), "wb") as stream:
                    stream.setnchannels(1)
                    stream.setsampwidth(2)
                    stream.setframerate(_RATE)
                    stream.writeframes((tone * 32767).astype("<i2").tobytes())
                files.append(path)
    return files


__all__ = ["KINDS", "Written", "check_name", "write_plugin"]
