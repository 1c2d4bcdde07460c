"""The efficiency laboratory: what models cost on this machine, measured side by side.

Conventions
-----------
Each model is fitted on the training rows of the first fold of a corpus. Without one: in haste, on a small synthetic
corpus, without augmentations, for one epoch where the model has an argument ``epochs``. Size and speed do not depend on
what was learned; what fitting costs does, and is then undefined. The figures: ``serbench.cost.efficiency``.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from serbench.cost.calibration import calibrate
from serbench.cost.efficiency import FIGURES, WORK, size_figures
from serbench.cost.latency import ALL_THREADS, GPU, ONE_THREAD, RUNS, WARM_UP, Specimen, failure, latency_figures
from serbench.cost.meter import Clock, Meter, fit_and_predict_figures
from serbench.cost.noise_clip import NoiseClips
from serbench.cost.streams import lengths_of, macs_per_audio_second
from serbench.cost.throughput import device_memory, throughput_figures
from serbench.cost.timing import threads
from serbench.environment import machine_card, usable_cores, versions
from serbench.errors import DatasetError, UsageError
from serbench.features.cache import FeatureCache
from serbench.plugin.registry import Registry
from serbench.results.facts import Environment
from serbench.results.saved import SavedModel
from serbench.run.cold_start import cold_start
from serbench.run.contender import make_contender
from serbench.run.plan import Cell
from serbench.run.request import Skip
from serbench.run.saving import model_path, save_cell
from serbench.run.setup import Setup
from serbench.run.tables import Workbench, make_tables
from serbench.run.workspace import silent
from serbench.scoring.figure import Figure

#: The corpus that stands in where none is named: 24 clips.
SMALL = {"synth": {"speakers": 6, "sentences": 1, "takes": 1}}


@dataclass(frozen=True)
class Thoroughness:
    """How long is measured.

    Attributes
    ----------
    runs, warm_up
        Timed and untimed calls at batch 1, at every place.
    seconds
        How long each batch size of throughput is timed.
    starts
        How many new processes are started for the cold start.
    """

    runs: int = RUNS
    warm_up: int = WARM_UP
    seconds: float = 0.5
    starts: int = 3

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class Profile:
    """What a model costs.

    Attributes
    ----------
    label
        The model with its arguments.
    fitted_on
        ``dataset``, ``rows`` (None where the model could not be fitted) and ``quick``: True where the fit was cut short
        and says nothing of training.
    figures
        Every figure by name.
    """

    label: str
    fitted_on: Mapping[str, Any]
    figures: Mapping[str, Figure]

    @property
    def is_fitted(self) -> bool:
        """False where the model could not be fitted, so that nothing was measured."""
        return self.fitted_on["rows"] is not None

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        figures = {name: each.facts() for name, each in self.figures.items()}
        return {"label": self.label, "fitted_on": self.fitted_on, "figures": figures}


@dataclass(frozen=True)
class _Fitted:
    """A fitted model, the cell that it was fitted for, and what is known of it so far."""

    specimen: Specimen
    cell: Cell
    profile: Profile


def profile_models(
    setup: Setup,
    registry: Registry,
    thoroughness: Thoroughness | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> list[Profile]:
    """Fit the models of a setup and measure them, in turns where turns are fair.

    Parameters
    ----------
    setup
        Models, settings, places; at most one dataset, and none for the small synthetic corpus. Its device is where the
        models are fitted; they are measured wherever this machine can.
    registry
        Who offers them.
    thoroughness
        How long is measured; None: as published figures are.
    watch
        Told what is done now.

    Returns
    -------
    One profile per model, in the order asked for. A model that cannot be fitted has no figure, each with the reason;
    the others go on.

    Raises
    ------
    UsageError
        When several datasets are named, or anything by a name that nobody offers.
    DatasetError
        When the corpus is not there, or a recording cannot be read.
    """
    how = thoroughness or Thoroughness()
    begun = _fit_all(setup, registry, watch)
    fitted = [model for model in begun if isinstance(model, _Fitted)]
    specimens = [model.specimen for model in fitted]
    found: dict[str, dict[str, Figure]] = {specimen.name: {} for specimen in specimens}
    for place in (ONE_THREAD, ALL_THREADS, GPU):
        watch(f"latency, {place.words}")
        for name, figures in latency_figures(specimens, place, runs=how.runs, warm_up=how.warm_up).items():
            found[name] |= figures
    for specimen in specimens:
        for place in (ALL_THREADS, GPU):
            watch(f"{specimen.name}: throughput, {place.words}")
            found[specimen.name] |= throughput_figures(specimen, place, seconds=how.seconds)
        found[specimen.name]["inference_gpu_memory_bytes"] = device_memory(specimen, GPU)
    for model in fitted:
        watch(f"{model.specimen.name}: cold start")
        found[model.specimen.name] |= _on_disk(model, setup, how.starts)
    return [
        _finished(model.profile, found[model.specimen.name]) if isinstance(model, _Fitted) else model for model in begun
    ]


def laboratory_card(device: str) -> dict[str, Any]:
    """Return the machine card with what else a reader of a profile needs.

    Returns
    -------
    dict
        ``machine`` (as in records), ``threads`` (of each place), ``precision`` (of float32 matrix products) and
        ``versions``; beside the card ``calibration`` and ``load``: how many programs wanted to run in the last minute,
        None where the system does not say.
    """
    import torch

    return {
        "machine": machine_card(device),
        "threads": {"one": 1, "all": usable_cores()},
        "precision": torch.get_float32_matmul_precision(),
        "versions": versions(),
        "calibration": calibrate(),
        "load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }


def _fit_all(setup: Setup, registry: Registry, watch: Callable[[str], None]) -> list[_Fitted | Profile]:
    """Return the models, fitted, and the profiles of those that cannot be."""
    asked = setup.request
    if len(asked.datasets) > 1:
        raise UsageError(f"{len(asked.datasets)} datasets were named, expected one at most")
    is_quick = not asked.datasets
    settings = dict(asked.settings)
    if is_quick:
        settings |= SMALL
        settings |= {name: _short(name, registry, asked.settings) for name in asked.models}
    with tempfile.TemporaryDirectory(prefix="serbench-profile-") as nowhere:
        request = replace(asked, datasets=asked.datasets or tuple(SMALL), settings=settings, seeds=1)
        plan = replace(setup, request=request, out=Path(nowhere)).plan(registry, silent)
    begun: list[_Fitted | Profile] = [_skipped(skip, is_quick=is_quick) for skip in plan.skips]
    environment = Environment(versions=versions())
    bench = Workbench(FeatureCache(setup.locations.cache), setup.device, (), environment, silent)
    for cell in plan.cells:
        if cell.is_timed:
            name = cell.contender.model.card.name
            watch(f"fitting {name} on {cell.corpus.manifest.dataset}")
            label = make_contender(name, registry, asked.settings).label
            try:
                begun.append(_fit(cell, bench, label, is_quick=is_quick))
            except DatasetError:
                raise
            except Exception as error:  # noqa: BLE001  (a plugin may raise anything)
                begun.append(_unfitted(cell, label, error, is_quick=is_quick))
    return begun


def _unfitted(cell: Cell, label: str, error: Exception, *, is_quick: bool) -> Profile:
    none = Figure.undefined(f"fitting failed: {type(error).__name__}: {' '.join(str(error).split())}")
    facts = {"dataset": cell.corpus.manifest.dataset, "rows": None, "quick": is_quick}
    return Profile(label, facts, dict.fromkeys(FIGURES, none))


def _skipped(skip: Skip, *, is_quick: bool) -> Profile:
    none = Figure.undefined(f"it cannot be fitted here: {skip.reason}")
    return Profile(skip.what, {"dataset": None, "rows": None, "quick": is_quick}, dict.fromkeys(FIGURES, none))


def _short(name: str, registry: Registry, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a model's settings, with one epoch where the model takes that argument and nobody gave it."""
    knows_epochs = "epochs" in registry.get("model", name).defaults()
    return {**({"epochs": 1} if knows_epochs else {}), **settings.get(name, {})}


