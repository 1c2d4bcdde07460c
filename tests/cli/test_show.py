from __future__ import annotations

import json

import pytest


def test_a_dataset_is_shown_with_what_was_found(serbench, toys, recordings):
    result = serbench("show", "mine", "--data-root", recordings, "--json")
    facts = json.loads(result.stdout)
    assert (facts["kind"], facts["version"], facts["licence"]) == ("dataset", "3", "in-house")
    assert facts["obtain"] == "ask the lab for the disk"
    assert facts["missing"] is None
    found = facts["found"]
    assert found["root"] == str(recordings / "Mine")
    assert found["clips"] == 7
    assert found["speakers"] == ["anna", "ben", "cleo", "dan"]
    assert found["clips_per_label"] == {"angry": 4, "calm": 3}
    assert found["deviations"][1] == "clips per label deviate: calm 3 of 4"
    assert found["folds"][0] == {"name": "speaker-anna", "train": 3, "dev": 2, "test": 2}
    assert len(found["folds"]) == 4


def test_a_dataset_is_shown_to_people(serbench, toys, recordings):
    result = serbench("show", "mine", "--data-root", recordings)
    assert result.exit_code == 0
    text = result.stdout
    assert text.startswith("dataset mine, version 3\n")
    for part in ("7 of 4 speakers", "angry 4, calm 3", "7 clips, expected 8", "speaker-dan", "in-house"):
        assert part in text
    assert max(len(row) for row in text.splitlines() if str(recordings) not in row) <= 80


def test_a_dataset_that_is_missing_is_shown_with_how_to_obtain_it(serbench, toys, tmp_path):
    result = serbench("show", "mine", "--data-root", tmp_path, "--json")
    assert result.exit_code == 0
    facts = json.loads(result.stdout)
    assert facts["found"] is None
    assert facts["missing"].endswith("ask the lab for the disk")
    assert "ask the lab for the disk" in " ".join(serbench("show", "mine").stdout.split())


def test_folds_that_cannot_be_made_are_a_reason(serbench, toys, recordings):
    for path in [*recordings.glob("Mine/[bcd]*/*"), *recordings.glob("Mine/[bcd]*")]:
        path.unlink() if path.is_file() else path.rmdir()
    found = json.loads(serbench("show", "mine", "--data-root", recordings, "--json").stdout)["found"]
    assert found["folds"] is None
    assert "too few" in found["folds_reason"]
    assert "too few" in serbench("show", "mine", "--data-root", recordings).stdout


def test_a_model_is_shown_with_its_arguments(serbench, toys):
    facts = json.loads(serbench("show", "guess", "--json").stdout)
    assert facts["arguments"] == {"depth": 3, "mode": "plain", "deep": True}
    assert facts["description"].startswith("Looks at the level alone.")
    text = serbench("show", "guess").stdout
    drawn = [row.split() for row in text.splitlines()]
    assert ["depth", "3", "How"] in [row[:3] for row in drawn]
    assert ["mode", "plain", "How"] in [row[:3] for row in drawn]
    assert ["deep", "true"] in drawn  # as --set takes it
    assert max(map(len, text.splitlines())) <= 80
    assert "How deep it looks" in text
    assert "my-parts 1.0" in text


def test_a_class_that_says_nothing_of_itself_does_not_say_what_its_base_says(serbench, toys):
    assert json.loads(serbench("show", "louder", "--json").stdout)["description"] is None
    assert "An author writes" not in serbench("show", "louder").stdout


@pytest.mark.parametrize(
    ("name", "kind"),
    [("energy", "feature"), ("louder", "augmentation"), ("guess", "model"), ("half", "metric"), ("si", "protocol")],
)
def test_every_kind_can_be_shown(serbench, toys, name, kind):
    assert json.loads(serbench("show", name, "--json").stdout)["kind"] == kind
    text = serbench("show", name).stdout
    assert text.startswith(f"{kind} {name}, version ")
    assert max(map(len, text.splitlines())) <= 80


def test_an_unknown_name_is_answered_with_the_near_match(serbench, toys):
    result = serbench("show", "gues")
    assert result.exit_code == 2
    assert "unknown name 'gues'" in result.stderr
    assert "did you mean 'guess'?" in result.stderr


def test_an_unknown_name_of_a_kind_is_looked_for_in_that_kind(serbench, toys):
    result = serbench("show", "guess", "--kind", "feature")
    assert result.exit_code == 2
    assert "unknown feature 'guess'" in result.stderr


def test_a_name_of_two_kinds_asks_which(serbench, toys, install):
    source = (
        "from serbench.api import FeatureCard, FeatureExtractor, hookimpl\n"
        "class Other(FeatureExtractor):\n"
        "    card = FeatureCard(name='guess', version='1', summary='x', sample_rate=8000, output='vector')\n"
        "@hookimpl\n"
        "def serbench_features():\n"
        "    yield Other\n"
    )
    install("other_pack", source)
    result = serbench("show", "guess")
    assert result.exit_code == 2
    assert "'guess' is the name of a feature and of a model, expected one; add --kind feature" in result.stderr
    assert serbench("show", "guess", "--kind", "model").stdout.startswith("model guess")


def test_a_data_root_that_is_no_folder_is_an_error(serbench, toys, tmp_path):
    result = serbench("show", "mine", "--data-root", tmp_path / "nowhere")
    assert result.exit_code == 2
    assert "nowhere" in result.stderr
