"""Adaptation as curves: what a system gains by hearing a few speakers of the corpus that it is tested on.

Conventions
-----------
A row of results belongs to a curve when its dataset's facts say ``adapted``. A curve is of one system, from some
sources to one target, each as it was read; its points go from nobody adapted to up, and all of them are tested on the
same utterances. The *gain* of a point is its UAR minus that with nobody adapted to; its interval is the paired one over
speakers, since who is easy to hear is so at every point. Numbers are fractions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.numbers import NOTHING, listed, percent, span
from serbench.board.pages.markdown import escape, table
from serbench.board.ranking.boards import FLOORS, display_names
from serbench.board.ranking.difference import set_against
from serbench.board.ranking.matrix import corpus_names, identity_of, mappings
from serbench.results.facts import AdaptedFacts
from serbench.results.row import Row
from serbench.scoring.figure import Figure
from serbench.scoring.statistics import Interval
from serbench.text import one_line

LEGEND = """\
UAR in %, mean over seeds, chance 25.0, of all speakers of the target in two halves, at every line the same. Adapted to:
per cent of the target's speakers who are trained on beside all of the sources, and how many each fold has of them; they
are never those that it tests. Gain: points of UAR above nobody adapted to, with its paired 95 % CI over speakers.
Intervals are over who is tested, not over who is adapted to. An asterisk (*) marks what is incomplete."""
#: Of the columns of a table; the first two are text.
HEADINGS = ("system", "adapted to", "UAR %", "95 % CI", "gain", "95 % CI of gain")


@dataclass(frozen=True)
class CurvePoint:
    """A system at one number of speakers that it was adapted to.

    Attributes
    ----------
    row
        Its scores.
    adapted
        How many speakers that is.
    gain
        Its UAR minus that with nobody adapted to; undefined where either is missing.
    interval
        Of the gain, 95 %.
    """

    row: Row
    adapted: AdaptedFacts
    gain: Figure
    interval: Interval

    @property
    def words(self) -> str:
        """How many speakers, for people: ``5 and 10 % (1 of 10)``."""
        percentages = listed([str(per_cent) for per_cent in self.adapted.percentages])
        return f"{percentages} % ({self.adapted.speakers} of {self.adapted.of})"

    @property
    def texts(self) -> list[str]:
        """What people read of it, in the order of :data:`HEADINGS` after the system."""
        incomplete = "" if self.row.is_complete else "*"
        is_first = self.adapted.speakers == 0 or self.gain.value is None
        gain = NOTHING if is_first else f"{100 * (self.gain.value or 0.0):+.1f}"
        ends = NOTHING if is_first else span(self.interval, "+")
        return [self.words, percent(self.row.uar) + incomplete, span(self.row.interval), gain, ends]


@dataclass(frozen=True)
class Curve:
    """A system, from nobody adapted to up.

    Attributes
    ----------
    name
        The system, as on the boards.
    points
        By the number of speakers, ascending; one at least.
    """

    name: str
    points: tuple[CurvePoint, ...]

    @property
    def is_floor(self) -> bool:
        """True for what stands in every table."""
        return self.points[0].row.model.name in FLOORS

    @property
    def guesses(self) -> bool:
        """True when the system listens to nothing: no point says more than another."""
        return all(not point.row.features for point in self.points)


@dataclass(frozen=True)
class Target:
    """Every curve from some sources to one target.

    Attributes
    ----------
    name
        The target, as in its corpora's copies.
    sources
        What is trained on whole.
    version
        Of the protocol, where there are rows of several; else empty.
    curves
        Those that listen first, floors last, then by name.
    """

    name: str
    sources: tuple[str, ...]
    version: str
    curves: tuple[Curve, ...]

    @property
    def title(self) -> str:
        """For people: ``emodb, from emovo and savee``."""
        version = f", protocol version {self.version}" if self.version else ""
        return f"{self.name}, from {listed(self.sources)}{version}"

    @property
    def heard(self) -> tuple[Curve, ...]:
        """The curves of systems that listen."""
        return tuple(curve for curve in self.curves if not curve.guesses)

    @property
    def guessing(self) -> str:
        """A sentence on the systems that do not; empty without any."""
        found = [f"{curve.name} {_spread(curve)}" for curve in self.curves if curve.guesses]
        return f"Guessing: {listed(found)}" if found else ""


def is_adapted(row: Row) -> bool:
    """Tell whether a row belongs to a curve."""
    return row.dataset.adapted is not None


def make_targets(rows: Iterable[Row]) -> list[Target]:
    """Return the curves of all rows that belong to one, by target, then by sources."""
    rows = [row for row in rows if is_adapted(row)]
    names, corpora = display_names(rows), corpus_names(rows)
    versions = {row.protocol.version for row in rows}
    groups: dict[tuple[str, tuple[str, ...], str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        target, *sources = (
            corpora[identity_of(row, member)] for member in (row.dataset.tested_on, *row.dataset.trained_on)
        )
        version = row.protocol.version if len(versions) > 1 else ""
        groups[target, tuple(sources), version][names[row.system]].append(row)
    return [
        Target(*key, tuple(sorted((_curve(name, found) for name, found in group.items()), key=_order)))
        for key, group in sorted(groups.items())
    ]


def _order(curve: Curve) -> tuple[bool, bool, str]:
    return curve.guesses, curve.is_floor, curve.name


def _curve(name: str, rows: Sequence[Row]) -> Curve:
    known = {row.dataset.adapted: row for row in rows if row.dataset.adapted is not None}
    first = next((row for adapted, row in known.items() if adapted.speakers == 0), None)
    points = []
    for adapted in sorted(known, key=lambda adapted: adapted.speakers):
        reason = "there is no row with nobody adapted to"
        lacking = Figure.undefined(reason), Interval.undefined(reason, known[adapted].speakers)
        found = lacking if first is None else set_against(known[adapted], first)
        points.append(CurvePoint(known[adapted], adapted, *found))
    return Curve(name, tuple(points))


def _spread(curve: Curve) -> str:
    """Return the smallest and the largest UAR of a curve, in per cent."""
    values = [point.row.uar.value for point in curve.points if point.row.uar.value is not None]
    ends = dict.fromkeys(f"{100 * end:.1f}" for end in (min(values), max(values))) if values else [NOTHING]
    return " to ".join(ends)


def curve_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the curves of all adapted rows as Markdown, a table per target, and how labels were mapped."""
    yield LEGEND
    for target in make_targets(rows):
        yield from ("", f"{escape(target.title)}:", "")
        yield from curve_table(target)
        if target.guessing:
            yield from ("", f"{escape(target.guessing)}.")
    yield from ("", "Labels, with the clips of each class:", "")
    yield from (f"* {escape(sentence)}." for sentence in mappings(rows))


