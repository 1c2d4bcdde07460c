from __future__ import annotations

import json
import os


def test_where_names_the_folder_of_what_is_there_and_the_reason_for_what_is_not(serbench, toys, recordings, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    facts = json.loads(serbench("data", "where", "--data-root", empty, "--data-root", recordings, "--json").stdout)
    assert facts["data_roots"] == [str(empty), str(recordings)]
    found = {each["name"]: each for each in facts["datasets"]}
    assert found["mine"] == {"name": "mine", "folder": str(recordings / "Mine"), "reason": None}
    missing = json.loads(serbench("data", "where", "--data-root", empty, "--json").stdout)["datasets"]
    assert next(each for each in missing if each["name"] == "mine")["reason"].endswith("ask the lab for the disk")


def test_where_reads_the_environment(serbench, toys, recordings, tmp_path, monkeypatch):
    monkeypatch.setenv("SERBENCH_DATA", os.pathsep.join([str(tmp_path), str(recordings)]))
    facts = json.loads(serbench("data", "where", "--json").stdout)
    assert facts["data_roots"] == [str(tmp_path), str(recordings)]


def test_where_says_how_to_name_a_data_root(serbench, toys):
    text = serbench("data", "where").stdout
    assert "name one with --data-root or in SERBENCH_DATA" in text
    assert "no data root" in text


def test_where_generates_nothing(serbench, tmp_path, monkeypatch):
    cache = tmp_path / "cache"
    monkeypatch.setenv("SERBENCH_CACHE", str(cache))
    assert serbench("data", "where").exit_code == 0
    assert not cache.exists()
