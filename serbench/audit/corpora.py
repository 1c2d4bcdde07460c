"""Audits of corpora: what is odd about their recordings, and what each protocol's parts have in common.

Conventions
-----------
A corpus whose recordings are not at hand is audited by the names of its clips: ids, speakers, sentences and classes as
far as the names tell them, and nothing of its sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from serbench.audit.sounds import Sounds
from serbench.audit.splits import SplitAudit, audit_split
from serbench.corpus.dataset import Dataset
from serbench.corpus.finding import Finding
from serbench.corpus.manifest import Manifest
from serbench.corpus.oddities import find_oddities
from serbench.corpus.twins import Twins
from serbench.errors import ProtocolError
from serbench.protocol.protocol import Protocol
from serbench.run.corpora import open_corpus
from serbench.run.request import Skip
from serbench.run.workspace import Workspace

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
class AnalysedCorpus:
    """A corpus with what was found in its recordings.

    Attributes
    ----------
    dataset, manifest
        Which.
    copy
        What kind of recordings; None where none were at hand.
    oddities, twins
        What was found in them.
    """

    dataset: Dataset
    manifest: Manifest
    copy: str | None
    oddities: tuple[Finding, ...]
    twins: tuple[Twins, ...]


def analyse_corpus(dataset: Dataset, workspace: Workspace) -> AnalysedCorpus:
    """Find a corpus and listen to its recordings; those known from before are not opened again.

    Raises
    ------
    DatasetMissingError
        When the corpus is not there.
    """
    corpus, sounds = open_corpus(dataset, workspace), Sounds(workspace)
    twins = sounds.twins(corpus)
    oddities = find_oddities(corpus.manifest, corpus.inventory, sounds.fingerprints(corpus), twins)
    return AnalysedCorpus(dataset, corpus.manifest, corpus.variant().label, oddities, twins)


def audit_corpus(analysed: AnalysedCorpus, protocols: Sequence[Protocol]) -> CorpusAudit:
    """Audit a corpus under protocols; one that cannot be applied to it becomes a skip."""
    audits, skips = [], []
    for protocol in protocols:
        try:
            split = protocol.split(analysed.dataset, analysed.manifest)
        except ProtocolError as error:
            skips.append(Skip(protocol.name, str(error).removeprefix(f"{analysed.manifest.dataset}: ")))
            continue
        audits.append(audit_split(analysed.manifest, split, analysed.twins))
    return CorpusAudit(analysed.manifest, analysed.copy, analysed.oddities, tuple(audits), tuple(skips))


__all__ = ["UNREAD", "AnalysedCorpus", "CorpusAudit", "analyse_corpus", "audit_corpus"]
