"""What a record says, read typed: good facts come back as they were, and each that is off is refused by its name."""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError, fields

import pytest

from serbench.errors import FormatError
from serbench.files import read_document
from serbench.results.facts import (
    AdaptedFacts,
    AudioCopy,
    Calibration,
    DatasetFacts,
    Declared,
    Environment,
    LabelMapFacts,
    MemberFacts,
    PartFacts,
    ProtocolFacts,
    Standing,
)
from serbench.results.record import Record

LABEL_MAP = {"name": "shared4", "version": "1"}
PART = {"name": "logreg", "version": "2", "params": {"c": 1.5, "deep": [True, None]}, "settings": {"epochs": 3}}
DATASET = {"name": "toy", "version": "1", "params": {}, "label_map": LABEL_MAP, "manifest": "m1", "audio": "a1"}
MEMBER = {**DATASET, "classes": {"anger": "angry"}, "clips": {"angry": 3}, "dropped": {"odd": 0}}
CROSSED = {**DATASET, "trained_on": ["toy"], "tested_on": "toy", "corpora": {"toy": MEMBER}}
ADAPTED = {"percentages": [5, 10], "speakers": 1, "of": 10}
PROTOCOL = {"name": "si", "version": "1", "split": "s1", "folds": 5}
DECLARED = {"seeded": True, "uses_test_statistics": False, "pretrained_on": ["books"]}
STANDING = {"ranked": True, "diagnostic": False, "headline": False, "reason": "two speakers", "declared": DECLARED}
AUDIO = {
    "label": "FLAC 16 kHz",
    "lossy": False,
    "derived": True,
    "clips": 7,
    "seconds": 12.5,
    "codec": "FLAC",
    "sample_rate": 16000,
    "channels": 1,
    "published_sample_rates": [44100, 48000],
}
MIXED = {"codec": {"FLAC": 3, "WAV": 4}, "sample_rate": {"8000": 7}, "channels": {"1": 6, "2": 1}}
CALIBRATION = {"kernel": "1", "seconds": 0.01, "value": -3.5}
ENVIRONMENT = {"versions": {"torch": "2.11.0"}, "machine": {"cores": 2, "accelerator": None}}

GOOD = {
    "label map": (LabelMapFacts, LABEL_MAP),
    "part": (PartFacts, PART),
    "dataset": (DatasetFacts, DATASET),
    "crossed": (DatasetFacts, CROSSED),
    "adapted": (AdaptedFacts, ADAPTED),
    "adapted dataset": (DatasetFacts, {**CROSSED, "adapted": ADAPTED}),
    "member": (MemberFacts, MEMBER),
    "protocol": (ProtocolFacts, PROTOCOL),
    "protocol of copies": (ProtocolFacts, {**PROTOCOL, "augmentations": [PART]}),
    "declared": (Declared, DECLARED),
    "standing": (Standing, STANDING),
    "standing without a reason": (Standing, {**STANDING, "reason": None}),
    "audio": (AudioCopy, AUDIO),
    "audio of several kinds": (AudioCopy, {**AUDIO, **MIXED}),
    "audio without a recording": (
        AudioCopy,
        {**AUDIO, "label": None, "lossy": None, "clips": 0, "seconds": 0, **dict.fromkeys(MIXED)},
    ),
    "audio of several corpora": (AudioCopy, {**AUDIO, "corpora": {"toy": AUDIO}}),
    "calibration": (Calibration, CALIBRATION),
    "environment": (Environment, ENVIRONMENT),
    "environment in full": (Environment, {**ENVIRONMENT, "calibration": CALIBRATION, "jobs": 4, "stacked": 2}),
}
EVERY_KIND = pytest.mark.parametrize("kind", GOOD)


@EVERY_KIND
def test_good_facts_come_back_as_they_lay_on_the_disk(kind):
    read, facts = GOOD[kind]
    found = read.read(json.loads(json.dumps(facts))).facts()
    assert json.dumps(found, sort_keys=True) == json.dumps(facts, sort_keys=True)


@EVERY_KIND
def test_facts_are_frozen(kind):
    read, facts = GOOD[kind]
    found = read.read(facts)
    for field in fields(found):
        with pytest.raises(FrozenInstanceError):
            setattr(found, field.name, None)


#: Every kind of facts with each of its keys; those that are absent where they say nothing.
KEYS = [(kind, key) for kind, (_, facts) in GOOD.items() for key in facts]
OPTIONAL = [
    ("adapted dataset", "adapted"),
    ("protocol of copies", "augmentations"),
    ("audio of several corpora", "corpora"),
    *(("environment in full", key) for key in ("calibration", "jobs", "stacked")),
]


@pytest.mark.parametrize(("kind", "key"), [where for where in KEYS if where not in OPTIONAL])
def test_a_key_that_is_missing_is_named(kind, key):
    read, facts = GOOD[kind]
    rest = {name: value for name, value in facts.items() if name != key}
    with pytest.raises(FormatError, match=rf"'{key}'|expected trained_on, tested_on and corpora"):
        read.read(rest)


@EVERY_KIND
def test_a_key_that_nobody_knows_is_named(kind):
    read, facts = GOOD[kind]
    with pytest.raises(FormatError, match="'sparkle'"):
        read.read({**facts, "sparkle": 1})


@EVERY_KIND
@pytest.mark.parametrize("value", [None, "text", 3, ["a list"]], ids=repr)
def test_what_is_no_object_is_refused(kind, value):
    with pytest.raises(FormatError, match="expected an object with"):
        GOOD[kind][0].read(value)


