"""What a run knows of a corpus: its manifest, its recordings, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from serbench.corpus.dataset import Dataset
from serbench.corpus.inventory import Inventory, take_inventory
from serbench.corpus.manifest import LabelMap, Manifest
from serbench.corpus.transcripts import Wording, texts_of, wording_of
from serbench.errors import DatasetError, DatasetMissingError, PluginError, ProtocolError
from serbench.features.extract import Clip
from serbench.results.facts import AudioCopy, DatasetFacts, LabelMapFacts
from serbench.run.reasons import without_places
from serbench.run.request import Request, Skip
from serbench.run.workspace import Workspace


@dataclass(frozen=True)
class Corpus:
    """One corpus as a run reads it.

    Attributes
    ----------
    dataset
        The plugin, with its arguments.
    manifest
        The utterances that take part.
    inventory
        Facts of every recording, unreadable ones among them.
    left_out
        From utterance id to the reason, for recordings that were left out on request: they cannot be read. Files are
        named by their paths below the corpus.
    """

    dataset: Dataset
    manifest: Manifest
    inventory: Inventory
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def datasets(self) -> tuple[Dataset, ...]:
        """Every plugin that has a part in what the corpus holds."""
        return (self.dataset,)

    @property
    def parts(self) -> dict[str, str]:
        """From its name to the numbers that are off by more than is tolerated; empty where none is."""
        return {self.manifest.dataset: self.manifest.part} if self.manifest.part else {}

    @property
    def roots(self) -> tuple[Path, ...]:
        """Where its recordings lie on this machine."""
        return (self.manifest.root,)

    @property
    def exclusion(self) -> str | None:
        """Why a score on it is excluded from averages over datasets, or None."""
        card = self.dataset.card
        reasons = (card.diagnostic, None if card.headline else "no recordings of people", *self.parts.values())
        return "; ".join(reason for reason in reasons if reason) or None

    def domain_of(self, uid: str) -> str | None:  # noqa: ARG002  (of one corpus there is nothing to say)
        """Return whether an utterance is ``source`` or ``target``; None where nobody adapts from one to the other."""
        return None

    @property
    def unreadable(self) -> dict[str, str]:
        """From utterance id to the reason, for recordings that take part and cannot be read; see :attr:`left_out`."""
        return {
            uid: without_places(reason, self.roots)
            for uid, reason in self.inventory.bad.items()
            if uid in self.manifest.by_id
        }

    def without(self, ids: Collection[str]) -> Corpus:
        """Return the corpus with recordings left out of its manifest; what lies on disk stays in its inventory.

        Raises
        ------
        DatasetError
            When nothing is left.
        """
        bad = self.inventory.bad
        reasons = {uid: bad.get(uid, "left out, though it can be read here") for uid in sorted(ids)}
        left_out = {uid: without_places(reason, self.roots) for uid, reason in reasons.items()}
        if not left_out:
            return self
        kept = tuple(utterance for utterance in self.manifest.utterances if utterance.id not in left_out)
        if not kept:
            first = next(iter(left_out.values()))
            raise DatasetError(f"{self.manifest.dataset}: none of {len(left_out)} recordings can be read: {first}")
        return replace(self, manifest=replace(self.manifest, utterances=kept), left_out=left_out)

    def clips(self) -> list[Clip]:
        """Return every utterance's recording, in the manifest's order."""
        root, found = self.manifest.root, self.inventory.recordings
        pairs = [(root / utterance.path, found[utterance.id]) for utterance in self.manifest.utterances]
        return [Clip(path, known.digest, known.seconds, known.checksum) for path, known in pairs]

    def seconds(self) -> list[float]:
        """Return the length of every readable recording that takes part, in the manifest's order."""
        found = self.inventory.recordings
        return [found[each.id].seconds for each in self.manifest.utterances if each.id in found]

    @property
    def wording(self) -> Wording | None:
        """What the words of its clips are: transcripts, prompts, or unknown."""
        return wording_of(self.dataset.card.prompts, self.manifest)

    def texts(self) -> tuple[str, ...]:
        """Return the words of every utterance, in the manifest's order."""
        return texts_of(self.dataset.card.prompts, self.manifest)

    def digests(self) -> dict[str, str]:
        """Return each readable utterance's recording digest."""
        return {uid: recording.digest for uid, recording in self.inventory.recordings.items()}

    def variant(self) -> AudioCopy:
        """Return which copy was read, and whether it was derived: at a rate the corpus was not published at."""
        published = self.dataset.card.sample_rates
        found = {recording.sample_rate for recording in self.inventory.recordings.values()}
        derived = bool(published) and not found <= set(published)
        return AudioCopy(**self.inventory.variant(), published_sample_rates=tuple(published), derived=derived)

    def facts(self) -> DatasetFacts:
        """Return what of the corpus may change a result."""
        label_map = self.manifest.label_map
        return DatasetFacts(
            name=self.manifest.dataset,
            version=self.manifest.version,
            params=self.dataset.identity.params,
            label_map=LabelMapFacts(name=label_map.name, version=label_map.version),
            manifest=self.manifest.digest,
            audio=self.inventory.digest,
        )


