"""Trained models to disk and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serbench.digest import canonical_json, digest_value
from serbench.errors import FormatError, UsageError
from serbench.features.extractor import FeatureExtractor
from serbench.features.text import TextExtractor
from serbench.lacking import missing_weights
from serbench.learning.fusion import models_of
from serbench.learning.model import Model
from serbench.part import Part, missing_packages
from serbench.plugin.members import complete
from serbench.plugin.registry import Registry
from serbench.results.facts import Environment, PartFacts
from serbench.results.record import Record
from serbench.results.saved import SavedModel, packed, write_model
from serbench.run.contender import part_facts
from serbench.run.plan import Cell
from serbench.run.reasons import reason_of
from serbench.scoring.figure import Figure
from serbench.source import source_digest
from serbench.weights import WeightFolders


@dataclass(frozen=True)
class LoadedModel:
    """A saved model, ready to predict.

    Attributes
    ----------
    card
        What is known of it.
    model, extractors
        The model, fitted, and its features by name, with the arguments of the time.
    changed
        Names of the parts whose code is not what it was when the model was saved.
    """

    card: SavedModel
    model: Model
    extractors: dict[str, FeatureExtractor]
    changed: tuple[str, ...]


def model_path(cell: Cell, folder: Path) -> Path:
    """Return where a cell's model is saved: the path of its card."""
    return folder / "models" / f"{Record(key=cell.key, label=cell.label, status='skipped').stem}.json"


def save_cell(cell: Cell, model: Model, folder: Path, environment: Environment) -> int | None:
    """Save the fitted model of a cell; one that cannot be saved leaves a card with the reason.

    Returns
    -------
    Bytes of the file of numbers, or None.
    """
    extractors = cell.contender.extractors
    card = {
        "key": cell.key.facts(),
        "label": cell.label,
        "classes": cell.corpus.manifest.labels,
        "sample_rates": {
            name: extractor.card.sample_rate
            for name, extractor in extractors.items()
            if not isinstance(extractor, TextExtractor)
        },
        "trained_on": {"rows": len(cell.training), "ids": digest_value(sorted(cell.training))},
        "versions": environment.versions,
        "code": {part.card.name: source_digest(type(part)) for part in (*models_of(model), *extractors.values())},
        **({"checkpoints": needed} if (needed := _needed(extractors)) else {}),
    }
    path = model_path(cell, folder)
    try:
        state = model.state()
        reason = None if state is not None else f"{model.card.name} does not say what its fit learned"
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
        state, reason = None, f"{model.card.name}: {reason_of(error, cell.corpus.roots)}"
    try:
        return write_model(path, card, state, reason)
    except OSError:
        raise  # the disk's fault: the cell is to be run again
    except Exception as error:  # noqa: BLE001  (what it says may be no numbers)
        return write_model(path, card, None, f"{model.card.name}: {reason_of(error, cell.corpus.roots)}")


def _needed(extractors: Mapping[str, FeatureExtractor]) -> dict[str, dict[str, Any]]:
    """Return the pretrained weights that predicting needs: those of the features; the model's are in its state."""
    chosen = {name: extractor.checkpoint for name, extractor in extractors.items()}
    return {name: {**each.facts(), "obtain": each.obtain} for name, each in chosen.items() if each is not None}


def stored_bytes(model: Model) -> Figure:
    """Return how many bytes the file of a fitted model's numbers takes, written or not."""
    try:
        state = model.state()
        if state is None:
            return Figure.undefined(f"cannot be saved: {model.card.name} does not say what its fit learned")
        return Figure(len(packed(state)))
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
        return Figure.undefined(f"cannot be saved: {model.card.name}: {reason_of(error)}")


def load_model(
    path: Path, registry: Registry, device: str = "cpu", weights: WeightFolders | None = None
) -> LoadedModel:
    """Load the model of a card.

    What the model itself was initialised from is not asked for: its state holds all that it learned. A feature's
    pretrained weights are.

    Parameters
    ----------
    weights
        Where the features look for their pretrained weights; None: in the user's folders.

    Raises
    ------
    FormatError
        When the card is damaged, holds no model, or names another model or feature than is installed.
    UnknownNameError
        When nobody offers the model or a feature.
    UsageError
        When a package is missing that one of them requires, or the pretrained weights of a feature.
    CheckpointError
        When those are there with another digest.
    """
    card = SavedModel.read(path)
    state = card.state(path)
    model = complete(registry.get("model", card.key.model.name).create(**card.key.model.params), registry)
    offered = [registry.get("feature", part.name) for part in card.key.features]
    if lacking := missing_packages([*models_of(model), *offered]):
        raise UsageError(f"{path} cannot be used: {lacking}")
    model.device = device
    extractors = {part.use: registry.get("feature", part.name).create(**part.params) for part in card.key.features}
    _expect_same(model, card.key.model, path)
    for (name, extractor), was in zip(extractors.items(), card.key.features, strict=True):
        _expect_same(extractor, was, path, name)
    for part in (*models_of(model), *extractors.values()):
        part.weight_folders = weights
    if lacking := missing_weights(extractors.values()):
        raise UsageError(f"{path} cannot be used: {lacking}")
    model.load_state(state, card.classes)
    parts = (*models_of(model), *extractors.values())
    changed = tuple(part.card.name for part in parts if card.code.get(part.card.name) != source_digest(type(part)))
    return LoadedModel(card, model, extractors, changed)


def count_saved(cells: Iterable[Cell], folder: Path) -> tuple[int, dict[str, int]]:
    """Return how many of the cells have a saved model, and how many have none for each reason."""
    saved = 0
    reasons: Counter[str] = Counter()
    for cell in cells:
        path = model_path(cell, folder)
        if not path.is_file():
            reasons["their cells were done before, without their models; run them with another --out"] += 1
            continue
        card = SavedModel.read(path)
        if card.reason is None:
            saved += 1
        else:
            reasons[card.reason] += 1
    return saved, dict(reasons)


def _expect_same(part: Part, was: PartFacts, path: Path, name: str | None = None) -> None:
    """Refuse a plugin that has another version or other settings than at the time."""
    if canonical_json(part_facts(part, name).facts()) != canonical_json(was.facts()):
        raise FormatError(
            f"{path} was saved with {was.name} version {was.version}, and this one is version "
            f"{part.card.version} or has other settings; use the plugin that it was saved with"
        )


__all__ = ["LoadedModel", "count_saved", "load_model", "model_path", "save_cell", "stored_bytes"]
