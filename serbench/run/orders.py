"""What a worker is asked, what it says of that, and what a cell has come to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Literal

from serbench.results.record import Record
from serbench.run.plan import Cell


@dataclass(frozen=True)
class Order:
    """What a worker is asked to do.

    Attributes
    ----------
    cells
        To run, several where they are trained together; or the one that it is about.
    what
        ``run``, its timing included; ``draft``: run it but for that, and keep a draft; ``time`` its draft; or
        ``extract`` its features.
    """

    cells: tuple[Cell, ...]
    what: Literal["run", "draft", "time", "extract"] = "run"


@dataclass(frozen=True)
class Ended:
    """A cell that has ended, one that is a draft now, or an order that a worker did not survive.

    Attributes
    ----------
    cell
        Which one.
    record
        What came of it, in the store; None for a draft, and where its worker died.
    seconds
        How long it took.
    reason
        Why there is no record; empty for a draft.
    """

    cell: Cell
    record: Record | None
    seconds: float
    reason: str = ""

    @property
    def is_draft(self) -> bool:
        """True where it is trained and still to be timed."""
        return self.record is None and not self.reason


class Said(Enum):
    """What a message of a worker is about."""

    #: It has made its plan.
    READY = auto()
    #: A cell was begun: its digest.
    STARTED = auto()
    #: A cell has ended: its digest, its record, which is in the store, and its seconds.
    RECORD = auto()
    #: A cell is a draft: its digest, its seconds, and whether this process alone has its model.
    DRAFTED = auto()
    #: An extraction begins: what of what, and how many clips.
    EXTRACTING = auto()
    #: So many of them are done.
    EXTRACTED = auto()
    #: The order was carried out.
    DONE = auto()
    #: The order was carried out, and a plugin left the process in no state for another.
    SPENT = auto()
    #: It cannot go on, whatever is asked of it: a full disk. The error.
    BROKEN = auto()


__all__ = ["Ended", "Order", "Said"]
