"""TorchModel: authors write a network and a recipe; the harness trains it."""

from __future__ import annotations

from dataclasses import dataclass

from serbench.learning.model import Model


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a network is trained."""


class TorchModel(Model):
    """A network and its recipe."""


__all__ = ["Recipe", "TorchModel"]
