"""How much of a score is leakage: one system on one corpus under several protocols, set against new speakers.

Conventions
-----------
The *inflation* of a protocol is its UAR minus that under ``si``, of the same model with the same arguments and
features on the same recordings; positive where the protocol flatters. Differences and their ends are fractions. The
interval of a difference is the paired one over speakers: who is easy to hear is so under both protocols.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.numbers import NOTHING, percent
from serbench.board.pages.markdown import escape, table
from serbench.board.ranking.boards import display_names
from serbench.board.ranking.difference import set_against
from serbench.board.wording import MADE, PART_MEANING, augmentations_of_run, is_part, marked_dataset
from serbench.digest import digest_value
from serbench.protocol.protocols import INFLATION_STYLES
from serbench.protocol.speaker_independent import SpeakerIndependent
from serbench.results.row import Row
from serbench.scoring.figure import Figure
from serbench.scoring.statistics import Interval
from serbench.text import one_line

#: The protocol of the honest figure, all protocols of the chart from the most flattering on, and those set against it.
REFERENCE = SpeakerIndependent.name
ORDER = tuple(INFLATION_STYLES)
AGAINST = tuple(name for name in ORDER if name != REFERENCE)

_LEGEND = f"""\
UAR in % (pooled, mean over seeds) of one system on the same recordings under several protocols, with 95 % intervals
over speakers, and the difference to `{REFERENCE}`:

