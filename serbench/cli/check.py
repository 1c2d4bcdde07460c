"""``serbench check``: whether a plugin holds its contract."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from serbench.cli import console, places
from serbench.cli.options import AsJson, DataRoots, NoPlugins, PluginFiles, open_registry
from serbench.cli.show import PartKind, kind_of
from serbench.errors import PluginError, UsageError

if TYPE_CHECKING:
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
    data_root: DataRoots = None,
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

    registry = open_registry(plugin, no_plugins)
    found = kind_of(registry, name, kind)
    if found == PartKind.PROTOCOL:
        raise UsageError(f"{name!r} is a protocol, expected a plugin; protocols are part of serbench")
    places.open_cache()
    offer = registry.shelves[found][name]
    outcomes = _run(cases_of(offer.part, registry, data_roots(data_root or ())))
    if as_json:
        facts = [outcome.facts() for outcome in outcomes]
        console.print_json({"kind": found, "name": name, "version": offer.part.card.version, "checks": facts})
    else:
        console.line(f"{found} {name}, version {offer.part.card.version}, from {offer.provider}")
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
            if found == PartKind.DATASET:
                words += [f" --data-root {path}" for path in data_root or ()]
            console.verbatim(f"next: {_NEXT[found].format(name=name)}{''.join(words)}")


def _run(cases: tuple[Case, ...]) -> list[CheckResult]:
    outcomes = []
    with console.progress(len(cases), "checking") as bar:
        for case in cases:
            bar.relabel(case.check.name)
            outcomes.append(case.run())
            bar.advance()
    return outcomes


__all__ = ["check", "register"]
