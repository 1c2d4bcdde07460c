"""Results and cards in the words of others, read by others where they have a reader."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import eval_results_to_model_index

from serbench.board.export import REQUIRED, croissant, model_index, to_yaml
from serbench.errors import UnknownNameError
from serbench.plugin.registry import load_registry
from serbench.results.summary import summarise

DATASETS = load_registry(only=()).datasets


def card_of(facts):
    """Return a model card with the block, as Hugging Face's own parser reads it."""
    return ModelCard(f"---\n{to_yaml(facts)}license: apache-2.0\n---\n# A model\n").data


def test_hugging_faces_parser_reads_every_figure(full):
    rows = summarise(full)
    found = card_of(model_index(rows, "good"))
    assert found.model_name == "good"
    (uar,) = (each for each in found.eval_results if (each.dataset_type, each.metric_type) == ("emodb", "recall"))
    (row,) = (each for each in rows if (each.label, each.dataset.name) == ("good", "emodb") and each.standing.ranked)
    assert uar.metric_value == row.uar.value
    assert uar.metric_args["interval_95_over_speakers"] == [row.interval.low, row.interval.high]
    assert (uar.task_type, uar.dataset_config, uar.dataset_split) == ("audio-classification", "si, emodb-3", "test")
    assert (uar.dataset_revision, uar.metric_args["seeds"], uar.metric_args["folds"]) == (row.task, 2, 3)


def test_hugging_faces_writer_gives_the_block_back(full):
    facts = model_index(summarise(full), "good")
    found = card_of(facts)
    assert eval_results_to_model_index(found.model_name, found.eval_results) == facts["model-index"]


def test_two_tasks_of_one_dataset_stay_two(store, cells):
    for words in ("toy-3", "shared4"):
        names = {"name": "toy", "version": "1", "label_map": {"name": words, "version": "1"}, "manifest": words}
        cells.add(store, key={"dataset": {**names, "audio": "a1"}})
    facts = model_index(summarise(store), "logreg")
    assert len(eval_results_to_model_index("logreg", card_of(facts).eval_results)[0]["results"]) == 2


def test_leaky_and_incomplete_rows_are_left_out(full):
    rows = summarise(full)
    assert {row.protocol.name for row in rows if row.label == "good"} == {"si", "random"}
    (good,) = model_index(rows, "good")["model-index"]
    assert {each["dataset"]["config"].split(",")[0] for each in good["results"]} == {"si"}
    (slow,) = model_index(rows, "slow")["model-index"]
    assert {each["dataset"]["type"] for each in slow["results"]} == {"emodb", "tess"}


def test_a_figure_that_is_unknown_is_left_out(full):
    row = next(row for row in summarise(full) if row.label == "good" and row.standing.ranked)
    bare = replace(row, interval=replace(row.interval, low=None, high=None, method=None, reason="one speaker"))
    (model,) = model_index([bare], "good")["model-index"]
    assert all("interval_95_over_speakers" not in each["args"] for each in model["results"][0]["metrics"])


def test_an_unknown_row_is_answered_with_near_ones(full):
    with pytest.raises(UnknownNameError, match=r"^unknown row 'god', expected one of .*; did you mean 'good'\?$"):
        model_index(summarise(full), "god")


HOSTILE = ["a: b", "- x", "yes", "1e3", "'\"", "tab\there", "<script>", "\u202eevil", "#no", "ä, 日本", ""]


@pytest.mark.parametrize("text", HOSTILE)
def test_yaml_gives_back_what_it_was_given(text):
    facts = {text: [text, {"nested": [text, 1.5, None, True]}]}
    written = to_yaml(facts)
    assert yaml.safe_load(written) == facts
    assert written.isascii()


@pytest.mark.parametrize("name", DATASETS)
def test_croissant_has_what_its_specification_requires_or_leaves_it_out(name):
    """Croissant 1.0, "Dataset-level Information": properties that are required, and those recommended that we know."""
    card = DATASETS[name].part.card
    facts = croissant(card)
    assert facts["@context"]["@vocab"] == "https://schema.org/"
    assert (facts["@type"], facts["conformsTo"]) == ("sc:Dataset", "http://mlcommons.org/croissant/1.0")
    assert [each for each in REQUIRED if each not in facts and each not in {"creator", "datePublished", "url"}] == [
        "distribution"  # files that nobody may hand out
    ]
    assert all(isinstance(facts[each], str) and facts[each] for each in ("name", "description", "license", "citeAs"))
    assert "version" not in facts  # the card's is the adapter's
    json.dumps(facts, allow_nan=False)


@pytest.mark.parametrize("name", DATASETS)
def test_croissants_labels_are_an_enumeration(name):
    """Croissant 1.0, "RecordSets": unique ids below the set's own; data by the fields' ids; a key among the fields."""
    card = DATASETS[name].part.card
    (labels,) = croissant(card)["recordSet"]
    ids = [field["@id"] for field in labels["field"]]
    assert labels["dataType"] == "sc:Enumeration"
    assert labels["key"]["@id"] in ids
    assert len(set(ids)) == len(ids)
    assert all(field["@type"] == "cr:Field" and field["dataType"].startswith("sc:") for field in labels["field"])
    assert [line["labels/name"] for line in labels["data"]] == list(card.labels)
    assert all(sorted(line) == sorted(ids) for line in labels["data"])
    assert [line.get("labels/clips") for line in labels["data"]] == [
        (card.clips or {}).get(label) for label in card.labels
    ]


@pytest.mark.parametrize(
    ("obtain", "url"),
    [
        ("get it from https://example.org/corpus/.", "https://example.org/corpus/"),
        ("all files of doi:10.5683/SP2/E8H2MF (Borealis)", "https://doi.org/10.5683/SP2/E8H2MF"),
        ("ask the lab", None),
    ],
)
def test_the_address_is_the_one_that_the_card_names(obtain, url):
    assert croissant(replace(DATASETS["emodb"].part.card, obtain=obtain)).get("url") == url
