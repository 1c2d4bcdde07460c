"""What a run knows of a corpus: its manifest, its recordings, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from serbench.corpus.dataset import Dataset
from serbench.corpus.inventory import Inventory, take_inventory
from serbench.corpus.manifest import LabelMap, Manifest
from serbench.errors import DatasetMissingError, ProtocolError
from serbench.features.extract import Clip
from serbench.plugin.registry import Registry
from serbench.results.facts import AudioCopy, DatasetFacts, LabelMapFacts
from serbench.run.request import Progress, Request, Skip


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
        From utterance id to the reason, for unreadable recordings that were left out on request.
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
    def exclusion(self) -> str | None:
        """Why a score on it is excluded from averages over datasets, or None."""
        card = self.dataset.card
        return card.diagnostic or (None if card.headline else "no recordings of people")

    @property
    def unreadable(self) -> dict[str, str]:
        """From utterance id to the reason, for recordings that take part and cannot be read."""
        return {uid: reason for uid, reason in self.inventory.bad.items() if uid in self.manifest.by_id}

    def clips(self) -> list[Clip]:
        """Return every utterance's recording, in the manifest's order."""
        root, found = self.manifest.root, self.inventory.recordings
        return [
            Clip(root / each.path, found[each.id].digest, found[each.id].seconds) for each in self.manifest.utterances
        ]

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
            params=self.dataset.params,
            label_map=LabelMapFacts(name=label_map.name, version=label_map.version),
            manifest=self.manifest.digest,
            audio=self.inventory.digest,
        )


def open_corpus(
    dataset: Dataset,
    data_roots: Sequence[Path],
    cache: Path,
    *,
    skip_bad_audio: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Corpus:
    """Find a corpus, read its manifest and take stock of its recordings.

    Parameters
    ----------
    skip_bad_audio
        Leave recordings that cannot be read out of the manifest, and say so in every record.
    progress
        Told how many recordings were looked at.

    Raises
    ------
    DatasetMissingError
        When the corpus is not there.
    """
    manifest = dataset.manifest(dataset.locate(data_roots, cache))
    inventory = take_inventory(manifest, cache, progress=progress)
    if not (skip_bad_audio and inventory.bad):
        return Corpus(dataset, manifest, inventory)
    kept = tuple(each for each in manifest.utterances if each.id not in inventory.bad)
    return Corpus(dataset, replace(manifest, utterances=kept), inventory, left_out=dict(inventory.bad))


def open_corpora(
    request: Request,
    registry: Registry,
    data_roots: Sequence[Path],
    cache: Path,
    progress: Progress,
    *,
    label_map: Callable[[type[Dataset]], LabelMap] | None = None,
) -> tuple[list[Corpus], list[Skip]]:
    """Open every corpus of a request.

    Parameters
    ----------
    label_map
        Says by which of a dataset's maps it is read; None for the one that the request's settings name, or the default.

    Returns
    -------
    The corpora, and what is skipped: with ``all_datasets`` those that are not there, and those for which ``label_map``
    raises a :class:`ProtocolError`.

    Raises
    ------
    DatasetMissingError
        When a dataset that was named is not there.
    """
    corpora: list[Corpus] = []
    skips: list[Skip] = []
    for name in registry.datasets if request.all_datasets else request.datasets:
        offered = registry.get("dataset", name)
        settings = dict(request.settings.get(name, {}))
        try:
            settings |= {} if label_map is None else {"labels": label_map(offered).name}
        except ProtocolError as error:
            skips.append(Skip(name, str(error)))
            continue
        dataset = offered.create(**settings)
        with progress(f"reading {name}", 0) as advance:
            try:
                corpora.append(
                    open_corpus(dataset, data_roots, cache, skip_bad_audio=request.skip_bad_audio, progress=advance)
                )
            except DatasetMissingError as error:
                if not request.all_datasets:
                    raise
                skips.append(Skip(name, str(error)))
    return corpora, skips


__all__ = ["Corpus", "open_corpora", "open_corpus"]
