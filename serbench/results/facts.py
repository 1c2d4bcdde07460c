"""What a record says of dataset, protocol, plugins, standing, copy and environment: typed and checked where it is read.

Conventions
-----------
Each class reads one object of a record by ``read`` and gives it back by ``facts``, key for key, so that the digests of
keys are what they were. A key that is missing or unknown, a value of another type, also within a list or an object, a
number that is not finite and a count below what it can be are a :class:`~serbench.errors.FormatError` in one sentence
that names the key. Optional keys are absent from the file where they say nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from serbench.errors import FormatError

#: What a JSON file may hold.
Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]


#: What a value may be.
Kinds = type | tuple[type, ...]


def expect(what: str, facts: object, types: Mapping[str, Kinds], optional: Sequence[str] = (), **least: float) -> Any:
    """Return an object of a record when it has the keys it should have, each of its type.

    Parameters
    ----------
    least
        By key how small a number may be.

    Raises
    ------
    FormatError
        When it is no object, or a key is missing or unknown, or a value is of another type, not finite or too small.
    """
    if not isinstance(facts, Mapping):
        raise FormatError(f"{what} is {type(facts).__name__}, expected an object with {list(types)}")
    missing = [name for name in types if name not in facts and name not in optional]
    unknown = [name for name in facts if name not in types]
    if missing or unknown:
        raise FormatError(f"{what}: facts {sorted(missing + unknown)} are missing or unknown, expected {sorted(types)}")
    for name, value in facts.items():
        kinds = types[name]
        # True is an int to Python, and to nobody else
        if not isinstance(value, kinds) or (isinstance(value, bool) and not _takes_truth(kinds)):
            raise FormatError(f"{what}: {name} is {type(value).__name__}, expected {_named(kinds)}")
        _expect_number(f"{what}: {name} is", value, least.get(name, -math.inf))
    return facts


def each_is(what: str, values: Iterable[object], kinds: Kinds, least: float = -math.inf) -> None:
    """Refuse a list, or the values of an object, where one of them is of another type, not finite or too small.

    Raises
    ------
    FormatError
        When one is; names the value.
    """
    for value in values:
        if not isinstance(value, kinds) or isinstance(value, bool):
            raise FormatError(f"{what} holds {value!r}, expected {_named(kinds)} alone")
        _expect_number(f"{what} holds", value, least)


def words(what: str, values: Sequence[object]) -> tuple[str, ...]:
    """Return a list of words as a tuple, or refuse it as :func:`each_is` does."""
    each_is(what, values, str)
    return tuple(str(value) for value in values)


def _expect_number(what: str, value: object, least: float) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    if not -math.inf < value < math.inf or value < least:
        raise FormatError(f"{what} {value}, expected a number{'' if least == -math.inf else f' from {least:g} up'}")


def _takes_truth(kinds: Kinds) -> bool:
    return bool in (kinds if isinstance(kinds, tuple) else (kinds,)) or kinds is object


def _named(kinds: Kinds) -> str:
    return " or ".join(kind.__name__ for kind in (kinds if isinstance(kinds, tuple) else (kinds,)))


_NUMBER = (int, float)
_TEXT = (str, type(None))
_TRUTH = (bool, type(None))


@dataclass(frozen=True, kw_only=True)
class LabelMapFacts:
    """Which label map the corpus was read by: its ``name`` and ``version``."""

    name: str
    version: str

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``label_map``."""
        return cls(**expect("label_map", facts, {"name": str, "version": str}))

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {"name": self.name, "version": self.version}


@dataclass(frozen=True, kw_only=True)
class PartFacts:
    """What identifies a model, a feature or an augmentation.

    Attributes
    ----------
    name, version
        Of its card.
    params
        The arguments of its constructor that differ from their defaults.
    settings
        What else decides its results, such as a training recipe.
    called
        The name that the model gave it, where that is not its own.
    """

    name: str
    version: str
    params: Mapping[str, Json] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    called: str | None = None

    @property
    def use(self) -> str:
        """What the model calls it: the name of its column, and before its arguments in ``--set``."""
        return self.called or self.name

    @property
    def members(self) -> tuple[PartFacts, ...]:
        """The models that a model is made of, at any depth."""
        found = self.settings.get("members", ())
        own = [PartFacts.read(each) for each in found] if isinstance(found, list | tuple) else []
        return tuple(part for member in own for part in (member, *member.members))

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object of a model, feature or augmentation in a record's key."""
        types = {"name": str, "version": str, "params": dict, "settings": dict, "called": str}
        return cls(**expect("a part", facts, types, ("called",)))

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        found: dict[str, Json] = {"name": self.name, "version": self.version}
        found |= {"params": self.params, "settings": self.settings}
        return found | ({"called": self.called} if self.called is not None else {})


