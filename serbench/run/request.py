"""What a person asks for, and what of it cannot be had."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

#: Shows progress: called with a label and a total, gives a context whose value is told how many are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]


@dataclass(frozen=True)
class Variation:
    """One value of a sweep.

    Attributes
    ----------
    word
        As it was written: ``0.1``, ``speed+vtlp``.
    settings
        Arguments by the names of parts.
    augment
        Names of augmentations in place of those that a model asks for; a name that it asks for too is what the model
        means by it. None: the model's own.
    """

    word: str
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    augment: tuple[str, ...] | None = None

    def added_to(self, settings: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return settings with its own."""
        names = dict.fromkeys([*settings, *self.settings])
        return {name: {**settings.get(name, {}), **self.settings.get(name, {})} for name in names}


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
    prompted_text
        Let features of text read prompts, where they may give the label away.
    save_models
        Keep the model of every cell that is run.
    retime
        Count a cell whose timing was disturbed as not done.
    swept, variations
        Models of ``models`` that are run once for each variation, in place of once.
    """

    models: tuple[str, ...]
    datasets: tuple[str, ...] = ()
    all_datasets: bool = False
    protocols: tuple[str, ...] = ("si",)
    seeds: int = 3
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    skip_bad_audio: bool = False
    save_models: bool = False
    swept: tuple[str, ...] = ()
    variations: tuple[Variation, ...] = ()
    prompted_text: bool = False
    retime: bool = False


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


__all__ = ["Progress", "Request", "Skip", "Variation"]
