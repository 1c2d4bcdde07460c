"""Write docs/systems.md: every built-in system as its docstring describes it, its published figures, and the board's.

Run it after a change of a model, of docs/published.toml or of the board; a test compares the page with what this would
write.
"""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from serbench.api import Model
from serbench.plugin.registry import load_registry

HERE = Path(__file__).parent
PAGE, PUBLISHED = HERE / "systems.md", HERE / "published.toml"
BOARD = HERE.parent / "leaderboard" / "leaderboard.json"

CORPORA = {
    "emodb": "EMO-DB",
    "emovo": "EMOVO",
    "ravdess": "RAVDESS",
    "savee": "SAVEE",
    "cremad": "CREMA-D",
    "tess": "TESS",
}

HEAD = """# Systems

Made by `python docs/make_systems.py` from the models' own docstrings, from `docs/published.toml` and from the board; a
test holds this page to them. *Published* is what a paper says, in its own measure and under its own protocol, which is
rarely that of the line below it. *Here* is UAR in % with its 95 % interval over speakers, pooled over folds whose
speakers are new (`si`), a line for each set of arguments, from `leaderboard/`. How a row is repeated stands there.
"""

#: A row of the board, or a table of published.toml.
Facts = Mapping[str, Any]


def page() -> str:
    """Return the whole page."""
    outside = tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))
    board = json.loads(BOARD.read_text(encoding="utf-8"))["rows"]
    models = {name: offer.part for name, offer in load_registry(only=()).models.items()}
    listed = [name for group in outside["group"] for name in group["systems"]]
    if sorted(listed) != sorted(models):
        raise SystemExit(f"{PUBLISHED.name} lists {sorted(set(listed) ^ set(models))} not as often as there are models")
    parts = [HEAD]
    for group in outside["group"]:
        parts += [f"## {group['title']}\n", f"{group['text']}\n"]
        for name in group["systems"]:
            scores = [each for each in outside["score"] if each["system"] == name]
            rows = [each for each in board if each["model"]["name"] == name and each["protocol"]["name"] == "si"]
            owed = [each for each in outside["owed"] if each["system"] == name]
            parts += [*_described(name, models[name]), *_published(scores), *_here(rows), *_owed(name, owed, rows)]
    parts += ["## Not built\n", "| system | source | why not |", "| --- | --- | --- |"]
    parts += [f"| {each['system']} | {each['source']} | {each['reason']} |" for each in outside["absent"]]
    return "\n".join(parts) + "\n"


def _described(name: str, model: type[Model]) -> Iterator[str]:
    """Yield a model's docstring, its arguments as a list."""
    prose, _, arguments = inspect.cleandoc(model.__doc__ or "").partition("\nParameters\n----------\n")
    yield f"### `{name}`\n"
    yield _markdown(prose.strip()) + "\n"
    yield from _arguments(arguments)


def _published(scores: Sequence[Facts]) -> Iterator[str]:
    for each in scores:
        figures = ", ".join(f"{corpus} {figure}" for corpus, figure in each["figures"].items())
        yield f"Published: {figures} ({each['measure']}; {each['protocol']}; {each['source']}).\n"


def _here(rows: Sequence[Facts]) -> Iterator[str]:
    """Yield the table of a system's rows: a line for each set of arguments."""
    if not rows:
        return
    corpora = [key for key in CORPORA if any(each["dataset"]["name"] == key for each in rows)]
    yield f"| here | parameters | MACs of 3 s | seeds | {' | '.join(CORPORA[key] for key in corpora)} |"
    yield "| --- | --: | --: | --: |" + " --: |" * len(corpora)
    for label in sorted({each["label"] for each in rows}):
        yield _line(label, {each["dataset"]["name"]: each for each in rows if each["label"] == label}, corpora)
    yield ""


def _owed(name: str, owed: Sequence[Facts], rows: Sequence[Facts]) -> Iterator[str]:
    """Yield what the board has not of a system, and the command that fills it."""
    for each in owed:
        yield f"Owed: {each['reason']}: `serbench run --model {name} {each['options']}`.\n"
    if not owed and not rows:
        yield f"Owed: all rows: `serbench run --model {name} --all-datasets`.\n"


def _line(label: str, rows: Mapping[str, Facts], corpora: Sequence[str]) -> str:
    """Return a system's line: its size, then its score on each corpus."""
    some = next(rows[key] for key in corpora if key in rows)["columns"]
    seeds = sorted({len(each["seeds"]) for each in rows.values()})
    counts = [_count(some[key]) for key in ("parameters_total", "macs_3s")]
    cells = [_score(rows[key]["columns"]) if key in rows else "–" for key in corpora]
    return f"| {' | '.join([f'`{label}`', *counts, ' or '.join(map(str, seeds)), *cells])} |"


def _score(columns: Facts) -> str:
    low, high = columns["uar_low"], columns["uar_high"]
    between = "" if low is None or high is None else f" ({100 * low:.1f} to {100 * high:.1f})"
    return f"{100 * columns['uar']:.1f}{between}"


def _count(value: float | None) -> str:
    return "–" if value is None else f"{round(value):,}"


def _arguments(section: str) -> Iterator[str]:
    """Yield a list of the arguments that a docstring describes, with their meanings."""
    described = re.findall(r"^(\S.*)\n((?:    .*\n?|\n)+)", section + "\n", re.MULTILINE)
    for names, meaning in described:
        spelled = ", ".join(f"`{each.strip()}`" for each in names.split(","))
        yield f"* {spelled}: {_markdown(' '.join(meaning.split()))}"
    if described:
        yield ""


def _markdown(text: str) -> str:
    return text.replace("``", "`").replace("<", "&lt;")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