_CORPUS = {"name": str, "version": str, "params": dict, "label_map": dict, "manifest": str, "audio": str}


@dataclass(frozen=True, kw_only=True)
class AdaptedFacts:
    """To how many speakers of the tested corpus a system was adapted.

    Attributes
    ----------
    percentages
        Of its speakers, that come to this number; ascending.
    speakers
        How many each fold adapts to.
    of
        How many the corpus has.
    """

    percentages: tuple[int, ...]
    speakers: int
    of: int

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``adapted`` of a dataset."""
        types = {"percentages": list, "speakers": int, "of": int}
        found = expect("adapted", facts, types, speakers=0, of=1)
        each_is("adapted: percentages", found["percentages"], int, 0)
        return cls(percentages=tuple(found["percentages"]), speakers=found["speakers"], of=found["of"])

    @property
    def fraction(self) -> float:
        """The share of the speakers, in [0, 1]."""
        return self.speakers / self.of

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {"percentages": list(self.percentages), "speakers": self.speakers, "of": self.of}


@dataclass(frozen=True, kw_only=True)
class DatasetFacts:
    """Which corpus was read, and as what.

    Attributes
    ----------
    name, version
        Of the adapter's card, ``1``; where another release of the corpus was read than the card's own, with its name,
        ``1 (release 2.0)``. Of crossed corpora the name of the crossing.
    params
        The adapter's arguments.
    label_map
        By which it was read.
    manifest, audio
        Digests of who says what in which clip, and of every recording's decoded samples.
    trained_on, corpora
        Where corpora are crossed: their names, and the facts of each by its name; else empty.
    adapted
        To how many speakers of the tested corpus, where some are trained on too; else None.
    """

    name: str
    version: str
    params: Mapping[str, Json] = field(default_factory=dict)
    label_map: LabelMapFacts
    manifest: str
    audio: str
    trained_on: tuple[str, ...] = ()
    target: str | None = None
    corpora: Mapping[str, MemberFacts] = field(default_factory=dict)
    adapted: AdaptedFacts | None = None

    @classmethod
    def read(cls, facts: object) -> DatasetFacts:
        """Read the object ``dataset`` of a record's key."""
        types = {**_CORPUS, "trained_on": list, "tested_on": str, "corpora": dict, "adapted": dict}
        found = dict(expect("dataset", facts, types, ("trained_on", "tested_on", "corpora", "adapted")))
        crossed = {name for name in ("trained_on", "tested_on", "corpora") if name in found}
        if crossed and len(crossed) < 3:
            raise FormatError(f"dataset: {sorted(crossed)} stand alone, expected trained_on, tested_on and corpora")
        if "adapted" in found and not crossed:
            raise FormatError("dataset: adapted stands alone, expected trained_on, tested_on and corpora beside it")
        corpora = {name: MemberFacts.read(member) for name, member in found.pop("corpora", {}).items()}
        return DatasetFacts(
            trained_on=words("dataset: trained_on", found.pop("trained_on", [])),
            target=found.pop("tested_on", None),
            corpora=corpora,
            adapted=AdaptedFacts.read(found.pop("adapted")) if "adapted" in found else None,
            **{**found, "label_map": LabelMapFacts.read(found["label_map"])},
        )

    @property
    def adapter_version(self) -> str:
        """The version of the adapter alone, whichever release it read."""
        return self.version.partition(" (release ")[0]

    @property
    def is_crossed(self) -> bool:
        """True where some corpora were trained on and another, or the same, was tested."""
        return self.target is not None

    @property
    def tested_on(self) -> str:
        """The name of the corpus that was tested: its own, where nothing is crossed."""
        return self.target if self.target is not None else self.name

    @property
    def members(self) -> Mapping[str, DatasetFacts]:
        """The corpora that were read, by name: itself, where nothing is crossed."""
        return self.corpora if self.is_crossed else {self.name: self}

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        found: dict[str, Json] = {
            "name": self.name,
            "version": self.version,
            "params": self.params,
            "label_map": self.label_map.facts(),
            "manifest": self.manifest,
            "audio": self.audio,
        }
        if self.is_crossed:
            found["trained_on"], found["tested_on"] = list(self.trained_on), self.target
            found["corpora"] = {name: member.facts() for name, member in self.corpora.items()}
        return found | ({"adapted": self.adapted.facts()} if self.adapted is not None else {})


