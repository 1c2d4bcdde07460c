"""``serbench profile``: the efficiency laboratory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console, places
from serbench.cli.options import AsJson, DataRoots, NoPlugins, PluginFiles, WeightRoots, open_registry
from serbench.cli.request import DeviceName, Models, OnDevice, Settings
from serbench.errors import CellsFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from serbench.run.profile import Profile, Thoroughness

#: More timed calls than this are a slip of the keyboard.
MOST_RUNS = 100_000
_PLACES = {"": "1 thread", "_all_threads": "all threads", "_gpu": "GPU"}
#: Tables of one line per model: title, then heading and figure of each column.
_PER_MODEL = {
    "size; memory and disk in bytes": {
        "numbers": "parameters_total",
        "trained": "parameters_trainable",
        "memory": "model_bytes",
        "disk": "disk_bytes",
        "MACs 3 s": "macs_3s",
        "MACs/s": "macs_per_audio_second",
    },
    "the model alone, its features left out; memory in bytes": {
        "numbers": "model_alone_parameters",
        "memory": "model_alone_bytes",
        "MACs 3 s": "model_alone_macs_3s",
    },
    "fitting; peak memory in bytes": {
        "fit s": "train_seconds",
        "CPU s": "train_cpu_seconds",
        "predict s": "predict_seconds",
        "peak memory": "peak_memory_bytes",
        "peak GPU": "device_memory_bytes",
        "joules": "energy_joules",
    },
    "answering one clip; peak memory in bytes": {
        "cold start s": "cold_start_seconds",
        "peak memory": "inference_memory_bytes",
        "peak GPU": "inference_gpu_memory_bytes",
    },
}
#: Tables of one line per model and place; the place's part of the name stands for ``*``.
_PER_PLACE = {
    "latency of a clip of 3 s at batch 1, in ms": {
        "p50": "latency*_p50_ms",
        "p90": "latency*_p90_ms",
        "p99": "latency*_p99_ms",
        "features p50": "feature_latency*_p50_ms",
        "model p50": "model_latency*_p50_ms",
    },
    "throughput, in seconds of audio per second": {
        "batch 1": "throughput*_batch_1_realtime",
        "8": "throughput*_batch_8_realtime",
        "64": "throughput*_batch_64_realtime",
        "best": "throughput*_best_realtime",
        "at batch": "throughput*_best_batch",
        "J/clip": "inference*_joules_per_clip",
    },
}
_HEADINGS = {
    figure: f"{heading} of the model" if figure.startswith("model_alone") else heading
    for columns in _PER_MODEL.values()
    for heading, figure in columns.items()
} | {
    figure.replace("*", suffix): heading
    for suffix in _PLACES
    for columns in _PER_PLACE.values()
    for heading, figure in columns.items()
}
#: Figures that are often missing together, and what is said of them then.
_GROUPS = {
    "all of fitting": set(_PER_MODEL["fitting; peak memory in bytes"].values()),
    "all on the GPU": {"inference_gpu_memory_bytes", *(name for name in _HEADINGS if "_gpu_" in name)},
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
    runs: Annotated[
        int, typer.Option("--runs", min=1, max=MOST_RUNS, help="Timed calls of each model at each place.")
    ] = 200,
    data_root: DataRoots = None,
    weights: WeightRoots = None,
    device: OnDevice = DeviceName.AUTO,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Measure what models cost: size, speed, memory, energy.

    Several models are timed in turns. Keep the machine quiet meanwhile; times hold for it alone.
    """
    from serbench.environment import resolve_device
    from serbench.locations import Locations
    from serbench.run.profile import Thoroughness, laboratory_card, profile_models
    from serbench.run.request import Request
    from serbench.run.settings import check_settings, read_settings
    from serbench.run.setup import Setup

    places.open_cache()
    registry = open_registry(plugin, no_plugins)
    if bool(model) == all_models:
        raise UsageError("expected either --model NAME or --all-models; see serbench list models")
    named = tuple(dict.fromkeys(model or registry.models))
    written = read_settings(settings or (), registry, named)
    request = Request(models=named, datasets=(dataset,) if dataset else (), settings=written)
    check_settings(written, request, registry)
    setup = Setup(
        request=request,
        locations=Locations.of_user(data_root or (), weights or ()),
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
        facts = {"card": card, "thoroughness": how.facts(), "models": [profile.facts() for profile in profiles]}
        console.print_json(facts)
    else:
        _print(profiles, card, how)
    failed = [profile.label for profile in profiles if not profile.is_fitted]
    if failed:
        raise CellsFailedError(f"{len(failed)} of {len(profiles)} models cannot be fitted: {', '.join(failed)}")


def _print(profiles: Sequence[Profile], card: Mapping[str, Any], how: Thoroughness) -> None:
    from serbench.board.machines import machine_name

    for title, columns in _PER_MODEL.items():
        lines = [(profile.label, *cells) for profile in profiles if any(cells := _cells(profile, columns.values()))]
        _table(("model", *columns), lines, title)
    for title, columns in _PER_PLACE.items():
        lines = [
            (profile.label, words, *cells)
            for profile in profiles
            for suffix, words in _PLACES.items()
            if any(cells := _cells(profile, [name.replace("*", suffix) for name in columns.values()]))
        ]
        _table(("model", "where", *columns), lines, title)
    for (reason, titles), labels in _reasons(profiles).items():
        whose = "" if len(labels) == len(profiles) else f" of {', '.join(labels)}"
        console.prose(f"- {'; '.join(titles)}{whose}: {reason}")
    console.line()
    console.prose(
        f"Latency: {how.runs} runs after {how.warm_up} that are not timed, from wave to scores. Cold start: a new "
        f"process, until it has answered; peak memory is of all that the process holds. Times hold for this machine "
        f"alone: {machine_name(card['machine'])}, torch {card['versions']['torch']}, float32 products "
        f"{card['precision']}; calibration kernel {1e3 * card['calibration']['seconds']:.1f} ms."
    )
    if is_busy(card):
        cores = f"{card['threads']['all']} core{'s' * (card['threads']['all'] != 1)}"
        console.prose(
            f"The machine was busy: {card['load']} programs wanted to run on {cores}. These times say little; measure "
            "again when it is quiet."
        )
    console.line("every figure in full, with the reason for each that is missing: --json")


def is_busy(card: Mapping[str, Any]) -> bool:
    """Tell whether more programs wanted to run than the measurement itself, which takes all cores at the most."""
    return card["load"] is not None and card["load"] > card["threads"]["all"] + 1


def _table(columns: Sequence[str], lines: Sequence[Sequence[object]], title: str) -> None:
    """Write a table and a blank line; one without lines is left out, its reasons stand below."""
    if lines:
        console.table(columns, lines, title=title, right=[name for name in columns if name not in ("model", "where")])
        console.line()


def _cells(each: Profile, names: Iterable[str]) -> list[str | None]:
    from serbench.board.numbers import short

    figures = [each.figures.get(name) for name in names]
    return [None if figure is None or figure.value is None else short(figure) for figure in figures]


def _reasons(profiles: Sequence[Profile]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """Return the models that lack figures, by the reason and what is missing for it."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for each in profiles:
        missing: dict[str, list[str]] = {}
        for name, figure in each.figures.items():
            if figure.reason:
                missing.setdefault(figure.reason, []).append(name)
        for reason, names in missing.items():
            words = ("everything",) if len(names) == len(each.figures) else _in_words(names)
            found.setdefault((reason, words), []).append(each.label)
    return found


def _in_words(names: Sequence[str]) -> tuple[str, ...]:
    """Return what figures are called in the tables; all of a table or a place by one word."""
    left, words = list(names), []
    for word, group in _GROUPS.items():
        if group <= set(left):
            words.append(word)
            left = [name for name in left if name not in group]
    return (*words, *dict.fromkeys(_HEADINGS.get(name, name.replace("_", " ")) for name in left))


__all__ = ["is_busy", "profile", "register"]
