"""What a person asks for, and what of it cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

#: Shows progress: called with a label and a total, gives a context whose value is told how many are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a person asks for.

    Attributes
    ----------
    models, datasets, protocols
        Names. With ``all_datasets`` every dataset that is found is taken, and ``datasets`` is empty.
    seeds
        How many: 0 to ``seeds - 1``.
    settings
        Arguments by the names of parts and protocols: ``{"logreg": {"c": 0.5}, "emobox": {"folder": "lists"}}``.
    skip_bad_audio
        Leave out recordings that cannot be read.
    save_models
        Keep the model of every cell that is run.
    """

    models: tuple[str, ...]
    datasets: tuple[str, ...] = ()
    all_datasets: bool = False
    protocols: tuple[str, ...] = ("si",)
    seeds: int = 3
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    skip_bad_audio: bool = False
    save_models: bool = False


@dataclass(frozen=True)
class Skip:
    """Something that was asked for and will not be run.

    Attributes
    ----------
    what
        ``meld`` or ``meld/si``.
    reason
        Why, and what to do.
    is_broken
        True where it is there and not as it should be: the rest is run, and the run ends with an error.
    """

    what: str
    reason: str
    is_broken: bool = False


__all__ = ["Progress", "Request", "Skip"]
