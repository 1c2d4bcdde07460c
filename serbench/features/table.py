"""Tables of features: what a model gets to see, and all that it gets to see.

Conventions
-----------
Letters: ``n`` rows, ``t`` frames, ``d`` coefficients, ``c`` channels, ``h`` height, ``w`` width. Values are
float32. Rows of a sequence or a waveform differ in length, so they lie end to end in one array with their
lengths beside it. Row ids are opaque words made by the runner: they say nothing of file, speaker or label,
and the rows of a test table come in an order that says nothing either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from serbench.errors import PluginError

#: ``vector`` (d,), ``sequence`` (t, d), ``image`` (c, h, w), ``waveform`` (n,). Part of the file format.
Output = Literal["vector", "sequence", "image", "waveform"]
#: The precision in which rows are kept on disk.
Kept = Literal["float32", "float16"]
RAGGED: frozenset[Output] = frozenset({"sequence", "waveform"})
#: What a table may say of every row beside its features.
_PER_ROW = ("y", "speakers", "domains")

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """One feature for every row.

    Attributes
    ----------
    output
        The shape's kind.
    values
        float32. ``vector`` (n, d); ``image`` (n, c, h, w); ``sequence`` (sum of t, d) and ``waveform``
        (sum of samples,) with all rows end to end.
    lengths
        int64 (n,): frames or samples per row of a ragged column, else None.
    """

    output: Output
    values: Floats
    lengths: Integers | None = None

    def __post_init__(self) -> None:
        if (self.lengths is not None) != (self.output in RAGGED):
            raise PluginError(f"a {self.output} column has lengths exactly when its rows differ in length")
        if self.lengths is not None and int(self.lengths.sum()) != len(self.values):
            raise PluginError(f"lengths add up to {int(self.lengths.sum())}, expected {len(self.values)}")

    @classmethod
    def stack(cls, output: Output, rows: Sequence[Floats]) -> Self:
        """Make a column of single rows, at least one; what was kept at half precision becomes float32 again."""
        if output in RAGGED:
            lengths = np.array([len(row) for row in rows], dtype=np.int64)
            return cls(output, np.concatenate(rows, dtype=np.float32), lengths)
        return cls(output, np.stack(rows, dtype=np.float32))

    def __len__(self) -> int:
        return len(self.values) if self.lengths is None else len(self.lengths)

    @cached_property
    def offsets(self) -> Integers:
        """int64 (n + 1,): where each row of a ragged column starts; the last is the end."""
        if self.lengths is None:
            raise PluginError(f"a {self.output} column has no offsets")
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.lengths)])

    def row(self, index: int) -> Floats:
        """Return one row: (d,), (t, d), (c, h, w) or (samples,)."""
        start, end = (index, index + 1) if self.lengths is None else self.offsets[index : index + 2]
        rows: Floats = self.values[start:end]
        return rows if self.lengths is not None else rows[0]

    def rows(self) -> Iterator[Floats]:
        """Yield every row in order."""
        return (self.row(index) for index in range(len(self)))

    @staticmethod
    def join(columns: Sequence[Column]) -> Column:
        """Return the rows of all columns one after another; all are of one feature."""
        if len(columns) == 1:
            return columns[0]
        lengths = [column.lengths for column in columns if column.lengths is not None]
        values = np.concatenate([column.values for column in columns])
        return Column(columns[0].output, values, np.concatenate(lengths) if lengths else None)

    def take(self, indices: Sequence[int] | Integers) -> Column:
        """Return the column of the given rows, in the given order; values are copied."""
        if self.lengths is None:
            return Column(self.output, self.values[np.asarray(indices, dtype=np.int64)])
        return Column.stack(self.output, [self.row(int(index)) for index in indices])


@dataclass(frozen=True)
class MappedColumn:
    """One feature of many clips, where the cache has it: on disk, and in memory what is taken.

    Processes that work on one corpus share these pages, however many there are.

    Attributes
    ----------
    output
        The shape's kind.
    rows
        A row for each clip, in the clips' order: read-only, of the output's shape, in the precision that it is kept in.
    """

    output: Output
    rows: tuple[Floats, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: Sequence[int] | Integers) -> Column:
        """Return the column of the given rows, in the given order, in memory; at least one."""
        return Column.stack(self.output, [self.rows[int(index)] for index in indices])

    def read(self) -> Column:
        """Return all rows, in memory."""
        return Column.stack(self.output, self.rows)

    @staticmethod
    def join(columns: Sequence[MappedColumn]) -> MappedColumn:
        """Return the rows of all columns one after another; all are of one feature."""
        return MappedColumn(columns[0].output, tuple(row for column in columns for row in column.rows))


@dataclass(frozen=True)
class FeatureTable:
    """Rows with their features, and their labels where the holder may know them.

    Attributes
    ----------
    ids
        One opaque word per row.
    columns
        From feature name to its column; all of equal length.
    labels
        All classes of the task, in the order of scores.
    y
        (n,) array of class names, or None: test rows have none.
    parents
        (n,) the id of the clip that a row was made from: its own id, or the parent's for an augmented row.
        Empty when no row is augmented.
    speakers
        (n,) opaque words: rows of one word are of one speaker. None for rows to predict, and where nobody knows.
    domains
        (n,) ``source`` or ``target`` where the protocol adapts from one to the other, else None.
    """

    ids: tuple[str, ...]
    columns: Mapping[str, Column]
    labels: tuple[str, ...]
    y: npt.NDArray[np.str_] | None = None
    parents: tuple[str, ...] = ()
    speakers: npt.NDArray[np.str_] | None = None
    domains: npt.NDArray[np.str_] | None = None

    def __post_init__(self) -> None:
        sizes = {name: len(column) for name, column in self.columns.items()}
        sizes |= {name: len(each) for name in _PER_ROW if (each := getattr(self, name)) is not None}
        if any(size != len(self.ids) for size in sizes.values()):
            raise PluginError(f"columns have {sizes} rows, expected {len(self.ids)} each")

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def column(self) -> Column:
        """The only column.

        Raises
        ------
        PluginError
            When the table has several features, or none: name one in :attr:`columns`.
        """
        if len(self.columns) != 1:
            raise PluginError(f"the table has features {sorted(self.columns)}, expected exactly one; use columns[name]")
        return next(iter(self.columns.values()))

    @property
    def x(self) -> Floats:
        """The only column's values: (n, d) for a vector, (n, c, h, w) for an image."""
        column = self.column
        if column.lengths is not None:
            raise PluginError(f"rows of a {column.output} differ in length; use table.column.rows()")
        return column.values

    @cached_property
    def codes(self) -> Integers:
        """int64 (n,): each row's class as its place in :attr:`labels`.

        Raises
        ------
        PluginError
            When the rows have no labels.
        """
        if self.y is None:
            raise PluginError("this table has no labels: test rows never have any")
        place = {label: code for code, label in enumerate(self.labels)}
        return np.array([place[str(label)] for label in self.y], dtype=np.int64)

    def take(self, indices: Sequence[int] | Integers) -> FeatureTable:
        """Return the table of the given rows, in the given order."""
        picked = [int(index) for index in indices]
        return FeatureTable(
            ids=tuple(self.ids[index] for index in picked),
            columns={name: column.take(picked) for name, column in self.columns.items()},
            labels=self.labels,
            parents=tuple(self.parents[index] for index in picked) if self.parents else (),
            **{name: each[picked] for name in _PER_ROW if (each := getattr(self, name)) is not None},
        )

    def without_labels(self) -> FeatureTable:
        """Return the same rows without ``y`` and without what else only rows to learn from have."""
        return FeatureTable(self.ids, self.columns, self.labels)

    @classmethod
    def join(cls, tables: Sequence[FeatureTable]) -> FeatureTable:
        """Return the rows of all tables one after another; all have the same features and classes."""
        first = tables[0]
        augmented = any(table.parents for table in tables)
        per_row = {name: [getattr(table, name) for table in tables] for name in _PER_ROW}
        return cls(
            ids=tuple(uid for table in tables for uid in table.ids),
            columns={name: Column.join([table.columns[name] for table in tables]) for name in first.columns},
            labels=first.labels,
            parents=tuple(p for table in tables for p in (table.parents or table.ids)) if augmented else (),
            **{name: np.concatenate(every) for name, every in per_row.items() if all(e is not None for e in every)},
        )


__all__ = ["RAGGED", "Column", "FeatureTable", "Kept", "MappedColumn", "Output"]