def curve_table(target: Target) -> list[str]:
    """Return the lines of a Markdown table, a line per system that listens and number of speakers."""
    body = [[escape(curve.name), *map(escape, point.texts)] for curve in target.heard for point in curve.points]
    return table(HEADINGS, body, left=2)


def curve_facts(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return a line per point of every curve for machines: numbers as fractions, None where there is none."""
    return [
        {
            "model": one_line(curve.name),
            "trained_on": one_line("+".join(point.row.dataset.trained_on)),
            "tested_on": one_line(point.row.dataset.tested_on),
            "percentages": "; ".join(map(str, point.adapted.percentages)),
            "adapted_speakers": point.adapted.speakers,
            "adapted_fraction": point.adapted.fraction,
            "is_complete": point.row.is_complete,
            "uar": point.row.uar.value,
            "uar_low": point.row.interval.low,
            "uar_high": point.row.interval.high,
            "gain": point.gain.value,
            "gain_low": point.interval.low,
            "gain_high": point.interval.high,
            "adjusted_uar": point.row.adjusted_uar.value,
            "utterances": point.row.utterances,
            "speakers": point.row.speakers,
            "seeds": len(point.row.seeds),
            "task": point.row.task,
        }
        for target in make_targets(rows)
        for curve in target.curves
        for point in curve.points
    ]


__all__ = [
    "HEADINGS",
    "LEGEND",
    "Curve",
    "CurvePoint",
    "Target",
    "curve_facts",
    "curve_lines",
    "curve_table",
    "is_adapted",
    "make_targets",
]
