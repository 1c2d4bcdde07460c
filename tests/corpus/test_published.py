"""Published counts: what is a deviation, what makes a part of a corpus, and which release lies there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from serbench.corpus.dataset import DatasetCard
from serbench.corpus.manifest import LabelMap, Manifest, Utterance
from serbench.corpus.published import Release
from serbench.errors import PluginError
from tests.sample_trees import DATASETS, NAMES, emodb_names, write_empty

WHOLE = sorted(set(NAMES) - {"synth"})


def manifest_with(clips, *, release, classes=None, speakers=10, dropped=None, dropped_speakers=()):
    labels = classes or {label: label for label in clips}
    utterances = [
        Utterance(id=f"{label}-{number:04d}", path="a.wav", speaker=f"s{number % speakers}", label=labels[label])
        for label, there in clips.items()
        for number in range(there)
    ]
    return Manifest(
        *("toy", "1", Path(), LabelMap("toy", "1", labels), tuple(sorted(utterances, key=lambda each: each.id))),
        dropped=dropped or {},
        dropped_speakers=dropped_speakers,
        release=release,
    )


PUBLISHED = Release(name="", clips={"angry": 100, "calm": 1000, "sad": 20}, speakers=10)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({}, None),
        ({"angry": 98, "calm": 980, "sad": 19}, None),
        ({"angry": 102, "calm": 1020, "sad": 21}, None),
        ({"angry": 97}, "angry 97 of 100 clips"),
        ({"calm": 979}, "calm 979 of 1000 clips"),
        ({"calm": 1021}, "calm 1021 of 1000 clips"),
        ({"sad": 18}, "sad 18 of 20 clips"),
        ({"angry": 0, "sad": 0}, "angry 0 of 100 clips, sad 0 of 20 clips"),
    ],
)
def test_a_class_may_be_off_by_two_per_cent_and_by_one_clip(found, said):
    part = manifest_with({**PUBLISHED.clips, **found}, release=PUBLISHED).part

    assert part == (said and f"part of the corpus: {said} (2 % are tolerated)")


@pytest.mark.parametrize(("speakers", "said"), [(10, None), (9, "9 of 10 speakers"), (11, "11 of 10 speakers")])
def test_no_speaker_of_ten_may_be_missing(speakers, said):
    part = manifest_with(PUBLISHED.clips, release=PUBLISHED, speakers=speakers).part

    assert part == (said and f"part of the corpus: {said} (2 % are tolerated)")


def test_one_speaker_of_ninety_may_be_missing():
    release = Release(name="", clips=None, speakers=91)

    assert [manifest_with({"calm": 900}, release=release, speakers=n).part is None for n in (91, 90, 89)] == [1, 1, 0]


@pytest.mark.parametrize(("tolerance", "is_part"), [(0.0, True), (0.02, True), (0.05, False)])
def test_the_tolerance_is_the_releases(tolerance, is_part):
    release = replace(PUBLISHED, tolerance=tolerance)

    assert bool(manifest_with({**PUBLISHED.clips, "calm": 960}, release=release).part) == is_part


def test_classes_are_held_to_the_words_that_count_as_them_and_to_no_others():
    classes = {"angry": "loud", "calm": "quiet"}
    asked = {"angry": 100, "calm": 1000}
    whole = manifest_with(asked, release=PUBLISHED, classes=classes, dropped={"sad": 3})
    joined = manifest_with({"angry": 60, "calm": 1000}, release=PUBLISHED, classes=dict.fromkeys(asked, "all"))

    assert whole.part is None
    assert joined.part == "part of the corpus: all 1060 of 1100 clips (2 % are tolerated)"


def test_a_speaker_whose_clips_are_left_out_by_the_map_is_there():
    clips = {"angry": 100, "calm": 1000, "sad": 20}

    assert manifest_with(clips, release=PUBLISHED, speakers=9, dropped_speakers=("s9",)).part is None


@pytest.mark.parametrize(("dropped", "is_part"), [(0, True), (200, False)])
def test_where_only_all_clips_are_known_those_left_out_by_the_map_count(dropped, is_part):
    manifest = manifest_with({"calm": 800}, release=Release(name="", clips=1000), dropped={"sad": dropped})

    assert bool(manifest.part) == is_part


def test_without_published_numbers_nothing_is_a_part():
    assert manifest_with({"calm": 1}, release=None).part is None
    assert manifest_with({"calm": 1}, release=Release(name="", clips=None)).part is None


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_corpus_is_no_part_and_two_of_its_classes_are(name, tmp_path):
    write_empty(tmp_path / "whole", NAMES[name]())
    manifest = DATASETS[name]().manifest(tmp_path / "whole")
    assert manifest.part is None
    assert manifest.version == "1"

    kept = manifest.labels[:2]
    write_empty(tmp_path / "part", [each.path for each in manifest.utterances if each.label in kept])
    part = DATASETS[name]().manifest(tmp_path / "part").part
    assert all(
        f"{label} 0 of {count} clips" in part for label, count in manifest.label_counts.items() if label not in kept
    )
    assert not any(f"{label} " in part.partition(": ")[2] for label in kept)


@pytest.mark.parametrize("maps", ["emodb-7", "shared4"])
def test_the_other_release_of_emodb_is_named_and_whole(tmp_path, maps):
    takes = {f"{name[:-5]}z.wav" for name in emodb_names()}
    write_empty(tmp_path, [*emodb_names(), *sorted(takes)[:281]])
    manifest = DATASETS["emodb"](labels=maps).manifest(tmp_path)

    assert len(manifest) + sum(manifest.dropped.values()) == 816
    assert (manifest.version, manifest.part, manifest.deviations) == ("1 (release 2.0)", None, ())


@pytest.mark.parametrize(("clips", "release"), [(535, ""), (300, ""), (675, ""), (676, "2.0"), (900, "2.0")])
def test_what_lies_there_is_held_to_the_nearest_release(clips, release):
    assert DATASETS["emodb"].card.release_of(clips).name == release


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"releases": {"2": {"calm": 1}}}, "in release 2"),
        ({"tolerance": 1.0}, "tolerance"),
        ({"tolerance": -0.1}, "-0.1"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(change, said):
    from types import SimpleNamespace

    from serbench.testing.datasets import check_card

    card = replace(DATASETS["emodb"].card, **change)
    assert isinstance(card, DatasetCard)
    with pytest.raises(PluginError, match=said):
        check_card(SimpleNamespace(card=card, part=type("Part", (DATASETS["emodb"],), {"card": card})))
