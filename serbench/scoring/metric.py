"""The Metric contract: a pure function of truth and scores, with direction and bounds declared.

Conventions
-----------
Truth first, scores second, everywhere. ``truth`` is int64 (n,), each row's class as its place among the
``k`` classes; ``scores`` is float64 (n, k). The predicted class is the column of the largest score, the
first of equal ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from serbench.part import Card
from serbench.scoring.figure import Figure

Truth = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MetricCard(Card):
    """What a metric says of itself.

    Attributes
    ----------
    better
        ``higher`` or ``lower``.
    lowest, highest
        The bounds of its values; None where there is none.
    heading
        What tables call it, without a unit; empty: its name.
    """

    better: Literal["higher", "lower"]
    lowest: float | None = None
    highest: float | None = None
    heading: str = ""


@dataclass(frozen=True)
class Metric:
    """A card and the function it describes.

    Attributes
    ----------
    card
        Name, version, direction and bounds.
    function
        From ``truth`` and ``scores`` to a figure; pure, and indifferent to the order of rows.
    """

    card: MetricCard
    function: Callable[[Truth, Scores], Figure]

    def __call__(self, truth: Truth, scores: Scores) -> Figure:
        """Return the metric of ``truth`` (n,) and ``scores`` (n, k)."""
        return self.function(truth, scores)

    def measure(self, truth: Truth, scores: Scores) -> Figure:
        """Return the same of a function that may be a stranger's: what it raises is the reason why there is none.

        It cannot write into what it is given.
        """
        seen = (truth.view(), scores.view())
        for each in seen:
            each.flags.writeable = False
        try:
            found: object = self.function(*seen)
        except (Exception, SystemExit) as error:  # noqa: BLE001  (a plugin may raise anything)
            return Figure.undefined(f"{self.card.name} failed: {type(error).__name__}: {' '.join(str(error).split())}")
        if not isinstance(found, Figure) or isinstance(found.value, bool | complex | str):
            return Figure.undefined(f"{self.card.name} returned {type(found).__name__}, expected a figure")
        return found


__all__ = ["Metric", "MetricCard", "Scores", "Truth"]
