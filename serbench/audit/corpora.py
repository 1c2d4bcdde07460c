"""Audits of corpora: what is odd about their recordings, and what each protocol's parts have in common.

Conventions
-----------
A corpus whose recordings are not at hand is audited by the names of its clips: ids, speakers, sentences and classes as
far as the names tell them, and nothing of its sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from serbench.audit.splits import SplitAudit, audit_split
from serbench.corpus.dataset import Dataset
from serbench.corpus.finding import Finding
from serbench.corpus.fingerprint import Fingerprint, take_fingerprints
from serbench.corpus.manifest import Manifest
from serbench.corpus.oddities import find_oddities
from serbench.corpus.twins import Twins, find_twins
from serbench.errors import ProtocolError
from serbench.protocol.protocol import Protocol
from serbench.run.corpora import Corpus, open_corpus
from serbench.run.request import Progress, Skip

#: The kind of finding that says that nobody could read the names.
UNREAD = "unread-names"


@dataclass(frozen=True)
class CorpusAudit:
    """What was found in one corpus.

    Attributes
    ----------
    manifest
        What was audited.
    copy
        What kind of recordings were listened to: ``FLAC 16 kHz``; None where none were at hand.
    oddities
        Of the corpus, whatever is done with it.
    splits
        Of each protocol that can be applied.
    skips
        The protocols that cannot, and why.
    """

    manifest: Manifest
    copy: str | None
    oddities: tuple[Finding, ...]
    splits: tuple[SplitAudit, ...]
    skips: tuple[Skip, ...] = ()

    @property
    def leaks(self) -> bool:
        """Whether any split leaks."""
        return any(each.leaks for each in self.splits)

    @property
    def knows_speakers(self) -> bool:
        """False where nobody could read the names of the clips, so that no speaker is known."""
        return all(each.kind != UNREAD for each in self.oddities)


@dataclass(frozen=True)
class Places:
    """Where things are.

    Attributes
    ----------
    data_roots
        Where the user keeps corpora.
    cache
        The cache folder.
    """

    data_roots: Sequence[Path]
    cache: Path


@dataclass(frozen=True)
class Heard:
    """A corpus whose recordings were listened to.

    Attributes
    ----------
    dataset, manifest
        Which.
    copy
        What kind of recordings.
    oddities, twins
        What was found in them.
    """

    dataset: Dataset
    manifest: Manifest
    copy: str | None
    oddities: tuple[Finding, ...]
    twins: tuple[Twins, ...]


def listen(dataset: Dataset, places: Places, progress: Progress) -> Heard:
    """Find a corpus and listen to its recordings; those known from before are not opened again.

    Raises
    ------
    DatasetMissingError
        When the corpus is not there.
    """
    corpus, fingerprints = open_and_listen(dataset, places, progress)
    with progress(f"comparing the sounds of {dataset.card.name}", 0):
        twins = find_twins(corpus.manifest, corpus.inventory, fingerprints, places.cache)
    oddities = find_oddities(corpus.manifest, corpus.inventory, fingerprints, twins)
    return Heard(dataset, corpus.manifest, corpus.variant().label, oddities, twins)


def open_and_listen(dataset: Dataset, places: Places, progress: Progress) -> tuple[Corpus, dict[str, Fingerprint]]:
    """Return a corpus and the fingerprints of its recordings, by their digests.

    Raises
    ------
    DatasetMissingError
        When the corpus is not there.
    """
    name = dataset.card.name
    with progress(f"reading {name}", 0) as advance:
        corpus = open_corpus(dataset, places.data_roots, places.cache, progress=advance)
    sounds = {each.digest for each in corpus.inventory.recordings.values()}
    with progress(f"listening to {name}", len(sounds)) as advance:
        return corpus, take_fingerprints(corpus.manifest, corpus.inventory, places.cache, progress=advance)


def audit_corpus(heard: Heard, protocols: Sequence[Protocol]) -> CorpusAudit:
    """Audit a corpus under protocols; one that cannot be applied to it becomes a skip."""
    audits, skips = [], []
    for protocol in protocols:
        try:
            split = protocol.split(heard.dataset, heard.manifest)
        except ProtocolError as error:
            skips.append(Skip(protocol.name, str(error).removeprefix(f"{heard.manifest.dataset}: ")))
            continue
        audits.append(audit_split(heard.manifest, split, heard.twins))
    return CorpusAudit(heard.manifest, heard.copy, heard.oddities, tuple(audits), tuple(skips))


__all__ = ["UNREAD", "CorpusAudit", "Heard", "Places", "audit_corpus", "listen", "open_and_listen"]
