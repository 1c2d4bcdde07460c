"""Adaptation: who is adapted to, who is tested, what both may never share, and when a corpus is refused."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from serbench.errors import LeakError, ProtocolError, UnknownNameError
from serbench.protocol.adaptation import PERCENTAGES, Adapt, halves_of, steps
from serbench.protocol.cross_corpus import SHARED_CLASSES, SHARED_MAP, CrossCorpus, Crossing, unite
from serbench.protocol.leakage import check_fold
from tests.protocol.corpora import clip, manifest
from tests.sample_trees import DATASETS, GOLDEN, NAMES, write_empty

SMALL = ("emodb", "emovo", "ravdess", "savee")
#: From target to how many of its speakers each percentage comes to: p·n/100, halves rounded up, one at least.
COUNTS = {
    "emodb": {0: 0, 5: 1, 10: 1, 20: 2, 50: 5},
    "emovo": {0: 0, 5: 1, 10: 1, 20: 1, 50: 3},
    "ravdess": {0: 0, 5: 1, 10: 2, 20: 5, 50: 12},
    "savee": {0: 0, 5: 1, 10: 1, 20: 1, 50: 2},
}


def speaking(count, takes=5, *, name="toy", **facts):
    """Return a corpus of so many speakers, ``takes`` clips of each shared class by each; ``facts`` by speaker."""
    found = manifest(
        *(
            clip(f"{who:03d}-{label}-{take}", f"{who:03d}", label, **{fact: of(who) for fact, of in facts.items()})
            for who in range(count)
            for label in SHARED_CLASSES
            for take in range(takes)
        )
    )
    return replace(found, dataset=name)


SOURCE = speaking(5, name="other")


def divided(target):
    """Return every step and split of a corpus called toy, with one source."""
    manifests = {"other": SOURCE, "toy": target}
    return {step.speakers: Adapt().divide(step, {}, manifests) for step in steps("toy", manifests)}


def said_by(whole, ids, target):
    return {whole.by_id[uid].speaker for uid in ids if uid.startswith(f"{target}/")}


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Return the manifests of the small corpora, whole, read by the shared map."""
    folder = tmp_path_factory.mktemp("corpora")
    for name in SMALL:
        write_empty(folder / name, NAMES[name]())
    return {name: DATASETS[name](labels=SHARED_MAP).manifest(folder / name) for name in SMALL}


@pytest.fixture(scope="module", params=SMALL)
def target(request, corpora):
    """Return a target, everything joined, and its splits by the number of speakers."""
    name = request.param
    whole = unite("whole", list(corpora.values()))
    return name, whole, {step.speakers: Adapt().divide(step, {}, corpora) for step in steps(name, corpora)}


def test_percentages_come_to_speakers_and_those_that_come_to_as_many_are_one(target, corpora):
    name = target[0]
    expected = {}
    for per_cent in PERCENTAGES:
        expected.setdefault(COUNTS[name][per_cent], []).append(per_cent)
    found = steps(name, corpora)
    assert {step.speakers: list(step.percentages) for step in found} == expected
    assert {step.of for step in found} == {len(corpora[name].speakers)}
    assert {step.trained_on for step in found} == {tuple(sorted(set(SMALL) - {name}))}


def test_every_fold_passes_the_check_for_leaks(target):
    _, whole, splits = target
    for split in splits.values():
        for fold in split.folds:
            check_fold(whole, split, fold, {each.id: each.id for each in whole.utterances})


def test_every_clip_of_the_target_is_tested_once_at_every_percentage(target):
    name, whole, splits = target
    clips = [uid for uid in whole.by_id if uid.startswith(f"{name}/")]
    for split in splits.values():
        assert sorted(uid for fold in split.folds for uid in fold.test) == clips


def test_the_same_fold_tests_the_same_clips_whoever_is_adapted_to(target):
    splits = [split for speakers, split in target[2].items() if speakers]
    assert len({tuple((fold.name, fold.test) for fold in split.folds) for split in splits}) == 1


