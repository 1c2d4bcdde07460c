"""How a row is put into words: the cells of tables, the names of machines, copies and commands."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args
from urllib.parse import quote

from serbench.board.marks import mark_meanings, marks_of
from serbench.board.pages.markdown import NOTHING, escape, one_line, percent, short
from serbench.board.ranking.boards import FLOORS, Board, Place
from serbench.board.ranking.pareto import AXES
from serbench.board.ranking.precision import precision_meanings
from serbench.digest import canonical_json
from serbench.results.row import Evidence, Row
from serbench.scoring.figure import Figure

#: Stands before a cost of a row on the Pareto front.
FRONT = "◆"
#: First line of every page that a build may replace or remove.
MARK = "<!-- made by `serbench leaderboard build`; edits are lost -->"


def machine_name(card: Mapping[str, Any]) -> str:
    """Return a machine card in a few words.

    >>> machine_name({"processor": "Intel(R) Xeon(R) CPU @ 2.20GHz", "cores": 2, "threads": 1, "accelerator": None})
    'Intel Xeon CPU @ 2.20GHz, 2 cores, 1 thread'
    """
    if not card:
        return "unknown machine"
    words = str(card.get("processor", "unknown processor")).replace("(R)", "").replace("(TM)", "")
    parts = [str(card["accelerator"])] if card.get("accelerator") else []
    parts.append(" ".join(words.split()))
    counts = [(card[name], name) for name in ("cores", "threads") if card.get(name)]
    parts += [f"{number} {name[:-1] if number == 1 else name}" for number, name in counts]
    return ", ".join(parts)


def machine_key(row: Row) -> str:
    """Return the row's machine card as a text that is equal for equal cards."""
    return canonical_json(row.machine)


def machine_letters(rows: Sequence[Row]) -> dict[str, str]:
    """Return a letter per :func:`machine_key`: A for the first in the order of their texts."""
    cards = sorted({machine_key(row) for row in rows})
    return {card: chr(ord("A") + place) if place < 26 else f"M{place + 1}" for place, card in enumerate(cards)}


def machine_legend(letters: Mapping[str, str], paces: Mapping[str, str]) -> Iterator[str]:
    """Yield a list item per machine: letter, name, the whole card, and how fast it was (``serbench.board.pace``)."""
    for card, letter in letters.items():
        facts = json.loads(card)
        details = "; ".join(f"{name} {value}" for name, value in sorted(facts.items()) if value is not None)
        pace = f"; {escape(paces[card])}" if card in paces else ""
        yield f"* {letter}: {escape(machine_name(facts))} ({escape(details)}){pace}"


def audio_label(row: Row) -> str:
    """Return what kind of copy was read, saying so where it is lossy or derived from another.

    >>> from types import SimpleNamespace as Row
    >>> audio_label(Row(audio={"label": "Opus 16 kHz", "lossy": True, "derived": True}))
    'Opus 16 kHz, lossy, derived copy'
    """
    return copy_label(row.audio)


def copy_label(audio: Mapping[str, Any]) -> str:
    """Return the same of the facts of a copy."""
    label = str(audio.get("label") or "unknown audio")
    for fact, word in (("lossy", "lossy"), ("derived", "derived copy")):
        if audio.get(fact) and word.split()[0] not in label.casefold():
            label += f", {word}"
    return label


def is_altered(row: Row) -> bool:
    """Tell whether the row was measured on a lossy or derived copy of the recordings."""
    return bool(row.audio.get("lossy") or row.audio.get("derived"))


def model_cell(place: Place) -> str:
    """Return the name, escaped, with its marks; a floor's in italics."""
    name, marks = escape(place.name), signs_of(place)
    return (f"*{name}*" if place.row.model["name"] in FLOORS else name) + (f" {marks}" if marks else "")


def signs_of(place: Place) -> str:
    """Return the signs beside a name: what its cards declared, and what it is of its model at reduced precision."""
    return marks_of(place.row) + (place.variant.sign if place.variant else "")


def sign_meanings(places: Iterable[Place]) -> list[str]:
    """Return a sentence part per sign that one of the places has."""
    places = list(places)
    return mark_meanings(place.row for place in places) + precision_meanings(place.variant for place in places)


def evidence_of(board: Board) -> str:
    """Return how many rows there are of each kind of evidence: ``3 verified, 1 self-reported``."""
    counts = Counter(place.row.evidence for place in board.places)
    return ", ".join(f"{counts[kind]} {kind}" for kind in get_args(Evidence) if counts[kind])


def rank_cell(place: Place) -> str:
    """Return the rank, with ``=`` where it is shared."""
    return NOTHING if place.rank is None else f"{place.rank}{'=' if place.is_shared else ''}"


def tie_groups(board: Board) -> list[list[str]]:
    """Return the names in the largest groups of ranked rows that cannot be told apart, in the order of UAR."""
    names = [place.name for place in board.places]
    groups: list[list[str]] = []
    for start, place in enumerate(board.places):
        group = [name for name in names[start:] if name == place.name or name in place.ties]
        if len(group) > 1 and not any(set(group) <= set(other) for other in groups):
            groups.append(group)
    return groups


