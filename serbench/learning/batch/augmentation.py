"""Augmentation of a batch, on the device: what is drawn anew for every row each time that it is shown.

Conventions
-----------
``b`` rows of a batch, ``t`` frames, ``d`` coefficients. An augmentation changes standardised features of training rows
and never their number. Chance is drawn on the CPU from the cell's own generator (:meth:`BatchAugmentation.draw`), apart
from what it does (:meth:`BatchAugmentation.apply`): so a cell comes out the same on every device, alone or beside
others. Sequences are (b, t, d), waveforms (b, samples), images (b, c, h, w), vectors (b, d); ``features`` names the
columns that are changed, none of them named: all that the augmentation can change.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from serbench.errors import PluginError
from serbench.features.table import Output

if TYPE_CHECKING:
    import torch

    Values = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Rows:
    """A batch as an augmentation sees it.

    Attributes
    ----------
    values
        float32 on the device by feature name, each (b, ...).
    lengths
        int64 (b,) valid frames by feature name, of features whose rows differ in length.
    codes
        int64 (b,) classes, on the CPU.
    labels
        The names of the classes.
    """

    values: Values
    lengths: Values
    codes: torch.Tensor
    labels: tuple[str, ...]

    def kind(self, name: str) -> Output:
        """Return what a feature is: two dimensions are a vector's, or a waveform's where rows differ in length."""
        dimensions = self.values[name].dim()
        if dimensions == 2:
            return "waveform" if name in self.lengths else "vector"
        return "sequence" if dimensions == 3 else "image"


@dataclass(frozen=True)
class Mixing:
    """Whose labels a batch has beside its own.

    Attributes
    ----------
    partner
        int64 (b,): the place in the batch of the row that each is mixed with.
    share
        Of each row itself in the loss; the rest is its partner's.
    """

    partner: torch.Tensor
    share: float


@dataclass(frozen=True, kw_only=True)
class BatchAugmentation:
    """A change of a batch's features. An author of another one writes ``draw`` and ``apply``.

    Attributes
    ----------
    features
        Names of the columns that are changed; none: all that it can change.
    mixes_labels
        Whether rows get a share of other rows' labels; then ``mixing`` says whose.
    """

    mixes_labels: ClassVar[bool] = False
    features: tuple[str, ...] = ()

    def draw(self, rows: Rows, generator: torch.Generator) -> Any:
        """Draw all that chance decides for a batch.

        Parameters
        ----------
        rows
            The batch; its shapes, lengths and classes may decide how much is drawn, its values may not.
        generator
            On the CPU; the only source of randomness.
        """
        raise NotImplementedError

    def apply(self, rows: Rows, drawn: Any) -> tuple[Values, Values]:
        """Return the batch's values and lengths, changed as was drawn; what came is not modified."""
        raise NotImplementedError

    def mixing(self, drawn: Any) -> Mixing | None:  # noqa: ARG002  (of those that mix labels alone)
        """Return whose labels the rows have beside their own, or None."""
        return None

    @property
    def unseen(self) -> tuple[str, ...]:
        """The columns that the network is not given, since they only stand in for another one."""
        return ()

    def facts(self) -> dict[str, Any]:
        """Return its name and the fields that differ from their defaults."""
        changed = {each.name: getattr(self, each.name) for each in fields(self)}
        usual = {each.name: each.default for each in fields(self)}
        return {"name": type(self).__name__} | {name: value for name, value in changed.items() if value != usual[name]}

    def chosen(self, rows: Rows, *kinds: Output) -> list[str]:
        """Return the columns to change: those named, or all of these kinds.

        Raises
        ------
        PluginError
            When one that is named is not there or of another kind, or none is of these kinds.
        """
        able = [name for name in rows.values if rows.kind(name) in kinds]
        wrong = [name for name in self.features if name not in able]
        if wrong or not able:
            what = type(self).__name__
            raise PluginError(f"{what} cannot change {wrong or list(rows.values)}, expected features out of {able}")
        return [name for name in able if not self.features or name in self.features]


__all__ = ["BatchAugmentation", "Mixing", "Rows"]
