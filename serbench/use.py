"""How a model asks for a feature or an augmentation: by its name, or by a name, arguments and copies of its own.

Conventions
-----------
A *use* is a part as one model takes it. Its name is the part's unless it is given one, and no two uses of a model have
one name: it is the name of the feature's column, what ``--set NAME.argument=value`` means, and what labels and records
say. Several copies of an augmentation share the name of their use; the children of a clip are told apart by it and a
number: ``noise``, ``noise*2``, ``noise*3``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from serbench.digest import canonical_json
from serbench.errors import PluginError
from serbench.part import NAME, words_of

#: What a label says where a run leaves aside the augmentations that a model asks for.
UNAUGMENTED = "unaugmented"
#: More copies of one augmentation than this are a slip of the keyboard.
MOST_COPIES = 1000


@dataclass(frozen=True, init=False)
class Use:
    """A feature or an augmentation as a model takes it: ``Use("log-mel", name="narrow", win_length=400)``.

    Attributes
    ----------
    part
        The plugin's name.
    name
        What it is called in this model; the part's name unless another is given.
    copies
        Of an augmentation: how many children of each clip, each drawn differently. 1 for a feature.
    arguments
        Those of the part's constructor that are not to have their defaults.

    Raises
    ------
    PluginError
        For a bad name, copies that are no whole number from 1 to 1000, or an argument that is no JSON-like value.

    >>> str(Use("noise", copies=7)), str(Use("log-mel", name="narrow", win_length=400))
    ('7 noise', 'narrow = log-mel[win_length=400]')
    """

    part: str
    name: str
    copies: int
    arguments: Mapping[str, Any] = field(hash=False)

    def __init__(self, part: str, /, *, name: str | None = None, copies: int = 1, **arguments: Any) -> None:
        for word in (part, part if name is None else name):
            if not isinstance(word, str) or not NAME.fullmatch(word):
                raise PluginError(f"Use got the name {word!r}, expected lowercase words joined by '-' or '.'")
        if isinstance(copies, bool) or not isinstance(copies, int) or not 1 <= copies <= MOST_COPIES:
            raise PluginError(f"Use of {part} got copies={copies!r}, expected a whole number from 1 to {MOST_COPIES}")
        try:
            canonical_json(arguments)
        except (TypeError, ValueError) as error:
            raise PluginError(f"Use of {part} got arguments that are no JSON-like values: {error}") from error
        for attribute, value in (("part", part), ("name", name or part), ("copies", copies), ("arguments", arguments)):
            object.__setattr__(self, attribute, value)

    def __str__(self) -> str:
        called = "" if self.name == self.part else f"{self.name} = "
        number = "" if self.copies == 1 else f"{self.copies} "
        return f"{number}{called}{self.part}{words_of(self.arguments)}"


def uses_of(asked: Iterable[str | Use], who: str) -> tuple[Use, ...]:
    """Return what a model asks for as uses, in its order.

    Parameters
    ----------
    asked
        Names of parts, and uses.
    who
        Whose they are, for the message: ``lab-cnn's features``.

    Raises
    ------
    PluginError
        When one is neither a name nor a use, or two have one name.
    """
    uses = [part if isinstance(part, Use) else Use(part) for part in asked]
    names = [use.name for use in uses]
    for use in uses:
        if names.count(use.name) > 1:
            raise PluginError(
                f"{who} have {names.count(use.name)} of the name {use.name!r}, expected names of their own: "
                f"Use({use.part!r}, name='{use.name}-2', ...)"
            )
    return tuple(uses)


def numbered(names: Iterable[str]) -> Iterator[str]:
    """Yield names that may repeat as names that do not.

    >>> list(numbered(["noise", "pitch", "noise"]))
    ['noise', 'pitch', 'noise*2']
    """
    seen: dict[str, int] = {}
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name}*{seen[name]}"


def unnumbered(name: str) -> str:
    """Return the name of the use that a numbered name is of.

    >>> unnumbered("noise*2"), unnumbered("noise")
    ('noise', 'noise')
    """
    return name.partition("*")[0]


__all__ = ["MOST_COPIES", "UNAUGMENTED", "Use", "numbered", "unnumbered", "uses_of"]
