"""Pareto-optimal rows: the fronts of UAR against what a model costs.

Conventions
-----------
A point *dominates* another when it is as good and as cheap, and better in one of the two. The Pareto-optimal ones are
all that no other dominates; points that are equal in both are so together. UAR counts as the fraction it is, whether or
not two rows differ significantly. Times are compared within one machine card alone, so there is a front of time per
card.

A row is left out, with the reason, when it is incomplete, when its figures are self-reported (a claim dominates
nobody), when its cost is not known, and of fronts of time when its machine is not known or was busy. Costs may be 0: a
model without parameters has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from serbench.board.machines import machine_key
from serbench.results.row import Row
from serbench.scoring.figure import Figure


@dataclass(frozen=True)
class Axis:
    """A cost to set UAR against; less is better.

    Attributes
    ----------
    name
        In file names, JSON and CSV.
    words
        For people, without the unit.
    unit
        Of the values; empty for a count.
    figure
        The name of the figure in a row's ``cost``.
    is_time
        True when values of two machines cannot be compared.
    """

    name: str
    words: str
    unit: str
    figure: str
    is_time: bool = False

    @property
    def heading(self) -> str:
        """The words and the unit: ``latency p50, ms``."""
        return f"{self.words}, {self.unit}" if self.unit else self.words


LATENCY = Axis("latency", "latency p50", "ms", "latency_p50_ms", is_time=True)
MACS = Axis("macs", "MACs for 3 s", "", "macs_3s")
PARAMETERS = Axis("parameters", "parameters", "", "parameters_total")
AXES = (LATENCY, MACS, PARAMETERS)


@dataclass(frozen=True)
class Point:
    """Something with a gain and a cost.

    Attributes
    ----------
    name
        Unlike any other's.
    gain
        More is better.
    cost
        Less is better.
    """

    name: str
    gain: Figure
    cost: Figure


@dataclass(frozen=True)
class Front:
    """Who is Pareto-optimal.

    Attributes
    ----------
    optimal
        Names of those that are, the cheapest (and least good) first; of equals, in the order of their names.
    dominated
        Names of the others, in the same order.
    left_out
        From name to the reason, where a gain or a cost is not known.
    machine
        The machine card that the times of these rows are of; None where costs do not depend on the machine.
    """

    optimal: tuple[str, ...]
    dominated: tuple[str, ...]
    left_out: Mapping[str, str]
    machine: Mapping[str, object] | None = None


def front_of(points: Iterable[Point], machine: Mapping[str, object] | None = None) -> Front:
    """Return which points no other dominates.

    Parameters
    ----------
    points
        Of unlike names; an empty front is that of no points.
    machine
        Handed on to the result.
    """
    known: list[tuple[float, float, str]] = []
    left_out: dict[str, str] = {}
    for point in points:
        gain, cost = point.gain.value, point.cost.value
        if gain is None or cost is None:
            left_out[point.name] = (point.gain.reason if gain is None else point.cost.reason) or "not known"
        else:
            known.append((cost, -gain, point.name))
    optimal: list[str] = []
    dominated: list[str] = []
    last: tuple[float, float] | None = None
    for cost, loss, name in sorted(known):  # by cost, then the better first: what comes later must be better
        if last is None or loss < last[1] or (cost, loss) == last:
            optimal.append(name)
            last = (cost, loss)
        else:
            dominated.append(name)
    return Front(tuple(optimal), tuple(dominated), left_out, machine)


def fronts(rows: Sequence[Row], axis: Axis) -> tuple[Front, ...]:
    """Return the fronts of UAR against a cost among rows of one task; names are :attr:`Row.system`.

    Returns
    -------
    One front of all rows; of times one per machine card, in the order of the cards' texts. Every row is in one front.
    """
    cards: dict[str, list[Row]] = {}
    for row in rows:
        cards.setdefault(machine_key(row) if axis.is_time else "", []).append(row)
    return tuple(
        front_of([_point(row, axis) for row in group], group[0].machine if axis.is_time else None)
        for _, group in sorted(cards.items())
    )


def pareto_optimal(rows: Sequence[Row]) -> dict[str, dict[str, bool | None]]:
    """Return whether rows of one task are Pareto-optimal.

    Returns
    -------
    From :attr:`Row.system` and the axis's name to True or False; None where the row is left out.
    """
    found: dict[str, dict[str, bool | None]] = {row.system: dict.fromkeys(axis.name for axis in AXES) for row in rows}
    for axis in AXES:
        for front in fronts(rows, axis):
            for name in (*front.optimal, *front.dominated):
                found[name][axis.name] = name in front.optimal
    return found


def _point(row: Row, axis: Axis) -> Point:
    reason = _why_left_out(row, axis)
    return Point(row.system, row.uar, Figure.undefined(reason) if reason else row.cost_of(axis.figure))


def _why_left_out(row: Row, axis: Axis) -> str | None:
    if not row.is_complete:
        return f"incomplete, {row.problems[0]}"
    if row.evidence == "self-reported":
        return "self-reported"
    if axis.is_time and row.disturbed:
        return f"timed while the machine was busy: {row.disturbed}"
    return "its machine is not known" if axis.is_time and not row.machine else None


__all__ = ["AXES", "LATENCY", "MACS", "PARAMETERS", "Axis", "Front", "Point", "front_of", "fronts", "pareto_optimal"]