def test_who_is_adapted_to_is_nested_and_as_many_as_said(target):
    name, whole, splits = target
    for place in range(2):
        heard = [
            said_by(whole, split.folds[place].train + split.folds[place].dev, name)
            for speakers, split in sorted(splits.items())
            if speakers
        ]
        assert [len(each) for each in heard] == [speakers for speakers in sorted(splits) if speakers]
        assert all(fewer < more for fewer, more in pairwise(heard))


def test_all_of_the_sources_is_trained_on_and_dev_is_of_the_target(target):
    name, whole, splits = target
    sources = {uid for uid in whole.by_id if not uid.startswith(f"{name}/")}
    for speakers, split in splits.items():
        for fold in split.folds if speakers else ():
            assert {uid for uid in fold.train if uid in sources} == sources
            assert not sources & set(fold.dev)


def test_dev_has_a_speaker_of_its_own_where_three_are_adapted_to(target):
    name, whole, splits = target
    for speakers, split in splits.items():
        assert split.dev_shares_speakers == (speakers in (1, 2))
        for fold in split.folds if speakers else ():
            trained, chosen = said_by(whole, fold.train, name), said_by(whole, fold.dev, name)
            assert trained
            if speakers < 3:
                assert chosen == trained
            else:
                assert len(chosen) == max(1, round(speakers / 5))
                assert not chosen & trained


def test_dev_of_few_speakers_has_a_fifth_of_each_class():
    fold = divided(speaking(10))[1].folds[0]
    assert Counter(uid.split("-")[1] for uid in fold.dev) == dict.fromkeys(SHARED_CLASSES, 1)


def test_with_nobody_adapted_to_it_is_the_crossing(target, corpora):
    name, _, splits = target
    sources = tuple(sorted(set(SMALL) - {name}))
    crossed = CrossCorpus().divide(Crossing(sources, name), {}, corpora)
    assert splits[0].folds == crossed.folds


def test_men_and_women_are_dealt_evenly(corpora):
    for name, sexes in (("emodb", 5), ("emovo", 3), ("ravdess", 12)):
        sex = {each.speaker: each.sex for each in corpora[name].utterances}
        halves = halves_of(corpora[name])
        assert sorted(sum(halves, ())) == list(corpora[name].speakers)
        assert len(halves[0]) == len(halves[1])
        women = [sum(sex[speaker] == "f" for speaker in half) for half in halves]
        assert sum(women) == sexes
        assert abs(women[0] - women[1]) <= 1
        assert {sex[half[0]] for half in halves} == {"f", "m"}, "the first of the two halves are not alike"


