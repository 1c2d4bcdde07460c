"""The columns of the leaderboard: each one once, for every view that shows it.

Conventions
-----------
A column says what a row has under it (:attr:`BoardColumn.value`, in full: fractions, seconds, bytes), how people read
that (:attr:`BoardColumn.text`), what it is called and which tables show it. The views take the columns of their table
by :func:`columns_of` in the order of :data:`COLUMNS`, and none of them names a column of its own. To add a column, add
it here: it is then in every view that it names, and in CSV, JSON and frames, which have all columns by their keys.

Columns of metrics are made from the cards of the metrics by which the rows were scored, those of plugins too: in per
cent where a metric lies between 0 and 1 and more is better, else with three digits. Recalls are a column per class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Literal

from serbench.board.machines import DISTURBED, is_disturbed, machine_key, machine_name
from serbench.board.numbers import NOTHING, decimal, percent, short, span
from serbench.board.ranking.boards import Board, Placement
from serbench.board.ranking.pareto import AXES
from serbench.board.ranking.precision import precision_of
from serbench.board.wording import (
    PARETO,
    SIGNAL_PROCESSING,
    audio_label,
    cells_done,
    has_signal_features,
    is_altered,
    letter,
)
from serbench.cost.efficiency import ALONE, of_note
from serbench.digest import digest_value
from serbench.results.row import Row
from serbench.scoring.figure import Figure
from serbench.scoring.metric import MetricCard
from serbench.scoring.metrics import CORE_METRICS
from serbench.text import one_line

#: What stands under a column: a number with its reason where there is none, or a plain value.
Value = Figure | str | float | bool | None
#: The type of a column in a frame: text, figures, whole numbers, truth values.
Kind = Literal["text", "figure", "count", "truth"]


class Table(Enum):
    """A table that shows columns; files (CSV, JSON, frames) have all of them."""

    SCORES = "scores, on the Markdown page of a task"
    RECALLS = "recall per class, there and on the site"
    COST = "cost, on the Markdown page of a task"
    OVERVIEW = "medians of a system over its datasets, on the overall page"
    TERMINAL = "the terminal"
    LATEX = "LaTeX"
    INDEX = "all rows, on the first page of the site"
    SITE = "the results of a task, on the site"
    CARD = "the card of a row, on the site"
    MODEL_INDEX = "the model-index of a Hugging Face model card"


@dataclass(frozen=True, kw_only=True)
class BoardColumn:
    """A column.

    Attributes
    ----------
    key
        In CSV, JSON and frames.
    value
        What a row has, in full.
    kind
        Of the values.
    heading
        For people, with the unit; empty for a column that stands in files alone.
    text
        What people read; without it, the value as its kind is written.
    brief
        The same where a line has little room: on the terminal, in LaTeX's place beside others, over datasets.
    better
        Which values are: ``higher`` or ``lower``; None where neither is.
    tables
        Those that show it.
    """

    key: str
    value: Callable[[Board, Placement], Value]
    kind: Kind = "text"
    heading: str = ""
    text: Callable[[Board, Placement], str] | None = None
    brief: Callable[[Board, Placement], str] | None = None
    better: Literal["higher", "lower"] | None = None
    tables: frozenset[Table] = frozenset()

    @property
    def is_number(self) -> bool:
        """True where the values are numbers: they stand to the right, and are sorted as such."""
        return self.kind in ("figure", "count")

    def fact(self, board: Board, placement: Placement) -> str | float | int | bool | None:
        """Return the value for a file; None where it is not known."""
        value = self.value(board, placement)
        return value.value if isinstance(value, Figure) else value

    def reason(self, board: Board, placement: Placement) -> str | None:
        """Return why there is no value, where that is known."""
        value = self.value(board, placement)
        return value.reason if isinstance(value, Figure) else None

    def shown(self, board: Board, placement: Placement, *, brief: bool = False) -> str:
        """Return what people read, on one line and not escaped."""
        write = (self.brief if brief else None) or self.text
        if write is not None:
            return one_line(write(board, placement))
        value = self.value(board, placement)
        if isinstance(value, Figure):
            return short(value)
        return NOTHING if value is None or value == "" else one_line(str(value))


def columns_of(table: Table | None, boards: Sequence[Board]) -> list[BoardColumn]:
    """Return the columns of a table in their order; ``None``: of the files, all of them.

    Parameters
    ----------
    boards
        Whose rows are shown: they say which metrics, classes and costs there are.
    """
    rows = [placement.row for board in boards for placement in board.placements]
    found = [
        column
        for group in COLUMNS
        for column in (group if isinstance(group, tuple) else group(rows))
        if table is None or table in column.tables
    ]
    keys = [column.key for column in found]
    if len(set(keys)) < len(keys):
        repeated = sorted({key for key in keys if keys.count(key) > 1})
        raise ValueError(f"columns {repeated} are there twice, expected keys of their own")
    return found


def column_of(key: str) -> BoardColumn:
    """Return one of the columns that every leaderboard has, by its key."""
    return next(column for group in COLUMNS if isinstance(group, tuple) for column in group if column.key == key)


def metric_label(card: MetricCard) -> str:
    """Return what a metric is called for people, with its unit."""
    return f"{card.heading or card.name}{' %' if _is_share(card) else ''}"


def _is_share(card: MetricCard) -> bool:
    return card.better == "higher" and (card.lowest, card.highest) == (0, 1)


_CORE = {metric.card.name: metric.card for metric in CORE_METRICS}


def _other_metrics(rows: Iterable[Row]) -> list[BoardColumn]:
    """Return the columns of the metrics beside UAR that the rows were scored by, the core ones first."""
    cards = _CORE | {card.name: card for row in rows for card in row.metrics.values()}
    return [column for card in cards.values() if card.name != "uar" for column in _of_metric(card)]


def _of_metric(card: MetricCard) -> tuple[BoardColumn, BoardColumn]:
    name, write = card.name, percent if _is_share(card) else decimal

    def mean(_: Board, placement: Placement) -> Figure:
        return placement.row.score(name).mean

    def spread(_: Board, placement: Placement) -> Figure:
        return placement.row.score(name).spread

    def brief(_: Board, placement: Placement) -> str:
        return write(placement.row.score(name).mean)

    def with_spread(_: Board, placement: Placement) -> str:
        score = placement.row.score(name)
        return write(score.mean) + ("" if score.spread.value is None else f" ± {write(score.spread)}")

    column = BoardColumn(
        key=name,
        value=mean,
        kind="figure",
        heading=metric_label(card),
        text=with_spread if name == "uar" else brief,
        brief=brief,
        better=card.better,
        tables=_TABLES_OF_METRIC.get(name, _TABLES_OF_CORE if name in _CORE else _TABLES_OF_OTHERS),
    )
    return column, BoardColumn(key=f"{name}_sd", value=spread, kind="figure")


#: UAR stands everywhere; calibration in the long tables alone; what a plugin brings, wherever metrics stand.
_TABLES_OF_CORE = frozenset({Table.SCORES, Table.LATEX, Table.SITE, Table.CARD, Table.MODEL_INDEX})
_TABLES_OF_OTHERS = _TABLES_OF_CORE | {Table.TERMINAL}
_TABLES_OF_METRIC = {
    "uar": _TABLES_OF_OTHERS | {Table.INDEX},
    "log-loss": frozenset({Table.SCORES, Table.CARD}),
    "ece": frozenset({Table.SCORES, Table.CARD}),
}


def _recall_columns(rows: Iterable[Row]) -> list[BoardColumn]:
    """Return a column per class that the rows know, in the order of their tasks."""
    none = Figure.undefined("no cell is done")

    def column(name: str) -> BoardColumn:
        def recall(_: Board, placement: Placement) -> Figure:
            return placement.row.recalls.get(name, none)

        return BoardColumn(
            key=f"recall:{name}",
            value=recall,
            kind="figure",
            heading=name,
            text=lambda board, placement: percent(recall(board, placement)),
            better="higher",
            tables=frozenset({Table.RECALLS}),
        )

    return [column(name) for name in dict.fromkeys(name for row in rows for name in row.recalls)]


def _adapted_columns(rows: Iterable[Row]) -> list[BoardColumn]:
    """Return, for files alone, to how many speakers of the tested corpus rows were adapted; none where no row was."""
    if not any(row.dataset.adapted for row in rows):
        return []

    def speakers(row: Row) -> int | None:
        return None if row.dataset.adapted is None else row.dataset.adapted.speakers

    def fraction(row: Row) -> float | None:
        return None if row.dataset.adapted is None else row.dataset.adapted.fraction

    return [_of_row("adapted_speakers", speakers, "count"), _of_row("adapted_fraction", fraction, "figure")]


def _cost(key: str, heading: str = "", *tables: Table) -> BoardColumn:
    """Return the column of a figure of cost.

    ``◆`` stands before it where the row is Pareto-optimal against it, ``?`` after a time of a busy machine.
    """
    axis = next((axis for axis in AXES if axis.figure == key), None)

    def cost(_: Board, placement: Placement) -> Figure:
        return placement.row.cost_of(key)

    def text(board: Board, placement: Placement) -> str:
        mark = f"{PARETO} " if axis and placement.pareto_optimal[axis.name] else ""
        figure = cost(board, placement)
        is_doubtful = figure.value is not None and is_disturbed(key, placement.row)
        return mark + short(figure) + (DISTURBED if is_doubtful else "")

    better: Literal["higher", "lower"] = "higher" if key.endswith("_realtime") else "lower"
    return BoardColumn(
        key=key, value=cost, kind="figure", heading=heading, text=text, better=better, tables=frozenset(tables)
    )


def _other_costs(rows: Iterable[Row]) -> list[BoardColumn]:
    """Return the columns of the costs that the rows have and no page names."""
    named = {column.key for column in _NAMED_COSTS} | ALONE.keys()
    return [_cost(key) for key in dict.fromkeys(name for row in rows for name in of_note(row.cost)) if key not in named]


#: Where every cost that a page names stands, and where those do that a reader looks at first.
_COST_TABLES = (Table.COST, Table.CARD)
_FIRST_COSTS = (*_COST_TABLES, Table.OVERVIEW, Table.SITE)
_NAMED_COSTS = (
    _cost("parameters_total", "params", *_FIRST_COSTS, Table.TERMINAL, Table.LATEX, Table.INDEX),
    _cost("macs_3s", "MACs 3 s", *_FIRST_COSTS, Table.TERMINAL, Table.LATEX, Table.INDEX),
    _cost("model_bytes", "bytes", *_COST_TABLES, Table.OVERVIEW),
    _cost("train_seconds", "train s", *_FIRST_COSTS, Table.TERMINAL, Table.LATEX),
    _cost("feature_seconds_per_audio_second", "feature RTF", *_COST_TABLES),
    _cost("latency_p50_ms", "p50 ms", *_FIRST_COSTS, Table.TERMINAL, Table.LATEX, Table.INDEX),
    _cost("latency_p90_ms", "p90 ms", *_COST_TABLES),
    _cost("latency_p99_ms", "p99 ms", *_COST_TABLES),
    _cost("peak_memory_bytes", "memory", *_FIRST_COSTS),
)


def _of_model_alone(rows: Iterable[Row]) -> list[BoardColumn]:
    """Return the columns of the model's own share, where the rows have it: those of before have not."""
    shares = (
        _share("model_alone_parameters", "model params", *_COST_TABLES),
        _share("model_alone_macs_3s", "model MACs", *_COST_TABLES),
        _share("model_alone_bytes"),
    )
    known = {name for row in rows for name in row.cost}
    return [column for column in shares if column.key in known]


