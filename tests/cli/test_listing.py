from __future__ import annotations

import json

import pytest

TOPICS = ["datasets", "features", "augmentations", "models", "metrics", "protocols", "plugins"]


def rows(result):
    return {row.split()[0]: row for row in result.stdout.splitlines()[1:] if not row.startswith(" ")}


@pytest.mark.parametrize("topic", TOPICS)
def test_a_listing_fits_80_columns(serbench, toys, topic):
    result = serbench("list", topic)
    assert result.exit_code == 0
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize("topic", TOPICS)
def test_a_listing_as_json_holds_the_same_names(serbench, toys, topic):
    found = json.loads(serbench("list", topic, "--json").stdout)
    key = "plugin" if topic == "plugins" else "name"
    assert [each[key] for each in found] == list(rows(serbench("list", topic)))


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("datasets", {"name": "mine", "version": "3", "clips": {"angry": 4, "calm": 4}, "licence": "in-house"}),
        ("features", {"name": "energy", "output": "vector", "sample_rate": 8000}),
        ("augmentations", {"name": "louder", "summary": "gain"}),
        ("models", {"name": "guess", "version": "2", "features": ["energy"], "seeded": True}),
        ("metrics", {"name": "half", "better": "higher", "highest": None}),
    ],
)
def test_json_holds_the_whole_card_and_who_offers_it(serbench, toys, topic, expected):
    found = {each["name"]: each for each in json.loads(serbench("list", topic, "--json").stdout)}
    mine = found[expected["name"]]
    assert {key: mine[key] for key in expected} == expected
    assert mine["kind"] == topic.removesuffix("s")
    assert mine["provider"]["distribution"] == ("my-corpus" if topic == "datasets" else "my-parts")
    assert mine["provider"]["version"] == "1.0"


def test_a_stranger_is_named_beside_what_it_offers(serbench, toys):
    assert rows(serbench("list", "models"))["guess"].endswith("my-parts")


def test_protocols_need_no_plugin(serbench, monkeypatch):
    monkeypatch.setenv("SERBENCH_PLUGINS", "not-installed")
    assert rows(serbench("list", "protocols"))["si"].split()[1] == "yes"


def test_a_broken_plugin_changes_a_line_of_the_plugins_and_nothing_else(serbench, toys, install):
    before = serbench("list", "models")
    install("broken_pack", "raise OSError('no\\nlicence')")
    after = serbench("list", "models")
    assert (before.stdout, before.exit_code) == (after.stdout, after.exit_code)
    assert "'broken_pack'" in after.stderr
    assert "see serbench list plugins" in after.stderr
    (mine,) = (
        each
        for each in json.loads(serbench("list", "plugins", "--json").stdout)
        if each["distribution"] == "broken-pack"
    )
    assert (mine["plugin"], mine["error"], mine["offers"]) == ("broken_pack", "OSError: no licence", {})


def test_plugins_say_what_they_offer(serbench, toys):
    found = rows(serbench("list", "plugins"))
    assert found["my_corpus"].split(maxsplit=3) == ["my_corpus", "my-corpus", "1.0", "1 dataset"]
    (mine,) = (
        each for each in json.loads(serbench("list", "plugins", "--json").stdout) if each["plugin"] == "my_parts"
    )
    assert mine["offers"]["model"] == ["guess"]


def test_a_name_that_two_offer_is_listed_with_both(serbench, toys, install):
    source = "from serbench.api import hookimpl\nfrom my_parts import Guess\n@hookimpl\ndef serbench_models():\n"
    install("rival", source + "    yield Guess\n")
    result = serbench("list", "models")
    assert result.exit_code == 0
    guesses = [each for each in json.loads(serbench("list", "models", "--json").stdout) if each["name"] == "guess"]
    assert [each["provider"]["distribution"] for each in guesses] == ["my-parts", "rival"]
    shown = serbench("show", "guess")
    assert shown.exit_code == 5
    assert "offered by my-parts 1.0 (plugin 'my_parts') and by rival 1.0 (plugin 'rival')" in shown.stderr


@pytest.mark.parametrize("verb", [("list", "models"), ("show", "humpcat")])
def test_a_feature_with_arguments_of_its_own_is_said_in_words(serbench, verb):
    found = json.loads(serbench(*verb, "--json").stdout)
    card = found if isinstance(found, dict) else {each["name"]: each for each in found}["humpcat"]
    words = "mfcc-40ms = mfcc[hop_length=320,n_fft=1024,win_length=640]"
    assert card["features"] == ["encoder-frames", words, "prosody"]
    assert serbench(*verb).exit_code == 0
