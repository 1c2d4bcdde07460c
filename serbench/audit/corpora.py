"""Audits of corpora: what is odd about their recordings, and what each protocol's parts have in common.

Conventions
-----------
A corpus whose recordings are not at hand is audited by the names of its clips: ids, speakers, sentences and classes as
far as the names tell them, and nothing of its sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from serbench.audit.sounds import Sounds
from serbench.audit.splits import SplitAudit, audit_split
from serbench.corpus.dataset import Dataset
from serbench.corpus.finding import Finding
from serbench.corpus.manifest import Manifest
from serbench.corpus.oddities import find_oddities
from serbench.corpus.twins import Twins
from serbench.errors import ProtocolError
from serbench.protocol.cross_corpus import Crossing, SeveralCorpora
from serbench.protocol.protocol import Protocol
from serbench.run.corpora import open_corpus
from serbench.run.crossing import cross, join
from serbench.run.request import Request, Skip
from serbench.run.workspace import Workspace

#: The kind of finding that says that nobody could read the names.
UNREAD = "unread-names"


@dataclass(frozen=True)
class CorpusAudit:
    """What was found in one corpus.

    Attributes
    ----------
    manifest
        What was audited; of several corpora at once, all of them as one.
    copy
        What kind of recordings were listened to: ``FLAC 16 kHz``; None where none were at hand.
    oddities
        Of the corpus, whatever is done with it.
    splits
        Of each protocol that can be applied; of one that crosses corpora, one of every crossing.
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


def audit_several(protocol: SeveralCorpora, request: Request, workspace: Workspace) -> CorpusAudit:
    """Audit what a protocol makes of several corpora at once; what cannot be crossed becomes a skip.

    What is odd about each corpus alone is not said again.

    Raises
    ------
    ProtocolError
        When fewer than two of the corpora can be crossed.
    DatasetError, PluginError
        When one that was named is not there or cannot be opened.
    """
    crossed = cross(protocol, request, workspace)
    by_name = {corpus.manifest.dataset: corpus for corpus in crossed.members}
    if not by_name:
        raise ProtocolError("; ".join(f"{skip.what}: {skip.reason}" for skip in crossed.skips))
    names = tuple(sorted(by_name))
    whole = join(Crossing(names, names[0]), by_name)
    twins = Sounds(workspace).twins(whole)  # of all at once: every crossing is of some of them
    splits = tuple(audit_split(corpus.manifest, split, twins) for corpus, split in crossed.tasks)
    manifest = replace(whole.manifest, dataset="+".join(names))
    return CorpusAudit(manifest, whole.variant().label, (), splits, crossed.skips)


__all__ = ["UNREAD", "AnalysedCorpus", "CorpusAudit", "analyse_corpus", "audit_corpus", "audit_several"]