""" + "\n".join(f"* `{name}`: {style.sentence}." for name, style in INFLATION_STYLES.items())
#: Characters of a bar that is drawn.
_LONGEST_BAR, _SHORTEST_BAR = 40, 8


@dataclass(frozen=True)
class Inflation:
    """One system on one corpus under one protocol.

    Attributes
    ----------
    dataset, name, protocol
        What is compared; ``name`` as the boards show the system.
    row
        Its scores under that protocol.
    difference
        Its UAR minus that under ``si``; undefined where either is incomplete.
    interval
        Of the difference, 95 %.
    """

    dataset: str
    name: str
    protocol: str
    row: Row
    difference: Figure
    interval: Interval

    @property
    def title(self) -> str:
        """The dataset for people, with the mark of a part of it."""
        return marked_dataset(self.row)

    def facts(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "dataset": self.dataset,
            "name": self.name,
            "protocol": self.protocol,
            "is_complete": self.row.is_complete,
            "seeds": len(self.row.seeds),
            "uar": self.row.uar.facts(),
            "interval": self.row.interval.facts(),
            "difference": self.difference.facts(),
            "difference_interval": self.interval.facts(),
        }


def inflation_of(rows: Iterable[Row]) -> list[Inflation]:
    """Return a line per dataset, system and protocol for every system that has a row under ``si`` and another one.

    Sorted by dataset and name, then as in :data:`ORDER`.
    """
    rows = [row for row in rows if row.protocol.name in ORDER]
    names = display_names(row for row in rows if row.protocol.name == REFERENCE)
    groups: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        # not the model's augmentations: a protocol that makes its own copies takes them away
        system = [*(part.facts() for part in (row.model, *row.features)), augmentations_of_run(row)]
        groups[digest_value([row.dataset.facts(), system])][row.protocol.name] = row
    lines = [line for group in groups.values() for line in _lines(group, names)]
    return sorted(lines, key=lambda line: (line.title, line.name, ORDER.index(line.protocol)))


def _lines(group: Mapping[str, Row], names: Mapping[str, str]) -> Iterator[Inflation]:
    reference = group.get(REFERENCE)
    if reference is None or len(group) < 2:
        return
    for protocol, row in group.items():
        yield Inflation(row.dataset.name, names[reference.system], protocol, row, *set_against(row, reference))


def inflation_lines(lines: Sequence[Inflation], *, title: str = "# Inflation") -> Iterator[str]:
    """Yield the lines of a Markdown page: per dataset a table, then bars."""
    yield from (MADE, "", title, "", _LEGEND)
    for dataset in dict.fromkeys(line.title for line in lines):
        here = [line for line in lines if line.title == dataset]
        yield from ("", f"## {escape(dataset)}", "")
        if is_part(here[0].row):
            yield from (f"{PART_MEANING}.", "")
        yield from inflation_table(here)
        drawn = list(bars(here))
        runs = re.findall("`{3,}", "\n".join(drawn))
        fence = max([*runs, "``"], key=len) + "`"  # no name ends the block
        yield from ("", f"{fence}text", *drawn, fence)


def inflation_table(lines: Sequence[Inflation]) -> list[str]:
    """Return the lines of a Markdown table, a line per system and protocol."""
    header = ["system", "protocol", "UAR %", "95 %", "minus si", "95 %"]
    cells = [[escape(line.name), escape(line.protocol), *numbers(line)] for line in lines]
    return table(header, cells, left=2)


def inflation_glance(lines: Sequence[Inflation]) -> Iterator[str]:
    """Yield a short Markdown table: a line per corpus and system, a column per protocol, points above `si` beside."""
    if not lines:
        yield "No system has results under `si` and under another protocol yet."
        return
    protocols = [name for name in ORDER if any(line.protocol == name for line in lines)]
    found: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for line in lines:
        uar, _, points, _ = numbers(line)
        found[line.title, line.name][line.protocol] = uar if line.protocol == REFERENCE else f"{uar} ({points})"
    cells = [
        [escape(dataset), escape(name), *(each.get(protocol, NOTHING) for protocol in protocols)]
        for (dataset, name), each in found.items()
    ]
    yield from table(["corpus", "system", *protocols], cells, left=2)


def numbers(line: Inflation) -> list[str]:
    """Return UAR, its interval, the difference in points and its interval, as people read them."""
    incomplete = "" if line.row.is_complete else " (incomplete)"
    same = line.protocol == REFERENCE
    difference = line.difference.value
    points = NOTHING if difference is None or same else f"{100 * difference:+.1f}"
    return [percent(line.row.uar) + incomplete, _ends(line.row.interval), points, _ends(line.interval, sign="+")]


def bars(lines: Sequence[Inflation], columns: int = 120) -> Iterator[str]:
    """Yield a bar of UAR per line, from 0 to 100 %, in plain characters: a chart that every reader can open.

    The mark ``|`` stands where ``si`` is, so that what lies beyond it is inflation. Where a line of so many columns
    leaves no room for a bar there are none.
    """
    width = max((len(line.protocol) for line in lines), default=0)
    length = min(_LONGEST_BAR, columns - width - 9)  # two blanks before, one on either side of the bar, a number
    if length < _SHORTEST_BAR:
        return
    for name in dict.fromkeys(line.name for line in lines):
        here = [line for line in lines if line.name == name]
        honest = next(line.row.uar.value for line in here if line.protocol == REFERENCE)
        yield one_line(name)
        for line in here:
            yield f"  {line.protocol:<{width}} {_bar(line.row.uar.value, honest, length)} {percent(line.row.uar)}"


def _bar(value: float | None, honest: float | None, length: int) -> str:
    filled = 0 if value is None else round(length * value)
    drawn = ["█" if place < filled else "·" for place in range(length)]
    if honest is not None:
        drawn[min(length - 1, max(0, round(length * honest) - 1))] = "|"
    return "".join(drawn)


def _ends(interval: Interval, sign: str = "") -> str:
    if interval.low is None or interval.high is None:
        return NOTHING
    return f"{100 * interval.low:{sign}.1f} to {100 * interval.high:{sign}.1f}"


__all__ = [
    "AGAINST",
    "ORDER",
    "REFERENCE",
    "Inflation",
    "bars",
    "inflation_glance",
    "inflation_lines",
    "inflation_of",
    "inflation_table",
    "numbers",
]
