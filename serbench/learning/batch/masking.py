"""Augmentation of a batch by what is hidden or moved: each row alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serbench.errors import PluginError
from serbench.learning.batch.augmentation import BatchAugmentation, Rows
from serbench.learning.batch.inputs import mask_of

if TYPE_CHECKING:
    import torch

    from serbench.learning.batch.augmentation import Values


@dataclass(frozen=True, kw_only=True)
class SpecAugment(BatchAugmentation):
    """Bands of frames and of coefficients set to the mean, by torchaudio's masks (Park et al., arXiv 1904.08779).

    Attributes
    ----------
    time_masks, time_width
        Masks over frames for each row, and the most frames that one covers.
    band_masks, band_width
        Masks over coefficients (mel bands) for each row, and the most that one covers.
    """

    time_masks: int = 1
    time_width: int = 20
    band_masks: int = 1
    band_width: int = 8

    def draw(self, rows: Rows, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Return masks float32 (b, t, d) by feature: 0 where a value is covered, else 1."""
        import torch
        from torchaudio.functional import mask_along_axis_iid

        drawn = {}
        for name in self.chosen(rows, "sequence"):
            b, t, d = rows.values[name].shape
            seed = int(torch.randint(2**31, (1,), generator=generator))
            with torch.random.fork_rng(devices=[]):  # torchaudio draws from the global generator
                torch.default_generator.manual_seed(seed)  # of the CPU alone: dropout on a device draws on
                mask = torch.ones(b, 1, d, t)
                for count, width, axis in (
                    (self.time_masks, self.time_width, 3),
                    (self.band_masks, self.band_width, 2),
                ):
                    for _ in range(count):
                        mask = mask_along_axis_iid(mask, width, 0.0, axis)
            drawn[name] = mask[:, 0].transpose(1, 2)
        return drawn

    def apply(self, rows: Rows, drawn: Mapping[str, torch.Tensor]) -> tuple[Values, Values]:
        """Return the rows times their masks."""
        changed = {name: rows.values[name] * mask.to(rows.values[name].device) for name, mask in drawn.items()}
        return rows.values | changed, rows.lengths


@dataclass(frozen=True, kw_only=True)
class Shift(BatchAugmentation):
    """Every coefficient of a row shifted by a draw of its own: another microphone, another vocal tract.

    Attributes
    ----------
    scale
        Standard deviation of the shift, in standard deviations of the coefficient over the training rows.
    """

    scale: float = 0.3

    def draw(self, rows: Rows, generator: torch.Generator) -> dict[str, torch.Tensor]:
        """Return float32 (b, d) shifts by feature."""
        import torch

        names = self.chosen(rows, "vector", "sequence")
        return {
            name: self.scale * torch.randn(len(rows.codes), rows.values[name].shape[-1], generator=generator)
            for name in names
        }

    def apply(self, rows: Rows, drawn: Mapping[str, torch.Tensor]) -> tuple[Values, Values]:
        """Return the rows shifted, what lies behind a row's end excepted."""
        changed = {}
        for name, shift in drawn.items():
            values, device = rows.values[name], rows.values[name].device
            if rows.kind(name) == "vector":
                changed[name] = values + shift.to(device)
                continue
            own = mask_of(values, rows.lengths[name])
            changed[name] = (values + shift.to(device)[:, None]) * own[..., None]
        return rows.values | changed, rows.lengths


@dataclass(frozen=True, kw_only=True)
class OneOf(BatchAugmentation):
    """Of several features of one shape, as spectra by several windows, one for each row, in the first one's place.

    The network is given the first feature alone, and so it is when it predicts.

    Attributes
    ----------
    features
        At least two columns of one shape and frame rate.
    """

    @property
    def unseen(self) -> tuple[str, ...]:
        """All but the first."""
        return self.features[1:]

    def draw(self, rows: Rows, generator: torch.Generator) -> torch.Tensor:
        """Return int64 (b,): the place in ``features`` of what each row shows."""
        import torch

        shapes = {name: tuple(values.shape[1:]) for name, values in rows.values.items() if name in self.features}
        if len(self.features) < 2 or len(shapes) < len(self.features) or len(set(shapes.values())) > 1:
            raise PluginError(f"OneOf: {list(self.features)} have shapes {shapes}, expected two or more of one shape")
        return torch.randint(len(self.features), (len(rows.codes),), generator=generator)

    def apply(self, rows: Rows, drawn: torch.Tensor) -> tuple[Values, Values]:
        """Return the batch with one value per row under the first name."""
        import torch

        first = self.features[0]
        device = rows.values[first].device
        chosen, every = drawn.to(device), torch.arange(len(drawn), device=device)
        values = dict(rows.values)
        values[first] = torch.stack([values[name] for name in self.features])[chosen, every]
        lengths = dict(rows.lengths)
        if first in lengths:
            lengths[first] = torch.stack([lengths[name] for name in self.features])[chosen, every]
        return values, lengths


__all__ = ["OneOf", "Shift", "SpecAugment"]