def tie_sentences(board: Board) -> list[str]:
    """Return :func:`tie_groups` in words: ``a, b and c``."""
    return [" and ".join([", ".join(group[:-1]), group[-1]]) for group in tie_groups(board)]


def resolves(board: Board) -> str:
    """Return what the board's speakers resolve: ``10 speakers resolve 8.3 points of UAR``."""
    if len(board.places) < 2:
        return f"{board.first.speakers} speakers, and one row only"
    value = board.resolvable.value
    points = "no difference" if value is None else f"{100 * value:.1f} points of UAR"
    return f"{board.first.speakers} speakers resolve {points}"


def cost_cell(place: Place, figure: str) -> str:
    """Return a cost, with ``◆`` before it where the row stands on the Pareto front of UAR against it."""
    stands = any(axis.figure == figure and place.on_front[axis.name] for axis in AXES)
    return f"{FRONT} {short(place.row.cost_of(figure))}" if stands else short(place.row.cost_of(figure))


def mean_of(row: Row, metric: str) -> Figure:
    """Return a metric's mean over seeds, undefined where it was not computed."""
    return row.scores[metric].mean if metric in row.scores else Figure.undefined("not computed")


def uar_cell(row: Row) -> str:
    """Return UAR in per cent, with its standard deviation where there are several seeds."""
    score = row.scores["uar"]
    return percent(score.mean) + ("" if score.spread.value is None else f" ± {percent(score.spread)}")


def interval_cell(row: Row) -> str:
    """Return the ends of the interval of UAR in per cent."""
    low, high = row.interval.low, row.interval.high
    return NOTHING if low is None or high is None else f"{100 * low:.1f} to {100 * high:.1f}"


def cells_done(row: Row) -> str:
    """Return how many cells are done, of how many: ``29/30``."""
    return f"{row.cells['done']}/{row.cells['expected'] or '?'}"


def why_apart(board: Board) -> str:
    """Return why a board's UAR is part of no mean."""
    standing = board.first.standing
    if standing.get("reason"):
        return str(standing["reason"])
    if not board.is_ranked:
        return "this protocol is never ranked"
    if standing.get("diagnostic"):
        return "diagnostic, its score says little about new speakers"
    return "no recordings of people"


def page_stem(board: Board) -> str:
    """Return the name of a board's files without the ending; no folder can hide in it."""
    return f"{quote(board.protocol, safe='')}-{quote(subject_of(board), safe='')}"


def subject_of(board: Board) -> str:
    """Return the dataset whose page the board is on: its own, or the one that is tested where corpora are crossed."""
    return str(board.first.dataset.get("tested_on", board.dataset))


def label_map_of(row: Row) -> tuple[str, str]:
    """Return name and version of the row's label map."""
    facts = row.dataset.get("label_map")
    return (str(facts.get("name")), str(facts.get("version"))) if isinstance(facts, Mapping) else (str(facts), "?")


def task_name(board: Board) -> str:
    """Return the dataset's name; for a task that is not the main one, with what makes it another."""
    if board.is_main:
        return board.dataset
    return f"{board.dataset} ({label_map_of(board.first)[0]}, {board.first.task[:6]})"


def command_of(row: Row) -> str:
    """Return the command that repeats a row, quoted for a shell."""
    words = ["serbench", "run", "--model", str(row.model["name"])]
    for name in row.dataset.get("corpora", [row.dataset["name"]]):
        words += ["--dataset", str(name)]
    seeds = row.cells["expected"] // row.folds if row.folds else len(row.seeds)
    words += ["--protocol", str(row.protocol["name"]), "--seeds", str(max(1, seeds))]
    labels = row.dataset.get("params", {}).get("labels")
    settings = [f"{row.dataset['name']}.labels={labels}"] if labels is not None else []
    for part in (row.model, *row.features):
        # the label names the arguments that differ from their defaults: name[key=value,...]
        changed = row.label.partition(f"{part['name']}[")[2].partition("]+")[0]
        settings += [
            f"{part['name']}.{key}={value if isinstance(value, str) else canonical_json(value)}"
            for key, value in sorted(part.get("params", {}).items())
            if f",{key}={value}" in f",{changed}"
        ]
    for setting in settings:
        words += ["--set", setting]
    return shlex.join(one_line(word) for word in words)


__all__ = [
    "FRONT",
    "MARK",
    "audio_label",
    "cells_done",
    "command_of",
    "copy_label",
    "cost_cell",
    "evidence_of",
    "interval_cell",
    "is_altered",
    "label_map_of",
    "machine_key",
    "machine_legend",
    "machine_letters",
    "machine_name",
    "mean_of",
    "model_cell",
    "page_stem",
    "rank_cell",
    "resolves",
    "sign_meanings",
    "signs_of",
    "subject_of",
    "task_name",
    "tie_groups",
    "tie_sentences",
    "uar_cell",
    "why_apart",
]