@dataclass(frozen=True, kw_only=True)
class MemberFacts(DatasetFacts):
    """A corpus among crossed ones.

    Attributes
    ----------
    classes
        From the corpus's word to the shared class.
    clips
        How many clips each shared class has.
    dropped
        How many clips each word has that stands for no shared class.
    """

    classes: Mapping[str, str]
    clips: Mapping[str, int]
    dropped: Mapping[str, int]

    @classmethod
    def read(cls, facts: object) -> MemberFacts:
        """Read an object of ``corpora``."""
        found = expect("a corpus among several", facts, {**_CORPUS, "classes": dict, "clips": dict, "dropped": dict})
        each_is("a corpus among several: classes", found["classes"].values(), str)
        for counted in ("clips", "dropped"):
            each_is(f"a corpus among several: {counted}", found[counted].values(), int, 0)
        return MemberFacts(**{**found, "label_map": LabelMapFacts.read(found["label_map"])})

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {**super().facts(), "classes": self.classes, "clips": self.clips, "dropped": self.dropped}


@dataclass(frozen=True, kw_only=True)
class ProtocolFacts:
    """Which rule divided the corpus.

    Attributes
    ----------
    name, version
        Of the protocol.
    split
        The digest of the split.
    folds
        How many folds it has.
    augmentations
        What the protocol applied before it split.
    """

    name: str
    version: str
    split: str
    folds: int
    augmentations: tuple[PartFacts, ...] = ()

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``protocol`` of a record's key."""
        types = {"name": str, "version": str, "split": str, "folds": int, "augmentations": list}
        found = dict(expect("protocol", facts, types, ("augmentations",), folds=0))
        return cls(**{**found, "augmentations": tuple(map(PartFacts.read, found.get("augmentations", [])))})

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        found: dict[str, Json] = {"name": self.name, "version": self.version, "split": self.split, "folds": self.folds}
        return found | ({"augmentations": [part.facts() for part in self.augmentations]} if self.augmentations else {})


#: What of a clip's words may have been read: what was written down of them, or what was to be said.
_TEXTS = ("transcripts", "prompts")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What the cards of model and features say that a reader of a row must know.

    Attributes
    ----------
    seeded
        Training draws at random.
    uses_test_statistics
        The model uses statistics of the test rows beyond one row at a time.
    pretrained_on
        Names of what the model and its features were pretrained on, sorted.
    text
        ``transcripts`` or ``prompts`` where a feature reads the words of the clips, else None.
    """

    seeded: bool = False
    uses_test_statistics: bool = False
    pretrained_on: tuple[str, ...] = ()
    text: str | None = None

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``declared`` of a standing."""
        types = {"seeded": bool, "uses_test_statistics": bool, "pretrained_on": list, "text": str}
        found = expect("declared", facts, types, ("text",))
        if found.get("text") not in (None, *_TEXTS):
            raise FormatError(f"declared: text is {found['text']!r}, expected one of {list(_TEXTS)}")
        return cls(**{**found, "pretrained_on": words("declared: pretrained_on", found["pretrained_on"])})

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        seen = list(self.pretrained_on)
        read = {} if self.text is None else {"text": self.text}
        return {"seeded": self.seeded, "uses_test_statistics": self.uses_test_statistics, "pretrained_on": seen, **read}


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a leaderboard may do with a record.

    Attributes
    ----------
    ranked
        The protocol takes part in rankings.
    diagnostic
        The dataset's card says that its score tells little about new speakers.
    headline
        The dataset may count towards averages.
    reason
        Why it is excluded from averages, else None.
    parts
        From the name of each corpus that was a part of the published one to the numbers that are off by more than is
        tolerated.
    declared
        By the cards.
    """

    ranked: bool = True
    diagnostic: bool = False
    headline: bool = True
    reason: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    declared: Declared = field(default_factory=Declared)

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``standing`` of a record."""
        types: dict[str, Kinds] = {
            "ranked": bool,
            "diagnostic": bool,
            "headline": bool,
            "reason": _TEXT,
            "parts": dict,
            "declared": dict,
        }
        found = expect("standing", facts, types, ("parts",))
        words("parts", list(found.get("parts", {}).values()))
        return cls(**{**found, "declared": Declared.read(found["declared"])})

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        found: dict[str, Json] = {
            "ranked": self.ranked,
            "diagnostic": self.diagnostic,
            "headline": self.headline,
            "reason": self.reason,
            "declared": self.declared.facts(),
        }
        return found | ({"parts": self.parts} if self.parts else {})


