"""``serbench check``: whether a plugin holds its contract."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serbench.cli import console, places
from serbench.cli.options import AsJson, DataRoots, NoPlugins, PluginFiles, WeightRoots, open_registry
from serbench.cli.show import PartKind, kind_of
from serbench.errors import PluginError, UsageError, check_names

if TYPE_CHECKING:
    from serbench.plugin.registry import Registry
    from serbench.testing.check import Case, CheckResult

#: What follows a clean bill.
_NEXT = {
    "model": "serbench run --model {name} --dataset synth",
    "dataset": "serbench show {name}",
}


def register(program: typer.Typer) -> None:
    """Add the command to the program."""
    program.command("check")(check)


def check(
    name: Annotated[str, typer.Argument(help="Of a dataset, feature, augmentation, model or metric.")],
    kind: Annotated[PartKind | None, typer.Option("--kind", help="Which, where two kinds have that name.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="Check it with this argument of its own, or of a part that the model takes; may be given again.",
        ),
    ] = None,
    data_root: DataRoots = None,
    weights: WeightRoots = None,
    plugin: PluginFiles = None,
    no_plugins: NoPlugins = False,
    as_json: AsJson = False,
) -> None:
    """Check that a plugin holds its contract.

    One line per check; ends with 5 when one fails. A dataset is checked on the corpus, or a sample of it, in the data
    roots.
    """
    from serbench.environment import data_roots
    from serbench.testing import cases_of
    from serbench.weights import WeightFolders

    registry = open_registry(plugin, no_plugins)
    found = kind_of(registry, name, kind)
    if found == PartKind.PROTOCOL:
        raise UsageError(f"{name!r} is a protocol, expected a plugin; protocols are part of serbench")
    places.open_cache()
    offer = registry.shelves[found][name]
    written, folders = _read(settings or (), registry, found, name), WeightFolders.of_user(weights or ())
    outcomes = _run(cases_of(offer.part, registry, data_roots(data_root or ()), written, folders))
    if as_json:
        facts = [outcome.facts() for outcome in outcomes]
        said = {"kind": found, "name": name, "version": offer.part.card.version, "settings": written}
        console.print_json({**said, "checks": facts})
    else:
        console.line(f"{found} {name}, version {offer.part.card.version}, from {offer.provider}")
        if settings:
            console.line(f"with {', '.join(settings)}")
        rows = [(outcome.check.name, outcome.status, outcome.reason or outcome.check.summary) for outcome in outcomes]
        console.table(("check", "result", "what must hold, or why not"), rows)
    counts = Counter(outcome.status for outcome in outcomes)
    if counts["failed"]:
        first = next(outcome for outcome in outcomes if outcome.status == "failed")
        raise PluginError(
            f"{name} fails {counts['failed']} of {len(outcomes)} checks, first {first.check.name}; fix the plugin and "
            f"run it again"
        )
    if not as_json:
        console.line(f"{counts['passed']} passed, {counts['exempt']} exempt")
        if found in _NEXT:
            words = [f" --plugin {path}" for path in plugin or ()]
            words += [f" --set {shlex.quote(pair)}" for pair in settings or () if found == PartKind.MODEL]
            if found == PartKind.DATASET:
                words += [f" --data-root {path}" for path in data_root or ()]
            words += [f" --weights {path}" for path in weights or ()]
            console.verbatim(f"next: {_NEXT[found].format(name=name)}{''.join(words)}")


def _read(pairs: Sequence[str], registry: Registry, kind: str, name: str) -> dict[str, dict[str, Any]]:
    """Return arguments by the names of parts; a bare key is of the part itself.

    Raises
    ------
    UsageError
        For arguments of a metric, which has none, or a value that the part refuses.
    UnknownNameError
        For an argument that the part does not take, or a part that is not the model's.
    """
    from serbench.run.contender import make_contender
    from serbench.run.settings import read_settings
    from serbench.use import unnumbered

    if not pairs:
        return {}
    if kind == PartKind.METRIC:
        raise UsageError(f"--set got {pairs[0]!r}, and metric {name} takes no arguments; leave it out")
    if kind == PartKind.MODEL:
        written = read_settings(pairs, registry, [name])
        made = make_contender(name, registry, written)
        known = {name, *made.extractors, *map(unnumbered, made.augmentations)}
    else:
        bare = [pair if "." in pair.partition("=")[0] else f"{name}.{pair}" for pair in pairs]
        written, known = read_settings(bare, registry, []), {name}
        part: Any = registry.shelves[kind][name].part
        part.create(**written.get(name, {}))
    check_names(f"part of {name} for --set", written, known)
    return written


def _run(cases: tuple[Case, ...]) -> list[CheckResult]:
    outcomes = []
    with console.progress(len(cases), "checking") as bar:
        for case in cases:
            bar.relabel(case.check.name)
            outcomes.append(case.run())
            bar.advance()
    return outcomes


__all__ = ["check", "register"]
