"""All that views are made from, made once: boards, overviews, inflation, sweeps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from serbench.board.ranking.adaptation import is_adapted
from serbench.board.ranking.boards import Board, make_boards
from serbench.board.ranking.inflation import Inflation, inflation_of
from serbench.board.ranking.matrix import is_crossed
from serbench.board.ranking.overall import Overall, make_overall
from serbench.board.ranking.sweeps import Sweep, sweeps_of
from serbench.board.wording import page_stem
from serbench.results.row import Row


@dataclass(frozen=True)
class Leaderboard:
    """The rows of a folder, and what they say of one another.

    Attributes
    ----------
    rows
        All of them.
    boards
        One per task.
    """

    rows: tuple[Row, ...]
    boards: tuple[Board, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Leaderboard:
        """Return the leaderboard of rows."""
        rows = tuple(rows)
        return cls(rows, tuple(make_boards(rows)))

    @cached_property
    def overall(self) -> tuple[Overall, ...]:
        """A glance per protocol, in the order of the boards."""
        return tuple(make_overall(self.boards))

    @cached_property
    def inflation(self) -> tuple[Inflation, ...]:
        """What leaks are worth, for every system that has rows under several protocols."""
        return tuple(inflation_of(self.rows))

    @cached_property
    def sweeps(self) -> tuple[Sweep, ...]:
        """What one argument, or augmentation, gains, for every system that has rows with several."""
        return tuple(sweeps_of(self.boards))

    @cached_property
    def pages(self) -> dict[str, tuple[Board, ...]]:
        """From the stem of a page's files to the boards on it: the tasks of one protocol and tested dataset."""
        groups: dict[str, list[Board]] = {}
        for board in self.boards:
            groups.setdefault(page_stem(board), []).append(board)
        return {stem: tuple(group) for stem, group in groups.items()}

    @cached_property
    def crossed(self) -> tuple[Row, ...]:
        """The rows that belong to matrices of crossed corpora, in the order of the boards."""
        return tuple(row for board in self.boards for row in board.rows if is_crossed(row))

    @cached_property
    def adapted(self) -> tuple[Row, ...]:
        """The rows that belong to curves of adaptation, in the order of the boards."""
        return tuple(row for board in self.boards for row in board.rows if is_adapted(row))


__all__ = ["Leaderboard"]
