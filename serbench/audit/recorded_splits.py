"""Splits made again: what a record's key names, from the corpora at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from serbench.audit.corpora import Places, open_and_listen
from serbench.corpus.dataset import Dataset
from serbench.corpus.fingerprint import Fingerprint
from serbench.corpus.manifest import Manifest
from serbench.corpus.twins import Twins, find_twins
from serbench.digest import digest_value
from serbench.plugin.registry import Registry
from serbench.protocol.cross import Crossing
from serbench.protocol.protocols import CrossCorpus, get_protocol
from serbench.protocol.split import Split
from serbench.results.facts import DatasetFacts
from serbench.results.record import Record
from serbench.run.corpora import Corpus
from serbench.run.crossing import join
from serbench.run.request import Progress


@dataclass(frozen=True)
class Remade:
    """A split that was made again.

    Attributes
    ----------
    manifest
        The corpus, or the joined corpora of a crossing, without what the record left out.
    twins
        The groups of utterances that have one sound.
    split
        What the protocol makes of it here and now.
    """

    manifest: Manifest
    twins: tuple[Twins, ...]
    split: Split


@dataclass(frozen=True)
class _Known:
    """A corpus and the fingerprints of its recordings, by their digests."""

    corpus: Corpus
    fingerprints: Mapping[str, Fingerprint]


class Again:
    """Makes splits again from the corpora at hand, each corpus read once.

    Parameters
    ----------
    registry, places, progress
        Who offers the datasets, where they lie, and how progress is shown.
    emobox
        A copy of EmoBox's data folder, or None.
    """

    def __init__(self, registry: Registry, places: Places, progress: Progress, emobox: Path | None = None) -> None:
        self._registry, self._places, self._progress, self._emobox = registry, places, progress, emobox
        self._known: dict[str, _Known] = {}
        self._twins: dict[tuple[str, ...], tuple[Twins, ...]] = {}

    def split(self, record: Record) -> Remade:
        """Return the split that a record's key names, as it is made here and now.

        Raises
        ------
        SerbenchError
            When a corpus is not there, the dataset or protocol unknown, or the split cannot be made; says why.
        """
        facts, left_out = record.key.dataset, set(record.left_out)
        rule = get_protocol(record.key.protocol.name, emobox=self._emobox)
        if isinstance(rule, CrossCorpus):
            return self._crossed(rule, facts, left_out)
        known = self._open(facts)
        manifest = _without(known.corpus.manifest, left_out)
        split = rule.split(known.corpus.dataset, manifest)
        return Remade(manifest, self._twins_of([known], known.corpus), split)

    def _crossed(self, rule: CrossCorpus, facts: DatasetFacts, left_out: set[str]) -> Remade:
        crossing = Crossing(facts.trained_on, facts.tested_on)
        known = {name: self._open(facts.corpora[name]) for name in crossing.members}
        members = {
            name: replace(each.corpus, manifest=_without(each.corpus.manifest, left_out, f"{name}/"))
            for name, each in known.items()
        }
        corpus = join(crossing, members)
        datasets: dict[str, Dataset] = {name: each.dataset for name, each in members.items()}
        split = rule.divide(crossing, datasets, {name: each.manifest for name, each in members.items()})
        return Remade(corpus.manifest, self._twins_of(list(known.values()), corpus), split)

    def _open(self, facts: DatasetFacts) -> _Known:
        made = digest_value([facts.name, facts.params])
        if made not in self._known:
            dataset = self._registry.get("dataset", facts.name).create(**facts.params)
            self._known[made] = _Known(*open_and_listen(dataset, self._places, self._progress))
        return self._known[made]

    def _twins_of(self, members: Iterable[_Known], corpus: Corpus) -> tuple[Twins, ...]:
        """Return the twins of a corpus; of a joined one also those that two of its members share."""
        digests = tuple(sorted({found.digest for found in corpus.inventory.recordings.values()}))
        key = (corpus.manifest.dataset, *digests)
        if key not in self._twins:
            fingerprints = {digest: each for known in members for digest, each in known.fingerprints.items()}
            with self._progress(f"comparing the sounds of {corpus.manifest.dataset}", 0):
                self._twins[key] = find_twins(corpus.manifest, corpus.inventory, fingerprints, self._places.cache)
        return self._twins[key]


def _without(manifest: Manifest, left_out: set[str], prefix: str = "") -> Manifest:
    kept = tuple(each for each in manifest.utterances if f"{prefix}{each.id}" not in left_out)
    return replace(manifest, utterances=kept)


__all__ = ["Again", "Remade"]