def _share(key: str, heading: str = "", *tables: Table) -> BoardColumn:
    """Return the column of a figure of the model alone; ``∿`` stands behind it where its features count as 0."""
    column = _cost(key, heading, *tables)

    def text(_: Board, placement: Placement) -> str:
        row = placement.row
        return short(row.cost_of(key)) + (f" {SIGNAL_PROCESSING}" if has_signal_features(row) else "")

    return replace(column, text=text)


def _disturbances(rows: Iterable[Row]) -> list[BoardColumn]:
    """Return the column, for files alone, of what disturbed the rows' timing, where something did."""
    return [_of_row("timing_disturbed", lambda row: row.disturbed)] if any(row.disturbed for row in rows) else []


def _rank(_: Board, placement: Placement) -> str:
    return NOTHING if placement.rank is None else f"{placement.rank}{'=' if placement.is_shared else ''}"


def _groups(board: Board, placement: Placement) -> str:
    found = [letter(number) for number, group in enumerate(board.groups) if placement.name in group]
    return " ".join(found) or NOTHING


def _machine(board: Board, placement: Placement) -> str:
    return board.machines[machine_key(placement.row)]


def _interval(_: Board, placement: Placement) -> str:
    return span(placement.row.interval)


def _of_board(key: str, value: Callable[[Board], Value], kind: Kind = "text") -> BoardColumn:
    """Return the column, for files alone, of a fact that all rows of a board share."""
    return BoardColumn(key=key, value=lambda board, _: value(board), kind=kind)


