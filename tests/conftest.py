"""What every test may rely on: a cache of its own, and neighbours that leave the process as it was."""

from __future__ import annotations

import logging
import os
import random
import sys
from pathlib import Path

# one thread for every sum, before any library asks how many there are: tests' work is small, and where other programs
# keep the cores, threads that wait for each other take many times as long
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
import pytest  # noqa: E402
import rich.console  # noqa: E402, F401  (it draws from the global generator when it is first imported)

#: Variables that libraries set for themselves when they are first imported or used.
SET_BY_LIBRARIES = {"PYTEST_CURRENT_TEST", "KMP_DUPLICATE_LIB_OK", "KMP_INIT_AT_FORK", "CUDA_MODULE_LOADING"} | {
    "TORCHINDUCTOR_CACHE_DIR"
}

#: Where the real recordings lie, read before the session hides it from the tests that do not ask.
_DATA = os.environ.get("SERBENCH_DATA")
#: Where a copy of EmoBox's data folder lies.
_EMOBOX = os.environ.get("SERBENCH_EMOBOX")
#: Where real pretrained weights lie.
_WEIGHTS = os.environ.get("SERBENCH_WEIGHTS")


@pytest.fixture(scope="session", autouse=True)
def _own_places(tmp_path_factory):
    """Keep the whole session out of the home folder, and blind to what the user has set."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SERBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MPLCONFIGDIR", str(tmp_path_factory.mktemp("matplotlib")))
        patch.delenv("SERBENCH_DATA", raising=False)
        patch.delenv("SERBENCH_EMOBOX", raising=False)
        patch.delenv("SERBENCH_WEIGHTS", raising=False)
        patch.delenv("SERBENCH_PLUGINS", raising=False)
        yield


@pytest.fixture(scope="session")
def data_root():
    """Return the folder of real recordings, or skip."""
    if not _DATA:
        pytest.skip("SERBENCH_DATA is not set: no real recordings")
    return Path(_DATA.split(os.pathsep)[0])


@pytest.fixture(scope="session")
def emobox_folder():
    """Return a copy of EmoBox's data folder, or skip."""
    if not _EMOBOX:
        pytest.skip("SERBENCH_EMOBOX is not set: no folds of EmoBox")
    return Path(_EMOBOX)


@pytest.fixture(scope="session")
def weights_folder():
    """Return the folder of real pretrained weights, or skip."""
    if not _WEIGHTS:
        pytest.skip("SERBENCH_WEIGHTS is not set: no pretrained weights")
    return Path(_WEIGHTS.split(os.pathsep)[0]).absolute()


@pytest.fixture(scope="session")
def _saved_encoders(tmp_path_factory):
    from tests.tiny_encoders import MADE, saved

    folder = tmp_path_factory.mktemp("encoders")
    return folder, {name: saved(name, folder) for name in MADE}


@pytest.fixture
def tiny_encoders(_saved_encoders, monkeypatch):
    """Let tiny random encoders stand in the table of the built-in ones; return the folder of their weights."""
    from serbench_plugins.features.encoders import ENCODERS

    folder, table = _saved_encoders
    for name, encoder in table.items():
        monkeypatch.setitem(ENCODERS, name, encoder)
    return folder


@pytest.fixture(scope="session")
def published():
    """Return the leaderboard of this repository, or skip."""
    folder = Path(__file__).parents[1] / "leaderboard"
    if not (folder / "records").is_dir():
        pytest.skip("there is no leaderboard/ with records: source distributions leave it out")
    return folder


@pytest.fixture(autouse=True)
def _leaves_the_process_alone():
    """Fail a test that changes what the tests after it would see."""
    before = _state()
    yield
    after = _state()
    changed = [name for name in before if before[name] is not None and before[name] != after[name]]
    assert not changed, f"the test changed {', '.join(changed)}"


def _state():
    return {
        "os.environ": {k: v for k, v in os.environ.items() if k not in SET_BY_LIBRARIES},
        "the working directory": Path.cwd(),
        "the global state of random": random.getstate(),
        "the global state of numpy.random": repr(_numpy_state()),
        "the global state of torch": _torch_state(),
        "the logging handlers": [logging.getLogger(name).handlers[:] for name in (None, "serbench")],
    }


def _numpy_state():
    kind, keys, *rest = np.random.get_state()  # noqa: NPY002  (the global state is what is watched)
    return kind, keys.tobytes(), rest


def _torch_state():
    """Return the generator's state, or None while torch is not imported: its import draws a seed."""
    if "torch" not in sys.modules:
        return None
    import torch

    return torch.random.get_rng_state().numpy().tobytes()


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that leaves a package of one module where pip would, with its entry points."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    before = set(sys.modules)

    def install(module, source, *, distribution=None, version="1.0", points=None):
        distribution = distribution or module.replace("_", "-")
        (site / f"{module}.py").write_text(source)
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[serbench]\n{points or f'{module} = {module}'}\n")
        return info

    yield install
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(site)):
            del sys.modules[name]
