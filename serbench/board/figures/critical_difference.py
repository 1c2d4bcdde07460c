"""Mean ranks over datasets with their critical difference, as ``serbench.board.pages.diagram`` lays them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serbench.board.figures.choose import Wanted, choose
from serbench.board.pages.diagram import draw_mean_ranks
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.mean_ranks import FEWEST
from serbench.board.ranking.overall import make_overall
from serbench.errors import UsageError
from serbench.results.row import Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The height of letters, in pixels of the layout and in points of the figure.
_PIXELS, _POINTS = 13, 7.5
#: How much of the width is left for names on either side.
_SIDE = 0.34


def draw(sheet: Figure, rows: Sequence[Row], wanted: Wanted) -> str:
    """Draw the mean ranks of the systems that are complete on all averaged datasets; return the caption.

    Raises
    ------
    UsageError
        With fewer than three such datasets or systems.
    """
    (glance,) = make_overall(make_boards(row for _, row in choose(rows, wanted)))
    ranks = glance.ranks
    if ranks is None:
        raise UsageError(
            f"critical-difference got {len(glance.averaged)} datasets that are averaged and {len(glance.complete)} "
            f"systems that are complete on all of them under {glance.protocol}, expected {FEWEST} of each; run what is "
            f"missing"
        )
    pixel = _POINTS / _PIXELS / 72  # inches
    width = round(sheet.get_figwidth() / pixel)
    drawing = draw_mean_ranks(ranks, width, round(_SIDE * width))
    sheet.set_layout_engine("none")
    sheet.set_figheight(drawing.height * pixel)
    axes = sheet.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, drawing.width)
    axes.set_ylim(drawing.height, 0)
    axes.set_axis_off()
    for line in drawing.lines:
        axes.plot(
            [line.x1, line.x2],
            [line.y1, line.y2],
            color="black",
            linewidth=line.width * pixel * 72,
            solid_capstyle="butt",
        )
    for label in drawing.labels:
        side = {"start": "left", "middle": "center", "end": "right"}[label.anchor]
        axes.text(label.x, label.y, label.text, ha=side, va="baseline", fontsize=_POINTS)
    datasets = ", ".join(ranks.datasets)
    return f"Mean ranks by UAR on {datasets} ({glance.protocol}). {' '.join(ranks.sentences[1:])}"


__all__ = ["draw"]
