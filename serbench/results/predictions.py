"""What a model said of the test rows of a cell, and its file: Parquet, readable by anybody.

Conventions
-----------
A file has one row per tested utterance of its cells, in columns ``fold``, ``seed``, ``id``, ``speaker``, ``truth``,
``prediction`` and one float64 column per class, named by the class in the record's order after the prefix ``score:``.
The digest of a cell's predictions is of what they say, not of the file's bytes: it is the same in the file of one cell
and in that of a complete row. A file comes from anybody: it is held to its promised size before it is decoded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from serbench.digest import digest_array
from serbench.errors import FormatError
from serbench.files import atomic_write, read_bytes

if TYPE_CHECKING:
    import pyarrow as pa

#: Bytes that one row may take once it is decoded, scores aside: ids and names are short.
_BYTES_PER_ROW = 4096
_WORDS = ("fold", "id", "speaker", "truth", "prediction")

#: The fold and the seed of a cell.
Place = tuple[str, int]


@dataclass(frozen=True)
class TestPredictions:
    """The scored test rows of one cell, joined again with what the runner knows of them.

    Attributes
    ----------
    ids, speakers
        (n,) of the test utterances.
    truth
        int64 (n,), place among ``classes``.
    scores
        float64 (n, k).
    classes
        The k classes.
    """

    __test__ = False  # no test class, whatever its name says to pytest

    ids: tuple[str, ...]
    speakers: tuple[str, ...]
    truth: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    classes: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """Digest of every word and number above."""
        truth = [self.classes[code] for code in self.truth.tolist()]
        facts = {"ids": self.ids, "speakers": self.speakers, "truth": truth, "classes": self.classes}
        return digest_array(self.scores, facts)

    @classmethod
    def join(cls, parts: Sequence[TestPredictions]) -> TestPredictions:
        """Return the rows of all parts, sorted by id: the order of folds is no fact.

        Raises
        ------
        FormatError
            When the parts have different classes, or an id is in two of them.
        """
        if len({part.classes for part in parts}) != 1:
            raise FormatError(f"predictions of {len(parts)} cells have different classes, expected the same")
        ids = [uid for part in parts for uid in part.ids]
        if len(set(ids)) != len(ids):
            raise FormatError("an utterance is predicted twice, expected once")
        order = sorted(range(len(ids)), key=ids.__getitem__)
        speakers = [speaker for part in parts for speaker in part.speakers]
        return cls(
            tuple(ids[i] for i in order),
            tuple(speakers[i] for i in order),
            np.concatenate([part.truth for part in parts])[order],
            np.concatenate([part.scores for part in parts])[order],
            parts[0].classes,
        )


def write_predictions(path: Path, cells: Mapping[Place, TestPredictions]) -> None:
    """Write the predictions of cells of one task, by fold and seed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = []
    for (fold, seed), found in cells.items():
        classes = np.array(found.classes)
        number = len(found.ids)
        columns = {
            "fold": pa.array([fold] * number, pa.string()),
            "seed": pa.array([seed] * number, pa.int64()),
            "id": pa.array(found.ids, pa.string()),
            "speaker": pa.array(found.speakers, pa.string()),
            "truth": pa.array(classes[found.truth], pa.string()),
            "prediction": pa.array(classes[found.scores.argmax(axis=1)], pa.string()),
            **{f"score:{name}": pa.array(found.scores[:, place]) for place, name in enumerate(found.classes)},
        }
        tables.append(pa.table(columns))
    with atomic_write(path) as stream:
        pq.write_table(pa.concat_tables(tables), stream, compression="zstd")


def read_predictions(path: Path, classes: tuple[str, ...], rows: int) -> dict[Place, TestPredictions]:
    """Read the predictions of a file, by fold and seed.

    Parameters
    ----------
    classes
        Of the task, as the records name them.
    rows
        How many rows the records promise; nothing is decoded of a file that has another number.

    Raises
    ------
    FormatError
        When the file is missing, damaged, larger than it may be, or contradicts itself: a word that is no class, a
        prediction that has not the largest score.
    """
    names = [f"score:{name}" for name in classes]
    most = rows * (_BYTES_PER_ROW + 8 * len(classes)) + (1 << 20)
    table = _decoded(path, read_bytes(path, most), ("seed", *_WORDS), names, rows, most)
    table = table.select(["fold", "seed", "id", "speaker", "truth", "prediction", *names])
    columns = [table[name].combine_chunks() for name in names]
    if any(column.null_count for column in columns):
        raise FormatError(f"{path}: there are empty cells, expected a score in each")
    # to_numpy would import pandas
    scores = np.column_stack([np.from_dlpack(column) for column in columns]) if columns else np.empty((rows, 0))
    if not np.isfinite(scores).all():
        raise FormatError(f"{path}: there are scores that are not finite")
    words = {name: table[name].to_pylist() for name in ("seed", *_WORDS)}
    if any(None in column for column in words.values()):
        raise FormatError(f"{path}: there are empty cells, expected a value in each")
    truth = _codes(path, words["id"], words["truth"], words["prediction"], scores, classes)
    return _by_cell(words["fold"], words["seed"], words["id"], words["speaker"], truth, scores, classes)


