"""The reader of EmoBox's folds: its own layout, its own spellings, and what is missing."""

from __future__ import annotations

import json

import pytest

from serbench.corpus.manifest import Utterance
from serbench.errors import DatasetMissingError, FormatError, ProtocolError, UnknownNameError
from serbench.protocol.emobox_lists import emobox_corpora, match_emobox, read_emobox
from tests.protocol.corpora import clip, manifest

CORPUS = manifest(
    *(
        clip(f"{speaker}-{label}-{take}", speaker, label)
        for speaker in "ab"
        for label in ("calm", "rage")
        for take in "12"
    )
)
LISTS = {"train": "a-calm-1 a-calm-2 a-rage-1 a-rage-2", "test": "b-calm-1 b-calm-2 b-rage-1 b-rage-2"}
WORDS = {"c": "Calm", "R": "Angry"}


def write_list(path, names, **words):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (
        {"key": name, "dataset": "toy", "wav": f"downloads/toy/{name}.wav", "emo": words.get(name, name[2])}
        for name in names.split()
    )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_fold(folder, number=1, *, name="toy", words=None, **lists):
    for part, names in lists.items():
        write_list(folder / name / f"fold_{number}" / f"{name}_{part}_fold_{number}.jsonl", names, **(words or {}))
    (folder / name / "label_map.json").write_text(json.dumps(WORDS))
    return folder


def stated(folder, corpus=CORPUS):
    return match_emobox(read_emobox(folder, "toy"), corpus)


def test_folds_come_as_they_are_stated(tmp_path):
    write_fold(tmp_path, 10, **LISTS)
    write_fold(tmp_path, 2, train=LISTS["test"], test="a-rage-1", valid="a-calm-1")
    found = stated(tmp_path)

    assert [fold.name for fold in found.folds] == ["fold_2", "fold_10"]
    assert [(fold.train, fold.dev, fold.test) for fold in found.folds] == [
        (tuple(LISTS["test"].split()), ("a-calm-1",), ("a-rage-1",)),
        (tuple(LISTS["train"].split()), (), tuple(LISTS["test"].split())),
    ]
    assert found.notes == ()


def test_the_folder_above_will_do(tmp_path):
    write_fold(tmp_path / "data", **LISTS)
    assert emobox_corpora(tmp_path) == emobox_corpora(tmp_path / "data") == ("toy",)
    assert stated(tmp_path) == stated(tmp_path / "data")


def test_words_are_those_of_its_map_whatever_their_case(tmp_path):
    (fold,) = read_emobox(write_fold(tmp_path, **LISTS, words={"a-calm-2": "C", "a-rage-2": "?"}), "toy")
    assert [each.label for each in fold.train] == ["Calm", "Calm", "Angry", "?"]


def test_words_stay_as_they_are_without_a_map(tmp_path):
    write_fold(tmp_path, **LISTS)
    (tmp_path / "toy" / "label_map.json").unlink()
    assert {each.label for each in read_emobox(tmp_path, "toy")[0].test} == {"c", "r"}
    assert stated(tmp_path).disagreeing == {}


def test_another_label_is_named(tmp_path):
    found = stated(write_fold(tmp_path, **LISTS, words={"b-calm-2": "r"}))
    assert found.disagreeing == {"b-calm-2": "Angry"}
    assert found.notes == ("labelled otherwise by EmoBox, where the corpus's label is taken: 1 clip (b-calm-2)",)


def test_clips_that_one_side_lacks_are_named(tmp_path):
    found = stated(write_fold(tmp_path, train=LISTS["train"] + " z-calm-1 z-rage-1", test="b-calm-1 b-rage-1 b-rage-2"))
    assert (found.unknown, found.unlisted) == (("z-calm-1", "z-rage-1"), ("b-calm-2",))
    assert found.notes == (
        "in EmoBox's lists, not in the corpus, and left out: 2 clips (z-calm-1)",
        "in the corpus, not in EmoBox's lists, and left out: 1 clip (b-calm-2)",
    )


def test_a_list_of_strangers_is_refused(tmp_path):
    write_fold(tmp_path, train=LISTS["train"], test="z-calm-1")
    with pytest.raises(ProtocolError, match=r"no clip of EmoBox's test list of fold_1 is in the corpus \('z-calm-1'"):
        stated(tmp_path)


def test_a_name_that_repeats_is_told_by_its_folder(tmp_path):
    """As in MELD, whose parts number their clips alike."""
    corpus = manifest(
        *(
            Utterance(id=f"{part}_{n}", path=f"{part}/{n}.wav", speaker="a", label="calm")
            for part in ("one", "two")
            for n in (1, 2)
        )
    )
    for part, place in (("train", "one"), ("test", "two")):
        path = tmp_path / "toy" / "fold_1" / f"toy_{part}_fold_1.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f'{{"wav": "downloads/toy/{place}/{n}.mp4", "emo": "c"}}\n' for n in (1, 2)))
    (fold,) = stated(tmp_path, corpus).folds
    assert (fold.train, fold.test) == (("one_1", "one_2"), ("two_1", "two_2"))


@pytest.mark.parametrize("line", ["{", "[1]", '{"wav": "a.wav"}', "3"])
def test_a_damaged_line_is_named(tmp_path, line):
    path = write_fold(tmp_path, **LISTS) / "toy" / "fold_1" / "toy_test_fold_1.jsonl"
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(FormatError, match=r"toy_test_fold_1.jsonl:5 is .*, expected a JSON object with wav and emo"):
        read_emobox(tmp_path, "toy")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_map_is_named(tmp_path, text):
    (write_fold(tmp_path, **LISTS) / "toy" / "label_map.json").write_text(text)
    with pytest.raises(FormatError, match=r"label_map\.json"):
        read_emobox(tmp_path, "toy")


def test_a_missing_list_is_named(tmp_path):
    (write_fold(tmp_path, **LISTS) / "toy" / "fold_1" / "toy_train_fold_1.jsonl").unlink()
    with pytest.raises(FormatError, match=r"toy_train_fold_1\.jsonl cannot be read"):
        read_emobox(tmp_path, "toy")


def test_a_folder_without_folds_is_refused(tmp_path):
    with pytest.raises(DatasetMissingError, match="holds no folds of EmoBox"):
        emobox_corpora(tmp_path)


def test_an_unknown_corpus_is_refused_with_the_known(tmp_path):
    with pytest.raises(UnknownNameError, match=r"unknown corpus of EmoBox 'tooy', .*did you mean 'toy'"):
        read_emobox(write_fold(tmp_path, **LISTS), "tooy")
