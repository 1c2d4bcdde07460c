"""What every plugin class is: a card, and constructor arguments that are its whole identity.

Conventions
-----------
A thing is its name, its version and those of its arguments that differ from their defaults. That is the cache key, the
record key and the row label at once. So an argument that is added later, with a default that changes nothing, leaves
every key as it is, and a default that is changed needs another version. Options that must not change results (device,
workers, batch size at prediction) are no constructor arguments: the runner owns them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

from serbench.checkpoint import Checkpoint, choose
from serbench.digest import canonical_json, digest_value
from serbench.environment import missing
from serbench.errors import PluginError, SerbenchError, UnknownNameError, UsageError
from serbench.weights import WeightFolders

T = TypeVar("T")

#: The name of a distribution, by the packaging user guide: no version and no extra.
_DISTRIBUTION = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
#: The name of a part, and of a use of one.
NAME = re.compile(r"[a-z0-9]+([.-][a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a plugin says of itself.

    Attributes
    ----------
    name
        Kebab-case or one word, unique among its kind: ``mfcc-stats``.
    version
        Raised by the author whenever results change. Old records are never mixed with new ones.
    summary
        One line for listings.
    exempt
        From the name of a check of ``serbench.testing`` to the reason why this plugin is not held to it.
    requires
        Distributions beside serbench's own that decide a result, as pip names them: ``transformers``. Records and
        cached features name their versions; where one is missing, the plugin is skipped with what installs it.
    checkpoints
        Pretrained weights that it can use, each a :class:`~serbench.checkpoint.Checkpoint`. Of several, one is chosen
        by the argument whose default is the name of one of them: ``encoder="whisper-tiny.en"``. Where it is not on
        this machine, the plugin is skipped with how to obtain it.
    """

    name: str
    version: str
    summary: str
    exempt: Mapping[str, str] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise PluginError(f"bad plugin name {self.name!r}, expected lowercase words joined by '-' or '.'")
        if not self.version:
            raise PluginError(f"{self.name}: version is empty, expected a word such as '1'")
        if not isinstance(self.requires, tuple) or not all(map(_DISTRIBUTION.fullmatch, self.requires)):
            raise PluginError(f"{self.name}: requires is {self.requires!r}, expected names as ('transformers',)")
        names = [each.name for each in self.checkpoints if isinstance(each, Checkpoint)]
        if not isinstance(self.checkpoints, tuple) or len(set(names)) != len(self.checkpoints):
            raise PluginError(
                f"{self.name}: checkpoints are {self.checkpoints!r}, expected a tuple of Checkpoint, each name once"
            )


