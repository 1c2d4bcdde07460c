from __future__ import annotations

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app
from serbench.cost.calibration import calibrate
from serbench.cost.quiet import Timing

#: A corpus of empty files: listings and folds decode no sound.
CORPUS = """
from serbench.api import Dataset, DatasetCard, LabelMap, LeaveOneSpeakerOut, Utterance, hookimpl

class Mine(Dataset):
    '''Recordings of the lab.'''

    card = DatasetCard(
        name="mine", version="3", summary="our recordings", labels=("angry", "calm"), language="eng",
        licence="in-house", cite="unpublished", obtain="ask the lab for the disk", folders=("mine",),
        clips={"angry": 4, "calm": 4}, speakers=4)
    split = LeaveOneSpeakerOut()

    def utterances(self, root):
        for path in self.recordings(root):
            label, _, take = path.stem.partition("-")
            yield Utterance(id=f"{path.parent.name}-{path.stem}", path=path.relative_to(root).as_posix(),
                            speaker=path.parent.name, label=label)

@hookimpl
def serbench_datasets():
    yield Mine
"""

PARTS = """
from serbench.api import (
    Augmentation, AugmentationCard, FeatureCard, FeatureExtractor, Figure, Metric, MetricCard, Model, ModelCard,
    hookimpl,
)

class Energy(FeatureExtractor):
    '''The level of a clip.'''
    card = FeatureCard(name="energy", version="1", summary="level", sample_rate=8000, output="vector")

class Louder(Augmentation):
    card = AugmentationCard(name="louder", version="1", summary="gain")

class Guess(Model):
    '''Looks at the level alone.

    Parameters
    ----------
    depth, mode
        How deep it looks, and in what way: the text of an argument may be longer than a line of the page is
        and is wrapped then.
    '''
    card = ModelCard(name="guess", version="2", summary="a guess", features=("energy",))

    def __init__(self, *, depth: int = 3, mode: str = "plain", deep: bool = True) -> None:
        self.depth = depth
        self.deep = deep
        self.mode = mode

def half(truth, scores):
    '''Return one half.'''
    return Figure(0.5)

@hookimpl
def serbench_features():
    yield Energy

@hookimpl
def serbench_augmentations():
    yield Louder

@hookimpl
def serbench_models():
    yield Guess

@hookimpl
def serbench_metrics():
    yield Metric(MetricCard(name="half", version="1", summary="one half", better="higher"), half)
"""


@pytest.fixture(scope="module", autouse=True)
def quiet_machine():
    """Time once in this process, and take the machine for quiet, whatever else it does: no test of a command times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serbench.run.timing.quietly", lambda work, **_: Timing(work(), calibrate(), None))
        yield


@pytest.fixture
def serbench():
    """Return a function that runs the program in this process: ``result.exit_code``, ``.stdout``, ``.stderr``."""
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture
def toys(install):
    """Install a corpus named ``mine`` and a part of every other kind."""
    install("my_corpus", CORPUS)
    install("my_parts", PARTS)


@pytest.fixture
def recordings(tmp_path):
    """Return a data root with the corpus ``mine``: four speakers, two clips of each label but one."""
    root = tmp_path / "corpora"
    for speaker in ("anna", "ben", "cleo", "dan"):
        (root / "Mine" / speaker).mkdir(parents=True)
        for label in ("angry", "calm"):
            (root / "Mine" / speaker / f"{label}-1.wav").touch()
    (root / "Mine" / "dan" / "calm-1.wav").unlink()
    return root
