"""The folder of EmoBox's folds, by option and by variable."""

from __future__ import annotations

import json

import pytest

from tests.protocol.test_emobox_lists import write_list
from tests.sample_trees import synth_names

PLAN = ("plan", "--model", "majority", "--no-floors", "--dataset", "synth", "--protocol", "emobox", "--json")
SMALL = ("--set", "synth.speakers=3", "--set", "synth.sentences=1", "--set", "synth.takes=1")


@pytest.fixture
def lists(tmp_path):
    """Return a folder with one fold of a small synth: the first speaker is tested."""
    ids = [name.removesuffix(".wav") for name in synth_names(speakers=3, sentences=1, takes=1)]
    for part, test in (("train", False), ("test", True)):
        names = " ".join(uid for uid in ids if uid.startswith("s01") == test)
        write_list(tmp_path / "data" / "synth" / "fold_1" / f"synth_{part}_fold_1.jsonl", names)
    return tmp_path


def test_the_folder_comes_from_the_option_or_the_variable(serbench, lists, monkeypatch):
    by_option = serbench(*PLAN, *SMALL, "--emobox", lists / "data", "--out", lists / "runs")
    monkeypatch.setenv("SERBENCH_EMOBOX", str(lists))
    by_variable = serbench(*PLAN, *SMALL, "--out", lists / "runs")

    assert by_option.exit_code == by_variable.exit_code == 0
    cells = json.loads(by_option.stdout)["cells"]
    assert [cell["name"] for cell in cells] == ["synth/emobox/fold_1/seed0/majority"]
    assert cells == json.loads(by_variable.stdout)["cells"]


def test_the_option_is_another_way_to_write_a_setting(serbench, lists):
    by_option = serbench(*PLAN, *SMALL, "--emobox", lists / "data", "--out", lists / "runs")
    by_setting = serbench(*PLAN, *SMALL, "--set", f"emobox.folder={lists}", "--out", lists / "runs")
    assert by_setting.exit_code == 0
    assert json.loads(by_setting.stdout)["cells"] == json.loads(by_option.stdout)["cells"]


def test_a_setting_goes_before_the_variable(serbench, lists, tmp_path, monkeypatch):
    monkeypatch.setenv("SERBENCH_EMOBOX", str(tmp_path / "nowhere"))
    result = serbench(*PLAN, *SMALL, "--set", f"emobox.folder={lists}", "--out", lists / "runs")
    assert result.exit_code == 0


def test_a_setting_that_the_protocol_does_not_take_is_refused(serbench, tmp_path):
    result = serbench(*PLAN, *SMALL, "--set", "emobox.foldr=lists", "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert "unknown argument of emobox 'foldr'" in result.stderr
    assert "did you mean 'folder'?" in result.stderr


def test_without_a_folder_the_message_says_how_to_name_one(serbench, tmp_path):
    result = serbench(*PLAN, *SMALL, "--out", tmp_path / "runs")
    assert result.exit_code == 2
    assert "name it with --emobox FOLDER or SERBENCH_EMOBOX" in result.stderr


def test_a_folder_without_folds_is_no_corpus(serbench, tmp_path):
    result = serbench(*PLAN, *SMALL, "--emobox", tmp_path, "--out", tmp_path / "runs")
    assert result.exit_code == 3
    assert "holds no folds of EmoBox" in result.stderr