def test_who_shares_a_session_is_on_one_side():
    pairs = speaking(8, session=lambda who: f"session-{who // 2}", sex=lambda who: "fm"[who % 2])
    for half in halves_of(pairs):
        assert len(half) == 2 * len({int(speaker) // 2 for speaker in half}) == 4


@pytest.mark.parametrize("count", [2, 3, 5, 7, 9, 11])
def test_an_odd_speaker_is_tested_and_both_folds_adapt_to_as_many(count):
    splits = divided(speaking(count))
    assert max(splits) == count // 2
    for speakers, split in splits.items():
        heard = [{uid.split("/")[1][:3] for uid in fold.train + fold.dev if uid[:3] == "toy"} for fold in split.folds]
        assert {len(each) for each in heard} == {speakers}
        assert len({uid for fold in split.folds for uid in fold.test}) == count * 20


@pytest.mark.parametrize(
    ("facts", "count"), [({}, 1), ({"session": lambda who: "one"}, 4)], ids=["one-speaker", "one-session"]
)
def test_speakers_who_make_no_two_halves_are_refused(facts, count):
    alone = speaking(count, **facts)
    with pytest.raises(ProtocolError, match=f"toy: its {count} speakers cannot be dealt into two halves, expected two"):
        halves_of(alone)
    found, refused = Adapt().crossings({"toy": alone, "other": SOURCE})
    assert {step.tested_on for step in found} == {"other"}
    assert list(refused) == ["toy"]


def test_the_rule_looks_at_no_order_and_no_other_corpus():
    target = speaking(10)
    shuffled = replace(target, utterances=tuple(replace(each) for each in target.utterances))
    assert halves_of(target) == halves_of(shuffled)
    one = steps("toy", {"toy": target, "other": SOURCE})
    more = steps("toy", {"toy": target, "other": SOURCE, "third": replace(SOURCE, dataset="third")})
    assert [each.speakers for each in one] == [each.speakers for each in more]


def test_each_is_the_target_in_turn_unless_one_is_named(corpora):
    found, refused = Adapt().crossings(corpora)
    assert not refused
    assert list(dict.fromkeys(step.tested_on for step in found)) == sorted(SMALL)
    (named, _) = Adapt(target="emovo").crossings(corpora)
    assert {step.tested_on for step in named} == {"emovo"}
    with pytest.raises(UnknownNameError, match=r"'emodbb', expected one of .*did you mean 'emodb'"):
        Adapt(target="emodbb").crossings(corpora)


def test_what_the_corpora_do_not_come_to_is_refused(corpora):
    step = steps("emodb", corpora)[1]
    for wrong in (replace(step, speakers=3), replace(step, of=9), replace(step, percentages=(5,))):
        with pytest.raises(ProtocolError, match="the corpora at hand do not come to it under protocol adapt"):
            Adapt().divide(wrong, {}, corpora)
    with pytest.raises(ProtocolError, match="do not come to it"):
        Adapt().divide(Crossing(step.trained_on, step.tested_on), {}, corpora)


def test_names_and_notes_say_who_is_adapted_to(corpora):
    step = steps("emodb", corpora)[1]
    assert step.name == "emovo+ravdess+savee-to-emodb-1-of-10"
    assert step.training == "emovo, ravdess, savee and 1 of 10 speakers of emodb"
    assert steps("emodb", corpora)[0].training == "emovo, ravdess, savee"
    first, second = halves_of(corpora["emodb"])
    (note,) = Adapt().divide(step, {}, corpora).notes
    assert note == (
        "adapted to 1 of 10 speakers of emodb (5 % and 10 % of its speakers come to as many): to "
        f"{second[0]} in half-1, to {first[0]} in half-2"
    )


def test_a_note_names_a_few_of_many():
    (note,) = divided(speaking(40))[20].notes
    assert note.count(" and 12 more") == 2


@pytest.mark.parametrize("part", ["train", "dev"])
def test_a_target_speaker_on_both_sides_is_a_leak(part):
    target = speaking(10)
    whole = unite("whole", [target, SOURCE])
    audio = {each.id: each.id for each in whole.utterances}
    for split in (split for speakers, split in divided(target).items() if speakers):
        fold = split.folds[0]
        moved = fold.test[0]
        assert moved.startswith("toy/")
        sides = {"test": tuple(sorted({*fold.test} - {moved})), part: tuple(sorted({*getattr(fold, part), moved}))}
        with pytest.raises(LeakError, match=rf"test and {part} share 1 speaker, expected none: speaker 'toy/0"):
            check_fold(whole, split, replace(fold, **sides), audio)


def test_a_recording_on_both_sides_is_a_leak_whoever_speaks():
    target = speaking(10)
    whole = unite("whole", [target, SOURCE])
    split = divided(target)[2]
    fold = split.folds[1]
    adapted = next(uid for uid in fold.train if uid.startswith("toy/"))
    audio = {each.id: each.id for each in whole.utterances} | {fold.test[0]: "same", adapted: "same"}
    with pytest.raises(LeakError, match="fold half-2: test and train share 1 recording"):
        check_fold(whole, split, fold, audio)


def test_golden_digests_of_the_small_corpora(corpora):
    protocol = Adapt()
    found, _ = protocol.crossings(corpora)
    digests = {step.name: protocol.divide(step, {}, corpora).digest for step in found}
    golden = json.loads((GOLDEN / "adaptations.json").read_text())
    assert golden == {"version": protocol.version, **digests}, "the folds changed: raise the protocol's version"
