"""The named protocols: what every split must keep, and that none of them moves unnoticed."""

from __future__ import annotations

import json
import re

import pytest

from serbench.errors import ProtocolError, UnknownNameError
from serbench.protocol.leakage import check_fold
from serbench.protocol.protocol import REPLICA
from serbench.protocol.protocols import INFLATION_STYLES, PROTOCOLS, get_protocol
from serbench.protocol.split import Fold, Split
from serbench.protocol.splitters import OfficialPartition
from tests.sample_trees import DATASETS, GOLDEN, NAMES, SAMPLES, write_empty

#: Those that divide one corpus by rule alone.
WITHIN = [name for name, each in PROTOCOLS.items() if not each.crosses_corpora and not each().lacks]
#: Those that divide any corpus, however small.
EVERYWHERE = ["si", "random", "replica-2507.03251"]
TESTED_ONCE = sorted(set(DATASETS) - {"meld"})


@pytest.fixture(scope="session", params=DATASETS)
def sample(request, tmp_path_factory):
    """Return a dataset and the manifest of its sample tree."""
    root = tmp_path_factory.mktemp(request.param)
    SAMPLES[request.param](root)
    dataset = DATASETS[request.param]()
    return dataset, dataset.manifest(root)


@pytest.fixture(scope="session", params=NAMES)
def whole(request, tmp_path_factory):
    """Return a dataset and the manifest of the whole corpus, made from its grammar of names."""
    root = tmp_path_factory.mktemp(request.param)
    write_empty(root, NAMES[request.param]())
    dataset = DATASETS[request.param]()
    return dataset, dataset.manifest(root)


@pytest.fixture(scope="session", params=EVERYWHERE)
def protocol(request):
    return get_protocol(request.param)


def test_split_passes_the_audit(protocol, sample):
    dataset, manifest = sample
    split = protocol.split(dataset, manifest)
    audio = {each.id: each.id for each in manifest.utterances}
    for fold in split.folds:
        check_fold(manifest, split, fold, audio)


def test_split_is_the_same_twice(protocol, sample):
    assert protocol.split(*sample) == protocol.split(*sample)


def test_split_says_whose_it_is(protocol, sample):
    dataset, manifest = sample
    split = protocol.split(dataset, manifest)
    assert (split.protocol, split.version, split.dataset) == (protocol.name, protocol.version, dataset.card.name)


@pytest.mark.parametrize("name", ["si", "random"])
def test_folds_use_every_utterance(name, sample):
    dataset, manifest = sample
    for fold in get_protocol(name).split(dataset, manifest).folds:
        assert sorted(fold.train + fold.dev + fold.test) == [each.id for each in manifest.utterances]


def test_si_tests_every_utterance_once(sample):
    dataset, manifest = sample
    tested = sorted(uid for fold in get_protocol("si").split(dataset, manifest).folds for uid in fold.test)
    if dataset.card.name in TESTED_ONCE:
        assert tested == [each.id for each in manifest.utterances]
    else:
        assert tested == [each.id for each in manifest.utterances if each.partition == "test"]


def test_si_shares_no_speaker_or_says_so(sample):
    dataset, manifest = sample
    split = get_protocol("si").split(dataset, manifest)
    for fold in split.folds:
        tested, outside = ({manifest.by_id[uid].speaker for uid in ids} for ids in (fold.test, fold.train + fold.dev))
        assert bool(tested & outside) == split.shares_speakers


@pytest.mark.parametrize("name", WITHIN)
def test_golden_digests(name, whole):
    dataset, manifest = whole
    golden = json.loads((GOLDEN / "splits.json").read_text())
    split = get_protocol(name).split(dataset, manifest)
    assert golden[f"{split.dataset} {split.protocol} {split.version}"] == split.digest, (
        "the folds changed: raise the protocol's version, then run python -m tests.golden.make_splits"
    )


def test_no_golden_digest_is_of_something_gone():
    golden = json.loads((GOLDEN / "splits.json").read_text())
    assert {key.rsplit(" ", 1)[0] for key in golden} == {f"{name} {protocol}" for name in NAMES for protocol in WITHIN}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_says_what_it_is(name):
    protocol = PROTOCOLS[name]
    assert protocol.name == name
    assert protocol.version
    assert len(protocol.summary) > 200
    assert protocol.ranked == (name in {"si", "si-text", "cross", "adapt"})
    assert ("Never ranked." in protocol.summary) != protocol.ranked


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_replica_is_told_by_its_name(name):
    """A record knows the name alone, also where the protocol is not installed."""
    assert PROTOCOLS[name].is_replica == name.startswith(REPLICA)


def test_a_replica_is_there():
    assert [name for name, each in PROTOCOLS.items() if each.is_replica] == ["replica-2507.03251"]


def test_the_inflation_chart_goes_from_the_most_flattering_protocol_on():
    assert list(INFLATION_STYLES) == ["replica-2507.03251", "random", "si", "si-text"]


@pytest.mark.parametrize("fact", ["order", "shape", "sentence"])
def test_no_two_protocols_are_drawn_alike(fact):
    found = [getattr(style, fact) for style in INFLATION_STYLES.values()]
    assert len(set(found)) == len(found)


def test_the_sentence_of_the_legend_ends_without_a_full_stop():
    assert [style.sentence for style in INFLATION_STYLES.values() if style.sentence.endswith(".")] == []


