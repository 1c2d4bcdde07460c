"""A corpus of any size, for measuring how things grow: a plugin of one dataset, and a function that writes its clips.

Clips are short and as unlike each other as recordings of speech are: a fifth of a second of a few partials under an
envelope of their own, in noise, all drawn from the clip's number.
There is a speaker for every hundred clips, ten at least. In a folder without recordings the dataset ``names`` has as
many clips as the folder's name says, by name alone.
"""

from __future__ import annotations

from pathlib import Path

from serbench.api import Dataset, DatasetCard, Utterance, hookimpl

LABELS = ("anger", "happiness", "neutral", "sadness")
RATE, SAMPLES = 16_000, 3200


class Thirds:
    """Every third speaker is tested together."""

    dev_shares_speakers = False
    shares_speakers = False

    def folds(self, manifest):
        """Return three folds."""
        from serbench.protocol.splitters import folds_of_groups

        groups = [(f"third-{each}", frozenset(manifest.speakers[each::3])) for each in range(3)]
        return folds_of_groups(manifest, groups, "next")


class Generated(Dataset):
    """Clips that :func:`write_clips` wrote."""

    card = DatasetCard(
        name="generated",
        version="1",
        summary="partials in noise, for measuring",
        labels=LABELS,
        language="none",
        licence="none",
        cite="none",
        obtain="python benchmarks/scaling.py writes it",
        folders=("generated",),
        headline=False,
    )
    split = Thirds()

    def utterances(self, root):
        """Yield the clips that lie there."""
        for path in self.recordings(root):
            yield _utterance(path.relative_to(root).as_posix())


class Names(Generated):
    """Clips that lie nowhere: as many as the root's name says."""

    card = DatasetCard(**{**vars(Generated.card), "name": "names", "folders": ("names",)})

    def utterances(self, root):
        """Yield names."""
        number = int(root.name)
        return (_utterance(place_of(each, number)) for each in range(number))


def place_of(index: int, number: int) -> str:
    """Return the relative path of a clip in a corpus of ``number``."""
    speaker = index % max(10, number // 100)
    return f"s{speaker:05}/s{speaker:05}_t{index // 7 % 20:02}_{LABELS[index // 3 % 4]}_{index:07}.wav"


def write_clips(root: Path, number: int) -> None:
    """Write the clips of a corpus of ``number``."""
    import numpy as np
    import soundfile

    time = np.arange(SAMPLES) / RATE
    for index in range(number):
        rng = np.random.default_rng(index)
        pitches = np.exp(rng.uniform(np.log(150), np.log(3500), (12, 1))) * (1 + index // 3 % 4 / 40)  # Hz
        levels = np.exp(rng.normal(0, 1, (12, 1)))
        envelope = np.interp(time, np.linspace(0, time[-1], 9), rng.uniform(0, 1, 9) ** 2)
        tone = (levels * np.sin(2 * np.pi * (pitches * time + rng.uniform(size=(12, 1))))).sum(0) * envelope
        path = root / place_of(index, number)
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(
            path, (0.3 * tone / np.abs(tone).max() + rng.normal(0, 0.005, SAMPLES)).astype(np.float32), RATE
        )


def _utterance(path: str) -> Utterance:
    stem = path.rpartition("/")[2].partition(".")[0]
    speaker, sentence, label, _ = stem.split("_")
    return Utterance(id=stem, path=path, speaker=speaker, label=label, sentence=sentence)


@hookimpl
def serbench_datasets():
    """Offer the datasets."""
    return [Generated, Names]
