"""The named protocols: which rule divides a corpus, and whether its scores may be ranked.

Conventions
-----------
A protocol is its name and its version; the version is raised whenever the folds of any corpus change, so that old
records are never mixed with new ones. ``tests/golden/splits.json`` pins every (dataset, protocol, version).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.errors import ProtocolError, UnknownNameError
from serbench.protocol.cross import Crossing, across, prefixed
from serbench.protocol.protocol import Protocol
from serbench.protocol.split import Split
from serbench.protocol.text import NewSentences
from serbench.protocol.unranked import EmoBox, RandomClips, Replica


class SpeakerIndependent(Protocol):
    """Test speakers are heard nowhere else; each corpus names its own grouping of speakers."""

    name = "si"
    version = "1"
    summary = (
        "Speaker-independent: nobody who speaks in a test fold speaks in its train or dev part. The grouping is the "
        "corpus's own rule: actor groups (RAVDESS, CREMA-D, synth), one speaker left out (EMO-DB, EMOVO, SAVEE, TESS), "
        "one session left out (IEMOCAP), the official parts (MELD). Dev is the next group in the cycle; where there "
        "are too few speakers for that, a stratified fifth of the clips outside test. A corpus whose official parts "
        "share speakers says so in its split and is shown as diagnostic only."
    )
    ranked = True

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:
        """Return the folds of the dataset's own rule.

        Raises
        ------
        ProtocolError
            When the rule does not fit what was found on disk, or when it shares speakers and the card does not
            say under ``diagnostic`` what the score is worth.
        """
        rule = dataset.split
        if rule.shares_speakers and not dataset.card.diagnostic:
            raise ProtocolError(
                f"{manifest.dataset}: its split shares speakers between test and train, expected its card to say under "
                f"'diagnostic' what such a score is worth"
            )
        return Split(
            self.name,
            self.version,
            manifest.dataset,
            tuple(rule.folds(manifest)),
            dev_shares_speakers=rule.dev_shares_speakers,
            shares_speakers=rule.shares_speakers,
        )


class CrossCorpus(Protocol):
    """Test a corpus of which nothing was heard in training."""

    name = "cross"
    version = "1"
    summary = (
        "Cross-corpus: train on one corpus, test on the whole of another; of three or more also train on all others. "
        "Each corpus brings a label map 'shared4' onto anger, happiness, neutral and sadness; what it does not map is "
        "left out, and counted. Dev is a fifth of the speakers of each training corpus (by rule; of the test corpus "
        "never), and a recording that two corpora hold is a leak. Give two datasets or more; the result is a matrix, "
        "and on its diagonal each corpus's own speaker-independent folds under the same map, for reference."
    )
    ranked = True
    crosses_corpora = True

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:  # noqa: ARG002  (one corpus cannot be crossed)
        """Refuse: there is nothing to divide in one corpus.

        Raises
        ------
        ProtocolError
            Always.
        """
        raise ProtocolError(
            f"{manifest.dataset}: protocol {self.name} needs two corpora or more, got one; name another"
        )

    def divide(self, crossing: Crossing, datasets: Mapping[str, Dataset], manifests: Mapping[str, Manifest]) -> Split:
        """Return the split of the corpora that take part, joined into one manifest by ``unite``.

        Parameters
        ----------
        datasets, manifests
            By name, of all that take part; read by the label map ``shared4``.

        Raises
        ------
        ProtocolError
            When nobody is left for dev, or when, on the diagonal, the corpus's own rule shares speakers or fails.
        """
        name = crossing.tested_on
        if not crossing.is_diagonal:
            return Split(self.name, self.version, crossing.name, (across(crossing, manifests),))
        own = get_protocol("si").split(datasets[name], manifests[name])
        if own.shares_speakers:
            raise ProtocolError(f"{name}: its own split shares speakers, so there is no figure for new speakers")
        folds = tuple(prefixed(name, fold) for fold in own.folds)
        return Split(self.name, self.version, crossing.name, folds, dev_shares_speakers=own.dev_shares_speakers)


#: From name to protocol, in the order of listings.
PROTOCOLS: Mapping[str, Protocol] = {
    each.name: each
    for each in (SpeakerIndependent(), NewSentences(), CrossCorpus(), RandomClips(), Replica(), EmoBox())
}


def get_protocol(name: str, *, emobox: Path | None = None) -> Protocol:
    """Return the protocol of that name.

    Parameters
    ----------
    emobox
        A copy of EmoBox's data folder, for the protocol that reads it.

    Raises
    ------
    UnknownNameError
        When there is none; near matches are named.

    >>> get_protocol("si").ranked
    True
    """
    if name not in PROTOCOLS:
        raise UnknownNameError("protocol", name, PROTOCOLS)
    return EmoBox(emobox) if name == EmoBox.name else PROTOCOLS[name]


__all__ = ["PROTOCOLS", "CrossCorpus", "Protocol", "SpeakerIndependent", "get_protocol"]