def _decoded(path: Path, data: bytes, words: Sequence[str], names: Sequence[str], rows: int, most: int) -> pa.Table:
    """Return the table of a file whose footer keeps what was promised, and whose words are words."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # ParquetFile on bytes in hand: a third of the time of read_table, which sets up a whole dataset per file
        file = pq.ParquetFile(
            pa.BufferReader(data), thrift_string_size_limit=1 << 24, thrift_container_size_limit=1 << 20
        )
        schema, footer = file.schema_arrow, file.metadata
        size = sum(footer.row_group(number).total_byte_size for number in range(footer.num_row_groups))
        _expect_schema(path, schema, words, names)
        if footer.num_rows != rows:
            raise FormatError(f"{path} has {footer.num_rows} rows, expected the {rows} that its records promise")
        if size > most:
            raise FormatError(f"{path} takes {size} bytes once decoded, expected at most {most} for {rows} rows")
        table = file.read(use_threads=False)
        table.validate(full=True)  # a word that is no UTF-8 is decoded, and raises only where it is asked for
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise FormatError(f"{path} is damaged: {reason[:200]}; remove its records and run again") from error
    return table


def _expect_schema(path: Path, schema: pa.Schema, words: Sequence[str], names: Sequence[str]) -> None:
    import pyarrow as pa

    if sorted(schema.names) != sorted([*words, *names]):
        classes = [name.removeprefix("score:") for name in names]
        raise FormatError(f"{path} has columns {schema.names}, expected {list(words)} and scores of {classes}")
    for name in schema.names:
        expected = pa.float64() if name in names else pa.int64() if name == "seed" else pa.string()
        if schema.field(name).type != expected:
            raise FormatError(f"{path}: column {name} is {schema.field(name).type}, expected {expected}")


def _codes(
    path: Path,
    ids: Sequence[str],
    truth: Sequence[str],
    predicted: Sequence[str],
    scores: npt.NDArray[np.float64],
    classes: tuple[str, ...],
) -> npt.NDArray[np.int64]:
    """Return the places of the true classes; predictions are the classes of the largest scores."""
    place = {name: code for code, name in enumerate(classes)}
    if not place.keys() >= set(truth):  # as a whole first: there are hundreds of thousands of words
        uid, word = next(pair for pair in zip(ids, truth, strict=True) if pair[1] not in place)
        raise FormatError(f"{path}: the truth of {uid} is {word!r}, expected one of {list(classes)}")
    largest = [classes[best] for best in scores.argmax(axis=1).tolist()]
    if list(predicted) != largest:
        uid, word, best = next(row for row in zip(ids, predicted, largest, strict=True) if row[1] != row[2])
        raise FormatError(f"{path}: the prediction of {uid} is {word!r}, but the largest score is {best!r}'s")
    return np.array([place[word] for word in truth], dtype=np.int64)


def _by_cell(
    folds: Sequence[str],
    seeds: Sequence[int],
    ids: Sequence[str],
    speakers: Sequence[str],
    truth: npt.NDArray[np.int64],
    scores: npt.NDArray[np.float64],
    classes: tuple[str, ...],
) -> dict[Place, TestPredictions]:
    rows: dict[Place, list[int]] = {}
    for number, at in enumerate(zip(folds, seeds, strict=True)):
        rows.setdefault(at, []).append(number)
    return {
        at: TestPredictions(
            tuple(ids[number] for number in numbers),
            tuple(speakers[number] for number in numbers),
            truth[numbers],
            scores[numbers],
            classes,
        )
        for at, numbers in rows.items()
    }


__all__ = ["Place", "TestPredictions", "read_predictions", "write_predictions"]