@dataclass(frozen=True)
class Identity:
    """Name, version and arguments of a part; equal identities give equal results.

    Attributes
    ----------
    params
        The arguments that differ from their defaults, as JSON-like values.
    label
        For people: the name, and in square brackets the arguments that differ from their defaults.
    settings
        JSON-like facts beyond the arguments that decide results, such as a training recipe.
    """

    name: str
    version: str
    params: dict[str, Any]
    label: str
    settings: dict[str, Any] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return what is hashed and written into records."""
        return {"name": self.name, "version": self.version, "params": self.params, "settings": self.settings}

    @cached_property
    def digest(self) -> str:
        """Return the digest of name, version, arguments and settings."""
        return digest_value(self.facts())


def defaults_of(cls: type) -> dict[str, Any]:
    """Return the arguments of a class's constructor and their defaults.

    Raises
    ------
    PluginError
        When an argument has no default or is ``*args`` or ``**kwargs``.
    """
    found = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            raise PluginError(
                f"{cls.__name__}: argument {name!r} of the constructor has no default, expected one for each"
            )
        found[name] = parameter.default
    return found


def make(cls: type[T], name: str, arguments: Mapping[str, Any]) -> T:
    """Construct a thing of that name with arguments that came from a person.

    Raises
    ------
    UnknownNameError
        For an argument that the constructor does not take.
    UsageError
        When the constructor refuses a value.
    PluginError
        When it does something else than that.
    """
    known = defaults_of(cls)
    for argument in arguments:
        if argument not in known:
            raise UnknownNameError(f"argument of {name}", argument, known)
    try:
        return cls(**arguments)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name} refuses {dict(arguments)}: {error}") from error
    except SerbenchError:
        raise
    except (Exception, SystemExit) as error:
        said = f"{type(error).__name__}: {error}"
        raise PluginError(f"{name} cannot be made: {said}; its constructor is to store") from error


class Part:
    """Base of all plugin classes: the constructor stores, the methods work.

    Attributes
    ----------
    weight_folders
        Set by the runner: where :meth:`weights` looks. None: in the user's folders. No part of the identity.
    """

    card: ClassVar[Card]
    weight_folders: WeightFolders | None = None

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the constructor's arguments and their defaults; see :func:`defaults_of`."""
        return defaults_of(cls)

    @classmethod
    def create(cls, **params: Any) -> Self:
        """Construct with arguments that came from a person.

        Raises
        ------
        UnknownNameError
            For an argument that the constructor does not take.
        UsageError
            When the constructor refuses a value.
        """
        return make(cls, cls.card.name, params)

    def anew(self, **changed: Any) -> Self:
        """Return a fresh one with the same arguments but for those named; it looks for weights where this one does."""
        made = self.create(**{**self.params, **changed})
        made.weight_folders = self.weight_folders
        return made

    @property
    def params(self) -> dict[str, Any]:
        """The constructor's arguments as they are stored.

        Raises
        ------
        PluginError
            When an argument is not stored under its own name, or is no JSON-like value.
        """
        values = {}
        for name in self.defaults():
            if not hasattr(self, name):
                raise PluginError(f"{type(self).__name__} does not store its argument {name!r} as self.{name}")
            values[name] = getattr(self, name)
            try:
                canonical_json(values[name])
            except (TypeError, ValueError) as error:
                raise PluginError(f"{type(self).__name__}: argument {name!r} is no JSON-like value: {error}") from error
        return values

    @property
    def identity(self) -> Identity:
        """Name, version and arguments."""
        params, defaults = self.params, self.defaults()
        changed = {name: value for name, value in params.items() if not _is_default(value, defaults[name])}
        label = f"{self.card.name}{words_of(changed)}"
        chosen = self.checkpoint
        settings = {**self.settings(), **({} if chosen is None else {"checkpoint": chosen.facts()})}
        return Identity(self.card.name, self.card.version, changed, label, settings)

    def settings(self) -> dict[str, Any]:
        """Return JSON-like facts beyond the arguments that decide results; none unless a base class has some.

        As of arguments, those alone that differ from their defaults.
        """
        return {}

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The pretrained weights that it uses with its arguments; None where its card lists none.

        The card's only one, or of several the one that an argument names: the argument whose default is the name of
        one of them. A part that chooses in another way, or uses none with some arguments, writes this property anew.

        Raises
        ------
        UnknownNameError
            When the argument names none of them.
        PluginError
            When the card lists several and no argument, or more than one, can choose.
        """
        if len(self.card.checkpoints) < 2:
            return next(iter(self.card.checkpoints), None)
        return choose(self.card.name, self.card.checkpoints, self.defaults(), self.params)

    @property
    def pretrained_on(self) -> tuple[str, ...]:
        """What learned weights inside it have seen, sorted: the card's word, and that of the checkpoint in use."""
        said: tuple[str, ...] = getattr(self.card, "pretrained_on", ())
        return tuple(sorted({*said, *(self.checkpoint.trained_on if self.checkpoint else ())}))

    def weights(self) -> Path:
        """Return where the checkpoint lies that it uses: its folder, or its file where the name is that of a file.

        What lies there was held against the digest of the card. Call it where work starts, not in the constructor.

        Raises
        ------
        CheckpointMissingError
            When it is not on this machine; the message says how to obtain it.
        CheckpointError
            When what is there has another digest.
        PluginError
            When the part uses none.
        """
        chosen = self.checkpoint
        if chosen is None:
            raise PluginError(f"{self.card.name} asks for weights, and its card lists no checkpoint; add it there")
        return (self.weight_folders or WeightFolders.of_user()).find(chosen)


def words_of(arguments: Mapping[str, Any]) -> str:
    """Return arguments as labels have them; nothing for none.

    >>> words_of({"n_mels": 40, "fmin": 50.0}), words_of({})
    ('[fmin=50.0,n_mels=40]', '')
    """
    words = [f"{name}={value}" for name, value in sorted(arguments.items())]
    return f"[{','.join(words)}]" if words else ""


def missing_packages(parts: Iterable[Part | type[Part]]) -> str:
    """Return which packages that parts require are not installed, and what installs them; empty where all are."""
    lacking = {part.card.name: missing(part.card.requires) for part in parts}
    names = [name for names in lacking.values() for name in names]
    if not names:
        return ""
    who = " and ".join(name for name, found in lacking.items() if found)
    return f"{who} requires {', '.join(dict.fromkeys(names))}; pip install {' '.join(dict.fromkeys(names))}"


def _is_default(value: Any, default: Any) -> bool:
    """Tell whether a value is a default; 1, 1.0 and True are three values, as they are in JSON.

    >>> _is_default(1, True), _is_default((1, 2), [1, 2])
    (False, True)
    """
    return canonical_json(value) == canonical_json(default)


__all__ = ["NAME", "Card", "Identity", "Part", "defaults_of", "make", "missing_packages", "words_of"]
