"""What a protocol is: a named rule that divides any corpus, whether its scores may be ranked, and how it is drawn.

Conventions
-----------
A protocol is its name and its version; the version is raised whenever the folds of any corpus change, so that old
records are never mixed with new ones. Constructor arguments are for what a rule reads beside the corpus; they say where
it lies and are no part of a record's key: the digest of the split says what came of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.part import defaults_of, make
from serbench.protocol.split import Split

#: How the name of every protocol begins that repeats another's evaluation, and of no other: a record knows the name
#: alone, also where the protocol is not installed.
REPLICA = "replica-"


@dataclass(frozen=True)
class InflationStyle:
    """How a protocol is drawn where one system is shown under several protocols.

    Attributes
    ----------
    order
        Protocols come in this order, from the most flattering on; numbers leave gaps for others.
    shape
        Of its mark, beside its colour.
    sentence
        For the legend, after its name and a colon: what a score under it means; without a full stop.
    """

    order: int
    shape: Literal["circle", "square", "triangle", "diamond"]
    sentence: str


class Protocol:
    """A way of dividing any corpus.

    Attributes
    ----------
    name
        Kebab-case or one word, as the command line takes it.
    version
        Raised whenever the folds of a corpus change.
    summary
        One paragraph for listings: what is measured, and how.
    ranked
        True where the scores say who is better; others are shown, never ranked.
    is_replica
        True where it repeats another's evaluation with its leaks, to show where such figures come from; the name then
        begins with :data:`REPLICA`.
    inflation
        How it is drawn in the inflation chart; None where it is no part of that.
    augmentations
        Names of those that it applies to every clip before it splits; its folds then hold rows (see ``split``).
    crosses_corpora
        True where it divides several corpora at once: by ``divide``, as ``SeveralCorpora`` has it, not by ``split``.
    repeats_speakers
        True where a speaker may be tested in several folds and is new in each: folds are crossed with sentences.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    summary: ClassVar[str]
    ranked: ClassVar[bool]
    is_replica: ClassVar[bool] = False
    inflation: ClassVar[InflationStyle | None] = None
    augmentations: ClassVar[tuple[str, ...]] = ()
    crosses_corpora: ClassVar[bool] = False
    repeats_speakers: ClassVar[bool] = False

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the constructor's arguments and their defaults."""
        return defaults_of(cls)

    @classmethod
    def create(cls, **arguments: Any) -> Self:
        """Construct with arguments that came from a person.

        Raises
        ------
        UnknownNameError
            For an argument that the constructor does not take.
        UsageError
            When the constructor refuses a value.
        """
        return make(cls, cls.name, arguments)

    @property
    def lacks(self) -> str | None:
        """What it was not given and cannot do without, and how to give it: a line; None where it can be applied."""
        return None

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:
        """Return the folds of the corpus that ``manifest`` describes.

        Raises
        ------
        ProtocolError
            When the protocol cannot be applied to this corpus; the message says why.
        UsageError
            When it lacks an argument.
        """
        raise NotImplementedError


__all__ = ["REPLICA", "InflationStyle", "Protocol"]
