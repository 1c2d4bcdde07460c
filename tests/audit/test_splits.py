"""The audit of splits: every way to leak, planted once and found by name; what leaks and what is only reported."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.audit.splits import audit_split
from serbench.corpus.twins import Twins
from serbench.protocol.protocols import get_protocol
from serbench.protocol.split import Fold, Split
from serbench.protocol.splitters import LeaveOneSpeakerOut
from tests.protocol.corpora import clip, grid, manifest

#: Three speakers with sentences of their own, both classes and both sexes in each.
CORPUS = manifest(
    *(
        clip(f"{speaker}{n}", speaker, label=("angry", "calm")[n % 2], sentence=f"{speaker}-{n}", sex="f")
        for speaker in "abc"
        for n in range(4)
    )
)
CLEAN = Fold("one", train=("a0", "a1", "a2", "a3"), dev=("b0", "b1", "b2", "b3"), test=("c0", "c1", "c2", "c3"))
ALL_CLEAN = (
    CLEAN,
    Fold("two", train=CLEAN.dev, dev=CLEAN.test, test=CLEAN.train),
    Fold("three", train=CLEAN.test, dev=CLEAN.train, test=CLEAN.dev),
)


def audit(*folds, corpus=CORPUS, twins=(), **said):
    return audit_split(corpus, Split("si", "1", "toy", folds or ALL_CLEAN, **said), twins)


def found(*arguments, **facts):
    """Return the items by kind, and the kinds that leak."""
    findings = audit(*arguments, **facts).findings
    return {each.kind: each.items for each in findings}, {each.kind for each in findings if each.leaks}


def rebuilt(**parts):
    return replace(CLEAN, **{part: tuple(sorted(ids)) for part, ids in parts.items()})


def test_a_clean_split_has_no_finding():
    result = audit()
    assert (result.findings, result.leaks, result.tested) == ((), False, 12)


UNTESTED = {"untested": tuple(uid for uid in CORPUS.by_id if uid[0] != "c")}


@pytest.mark.parametrize(
    ("fold", "items", "leaks"),
    [
        (
            rebuilt(train=[*CLEAN.train, "c0"]),
            {"rows": ("c0",), "speakers": ("c",), "shared-sentences": ("c-0",)},
            True,
        ),
        (rebuilt(dev=[*CLEAN.dev, "c0"]), {"rows": ("c0",), "dev": ("c0",), "speakers": ("c",)}, True),
        (rebuilt(train=[*CLEAN.train, "c3"], test=["c0", "c1", "c2"]), {"speakers": ("c",)}, True),
        (rebuilt(dev=[*CLEAN.dev, "c3"], test=["c0", "c1", "c2"]), {"speakers": ("c",)}, True),
        (rebuilt(train=[*CLEAN.train, "b3"], dev=["b0", "b1", "b2"]), {"dev-speakers": ("b",)}, False),
        (rebuilt(train=[*CLEAN.train, "b3"]), {"dev-rows": ("b3",), "dev-speakers": ("b",)}, False),
        (rebuilt(test=["c0", "c2"]), {"missing-classes": ("one, test: calm",)}, False),
    ],
)
def test_what_the_parts_share_is_named(fold, items, leaks):
    there, leaking = found(fold)
    assert {kind: there[kind] for kind in items} == items
    assert bool(leaking) == leaks


@pytest.mark.parametrize(("train", "test"), [("c0", "c0+noise"), ("c0+noise", "c0"), ("c0+noise", "c0+pitch")])
def test_children_across_sides_are_siblings(train, test):
    fold = rebuilt(train=[*CLEAN.train, train], test=[test, "c1"])
    there, leaking = found(fold, augmentations=("noise", "pitch"), shares_utterances=True)
    assert there["siblings"] == (test,)
    assert "rows" not in there
    assert leaking == {"siblings", "speakers"}


@pytest.mark.parametrize(("equal", "kind", "name"), [(True, "recordings", "a0 = c1"), (False, "near", "a0 ~ c1")])
@pytest.mark.parametrize("outside", ["train", "dev"])
def test_one_sound_on_two_sides_leaks_even_where_the_split_declares_it(equal, kind, name, outside):
    twins = [Twins(("a0", "c1"), 0.95, equal), Twins(("c2", "c3"), 1.0, equal=True)]
    fold = CLEAN if outside == "train" else rebuilt(train=CLEAN.dev, dev=CLEAN.train)
    there, leaking = found(fold, twins=twins, shares_recordings=True)
    assert there[kind] == (name,)
    assert leaking == {kind}


def test_one_sound_in_train_and_dev_is_reported():
    there, leaking = found(CLEAN, twins=[Twins(("a0", "b1"), 0.95, equal=False)])
    assert there["dev-recordings"] == ("a0 ~ b1",)
    assert not leaking


@pytest.mark.parametrize(("test", "items"), [(["c0", "c2"], None), (["c0", "c1"], ("c0 = c1",))])
def test_a_clip_on_both_sides_is_no_copy_of_itself(test, items):
    there, _ = found(rebuilt(train=[*CLEAN.train, "c0"], test=test), twins=[Twins(("c0", "c1"), 1.0, equal=True)])
    assert there.get("recordings") == items


def test_shared_sentences_leak_only_where_new_ones_are_promised():
    corpus = manifest(*(replace(each, sentence=each.id[1]) for each in CORPUS.utterances))
    assert found(CLEAN, corpus=corpus) == ({"shared-sentences": ("0", "1", "2", "3"), **UNTESTED}, set())
    there, leaking = found(CLEAN, corpus=corpus, new_sentences=True)
    assert there["sentences"] == ("0", "1", "2", "3")
    assert leaking == {"sentences"}


def test_a_dev_part_that_is_test_leaks():
    there, leaking = found(rebuilt(dev=CLEAN.test), dev_is_test=True)
    assert there["dev"] == CLEAN.test
    assert leaking == {"dev"}


def test_folds_are_counted_and_leaks_come_first():
    shared = rebuilt(train=[*CLEAN.train, "c3"], test=["c0", "c1"])
    result = audit(shared, *ALL_CLEAN[1:])
    assert [each.leaks for each in result.findings] == sorted((each.leaks for each in result.findings), reverse=True)
    (speakers,) = (each for each in result.findings if each.kind == "speakers")
    assert speakers.folds == {"one": 1}
    assert speakers.text == "1 of 3 test speakers are heard in training"


def test_balance_is_counted_and_said():
    corpus = manifest(
        *(clip(f"a{n}", "a", label="calm", sex="f") for n in range(8)),
        *(clip(f"b{n}", "b", label=("angry", "calm")[n % 2], sex="m") for n in range(8)),
        *(clip(f"c{n}", "c", label="angry" if n < 6 else "calm", sex="m") for n in range(8)),
    )
    split = Split("si", "1", "toy", tuple(LeaveOneSpeakerOut().folds(corpus)))
    result = audit_split(corpus, split)
    test = result.balance["speaker-a"]["test"]
    assert (test.rows, test.speakers, test.classes, test.sexes) == (8, 1, {"angry": 0, "calm": 8}, {"f": 8})
    there = {each.kind: each.items for each in result.findings}
    assert "speaker-a: angry 0%, in training 75%" in there["classes"]
    assert "speaker-a: women 100%, in training 0%" in there["sexes"]
    assert there["missing-classes"] == (
        "speaker-a, test: angry",
        "speaker-b, train: angry",
        "speaker-c, dev: angry",
    )


@pytest.mark.parametrize(
    ("protocol", "leaks"),
    [
        ("si", set()),
        ("si-text", set()),
        ("random", {"speakers"}),
        ("replica-2507.03251", {"siblings", "speakers", "dev"}),
    ],
)
def test_named_protocols_leak_what_they_are_known_for(protocol, leaks):
    corpus = grid(speakers="abcdefgh", takes=6, sex="f")

    class Toy:
        split = LeaveOneSpeakerOut()

        class card:
            diagnostic = None

    split = get_protocol(protocol).split(Toy(), corpus)
    assert {each.kind for each in audit_split(corpus, split).findings if each.leaks} == leaks
