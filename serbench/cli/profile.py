"""``serbench profile``: the efficiency laboratory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console
from serbench.cli.options import AsJson, DataRoots, NoPlugins, PluginFiles, open_registry
from serbench.cli.request import DeviceName, Models, OnDevice, Settings
from serbench.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from serbench.run.profile import Profile
    from serbench.scoring.figure import Figure

_PLACES = {"": "1 thread", "_all_threads": "all threads", "_gpu": "GPU"}
#: Tables of one line per model: title, then heading and figure of each column.
_PER_MODEL = {
    "size": {
        "params": "parameters_total",
        "trainable": "parameters_trainable",
        "bytes": "model_bytes",
        "on disk": "disk_bytes",
        "MACs 3 s": "macs_3s",
        "MACs/s": "macs_per_audio_second",
    },
    "a new process, and the fit": {
        "cold s": "cold_start_seconds",
        "bytes": "inference_memory_bytes",
        "GPU bytes": "inference_gpu_memory_bytes",
        "train s": "train_seconds",
        "fit bytes": "peak_memory_bytes",
        "fit J": "energy_joules",
    },
}
#: Tables of one line per model and place; the place's part of the name stands for ``*``.
_PER_PLACE = {
    "latency of a clip of 3 s at batch 1, in ms": {
        "p50": "latency*_p50_ms",
        "p90": "latency*_p90_ms",
        "p99": "latency*_p99_ms",
        "features": "feature_latency*_p50_ms",
        "model": "model_latency*_p50_ms",
    },
    "throughput, in seconds of audio per second": {
        "batch 1": "throughput*_batch_1_realtime",
        "8": "throughput*_batch_8_realtime",
        "64": "throughput*_batch_64_realtime",
        "best": "throughput*_best_realtime",
        "at": "throughput*_best_batch",
        "J/clip": "inference*_joules_per_clip",
    },
}


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("profile")(profile)


def profile(
    model: Models = None,
    all_models: Annotated[bool, typer.Option("--all-models", help="Every model that is registered.")] = False,
    dataset: Annotated[
        str | None,
        typer.Option(
            "--dataset", metavar="NAME", help="What to fit on; without it a small synthetic corpus, in haste."
        ),
    ] = None,
    settings: Settings = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Timed calls of each model at each place.")] = 200,
    data_root: DataRoots = None,
    device: OnDevice = DeviceName.AUTO,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Measure what models cost: size, operations, latency, throughput, memory, energy.

    Several models are timed in turns. Keep the machine quiet meanwhile; times hold for it alone.
    """
    from serbench.environment import cache_folder, data_roots, resolve_device
    from serbench.run.profile import Thoroughness, laboratory_card, profile_models
    from serbench.run.request import Request
    from serbench.run.settings import read_settings
    from serbench.run.setup import Setup

    registry = open_registry(plugin, no_plugins)
    if bool(model) == all_models:
        raise UsageError("expected either --model NAME or --all-models; see serbench list models")
    named = tuple(dict.fromkeys(model or registry.models))
    setup = Setup(
        request=Request(
            models=named,
            datasets=(dataset,) if dataset else (),
            settings=read_settings(settings or (), registry, named),
        ),
        data_roots=data_roots(data_root or ()),
        cache=cache_folder(),
        out=Path(),
        device=resolve_device(device.value),
        plugins=tuple(plugin or ()),
        no_plugins=no_plugins,
    )
    how = Thoroughness(runs=runs)
    with console.progress(None, "starting") as bar:
        profiles = profile_models(setup, registry, how, bar.relabel)
        card = laboratory_card(setup.device)
    if as_json:
        facts = {"card": card, "thoroughness": how.facts(), "models": [each.facts() for each in profiles]}
        console.print_json(facts)
    else:
        _print(profiles, card)


def _print(profiles: Sequence[Profile], card: Mapping[str, Any]) -> None:
    for title, columns in _PER_MODEL.items():
        lines = [(each.label, *_cells(each, columns.values())) for each in profiles]
        console.table(("model", *columns), lines, title=title, right=tuple(columns))
        console.line()
    for title, columns in _PER_PLACE.items():
        lines = [
            (each.label, words, *cells)
            for each in profiles
            for suffix, words in _PLACES.items()
            if any(cells := _cells(each, [name.replace("*", suffix) for name in columns.values()]))
        ]
        console.table(("model", "where", *columns), lines, title=title, right=tuple(columns))
        console.line()
    for reason, figures in _reasons(profiles).items():
        console.prose(f"- {', '.join(figures)}: {reason}")
    machine = card["machine"]
    console.prose(
        f"{machine['processor']}, {card['threads']['all']} cores, {machine['accelerator'] or 'no accelerator'}, torch "
        f"{card['versions']['torch']}; calibration kernel {1e3 * card['calibration']['seconds']:.1f} ms."
    )
    console.line("every figure in full, with the reason for each that is missing: --json")


def _cells(each: Profile, names: Any) -> list[str | None]:
    from serbench.board.markdown import short

    figures: Iterator[Figure | None] = (each.figures.get(name) for name in names)
    return [None if figure is None or figure.value is None else short(figure) for figure in figures]


def _reasons(profiles: Sequence[Profile]) -> dict[str, list[str]]:
    """Return the models that lack figures, by reason; what is missing for all places without a GPU goes unsaid."""
    found: dict[str, list[str]] = {}
    for each in profiles:
        for figure in each.figures.values():
            if figure.reason and each.label not in found.setdefault(figure.reason, []):
                found[figure.reason].append(each.label)
    return found


__all__ = ["profile", "register"]