def _of_row(key: str, value: Callable[[Row], Value], kind: Kind = "text") -> BoardColumn:
    """Return the column, for files alone, of a fact of a row."""
    return BoardColumn(key=key, value=lambda _, placement: value(placement.row), kind=kind)


def _of_placement(key: str, value: Callable[[Placement], Value], kind: Kind = "text") -> BoardColumn:
    """Return the column, for files alone, of where a row stands."""
    return BoardColumn(key=key, value=lambda _, placement: value(placement), kind=kind)


_PLACE = (
    _of_board("protocol", lambda board: board.protocol),
    _of_board("dataset", lambda board: board.dataset),
    _of_row("task", lambda row: row.task),
    BoardColumn(
        key="rank",
        value=lambda _, placement: placement.rank,
        kind="count",
        heading="rank",
        text=_rank,
        better="lower",
        tables=frozenset({Table.SCORES, Table.TERMINAL, Table.LATEX, Table.INDEX, Table.SITE}),
    ),
    _of_placement("rank_is_shared", lambda placement: placement.is_shared, "truth"),
    BoardColumn(
        key="model",
        value=lambda _, placement: placement.name,
        heading="model",
        tables=frozenset(Table) - {Table.CARD, Table.MODEL_INDEX},
    ),
    _of_row("model_version", lambda row: row.model.version),
    _of_placement("is_floor", lambda placement: placement.is_floor, "truth"),
    _of_row("evidence", lambda row: row.evidence),
    _of_row("is_complete", lambda row: row.is_complete, "truth"),
    _of_board("is_averaged", lambda board: board.exclusion is None, "truth"),
    _of_board("excluded_because", lambda board: board.exclusion),
)

