"""The split that a record names, made again from the corpora at hand: the one way in which that is done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from serbench.digest import digest_value
from serbench.errors import FormatError
from serbench.protocol.adaptation import Adaptation
from serbench.protocol.cross_corpus import Crossing, SeveralCorpora, shared_map
from serbench.protocol.split import Split, expect_classes
from serbench.results.facts import DatasetFacts, MemberFacts
from serbench.results.record import Record
from serbench.run.corpora import Corpus, make_dataset, open_corpus
from serbench.run.crossing import divide
from serbench.run.workspace import Workspace


@dataclass(frozen=True)
class RecordedSplit:
    """A record's split as it is made here and now.

    Attributes
    ----------
    corpus
        The corpus, or the joined corpora of a crossing, without the recordings that the record left out.
    split
        What the protocol makes of it.
    """

    corpus: Corpus
    split: Split


class RecordedSplits:
    """Makes the splits of records again, each corpus read once.

    Parameters
    ----------
    workspace
        Who offers the datasets, where they lie, and the arguments of protocols.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._corpora: dict[str, Corpus] = {}

    def make(self, record: Record) -> RecordedSplit:
        """Return the split that a record's key names.

        Raises
        ------
        SerbenchError
            When a corpus is not there, the dataset or protocol unknown, or the split cannot be made; says why.
        FormatError
            When the record says of a crossing nothing about one of its corpora.
        """
        facts = record.key.dataset
        protocol = self._workspace.protocol(record.key.protocol.name)
        if isinstance(protocol, SeveralCorpora):
            return RecordedSplit(*self._divide(protocol, facts, record.left_out))
        corpus = self._open(facts, crossed=False).without(record.left_out)
        return RecordedSplit(corpus, expect_classes(corpus.manifest, protocol.split(corpus.dataset, corpus.manifest)))

    def _divide(self, protocol: SeveralCorpora, facts: DatasetFacts, left_out: Collection[str]) -> tuple[Corpus, Split]:
        crossing = _crossing(facts)
        if not facts.corpora.keys() >= set(crossing.members):
            raise FormatError(
                f"the record of {crossing.name} knows the corpora {sorted(facts.corpora)}, expected "
                f"{list(crossing.members)}; run it again"
            )
        members = {}
        for name in crossing.members:
            prefix = f"{name}/"
            own = [uid.removeprefix(prefix) for uid in left_out if uid.startswith(prefix)]
            members[name] = self._open(facts.corpora[name], crossed=True).without(own)
        return divide(protocol, crossing, members)

    def _open(self, facts: DatasetFacts | MemberFacts, *, crossed: bool) -> Corpus:
        """Return the complete corpus of facts; one that is crossed is read by its shared classes, whatever they say."""
        asked = digest_value([facts.name, facts.params, crossed])
        if asked not in self._corpora:
            offered = self._workspace.registry.get("dataset", facts.name)
            dataset = make_dataset(offered, facts.params, shared_map if crossed else None)
            self._corpora[asked] = open_corpus(dataset, self._workspace)
        return self._corpora[asked]


def _crossing(facts: DatasetFacts) -> Crossing:
    """Return what a record says was crossed."""
    if facts.adapted is None:
        return Crossing(facts.trained_on, facts.tested_on)
    adapted = facts.adapted
    return Adaptation(
        facts.trained_on,
        facts.tested_on,
        percentages=adapted.percentages,
        speakers=adapted.speakers,
        of=adapted.of,
    )


__all__ = ["RecordedSplit", "RecordedSplits"]