def _fit(cell: Cell, bench: Workbench, label: str, *, is_quick: bool) -> _Fitted:
    if is_quick:
        cell = replace(cell, contender=replace(cell.contender, augmentations={}))
    tables = make_tables(cell, bench)
    model = cell.contender.create()
    model.device = bench.device
    meter = Meter(bench.device)
    alone = threads(1) if bench.device == "cpu" else contextlib.nullcontext()  # as a cell of a run
    with meter.running(), alone:
        with Clock() as fit:
            model.fit(tables.train, tables.dev, seed=cell.key.seed)
        with Clock() as predict:
            model.predict(tables.test)
    work = meter.figures | fit_and_predict_figures(fit, predict)
    if is_quick:
        work = dict.fromkeys(WORK, Figure.undefined("fitted in haste; name a dataset"))
    noise = NoiseClips(cell.contender.extractors, tables.test.labels)
    streamed = macs_per_audio_second(model, noise, lengths_of(cell.corpus.seconds()), failure)
    known = {**work, **size_figures(model, noise), "macs_per_audio_second": streamed}
    facts = {"dataset": cell.corpus.manifest.dataset, "rows": len(tables.train), "quick": is_quick}
    return _Fitted(Specimen(label, model, noise), cell, Profile(label, facts, known))


def _on_disk(each: _Fitted, setup: Setup, starts: int) -> dict[str, Figure]:
    """Return what a saved model weighs, and how long a new process takes to answer with it."""
    names = ("disk_bytes", "cold_start_seconds", "inference_memory_bytes")
    with tempfile.TemporaryDirectory(prefix="serbench-profile-") as folder:
        size = save_cell(each.cell, each.specimen.model, Path(folder), Environment(versions=versions()))
        card = model_path(each.cell, Path(folder))
        if size is None:
            return dict.fromkeys(names, Figure.undefined(f"cannot be saved: {SavedModel.read(card).reason}"))
        return {
            "disk_bytes": Figure(size),
            **cold_start(card, setup.plugins, setup.locations.weights.roots, starts=starts),
        }


def _finished(profile: Profile, found: Mapping[str, Figure]) -> Profile:
    """Return the profile with every figure, in the order of their names' table."""
    figures = {**profile.figures, **found}
    missing = Figure.undefined("not measured")
    return replace(profile, figures={name: figures.get(name, missing) for name in FIGURES})


__all__ = ["SMALL", "Profile", "Thoroughness", "laboratory_card", "profile_models"]
