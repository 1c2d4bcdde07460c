"""The scripts that measure: what they do works, and what they conclude follows from the numbers; never how fast."""

from __future__ import annotations

import configparser
import csv
import importlib
import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import sample_trees
from tests.pages import unknown_options

FOLDER = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def _own_random_numbers():
    """Scripts draw as they like; nobody after them does."""
    import torch

    with torch.random.fork_rng():
        yield


@pytest.fixture
def script(monkeypatch):
    """Return a function that imports a script by name."""
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.syspath_prepend(str(FOLDER / "rivals"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return importlib.import_module


@pytest.fixture
def said(script, capsys):
    """Return a function that runs a script in haste and returns its exit code and its facts."""

    def run(name, *words):
        code = script(name).main(["--quick", "--json", *words])
        return code, json.loads(capsys.readouterr().out)

    return run


def test_cells_of_a_gpu_are_stacked_and_come_out_alike(said):
    code, facts = said("gpu", "--part", "stacked")

    assert code == 0
    assert facts["stacked"]["cells"] == 10
    assert set(facts["stacked"]["uar"]) == {"stacked", "one by one"}
    assert facts["stacked"]["times_the_throughput"]["median"] > 0


def test_the_main_job_is_measured_phase_by_phase_and_beside_its_estimate(said):
    code, facts = said("busy", "--rounds", "1")

    assert code == 0
    (found,) = facts["rounds"]
    assert found["cells"] == {"done": 16, "failed": 0}
    assert list(found["phases"]) == ["starting", "training", "timing"]
    assert all(each["user"] > 0 and each["busy"] == each["user"] / each["seconds"] for each in found["phases"].values())
    assert found["seconds"] == sum(each["seconds"] for each in found["phases"].values())
    assert found["estimate"]["features"] == 0
    parts = sum(found["estimate"][name] for name in ("start", "features", "training", "timing"))
    assert found["estimate"]["seconds"] == pytest.approx(parts)


def test_features_and_corpora_of_a_gpu_are_measured(said):
    code, facts = said("gpu", "--part", "features", "--part", "corpora")

    assert code == 0
    assert facts["features"]["clips"] == 20
    assert set(facts["features"]["clips_per_second"]) == {facts["device"], "two cores", "decode only"}
    assert facts["corpora"]["corpora"] == ["synth"]
    assert facts["corpora"]["cells"] == 5


def test_an_epoch_is_compared_with_bare_loops_and_with_the_peak(said):
    code, facts = said("training", "--part", "epoch")
    epoch = facts["epoch"]

    assert code == 0
    assert {"serbench", "bare loop", "DataLoader"} <= set(epoch["seconds"])
    assert (epoch["bf16"]["times_faster"] is None) == bool(epoch["bf16"]["reason"])
    assert epoch["times_the_bare_loop"]["bare loop"]["median"] == 1
    assert all(share > 0 for share in epoch["share_of_peak"].values())


def test_a_step_counts_the_operations_of_forward_and_backward(script):
    import torch

    training = script("training")
    layer = torch.nn.Linear(5, 3)

    # forward 2 n d k, and as much again for the weights' gradient; the input needs none
    assert training._operations(layer, torch.randn(7, 5)) == 2 * 2 * 7 * 5 * 3


def test_bf16_is_measured_where_the_processor_has_it(script, monkeypatch):
    training = script("training")
    monkeypatch.setattr(training.Path, "is_file", lambda self: True)
    for flags, known in (("fma avx512_bf16", True), ("fma avx2", False)):
        monkeypatch.setattr(training.Path, "read_text", lambda self, flags=flags: f"flags : {flags}\n")
        assert (training.bf16_reason() is None) == known


def test_every_stage_is_measured_by_recordings_and_by_name(script):
    scaling = script("scaling")
    found = scaling.measure(40)

    assert list(found) == [
        "scan", "stock", "split", "check", "audit", "extract", "reopen", "epoch", "score", "run", "board",
    ]  # fmt: skip
    assert list(scaling.measure_names(500)) == ["scan", "split", "check"]
    assert all(set(each) == {"seconds", "cpu", "mib"} for each in found.values())


@pytest.mark.parametrize(
    ("larger", "exponent"), [(10.0, 1.0), (100.0, 2.0), (1.0, 0.0), (0.05, None)], ids=["n", "n²", "1", "too short"]
)
def test_the_exponent_is_the_slope_between_the_two_largest_sizes(script, larger, exponent):
    by_size = {size: {"scan": {"cpu": cpu}} for size, cpu in ((10, 7.0), (100, 1.0), (1000, larger))}

    assert script("scaling")._exponents(by_size)["scan"] == (exponent if exponent is None else pytest.approx(exponent))


def test_n_log_n_is_told_from_a_power(script):
    by_size = {size: {"scan": {"cpu": size * math.log(size)}} for size in (1000, 10_000)}

    assert 1.1 < script("scaling")._exponents(by_size)["scan"] < 1.15


def test_a_version_builds_the_same_views_as_itself(said):
    code, facts = said("board_build")

    assert code == 0
    assert facts["views_that_differ"] == []
    assert facts["share"]["median"] > 0
    assert facts["share_of_cpu"]["median"] > 0


def test_another_serbench_than_that_of_the_checkout_is_not_measured(script, tmp_path):
    with pytest.raises(RuntimeError, match="expected the serbench of"):
        script("versions").Version.prepared(tmp_path, tmp_path / "place")


def test_a_run_its_features_and_a_first_look_of_two_versions_are_compared(said):
    code, facts = said("safety")

    assert code == 0
    assert {"run", "features", "look"} < set(facts)
    for part in ("run", "features", "look"):
        assert set(facts[part]["seconds"]) == {"this", "other"}
        assert facts[part]["ratio"]["median"] > 0


def test_rivals_are_given_the_same_folds(script, tmp_path):
    projects = script("projects")
    for speaker in ("03", "08", "09"):
        for name in ("a01Wa", "a01Na"):
            (tmp_path / f"{speaker}{name}.wav").touch()
    clips = projects.clips(tmp_path)
    (first, _) = projects.nkululeko_mlp(tmp_path / "mlp", clips, 2)
    (svm,) = projects.nkululeko_svm(tmp_path / "svm", clips)
    project = projects.autrainer(tmp_path / "project", clips, 3)

    def speakers(path):
        with Path(path).open(encoding="utf-8") as stream:
            return {row["speaker"] for row in csv.DictReader(stream)}

    data = configparser.ConfigParser()
    data.read(first)
    assert speakers(data["DATA"]["test"]) == {"03"}
    assert speakers(data["DATA"]["train"]) == {"08", "09"}
    data.read(svm)
    assert speakers(data["DATA"]["all"]) == {"03", "08", "09"}
    last = (project / "conf" / "dataset" / "Fold-09.yaml").read_text(encoding="utf-8").splitlines()
    assert {"train_speakers: [8]", "dev_speakers: [3]", "test_speakers: [9]"} <= set(last)
    assert [clip.emotion for clip in clips[:2]] == ["neutral", "anger"]


def test_a_rival_that_fails_is_named_with_what_it_said(script, tmp_path):
    emodb = script("emodb")
    command = [sys.executable, "-c", "import sys; print('no luck'); sys.exit(3)"]

    with pytest.raises(RuntimeError, match=r"(?s)ended with 3.*no luck"):
        emodb.call(command, tmp_path / "log", {})


@pytest.mark.parametrize("name", ["emodb", "ravdess", "savee", "emovo"])
def test_the_references_divide_a_corpus_as_the_protocol_does(script, tmp_path, name):
    from serbench.protocol.protocols import get_protocol

    sample_trees.SAMPLES[name](tmp_path / name)
    dataset = sample_trees.DATASETS[name]()
    manifest = dataset.manifest(tmp_path / name)
    split = get_protocol("si").split(dataset, manifest)
    expected = {frozenset(tmp_path / name / manifest.by_id[uid].path for uid in fold.test) for fold in split.folds}

    parts, labels = {}, {}
    for path, label, fold in script("reference").CORPORA[name](tmp_path):
        parts.setdefault(fold, set()).add(path)
        labels.setdefault(label, set()).add(path)

    assert {frozenset(part) for part in parts.values()} == expected
    by_label = {
        frozenset(tmp_path / name / each.path for each in manifest.utterances if each.label == label)
        for label in manifest.label_counts
    }
    assert {frozenset(part) for part in labels.values()} == by_label - {frozenset()}


def test_the_reference_of_an_encoder_averages_the_positions_of_the_clip_and_goes_on_where_it_was(script, tmp_path):
    import numpy as np
    import soundfile

    transformers = pytest.importorskip("transformers")
    import torch

    small = {"d_model": 16, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 32}
    none = {"decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 32, "vocab_size": 8}
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1, "decoder_start_token_id": 1}
    model = transformers.WhisperModel(transformers.WhisperConfig(**small, **none, **tokens)).eval()
    model.save_pretrained(tmp_path / "encoder")
    transformers.WhisperFeatureExtractor().save_pretrained(tmp_path / "encoder")
    wave = np.random.default_rng(0).normal(0, 0.1, 3300).astype(np.float32)  # of ten positions and a bit
    soundfile.write(tmp_path / "clip.wav", wave, 16_000, subtype="FLOAT")
    reference, kept = script("encoder_reference"), tmp_path / "kept" / "states.npy"

    (states,) = reference.averaged_states([tmp_path / "clip.wav"], tmp_path / "encoder", kept)

    mel = transformers.WhisperFeatureExtractor()(wave, sampling_rate=16_000, return_tensors="pt").input_features
    with torch.inference_mode():
        last = model.encoder(mel).last_hidden_state[0, :10].numpy()
    assert states.shape == (3, 16)
    np.testing.assert_allclose(states[-1], last.mean(axis=0), rtol=1e-4, atol=1e-5)
    (again,) = reference.averaged_states([tmp_path / "is gone.wav"], tmp_path / "is gone", kept)
    np.testing.assert_array_equal(again, states)


@pytest.mark.parametrize(("found", "code"), [(0.634, 0), (0.60, 1)])
@pytest.mark.parametrize("name", ["encoder_reference", "functionals_reference"])
def test_a_reference_ends_with_1_where_serbench_says_otherwise(script, monkeypatch, capsys, name, found, code):
    reference = script(name)
    monkeypatch.setattr(reference, "score", lambda *given: {"clips": 4, "layers": {"0": 60.0}, "uar": 63.0})
    monkeypatch.setattr(script("reference"), "beside", lambda runs, model: {"savee": 100 * found})

    words = ["--data-root", "x", "--corpus", "savee", "--beside", "runs"]
    assert reference.main(words + (["--encoder", "x"] if name == "encoder_reference" else [])) == code
    assert f"serbench {100 * found:.1f}" in capsys.readouterr().out


def test_a_reference_pools_what_folds_say_of_rows_they_have_not_seen(script):
    import numpy as np
    from sklearn.neighbors import KNeighborsClassifier

    x = np.array([[0.0], [1.0], [0.0], [1.0], [5.0], [5.0]])
    labels, folds = np.array(list("ababba")), np.array(list("112233"))
    uar = script("reference").pooled_uar(x, labels, folds, lambda: KNeighborsClassifier(1))

    assert uar == pytest.approx(100 * (2 / 3 + 3 / 3) / 2)  # two of three a, where 5 is nearest to a row of b; all b


def test_the_board_s_runs_are_commands_that_the_program_takes(script):
    from serbench.plugin.registry import load_registry
    from serbench.protocol.protocols import get_protocol
    from serbench.run.settings import read_settings

    registry = load_registry(only=())
    for run in script("board").RUNS:
        words = list(run.words())
        assert unknown_options(words) == []
        assert {*run.models} <= set(registry.models)
        assert {*run.datasets} <= set(registry.datasets)
        assert all(get_protocol(name, {}).name == name for name in run.protocols if name != "adapt")
        read_settings(run.settings, registry, run.models)


def test_every_published_row_is_of_one_of_the_board_s_runs(script):
    board = json.loads((FOLDER.parent / "leaderboard" / "leaderboard.json").read_text(encoding="utf-8"))
    runs = [(name, *run.protocols) for run in script("board").RUNS for name in run.models]

    published = {(row["model"]["name"], row["protocol"]["name"]) for row in board["rows"]}
    assert {pair for pair in published if not any(pair[0] == name and pair[1] in of for name, *of in runs)} == set()


def test_the_board_s_runs_are_called_one_by_one_and_a_failure_is_named(script, monkeypatch, capsys):
    board, called = script("board"), []

    def call(words, *, check):
        called.append(words[2:])
        return subprocess.CompletedProcess(words, int("gru" in words))

    monkeypatch.setattr(board.subprocess, "run", call)

    assert board.main(["--only", "probes", "--out", "there"]) == 0
    assert board.main(["--model", "gru", "--weights", "w"]) == 1
    assert all(words[:2] == ["serbench", "run"] and "--no-floors" in words for words in called)
    assert called[-1][-2:] == ["--weights", "w"]
    assert "did not end as it should: serbench run --model gru" in capsys.readouterr().err
    before = len(called)
    assert board.main(["--list"]) == 0
    assert len(called) == before


@pytest.mark.parametrize("model", ["attn1dcnn", "cnn2d", "mlp"])
def test_candidates_of_a_recipe_are_judged_on_inner_folds_and_kept(said, script, tmp_path, model):
    candidates = list(script("recipes").CANDIDATES[model])[:2]
    words = ["--model", model, "--keep", str(tmp_path), *(f"--candidate={name}" for name in candidates), "--jobs", "1"]

    code, facts = said("recipes", *words)

    assert code == 0
    assert list(facts["mean"]) == candidates
    assert facts["chosen"] in candidates
    assert all(facts["work"][name] > 0 for name in candidates)
    kept = sorted((tmp_path / "folds").iterdir())
    assert len(kept) == 2 * 3
    for path in kept:
        path.write_text("[[1, 0], [0, 1]]")
    assert set(said("recipes", *words)[1]["mean"].values()) == {1.0}  # read, not fitted once more


def test_inner_folds_share_no_speaker_and_score_everybody_once(script):
    recipes = script("recipes")
    people = [f"speaker-{number}" for number in range(40)]
    folds = [recipes.inner_speakers(people, number) for number in range(recipes.INNER_FOLDS)]

    assert all(not set(test) & set(train) for test, train in folds)
    scored = [who for test, _ in folds for who in test]
    assert len(scored) == len(set(scored)) == recipes.MOST_SPEAKERS
    assert all({*test, *train} == set(scored) for test, train in folds)


def test_a_recipe_is_chosen_by_its_mean_and_again_without_each_corpus(script):
    sure, half = np.diag([9, 9]), np.array([[9, 0], [3, 3]])
    counts = {"plain": {"a": half, "b": half}, "odd": {"a": sure, "b": np.array([[0, 9], [9, 0]])}}

    found = script("recipes").conclusions(counts, {"plain": 2, "odd": 1})

    assert found["mean"] == {"plain": 0.5, "odd": 0.0}
    assert (found["chosen"], found["chosen_by_the_other_corpora"]) == ("plain", {"a": "plain", "b": "odd"})


@pytest.mark.parametrize(("works", "chosen"), [((2, 1, 1), "close"), ((1, 1, 1), "best"), ((3, 2, 1), "close")])
def test_of_recipes_that_are_as_good_the_one_with_the_least_work_is_chosen(script, works, chosen):
    counts = {
        name: {"a": np.array([[hits, 1000 - hits], [0, 1000]])}
        for name, hits in (("best", 504), ("close", 500), ("worse", 490))
    }
    found = script("recipes").conclusions(counts, dict(zip(counts, works, strict=True)))
    assert found["chosen"] == chosen


def test_candidates_of_a_recipe_say_all_that_the_search_varies(script):
    """A table stays true when the defaults of a model move."""
    for model, candidates in script("recipes").CANDIDATES.items():
        said = [
            (set(each.arguments), set(each.recipe) >= {"keep", "average", "augment"}) for each in candidates.values()
        ]
        assert all(each == said[0] for each in said), model
        assert len({json.dumps(each.facts(), sort_keys=True) for each in candidates.values()}) == len(candidates)


def test_features_of_an_encoder_are_compared_with_the_bare_encoder(said):
    pytest.importorskip("transformers")

    code, facts = said("encoder_features")

    assert code == 0
    assert set(facts["clips_per_second"]) == {"serbench", "bare", "one by one"}
    for name, share in facts["share_of_speed"].items():
        (mine,), (other,) = facts["rounds"]["serbench"], facts["rounds"][name]
        assert share["median"] == other["seconds"] / mine["seconds"]