def test_a_protocol_is_made_with_the_arguments_that_settings_name():
    settings = {"emobox": {"folder": "lists"}, "logreg": {"c": 2.0}}
    assert get_protocol("emobox", settings).folder == "lists"
    assert get_protocol("emobox").lacks.startswith("protocol emobox got no folder")
    assert get_protocol("emobox", settings).lacks is None


@pytest.mark.parametrize(("name", "argument"), [("emobox", "foldr"), ("si", "folder")])
def test_an_argument_that_a_protocol_does_not_take_is_refused(name, argument):
    with pytest.raises(UnknownNameError, match=f"unknown argument of {name} '{argument}'"):
        get_protocol(name, {name: {argument: "lists"}})


@pytest.mark.parametrize(
    ("name", "folds", "dev_shares_speakers"),
    [
        ("ravdess", 5, False),
        ("cremad", 5, False),
        ("emodb", 10, False),
        ("emovo", 6, False),
        ("savee", 4, True),
        ("tess", 2, True),
        ("iemocap", 5, False),
        ("meld", 1, True),
        ("synth", 5, False),
    ],
)
def test_si_as_designed(name, folds, dev_shares_speakers, tmp_path):
    SAMPLES[name](tmp_path)
    split = get_protocol("si").split(DATASETS[name](), DATASETS[name]().manifest(tmp_path))
    assert (len(split.folds), split.dev_shares_speakers) == (folds, dev_shares_speakers)


def test_only_diagnostic_corpora_are_marked():
    assert {name for name, each in DATASETS.items() if each.card.diagnostic} == {"tess", "meld"}
    assert {name for name, each in DATASETS.items() if not each.card.headline} == {"synth"}


def test_ravdess_actor_groups(tmp_path):
    write_empty(tmp_path, NAMES["ravdess"]())
    manifest = DATASETS["ravdess"]().manifest(tmp_path)
    split = get_protocol("si").split(DATASETS["ravdess"](), manifest)
    assert [sorted({int(manifest.by_id[uid].speaker) for uid in fold.test}) for fold in split.folds] == [
        [2, 5, 14, 15, 16],
        [3, 6, 7, 13, 18],
        [10, 11, 12, 19, 20],
        [8, 17, 21, 23, 24],
        [1, 4, 9, 22],
    ]


def test_cremad_sizes_of_emo_superb(tmp_path):
    """The sizes that the split files of EMO-SUPERB have for the same ranges of actors."""
    write_empty(tmp_path, NAMES["cremad"]())
    split = get_protocol("si").split(DATASETS["cremad"](), DATASETS["cremad"]().manifest(tmp_path))
    assert [(len(fold.train), len(fold.dev), len(fold.test)) for fold in split.folds] == [
        (4509, 1470, 1463),
        (4496, 1476, 1470),
        (4490, 1476, 1476),
        (4409, 1557, 1476),
        (4422, 1463, 1557),
    ]


def test_shared_speakers_need_a_reason(tmp_path):
    class Silent(DATASETS["emodb"]):
        split = OfficialPartition(shares_speakers=True)

    SAMPLES["emodb"](tmp_path)
    with pytest.raises(ProtocolError, match="expected its card to say under 'diagnostic'"):
        get_protocol("si").split(Silent(), Silent().manifest(tmp_path))


def test_unknown_protocol_names_the_known():
    with pytest.raises(
        UnknownNameError, match=f"unknown protocol 'is', expected one of {re.escape(str(sorted(PROTOCOLS)))}"
    ):
        get_protocol("is")


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"},
        {"dev_shares_speakers": True},
        {"shares_speakers": True},
        {"shares_recordings": True},
        {"shares_utterances": True},
        {"dev_is_test": True},
        {"new_sentences": True},
        {"augmentations": ("noise",)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_digest_holds_what_the_split_says(change):
    facts = {"protocol": "si", "version": "1", "dataset": "toy", "folds": (Fold("one", ("a",), ("b",), ("c",)),)}
    assert Split(**facts).digest != Split(**facts | change).digest


def test_what_is_said_to_readers_changes_no_digest():
    facts = {"protocol": "si", "version": "1", "dataset": "toy", "folds": (Fold("one", ("a",), ("b",), ("c",)),)}
    assert Split(**facts).digest == Split(**facts, notes=("mind the gap",)).digest


@pytest.mark.parametrize(
    ("row", "parent"), [("a+noise", "a"), ("a", "a"), ("a+pitch", "a+pitch"), ("noise", "noise"), ("b+c+noise", "b+c")]
)
def test_a_childs_parent_is_told_by_the_augmentations_of_the_split(row, parent):
    assert Split("si", "1", "toy", (), augmentations=("noise",)).parent(row) == parent


@pytest.mark.parametrize("part", ["train", "dev", "test"])
def test_no_part_is_empty(part):
    parts = {"train": ("a",), "dev": ("b",), "test": ("c",)} | {part: ()}
    with pytest.raises(ProtocolError, match=f"{part} is empty"):
        Fold("one", **parts)


def test_nothing_is_tested_twice():
    folds = (Fold("one", ("a",), ("b",), ("c",)), Fold("two", ("a",), ("b",), ("c",)))
    with pytest.raises(ProtocolError, match="tested twice"):
        Split("si", "1", "toy", folds)
