"""Random clips (``random``): what a score is worth that knows the speakers. Never ranked."""

from __future__ import annotations

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.digest import digest_value
from serbench.errors import ProtocolError
from serbench.protocol.protocol import InflationStyle, Protocol
from serbench.protocol.split import Fold, Split

_FOLDS = 5
#: What the order of clips is drawn from; part of the protocol.
_SEED = 0


class RandomClips(Protocol):
    """Clips are dealt into folds at random, by class alone."""

    name = "random"
    version = "1"
    summary = (
        "Random clips: five folds, stratified by class and drawn once for all from a fixed seed; dev is the next fold, "
        "train the other three. Speakers, sentences and equal recordings lie on all sides, as in most published "
        "figures. It shows how much of such a figure is knowledge of the speakers: compare with si. Never ranked."
    )
    ranked = False
    inflation = InflationStyle(20, "square", "clips at random, so the voices are known")

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:  # noqa: ARG002  (one rule for every corpus)
        """Return the five folds.

        Raises
        ------
        ProtocolError
            When there are fewer than five clips.
        """
        if len(manifest) < _FOLDS:
            raise ProtocolError(f"{manifest.dataset}: {len(manifest)} clips, expected one at least for each of 5 folds")
        drawn = sorted(manifest.utterances, key=lambda utterance: digest_value([_SEED, utterance.id]))
        # sorted by class, then dealt like cards: every fold gets its share of utterance class, and of all clips
        ids = [utterance.id for label in manifest.labels for utterance in drawn if utterance.label == label]
        parts = [ids[place::_FOLDS] for place in range(_FOLDS)]
        folds = []
        for place, test in enumerate(parts):
            dev = parts[(place + 1) % _FOLDS]
            rest = set(ids).difference(test, dev)
            folds.append(Fold(f"fold-{place + 1}", tuple(sorted(rest)), tuple(sorted(dev)), tuple(sorted(test))))
        return Split(
            self.name,
            self.version,
            manifest.dataset,
            tuple(folds),
            dev_shares_speakers=True,
            shares_speakers=True,
            shares_recordings=True,
            notes=("test speakers are heard in training: no score on new speakers",),
        )


__all__ = ["RandomClips"]
