"""A feature table as tensors on the device, from which batches are gathered by index.

Conventions
-----------
``b`` rows of a batch. A *position* in [0, 1] says where in a clip its segment lies: 0 at the start, 1 at
the end; all features of a row share it, whatever their frame rates. A sequence or waveform without a segment is passed
whole, filled up with zeros to the batch's longest or a little more, so that few lengths occur.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from serbench.features.table import Column, FeatureTable
from serbench.learning.batch.inputs import Inputs
from serbench.learning.batch.sampler import Families
from serbench.learning.recipe import Recipe

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation per coefficient, (d,) for vectors and sequences, (c, 1, 1) for images.

    Attributes
    ----------
    mean, std
        float32; a coefficient that never changes has std 1.
    """

    mean: np.ndarray
    std: np.ndarray

    @classmethod
    def fit(cls, column: Column, *, standardise: bool) -> Scaler:
        """Learn from a column of training rows; waveforms, and columns not to be standardised, stay as they are."""
        if not standardise or column.output == "waveform":
            return cls(np.zeros(1, np.float32), np.ones(1, np.float32))
        axes = (0, 2, 3) if column.output == "image" else (0,)
        mean = column.values.mean(axis=axes, dtype=np.float64)
        std = column.values.std(axis=axes, dtype=np.float64)
        std[std < 1e-8] = 1.0
        shape = (-1, 1, 1) if column.output == "image" else (-1,)
        return cls(mean.astype(np.float32).reshape(shape), std.astype(np.float32).reshape(shape))