#: Of every JSON type one, and a truth value, which is no number.
OF_ANOTHER_TYPE = ["text", 3, 2.5, True, None, ["text"], {"text": "text"}]


def allowed(kind, key):
    """Return the types that a fact may have: what the good facts show, a float where it is one, else as written out."""
    shown = {type(facts[key]) for read, facts in GOOD.values() if read is GOOD[kind][0] and key in facts}
    return shown | ({int} if float in shown else set())


@pytest.mark.parametrize(("kind", "key"), OPTIONAL)
def test_an_optional_key_may_be_missing(kind, key):
    read, facts = GOOD[kind]
    rest = {name: value for name, value in facts.items() if name != key}
    assert read.read(rest).facts() == rest


@pytest.mark.parametrize(("kind", "key"), KEYS)
def test_a_value_of_another_type_is_named(kind, key):
    read, facts = GOOD[kind]
    wrong = [value for value in OF_ANOTHER_TYPE if type(value) not in allowed(kind, key)]
    assert wrong
    for value in wrong:
        with pytest.raises(FormatError, match=rf"\b{key}\b"):
            read.read({**facts, key: value})


#: Facts whose values are of the right type and off all the same: kind, key, value.
OFF = [
    ("protocol", "folds", -1),
    ("protocol of copies", "augmentations", ["noise"]),
    ("crossed", "trained_on", ["toy", 3]),
    ("crossed", "corpora", {"toy": {**MEMBER, "clips": {"angry": -3}}}),
    *(("adapted", "percentages", [5, value]) for value in (-1, 2.5, True, "10", None)),
    *(("adapted", key, value) for key, value in (("speakers", -1), ("of", 0))),
    ("member", "classes", {"anger": 1}),
    ("member", "classes", {"anger": None}),
    *(("member", key, {"angry": value}) for key in ("clips", "dropped") for value in (-1, 1.5, True, "3", None)),
    ("audio", "clips", -1),
    *(("audio", "seconds", value) for value in (-0.5, math.nan, math.inf, -math.inf)),
    *(("audio", key, value) for key in ("sample_rate", "channels") for value in (-1, 0)),
    *(("audio", key, {"1": value}) for key in MIXED for value in (-1, 0, 2.5, "3", True)),
    *(("audio", "published_sample_rates", [44100, value]) for value in (-1, 0, 2.5, math.nan, "48000", True, None)),
    ("audio of several corpora", "corpora", {"toy": {**AUDIO, "clips": -1}}),
    *(("calibration", "seconds", value) for value in (0, -1.0, math.nan, math.inf)),
    *(("calibration", "value", value) for value in (math.nan, math.inf, -math.inf)),
    *(("environment", "versions", {"torch": value}) for value in (2, None, ["2"])),
    *(("environment in full", key, value) for key in ("jobs", "stacked") for value in (0, -1)),
    ("declared", "pretrained_on", ["books", None]),
]


@pytest.mark.parametrize(("kind", "key", "value"), OFF, ids=lambda each: str(each)[:30])
def test_a_value_that_cannot_be_is_named(kind, key, value):
    read, facts = GOOD[kind]
    innermost = "clips" if key == "corpora" else "a part" if key == "augmentations" else key
    with pytest.raises(FormatError, match=rf"\b{innermost}\b"):
        read.read({**facts, key: value})


@pytest.mark.parametrize("crossing", [{"trained_on": ["toy"]}, {"tested_on": "toy"}, {"corpora": {"toy": MEMBER}}])
def test_a_crossing_is_told_whole_or_not_at_all(crossing):
    with pytest.raises(FormatError, match="expected trained_on, tested_on and corpora"):
        DatasetFacts.read({**DATASET, **crossing})


def test_nobody_is_adapted_to_where_nothing_is_crossed():
    with pytest.raises(FormatError, match="adapted stands alone, expected trained_on, tested_on and corpora beside it"):
        DatasetFacts.read({**DATASET, "adapted": ADAPTED})


def test_a_fraction_is_of_the_speakers():
    assert AdaptedFacts.read(ADAPTED).fraction == 0.1


#: Of the record itself: where it holds something else than it should.
DAMAGES = {
    "rows": [{"train": -1}, {"train": 2.5}, {"train": "2"}],
    "classes": [["angry", 2]],
    "confusion": [[3], [[1, -1]], [[1, 2.5]], [["1"]]],
    "metrics": [{"uar": 1}],
    "code": [{"logreg": 1}],
    "left_out": [{"a": None}],
    "history": [["first"]],
    "notes": [[1]],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in DAMAGES.items() for value in values])
def test_what_a_record_holds_besides_is_named_too(cells, key, value):
    facts = json.loads(json.dumps(cells.record(rows={"train": 2}).facts()))
    assert Record.read(facts).facts()["rows"] == {"train": 2}
    with pytest.raises(FormatError, match=rf"^{key} holds "):
        Record.read({**facts, key: value})


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_no_document_holds_what_is_no_number(tmp_path, number):
    """Wherever it stands: what a plugin was given too."""
    path = tmp_path / "record.json"
    path.write_text(f'{{"kind": "a", "format": 1, "key": {{"model": {{"params": {{"c": {number}}}}}}}}}')
    with pytest.raises(FormatError, match=f"record.json is damaged: {number} is no number"):
        read_document(path, "a", 1)