def open_corpus(dataset: Dataset, workspace: Workspace, *, skip_bad_audio: bool = False) -> Corpus:
    """Find a corpus, read its manifest and take stock of its recordings.

    Parameters
    ----------
    skip_bad_audio
        Leave recordings that cannot be read out of the manifest, and say so in every record.

    Raises
    ------
    DatasetMissingError
        When the corpus is not there.
    DatasetError
        When it is not as it should be: a table that cannot be read, two files for one clip, no recording to be read.
    PluginError
        When the dataset's own code fails on it.
    """
    places = workspace.locations
    with workspace.progress(f"reading {dataset.card.name}", 0) as advance:
        manifest = dataset.manifest(dataset.locate(places.data_roots, places.cache))
        corpus = Corpus(dataset, manifest, take_inventory(manifest, places.cache, progress=advance))
    return corpus.without(corpus.inventory.bad) if skip_bad_audio else corpus


def make_dataset(
    offered: type[Dataset], arguments: Mapping[str, Any], label_map: Callable[[type[Dataset]], LabelMap] | None = None
) -> Dataset:
    """Return a dataset with the arguments that came from a person, or from a record.

    Parameters
    ----------
    label_map
        Says by which of its maps it is read, whatever the arguments say; may refuse it with a :class:`ProtocolError`.
    """
    return offered.create(**{**arguments, **({} if label_map is None else {"labels": label_map(offered).name})})


def open_corpora(
    request: Request, workspace: Workspace, *, label_map: Callable[[type[Dataset]], LabelMap] | None = None
) -> tuple[list[Corpus], list[Skip]]:
    """Open every corpus of a request.

    Parameters
    ----------
    label_map
        Says by which of a dataset's maps it is read; None for the one that the request's settings name, or the default.

    Returns
    -------
    The corpora, and what is skipped: with ``all_datasets`` those that are not there or cannot be opened, and those for
    which ``label_map`` raises a :class:`ProtocolError`.

    Raises
    ------
    DatasetError, PluginError
        When a dataset that was named is not there or cannot be opened: see :func:`open_corpus`.
    """
    registry = workspace.registry
    corpora: list[Corpus] = []
    skips: list[Skip] = []
    for name in registry.datasets if request.all_datasets else request.datasets:
        offered = registry.get("dataset", name)
        try:
            dataset = make_dataset(offered, request.settings.get(name, {}), label_map)
        except ProtocolError as error:
            skips.append(Skip(name, str(error)))
            continue
        try:
            corpora.append(open_corpus(dataset, workspace, skip_bad_audio=request.skip_bad_audio))
        except (DatasetError, PluginError) as error:
            if not request.all_datasets:
                raise
            skips.append(Skip(name, str(error), is_broken=not isinstance(error, DatasetMissingError)))
    return corpora, skips


__all__ = ["Corpus", "make_dataset", "open_corpora", "open_corpus"]