class ResidentTable:
    """Standardised rows on a device.

    Parameters
    ----------
    table
        Rows, with or without labels.
    scalers
        By feature name, learned from training rows.
    recipe
        Says segments and filling.
    device
        Where the tensors live.
    """

    def __init__(self, table: FeatureTable, scalers: Mapping[str, Scaler], recipe: Recipe, device: str) -> None:
        import torch

        self.table, self.recipe, self.device = table, recipe, device
        self.size = len(table)
        self.values: dict[str, torch.Tensor] = {}
        self.starts: dict[str, torch.Tensor] = {}
        self.lengths: dict[str, torch.Tensor] = {}
        for name, column in table.columns.items():
            values = torch.from_numpy(np.array(column.values))  # a copy: the column may be a read-only memory map
            scaler = scalers[name]
            values = (values - torch.from_numpy(scaler.mean)) / torch.from_numpy(scaler.std)
            self.values[name] = values.to(device)
            if column.lengths is not None:
                self.starts[name] = torch.from_numpy(column.offsets[:-1].copy()).to(device)
                self.lengths[name] = torch.from_numpy(column.lengths.copy()).to(device)
        self.codes = None if table.y is None else torch.from_numpy(table.codes).to(device)

    @classmethod
    def join(cls, tables: Sequence[ResidentTable]) -> ResidentTable:
        """Return the rows of tables of one recipe and device end to end, each standardised as it was.

        Such a table gathers batches; it stands for no rows of its own, so its ``table`` is the first one's.
        """
        import torch

        first = tables[0]
        joined = cls.__new__(cls)
        joined.table, joined.recipe, joined.device = first.table, first.recipe, first.device
        joined.size = sum(len(table) for table in tables)
        joined.values = {name: torch.cat([table.values[name] for table in tables]) for name in first.values}
        joined.lengths = {name: torch.cat([table.lengths[name] for table in tables]) for name in first.lengths}
        joined.starts = {name: torch.cumsum(lengths, 0) - lengths for name, lengths in joined.lengths.items()}
        codes = [table.codes for table in tables if table.codes is not None]
        joined.codes = torch.cat(codes) if len(codes) == len(tables) else None
        return joined

    def __len__(self) -> int:
        return self.size

    @cached_property
    def families(self) -> Families:
        """Its clips with their children."""
        return Families.of(self.table)

    @cached_property
    def counts(self) -> torch.Tensor:
        """float32 (k,) on the device: rows of each class."""
        import torch

        counts = np.bincount(self.table.codes, minlength=len(self.table.labels))
        return torch.tensor(counts, dtype=torch.float32, device=self.device)

    @cached_property
    def whole_lengths(self) -> torch.Tensor | None:
        """int64 (n,) on the CPU: the frames of the first feature that is passed whole, or None where none is."""
        for name, lengths in self.lengths.items():
            if self.recipe.segment_of(name) is None:
                return lengths.cpu()
        return None

    def shapes(self) -> dict[str, tuple[int | None, ...]]:
        """Return the shape of one row of a batch, by feature name; None for a length that differs from row to row."""
        found: dict[str, tuple[int | None, ...]] = {}
        for name, values in self.values.items():
            if name in self.recipe.unseen:
                continue
            rest = tuple(values.shape[1:])
            found[name] = (self.recipe.segment_of(name), *rest) if name in self.starts else rest
        return found

    def batch(self, rows: torch.Tensor, positions: torch.Tensor) -> Inputs:
        """Gather rows.

        Parameters
        ----------
        rows
            int64 (b,) on the device.
        positions
            float32 (b,) in [0, 1]; where the segment of each row lies.

        Returns
        -------
        float32 (b, d), (b, t, d), (b, c, h, w) or (b, samples) on the device, and the lengths of what is ragged.
        """
        values, lengths = {}, {}
        for name, every in self.values.items():
            if name in self.starts:
                values[name], lengths[name] = self._segments(name, rows, positions)
            else:
                values[name] = every[rows]
        return Inputs(values, lengths)

    def padded(self, rows: torch.Tensor) -> int:
        """Return the frames to which rows are filled up where whole clips are passed; 0 where they are not.

        Parameters
        ----------
        rows
            int64 (b,) on the CPU.
        """
        if self.whole_lengths is None:
            return 0
        return self._filled(int(self.whole_lengths[rows].max()))

    def _filled(self, longest: int) -> int:
        """Return a length that is at most an eighth more than the longest, of which few occur."""
        if self.recipe.fill == "none":
            return longest
        step = 1 << max(0, longest.bit_length() - 4)
        return -(-longest // step) * step

    def _segments(self, name: str, rows: torch.Tensor, positions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        lengths = self.lengths[name][rows]  # (b,)
        frames = self.recipe.segment_of(name)
        if frames is None:
            frames = self._filled(int(lengths.max()))
        first = torch.round(positions * (lengths - frames).clamp(min=0)).long()  # (b,)
        steps = first[:, None] + torch.arange(frames, device=lengths.device)  # (b, t)
        inside = steps % lengths[:, None]  # frames beyond the end wrap around
        segment = self.values[name][self.starts[name][rows][:, None] + inside]  # (b, t, d) or (b, samples)
        if self.recipe.fill == "wrap" and self.recipe.segment_of(name) is not None:
            return segment, torch.full_like(lengths, frames)
        valid = steps < lengths[:, None]  # (b, t)
        return segment * (valid[..., None] if segment.dim() == 3 else valid), lengths.clamp(max=frames)

    def grid(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the segments that cover every row: int64 rows (m,) and float32 positions (m,).

        A row has one segment, or as many as lie evenly from its start to its end and overlap by half or more. A whole
        clip is one.
        """
        import torch

        counts = torch.ones(len(self), dtype=torch.int64, device=self.device)
        for name, lengths in self.lengths.items():
            frames = self.recipe.segment_of(name)
            if frames is None:
                continue
            extra = torch.ceil(2 * (lengths - frames).clamp(min=0) / frames).long()
            counts = torch.maximum(counts, 1 + extra)
        rows = torch.repeat_interleave(torch.arange(len(self), device=self.device), counts)
        first = torch.repeat_interleave(torch.cumsum(counts, 0) - counts, counts)
        place = torch.arange(len(rows), device=self.device) - first
        return rows, place / (counts[rows] - 1).clamp(min=1)


__all__ = ["ResidentTable", "Scaler"]