@dataclass(frozen=True, kw_only=True)
class AudioCopy:
    """What kind of copy of the recordings was read.

    Attributes
    ----------
    label
        For people: ``FLAC 16 kHz``; None without a recording.
    lossy
        True when any recording is.
    derived
        True where the copy is at a rate that the corpus was not published at.
    clips, seconds
        How many recordings, and how long in all.
    codec, sample_rate, channels
        Of all recordings (Hz), or from value to number of clips where they differ.
    published_sample_rates
        Of the corpus, in Hz.
    corpora
        The same of each member, where corpora are crossed.
    """

    label: str | None = None
    lossy: bool | None = None
    derived: bool = False
    clips: int = 0
    seconds: float = 0.0
    codec: Json = None
    sample_rate: Json = None
    channels: Json = None
    published_sample_rates: tuple[int, ...] = ()
    corpora: Mapping[str, AudioCopy] = field(default_factory=dict)

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``audio`` of a record."""
        some = (int, dict, type(None))
        types: dict[str, Kinds] = {
            "label": _TEXT,
            "lossy": _TRUTH,
            "derived": bool,
            "clips": int,
            "seconds": _NUMBER,
            "codec": (str, dict, type(None)),
            "sample_rate": some,
            "channels": some,
            "published_sample_rates": list,
            "corpora": dict,
        }
        found = dict(expect("audio", facts, types, ("corpora",), clips=0, seconds=0, sample_rate=1, channels=1))
        each_is("audio: published_sample_rates", found["published_sample_rates"], int, 1)
        for name in ("codec", "sample_rate", "channels"):
            each_is(f"audio: {name}", found[name].values() if isinstance(found[name], dict) else (), int, 1)
        corpora = {name: cls.read(member) for name, member in found.pop("corpora", {}).items()}
        return cls(**{**found, "published_sample_rates": tuple(found["published_sample_rates"])}, corpora=corpora)

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        found: dict[str, Json] = {
            "label": self.label,
            "lossy": self.lossy,
            "derived": self.derived,
            "clips": self.clips,
            "seconds": self.seconds,
            "codec": self.codec,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "published_sample_rates": list(self.published_sample_rates),
        }
        return found | (
            {"corpora": {name: copy.facts() for name, copy in self.corpora.items()}} if self.corpora else {}
        )


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How fast a machine was: the time of the calibration kernel (``serbench.cost.calibration``).

    Attributes
    ----------
    kernel
        Its version.
    seconds
        How long it took.
    value
        What it came to.
    """

    kernel: str
    seconds: float
    value: float

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``calibration`` of an environment."""
        found = expect("calibration", facts, {"kernel": str, "seconds": _NUMBER, "value": _NUMBER})
        if found["seconds"] <= 0:
            raise FormatError(f"calibration: seconds is {found['seconds']}, expected a time above 0")
        return cls(**found)

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        return {"kernel": self.kernel, "seconds": self.seconds, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Where and with what a cell ran.

    Attributes
    ----------
    versions
        Of Python, serbench and the packages that results depend on.
    machine
        The machine card; see :func:`serbench.environment.machine_card`.
    calibration
        How fast the machine was; None where nobody timed it.
    jobs
        How many cells ran at once; None where it is not said.
    stacked
        How many cells were trained as one program; None for a cell alone.
    disturbed
        What disturbed the timing of the cell's latencies, however often it was repeated; None where nothing was seen.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Json] = field(default_factory=dict)
    calibration: Calibration | None = None
    jobs: int | None = None
    stacked: int | None = None
    disturbed: str | None = None

    @classmethod
    def read(cls, facts: object) -> Self:
        """Read the object ``environment`` of a record."""
        optional = {"calibration": dict, "jobs": int, "stacked": int, "disturbed": str}
        types = {"versions": dict, "machine": dict, **optional}
        found = dict(expect("environment", facts, types, tuple(optional), jobs=1, stacked=1))
        each_is("environment: versions", found["versions"].values(), str)
        known = found.get("calibration")
        return cls(**{**found, "calibration": None if known is None else Calibration.read(known)})

    def facts(self) -> dict[str, Json]:
        """Return the JSON form."""
        found: dict[str, Json] = {"versions": self.versions, "machine": self.machine}
        found |= {"calibration": self.calibration.facts()} if self.calibration else {}
        found |= {"jobs": self.jobs} if self.jobs is not None else {}
        found |= {"stacked": self.stacked} if self.stacked is not None else {}
        return found | ({"disturbed": self.disturbed} if self.disturbed is not None else {})


__all__ = [
    "AdaptedFacts",
    "AudioCopy",
    "Calibration",
    "DatasetFacts",
    "Declared",
    "Environment",
    "Json",
    "Kinds",
    "LabelMapFacts",
    "MemberFacts",
    "PartFacts",
    "ProtocolFacts",
    "Standing",
    "each_is",
    "expect",
    "words",
]
