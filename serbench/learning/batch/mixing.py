"""Augmentation of a batch by mixing: each row with another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from serbench.errors import PluginError
from serbench.learning.batch.augmentation import BatchAugmentation, Mixing, Rows

if TYPE_CHECKING:
    import torch

    from serbench.learning.batch.augmentation import Values


@dataclass(frozen=True, kw_only=True)
class Mixup(BatchAugmentation):
    """Each row mixed with another one of the batch (Zhang et al., arXiv 1710.09412).

    Attributes
    ----------
    alpha
        Of the Beta distribution that a batch's share is drawn from.
    within
        ``all``: with any row, and labels are mixed with it; ``class``: with rows of the same class alone.
    """

    mixes_labels: ClassVar[bool] = True
    alpha: float = 0.2
    within: Literal["all", "class"] = "all"

    def draw(self, rows: Rows, generator: torch.Generator) -> Mixing:
        """Return partners and the share."""
        allowed = None if self.within == "all" else rows.codes[:, None] == rows.codes[None, :]
        return Mixing(_partners(len(rows.codes), allowed, generator), _beta(self.alpha, generator))

    def apply(self, rows: Rows, drawn: Mixing) -> tuple[Values, Values]:
        """Return weighted means of rows and their partners; where lengths differ, of the longer one's."""
        import torch

        values, lengths = dict(rows.values), dict(rows.lengths)
        for name in self.chosen(rows, "vector", "sequence", "image", "waveform"):
            partner = drawn.partner.to(values[name].device)
            values[name] = drawn.share * values[name] + (1 - drawn.share) * values[name][partner]
            if name in lengths:
                lengths[name] = torch.maximum(lengths[name], lengths[name][partner])
        return values, lengths

    def mixing(self, drawn: Mixing) -> Mixing:
        """Return what was drawn."""
        return drawn


@dataclass(frozen=True, kw_only=True)
class CutMix(BatchAugmentation):
    """A stretch of each row replaced by the same stretch of another one, labels by its length (arXiv 1905.04899).

    Attributes
    ----------
    alpha
        Of the Beta distribution that the share of frames that stay is drawn from.
    """

    mixes_labels: ClassVar[bool] = True
    alpha: float = 1.0

    def draw(self, rows: Rows, generator: torch.Generator) -> tuple[Mixing, float]:
        """Return partners, the share that stays, and where the stretch begins, in [0, 1) of where it can."""
        import torch

        mixing = Mixing(_partners(len(rows.codes), None, generator), _beta(self.alpha, generator))
        return mixing, float(torch.rand((), generator=generator))

    def apply(self, rows: Rows, drawn: tuple[Mixing, float]) -> tuple[Values, Values]:
        """Return the rows with their stretches."""
        import torch

        (mixing, begin), values, lengths = drawn, dict(rows.values), dict(rows.lengths)
        for name in self.chosen(rows, "sequence", "waveform"):
            frames, partner = values[name], mixing.partner.to(values[name].device)
            size = frames.shape[1]
            cut = round((1 - mixing.share) * size)
            start = round(begin * (size - cut))
            inside = torch.zeros(size, dtype=torch.bool, device=frames.device)
            inside[start : start + cut] = True
            values[name] = torch.where(inside[:, None] if frames.dim() == 3 else inside, frames[partner], frames)
            if cut:
                theirs = lengths[name][partner].clamp(max=start + cut)
                reaches = (theirs > start) & (theirs > lengths[name])
                lengths[name] = torch.where(reaches, theirs, lengths[name])
        return values, lengths

    def mixing(self, drawn: tuple[Mixing, float]) -> Mixing:
        """Return what was drawn of labels."""
        return drawn[0]


@dataclass(frozen=True, kw_only=True)
class CopyPaste(BatchAugmentation):
    """A row's end followed by another row's beginning (Pappagari et al., arXiv 2010.14602).

    A clip stays angry where a neutral stretch follows it, so labels stay as they are.

    Attributes
    ----------
    share
        Of the rows that are changed.
    partner
        What may follow: rows of the same ``class``, ``neutral`` rows, or ``both`` kinds.
    neutral
        The name of the class that may follow any other.
    """

    share: float = 0.5
    partner: Literal["class", "neutral", "both"] = "both"
    neutral: str = "neutral"

    def draw(self, rows: Rows, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return int64 (b,) partners, and float32 (b,) shares of the frames that are the partner's.

        Raises
        ------
        PluginError
            When neutral rows are to follow and no class has that name.
        """
        import torch

        count = len(rows.codes)
        allowed = torch.zeros(count, count, dtype=torch.bool)
        if self.partner != "neutral":
            allowed |= rows.codes[:, None] == rows.codes[None, :]
        if self.partner != "class":
            if self.neutral not in rows.labels:
                raise PluginError(f"CopyPaste: no class is named {self.neutral!r}, expected one of {list(rows.labels)}")
            allowed |= rows.codes[None, :] == rows.labels.index(self.neutral)
        chosen = torch.rand(count, generator=generator) < self.share
        shares = torch.rand(count, generator=generator) * chosen
        return _partners(count, allowed, generator), shares

    def apply(self, rows: Rows, drawn: tuple[torch.Tensor, torch.Tensor]) -> tuple[Values, Values]:
        """Return rows whose last frames are their partner's first ones; the row's own last ones come before."""
        import torch

        values, lengths = dict(rows.values), dict(rows.lengths)
        for name in self.chosen(rows, "sequence", "waveform"):
            frames = values[name]
            device, size = frames.device, frames.shape[1]
            partner, shares = (one.to(device) for one in drawn)
            own = lengths[name]  # (b,)
            theirs = torch.minimum(torch.round(shares * size).long(), own[partner])  # frames taken of the partner
            mine = torch.minimum(own, size - theirs)
            steps = torch.arange(size, device=device)[None]  # (1, t)
            place = torch.where(steps < mine[:, None], steps + (own - mine)[:, None], steps - mine[:, None])
            place = place.clamp(max=size - 1)  # behind the end, where nothing is valid
            source = torch.where(
                steps < mine[:, None], torch.arange(len(frames), device=device)[:, None], partner[:, None]
            )
            joined = frames[source, place]
            whole = mine + theirs
            inside = steps < whole[:, None]
            values[name] = joined * (inside[..., None] if frames.dim() == 3 else inside)
            lengths[name] = whole
        return values, lengths


def _beta(alpha: float, generator: torch.Generator) -> float:
    """Return a draw from Beta(alpha, alpha)."""
    import numpy as np
    import torch

    seed = int(torch.randint(2**31, (1,), generator=generator))
    return float(np.random.default_rng(seed).beta(alpha, alpha))


def _partners(count: int, allowed: torch.Tensor | None, generator: torch.Generator) -> torch.Tensor:
    """Return int64 (b,): for each row another one, out of those that bool (b, b) allows; itself where none is."""
    import torch

    if allowed is None:
        return torch.randperm(count, generator=generator)
    weights = (allowed & ~torch.eye(count, dtype=torch.bool)).float()
    weights[weights.sum(1) == 0] = torch.eye(count)[weights.sum(1) == 0]
    return torch.multinomial(weights, 1, generator=generator)[:, 0]


__all__ = ["CopyPaste", "CutMix", "Mixup"]
