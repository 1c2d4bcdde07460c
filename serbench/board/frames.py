"""Results as pandas frames, for notebooks: ``serbench.load_results``.

Conventions
-----------
Scores, recalls and ends of intervals are fractions, times seconds (latencies milliseconds), sizes bytes; what is not
known is NA. Names are those of the CSV files. Every frame can be written as Parquet.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from serbench.board.rank import make_boards
from serbench.board.render import row_facts
from serbench.errors import UsageError
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.results.summary import summarise

if TYPE_CHECKING:
    import pandas as pd

#: What a line of a frame is: a system on a task, a cell, or a test row of a cell.
Level = Literal["rows", "cells", "predictions"]

_WHOLE_NUMBERS = (
    *("rank", "seed", "seeds", "folds", "cells_done", "cells_expected", "utterances", "speakers"),
    *("train", "dev", "test", "augmented"),
)


def load_results(path: str | Path, level: Level = "rows") -> pd.DataFrame:
    """Return the results in a folder: the ``--out`` folder of a run, or a leaderboard.

    Parameters
    ----------
    path
        The folder.
    level
        ``rows``: a line per system and task, in the order of the boards: rank, scores with their intervals, recalls
        (``recall:<class>``), cost, digests. ``cells``: a line per fold and seed, with its own scores and cost, and the
        failed ones with their reasons. ``predictions``: a line per tested row, with ``truth``, ``prediction`` and a
        column ``score:<class>`` for every class of any dataset.

    Raises
    ------
    UsageError
        When there are no records, or for another level.
    FormatError
        When a record or its predictions are damaged.

    Examples
    --------
    >>> import serbench
    >>> results = serbench.load_results("runs")  # doctest: +SKIP
    >>> results.to_parquet("results.parquet")  # doctest: +SKIP
    """
    import pandas as pd

    makers = {"rows": _rows, "cells": _cells, "predictions": _predictions}
    if level not in makers:
        raise UsageError(f"level is {level!r}, expected one of {list(makers)}")
    store = Store(Path(path))
    frame = pd.DataFrame(list(makers[level](store)))
    if frame.empty:
        raise UsageError(f"no {level} below {path}, expected the --out folder of a run or a leaderboard")
    whole = {name: "Int64" for name in _WHOLE_NUMBERS if name in frame}
    return frame.astype(whole)


def _rows(store: Store) -> Iterator[dict[str, Any]]:
    for board in make_boards(summarise(store)):
        for place in board.places:
            yield row_facts(board, place)


def _cells(store: Store) -> Iterator[dict[str, Any]]:
    for record in store.records():
        yield {
            **_names(record),
            "status": record.status,
            "reason": record.reason,
            **record.rows,
            **{name: figure["value"] for name, figure in record.scores.items()},
            **{name: figure["value"] for name, figure in record.cost.items()},
        }


def _predictions(store: Store) -> Iterator[dict[str, Any]]:
    for record in store.records():
        if record.predictions is None:
            continue
        found = store.predictions(record)
        names, best = _names(record), found.scores.argmax(axis=1).tolist()
        scores = [f"score:{name}" for name in found.classes]
        lines = zip(found.ids, found.speakers, found.truth.tolist(), best, found.scores.tolist(), strict=True)
        for uid, speaker, truth, guess, values in lines:
            facts = {"id": uid, "speaker": speaker, "truth": found.classes[truth], "prediction": found.classes[guess]}
            yield names | facts | dict(zip(scores, values, strict=True))


def _names(record: Record) -> dict[str, Any]:
    key = record.key
    return {
        "protocol": key.protocol["name"],
        "dataset": key.dataset["name"],
        "model": record.label,
        "fold": key.fold,
        "seed": key.seed,
    }


__all__ = ["Level", "load_results"]
