"""Results as pandas frames, for notebooks: ``serbench.load_results``.

Conventions
-----------
Scores, recalls and ends of intervals are fractions, times seconds (latencies milliseconds), sizes bytes; what is not
known is missing (``isna``). Names are those of the CSV files; ``task`` and ``system`` are digests by which the frames
of the three levels can be joined. Every frame can be written as Parquet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from serbench.board.columns import Kind, columns_of
from serbench.board.facts import flat_rows
from serbench.board.ranking.boards import display_names, make_boards
from serbench.board.rows import stored_rows
from serbench.errors import UsageError, suggestion
from serbench.results.facts import PartFacts
from serbench.results.record import Record
from serbench.results.store import Store

if TYPE_CHECKING:
    import pandas as pd

#: What a line of a frame is: a system on a task, a cell, or a test row of a cell.
Level = Literal["rows", "cells", "predictions"]

#: The type in a frame of each kind of column; it must not depend on what happens to be known.
_TYPES: Mapping[Kind, str] = {"text": "str", "figure": "float64", "count": "Int64", "truth": "boolean"}
#: Of the frames of cells and predictions: what is text and what is counted; all else are figures.
_TEXTS = (
    *("protocol", "dataset", "model", "fold", "task", "system", "status", "reason"),
    *("id", "speaker", "truth", "prediction"),
)
_COUNTS = ("seed", "train", "dev", "test", "augmented")


def load_results(path: str | Path, level: Level = "rows") -> pd.DataFrame:
    """Return the results in a folder: the ``--out`` folder of a run, or a leaderboard.

    Parameters
    ----------
    path
        The folder.
    level
        ``rows``: a line per system and task, in the order of the boards: rank, scores with their intervals, recalls
        (``recall:<class>``), cost, digests. ``cells``: a line per fold and seed, with its own scores and cost, and the
        failed ones with their reasons. ``predictions``: a line per tested row of a cell, with ``truth``,
        ``prediction`` and a column ``score:<class>`` for every class of any dataset.

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
    makers = {"rows": _rows, "cells": _cells, "predictions": _predictions}
    if level not in makers:
        known = get_args(Level)
        raise UsageError(f"level is {level!r}, expected one of {list(known)}{suggestion(str(level), known)}")
    frame, kinds = makers[level](Path(path))
    if frame.empty:
        raise UsageError(f"no {level} below {path}, expected the --out folder of a run or a leaderboard")
    return frame.astype({name: _TYPES[kinds(name)] for name in frame})


def _kind(name: str) -> Kind:
    if name in _COUNTS:
        return "count"
    return "text" if name in _TEXTS else "figure"


def _rows(folder: Path) -> tuple[pd.DataFrame, Callable[[str], Kind]]:
    import pandas as pd

    from serbench.plugin.registry import load_registry

    rows, _ = stored_rows(folder, load_registry())
    boards = make_boards(rows)
    kinds = {column.key: column.kind for column in columns_of(None, boards)}
    return pd.DataFrame(flat_rows(boards)), kinds.__getitem__


def _cells(folder: Path) -> tuple[pd.DataFrame, Callable[[str], Kind]]:
    import pandas as pd

    store = Store(folder)
    records = list(store.records())
    names = _system_names(records)
    lines = [
        {
            **_names(record, names),
            "status": record.status,
            "reason": record.reason,
            **record.rows,
            **{name: figure.value for name, figure in (*record.scores.items(), *record.cost.items())},
        }
        for record in records
    ]
    return pd.DataFrame(lines), _kind


def _predictions(folder: Path) -> tuple[pd.DataFrame, Callable[[str], Kind]]:
    import pandas as pd

    store = Store(folder)
    records = list(store.records())
    names = _system_names(records)
    frames = []
    for record in records:
        if record.predictions is None:
            continue
        found = store.predictions(record)
        classes = np.array(found.classes, dtype=object)
        facts = {
            "id": found.ids,
            "speaker": found.speakers,
            "truth": classes[found.truth],
            "prediction": classes[found.scores.argmax(axis=1)],
            **{f"score:{name}": found.scores[:, column] for column, name in enumerate(found.classes)},
        }
        frames.append(pd.DataFrame({**_names(record, names), **facts}, index=range(len(found.ids))))
    return (pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()), _kind


class _System(NamedTuple):
    """What a name is made of."""

    label: str
    system: str
    model: PartFacts
    features: Sequence[PartFacts]
    augmentations: Sequence[PartFacts]


def _system_names(records: Sequence[Record]) -> dict[str, str]:
    return display_names(
        _System(record.label, key.system, key.model, key.features, key.augmentations)
        for record in records
        for key in (record.key,)
    )


def _names(record: Record, names: Mapping[str, str]) -> dict[str, Any]:
    key = record.key
    return {
        "protocol": key.protocol.name,
        "dataset": key.dataset.name,
        "model": names[key.system],
        "fold": key.fold,
        "seed": key.seed,
        "task": key.task,
        "system": key.system,
    }


__all__ = ["Level", "load_results"]
