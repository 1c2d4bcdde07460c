from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from serbench.api import FeatureCard, FeatureExtractor
from serbench.cli.app import app
from serbench.features.cache import FeatureCache


class Energy(FeatureExtractor):
    card = FeatureCard(name="energy", version="1", summary="level", sample_rate=8000, output="vector")

    def __init__(self, *, floor: float = 0.0) -> None:
        self.floor = floor


class Pitch(FeatureExtractor):
    card = FeatureCard(name="pitch-mean", version="1", summary="pitch", sample_rate=8000, output="vector")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return a cache with three rows of ``energy``, two of it with another argument, and one of ``pitch-mean``."""
    monkeypatch.setenv("SERBENCH_CACHE", str(tmp_path / "cache"))
    cache = FeatureCache(tmp_path / "cache")
    for extractor, n in ((Energy(), 3), (Energy(floor=1.0), 2), (Pitch(), 1)):
        cache.rows(extractor).add([f"clip{i}" for i in range(n)], [np.zeros(4, np.float32)] * n)
    return cache


def rows(serbench):
    return [(each["name"], each["rows"]) for each in json.loads(serbench("cache", "info", "--json").stdout)["features"]]


def test_info_of_an_empty_cache(serbench, tmp_path, monkeypatch):
    monkeypatch.setenv("SERBENCH_CACHE", str(tmp_path / "none"))
    assert rows(serbench) == []
    assert serbench("cache", "info").stdout.split() == ["cache", *str(tmp_path / "none").split(), "features", "0", "B"]


def test_info_names_features_with_their_arguments(serbench, cache):
    facts = json.loads(serbench("cache", "info", "--json").stdout)
    assert sorted(rows(serbench)) == [("energy", 2), ("energy", 3), ("pitch-mean", 1)]
    assert facts["cache"] == str(cache.folder.parent)
    assert {each["identity"]["params"].get("floor") for each in facts["features"]} == {1.0, None}
    text = serbench("cache", "info").stdout
    assert all(each["folder"].rpartition("/")[2] in text for each in facts["features"])


def test_prune_of_a_name_leaves_the_others(serbench, cache):
    result = serbench("cache", "prune", "energy", "--yes")
    assert (result.exit_code, result.stdout.split(",")[0]) == (0, "removed 5 rows")
    assert rows(serbench) == [("pitch-mean", 1)]


def test_prune_without_a_name_removes_all(serbench, cache):
    assert json.loads(serbench("cache", "prune", "--yes", "--json").stdout)["rows"] == 6
    assert rows(serbench) == []


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("n\n", 3), ("", 3)])
def test_prune_asks(serbench, cache, answer, left):
    result = CliRunner().invoke(app, ["cache", "prune"], input=answer)
    assert result.exit_code == (0 if left == 0 else 1)
    assert "remove 6 rows" in result.stderr
    assert len(rows(serbench)) == left


def test_prune_of_an_unknown_name_names_the_near_match(serbench, cache):
    result = serbench("cache", "prune", "enrgy", "--yes")
    assert result.exit_code == 2
    assert "unknown feature in the cache 'enrgy', expected one of ['energy', 'pitch-mean']" in result.stderr
    assert len(rows(serbench)) == 3


def test_nothing_to_prune_is_no_question(serbench, tmp_path, monkeypatch):
    monkeypatch.setenv("SERBENCH_CACHE", str(tmp_path / "none"))
    assert serbench("cache", "prune").stdout == "removed 0 rows, 0 B\n"


def test_verify_of_a_whole_cache_is_one_line(serbench, cache):
    result = serbench("cache", "verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("all is intact: 6 rows, ")
    assert len(result.stdout.splitlines()) == 1
    assert json.loads(serbench("cache", "verify", "--json").stdout) == {"rows": 6, "damaged": [], "left_over": []}


def test_verify_counts_what_is_left_over(serbench, cache):
    next(cache.folder.rglob("shard-*.json")).unlink()
    result = serbench("cache", "verify")
    assert result.exit_code == 0
    assert "1 files are left over from something interrupted" in result.stdout


@pytest.mark.parametrize("number", [1, 2])
def test_verify_names_damage_and_ends_with_its_code(serbench, cache, number):
    broken = sorted(cache.folder.rglob("shard-*.npy"))[:number]
    for path in broken:
        path.write_bytes(path.read_bytes()[:-1] + b"\1")
    result = serbench("cache", "verify")
    assert (result.exit_code, result.stdout) == (6, "")
    assert len(result.stderr.splitlines()) == 1
    assert broken[0].name in result.stderr
    assert ("and 1 more" in result.stderr) == (number == 2)
    as_json = serbench("cache", "verify", "--json")
    assert as_json.exit_code == 6
    assert [path.name in text for path, text in zip(broken, json.loads(as_json.stdout)["damaged"], strict=True)] == [
        True
    ] * number