_UAR = (
    *_of_metric(_CORE["uar"]),
    BoardColumn(
        key="interval",
        value=lambda _, placement: placement.row.interval.method or placement.row.interval.reason,
        heading="95 % CI",
        text=_interval,
        tables=frozenset({Table.SCORES, Table.TERMINAL, Table.LATEX, Table.INDEX, Table.SITE, Table.CARD}),
    ),
    _of_row("uar_low", lambda row: row.interval.low, "figure"),
    _of_row("uar_high", lambda row: row.interval.high, "figure"),
    BoardColumn(
        key="groups",
        value=_groups,
        heading="group",
        text=_groups,
        tables=frozenset({Table.SITE}),
    ),
)

_MORE = (
    BoardColumn(
        key="adjusted_uar",
        value=lambda _, placement: placement.row.adjusted_uar,
        kind="figure",
        heading="adjusted UAR",
        text=lambda _, placement: decimal(placement.row.adjusted_uar),
        better="higher",
        tables=frozenset({Table.CARD}),
    ),
    BoardColumn(
        key="seeds",
        value=lambda _, placement: len(placement.row.seeds),
        kind="count",
        heading="seeds",
        tables=frozenset({Table.SCORES, Table.CARD}),
    ),
    _of_row("folds", lambda row: row.folds, "count"),
    BoardColumn(
        key="cells_done",
        value=lambda _, placement: placement.row.cells["done"],
        kind="count",
        heading="cells",
        text=lambda _, placement: cells_done(placement.row),
        tables=frozenset({Table.SCORES, Table.CARD}),
    ),
    _of_row("cells_expected", lambda row: row.cells["expected"], "count"),
    _of_row("problems", lambda row: "; ".join(row.problems)),
    _of_row("utterances", lambda row: row.utterances, "count"),
    _of_row("speakers", lambda row: row.speakers, "count"),
    _of_placement("not_significantly_different", lambda placement: "; ".join(placement.not_different)),
    _of_board("minimum_detectable_difference", lambda board: board.detectable, "figure"),
    *(
        BoardColumn(
            key=f"pareto_optimal_{axis.name}",
            value=lambda _, placement, name=axis.name: placement.pareto_optimal[name],  # type: ignore[misc]
            kind="truth",
        )
        for axis in AXES
    ),
    _of_row("precision", precision_of),
    _of_placement(
        "is_same_model", lambda placement: placement.variant.is_same_model if placement.variant else None, "truth"
    ),
    _of_row("pretrained_on", lambda row: "; ".join(row.standing.declared.pretrained_on)),
    _of_row("uses_test_statistics", lambda row: row.standing.declared.uses_test_statistics, "truth"),
    _of_row("reads_text", lambda row: row.standing.declared.text),
)

_MACHINE = (
    BoardColumn(
        key="machine",
        value=lambda _, placement: machine_name(placement.row.machine),
        heading="machine",
        text=_machine,
        tables=frozenset({Table.COST, Table.SITE, Table.CARD}),
    ),
    _of_row("machine_digest", lambda row: digest_value(row.machine)[:12]),
    _of_row("calibration_seconds", lambda row: row.calibration, "figure"),
    _of_row("audio", audio_label),
    _of_row("is_altered", is_altered, "truth"),
    _of_row("audio_digest", lambda row: row.dataset.audio),
    _of_row("split_digest", lambda row: row.protocol.split),
    _of_row("manifest_digest", lambda row: row.dataset.manifest),
    _of_row("system", lambda row: row.system),
)

#: Every column, in the order of all tables and files: given ones, and those that the rows make.
COLUMNS: tuple[tuple[BoardColumn, ...] | Callable[[Sequence[Row]], Sequence[BoardColumn]], ...] = (
    *(_PLACE, _adapted_columns, _UAR, _other_metrics, _MORE, _recall_columns),
    *(_NAMED_COSTS, _of_model_alone, _other_costs, _disturbances, _MACHINE),
)

__all__ = ["COLUMNS", "BoardColumn", "Kind", "Table", "Value", "column_of", "columns_of", "metric_label"]
