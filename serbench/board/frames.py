"""Results as pandas frames, for notebooks: ``serbench.load_results``.

Conventions
-----------
Scores, recalls and ends of intervals are fractions, times seconds (latencies milliseconds), sizes bytes; what is not
known is missing (``isna``). Names are those of the CSV files; ``task`` and ``system`` are digests by which the frames
of the three levels can be joined. Every frame can be written as Parquet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

import numpy as np

from serbench.board.pages.render import row_facts
from serbench.board.ranking.boards import display_names, make_boards
from serbench.errors import UsageError, suggestion
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.results.summary import summarise

if TYPE_CHECKING:
    import pandas as pd

#: What a line of a frame is: a system on a task, a cell, or a test row of a cell.
Level = Literal["rows", "cells", "predictions"]

#: Columns of text that may be unknown everywhere, of truth values, of whole numbers. All others are figures, or text.
_TEXT = ("reason", "interval", "audio_digest", "split_digest", "manifest_digest")
_TRUTHS = (
    *("rank_is_shared", "is_floor", "is_whole", "is_headline", "is_altered"),
    *("on_front_latency", "on_front_macs", "on_front_parameters"),
    *("uses_test_statistics", "is_same_model"),
)
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
    frame = makers[level](Store(Path(path)))
    if frame.empty:
        raise UsageError(f"no {level} below {path}, expected the --out folder of a run or a leaderboard")
    return frame.astype({name: _kind(name, column) for name, column in frame.items()})


def _kind(name: Any, column: pd.Series[Any]) -> str:
    """Return the type of a column, which must not depend on what happens to be known."""
    if name in _WHOLE_NUMBERS:
        return "Int64"
    if name in _TEXT or column.dtype == "str":
        return "str"
    return "boolean" if name in _TRUTHS else "float64"


def _rows(store: Store) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        [
            {**row_facts(board, place), "system": place.row.system}
            for board in make_boards(summarise(store))
            for place in board.places
        ]
    )


def _cells(store: Store) -> pd.DataFrame:
    import pandas as pd

    records = list(store.records())
    names = _system_names(records)
    return pd.DataFrame(
        [
            {
                **_names(record, names),
                "status": record.status,
                "reason": record.reason,
                **record.rows,
                **{name: figure["value"] for name, figure in (*record.scores.items(), *record.cost.items())},
            }
            for record in records
        ]
    )


def _predictions(store: Store) -> pd.DataFrame:
    import pandas as pd

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
            **{f"score:{name}": found.scores[:, place] for place, name in enumerate(found.classes)},
        }
        frames.append(pd.DataFrame({**_names(record, names), **facts}, index=range(len(found.ids))))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


class _System(NamedTuple):
    """What a name is made of."""

    label: str
    system: str
    model: Mapping[str, Any]
    features: Sequence[Mapping[str, Any]]
    augmentations: Sequence[Mapping[str, Any]]


def _system_names(records: Sequence[Record]) -> dict[str, str]:
    return display_names(
        _System(each.label, each.key.system, each.key.model, each.key.features, each.key.augmentations)
        for each in records
    )


def _names(record: Record, names: Mapping[str, str]) -> dict[str, Any]:
    key = record.key
    return {
        "protocol": key.protocol["name"],
        "dataset": key.dataset["name"],
        "model": names[key.system],
        "fold": key.fold,
        "seed": key.seed,
        "task": key.task,
        "system": key.system,
    }


__all__ = ["Level", "load_results"]
