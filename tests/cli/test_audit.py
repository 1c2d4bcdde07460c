"""``serbench audit`` as a person and a machine meet it: exit codes, tables, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import soundfile

from tests.audit.test_emobox import savee, write_lists
from tests.corpus.voices import RATE, voice
from tests.run import toy

SOURCE = Path(toy.__file__).read_text(encoding="utf-8")


@pytest.fixture
def corpus(install, tmp_path):
    """Install the toy dataset; return its folder, voices in it: four speakers, three classes, three takes."""
    install("toy_world", SOURCE)
    toy.make_corpus(tmp_path)
    for seed, path in enumerate(sorted((tmp_path / "toy").rglob("*.wav"))):
        soundfile.write(path, voice(seed, 0.7), RATE)
    return tmp_path / "toy"


@pytest.fixture
def audit(serbench, corpus):
    return lambda *arguments: serbench("audit", *arguments, "--data-root", corpus.parent)


def unfolded(result):
    return " ".join(result.stdout.split())


def test_one_corpus_that_is_broken_is_named_and_the_others_are_audited(serbench, corpus):
    for folder, data in (("a", b"one"), ("b", b"two")):
        (corpus.parent / "emodb" / folder).mkdir(parents=True)
        (corpus.parent / "emodb" / folder / "03a01Fa.wav").write_bytes(data)
    result = serbench("audit", "--all-datasets", "--protocol", "si", "--data-root", corpus.parent)

    assert result.exit_code == 3
    assert "toy: 36 clips" in result.stdout
    assert "emodb is not audited: emodb: a/03a01Fa.wav and b/03a01Fa.wav are both" in result.stderr
    assert result.stderr.splitlines()[-1] == "error: 1 of the datasets cannot be opened; the others were audited"


def test_a_clean_split_ends_with_0(audit):
    result = audit("toy", "--protocol", "si")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "toy: 36 clips, 4 speakers, WAV 16 kHz"
    assert result.stdout.splitlines()[-2:] == [
        "no leak was found",
        "next: the same command with --json names everything",
    ]


@pytest.mark.parametrize(
    ("protocol", "leak"),
    [
        ("random", "leak: 4 of 4 test speakers are heard in training (in 5 of 5 folds): spk0, spk1, spk2, spk3"),
        ("replica-2507.03251", "test rows have a sibling of the same recording in training"),
    ],
)
def test_a_leaky_split_ends_with_1(audit, protocol, leak):
    result = audit("toy", "--protocol", protocol)
    assert result.exit_code == 1
    assert leak in unfolded(result)
    assert f"leaking: toy/{protocol}" in unfolded(result)


def test_a_copy_on_two_sides_leaks_under_new_speakers_too(audit, corpus):
    samples, _ = soundfile.read(corpus / "spk0" / "calm-1.wav")
    soundfile.write(corpus / "spk2" / "calm-1.wav", samples * 0.3, RATE)
    result = audit("toy", "--protocol", "si")
    assert result.exit_code == 1
    assert "nearly the same, in training (in 2 of 4 folds): calm-spk0-1 ~ calm-spk2-1" in unfolded(result)
    assert "one sound under several labels or speakers, 1: calm-spk0-1 ~ calm-spk2-1 (speaker spk0" in unfolded(result)


def test_odd_files_are_named_and_are_no_leak(audit, corpus):
    soundfile.write(corpus / "spk3" / "sad-2.wav", [0.0] * RATE, RATE)
    (corpus / "spk1" / "sad-0.wav").write_bytes(b"RIFF")
    result = audit("toy", "--protocol", "si")
    assert result.exit_code == 0
    assert "silent, or nearly so (below -80 dB), 1: sad-spk3-2" in unfolded(result)
    assert "cannot be read whole, 1: sad-spk1-0" in unfolded(result)


def test_recordings_that_are_all_damaged_are_said_to_be_there(audit, corpus):
    for path in corpus.rglob("*.wav"):
        path.write_bytes(path.read_bytes()[:-7])
    result = audit("toy", "--protocol", "si")
    assert "no recording that can be read: audited by names alone" in unfolded(result)
    assert "cannot be read whole" in unfolded(result)


def test_all_protocols_of_one_corpus_are_audited_when_none_is_named(audit):
    result = audit("toy", "--json")
    assert result.exit_code == 1
    (found,) = json.loads(result.stdout)["corpora"]
    verdicts = {each["protocol"]: each["leaks"] for each in found["protocols"]}
    verdicts |= {each["what"]: None for each in found["skips"]}
    assert set(verdicts) == {"si", "si-text", "random", "replica-2507.03251"}
    assert (verdicts["si"], verdicts["random"], verdicts["replica-2507.03251"]) == (False, True, True)


def test_machines_are_told_everything(audit):
    facts = json.loads(audit("toy", "--protocol", "si", "--protocol", "random", "--json").stdout)
    assert (facts["leaks"], facts["runs"]) == (True, [])
    (found,) = facts["corpora"]
    assert (found["dataset"], found["clips"], found["speakers"]) == ("toy", 36, 4)
    si, random = found["protocols"]
    assert (si["folds"], si["tested"], len(si["split"])) == (4, 36, 32)
    assert si["balance"]["speaker-spk0"]["test"]["classes"] == {"angry": 3, "calm": 3, "sad": 3}
    (speakers,) = (each for each in random["findings"] if each["leaks"])
    assert (speakers["kind"], speakers["items"]) == ("speakers", ["spk0", "spk1", "spk2", "spk3"])
    assert list(speakers["folds"]) == [f"fold-{number}" for number in range(1, 6)]


def test_long_lists_are_cut_and_lines_fit(audit):
    result = audit("toy")
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "and 2" in unfolded(result)


def test_a_run_is_audited_by_its_records(serbench, audit, corpus, tmp_path):
    out = tmp_path / "runs"
    run = ["run", "--model", "nearest", "--dataset", "toy", "--data-root", tmp_path, "--no-floors", "--out", out]
    assert serbench(*run).exit_code == 0
    result = audit(out)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["toy", "si", "clean", "4", "1", "36"]
    assert serbench(*run, "--protocol", "random").exit_code == 0
    result = audit(out)
    assert result.exit_code == 1
    assert "leaking: the run's toy/random" in result.stdout
    facts = json.loads(audit(out, "--json").stdout)
    assert [(each["protocol"]["name"], each["leaks"]) for each in facts["runs"]] == [("random", True), ("si", False)]


@pytest.fixture
def box(tmp_path):
    rows = savee("DC", "JE")
    folder = write_lists(tmp_path / "box", "savee", [{"train": rows[::2], "test": rows[1::2]}])
    strangers = [(f"x/{number}.wav", "ab"[number % 2]) for number in range(20)]
    return write_lists(folder, "other", [{"train": strangers[:12], "test": strangers[12:]}])


def test_emobox_is_audited_whole_or_by_corpus(audit, box):
    for arguments in ([box], ["--emobox", box]):
        facts = json.loads(audit(*arguments, "--json").stdout)
        assert [each["dataset"] for each in facts["corpora"]] == ["other", "savee"]
        assert [each["leaks"] for each in facts["corpora"]] == [False, True]
        assert [each["speakers"] for each in facts["corpora"]] == [None, 2]
    named = audit("--emobox", box, "savee")
    assert named.exit_code == 1
    assert "no recordings here: audited by names alone" in named.stdout
    unread = audit("--emobox", box, "other")
    assert unread.exit_code == 0
    assert unread.stdout.splitlines()[2].split()[:2] == ["emobox", "unknown"]


def test_emobox_s_folder_in_the_environment_adds_its_protocol(audit, box, monkeypatch):
    monkeypatch.setenv("SERBENCH_EMOBOX", str(box))
    facts = json.loads(audit("toy", "--json").stdout)
    assert "emobox" in {each["what"] for each in facts["corpora"][0]["skips"]}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "nothing to audit, expected a dataset"),
        (["tay"], 2, "unknown dataset or folder 'tay'"),
        (["emodb"], 3, "emodb was not found"),
        (["toy", "--protocol", "sii"], 2, "unknown protocol 'sii'"),
        (["toy", "--protocol", "cross"], 4, "needs two corpora or more"),
        (["toy", "--protocol", "adapt"], 4, "needs two corpora or more"),
        (["toy", "--protocol", "emobox"], 2, "got no folder"),
    ],
)
def test_mistakes_are_errors_of_one_line(audit, arguments, code, message):
    result = audit(*arguments)
    assert result.exit_code == code
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_protocol_for_a_run_alone_is_refused(audit, tmp_path):
    (tmp_path / "runs" / "records").mkdir(parents=True)
    result = audit(tmp_path / "runs", "--protocol", "si")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: --protocol is for datasets and none was named")


def test_a_folder_of_nothing_is_refused(audit, tmp_path):
    (tmp_path / "empty").mkdir()
    result = audit(tmp_path / "empty")
    assert result.exit_code == 2
    assert "holds neither records of a run nor folds of EmoBox" in result.stderr


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["emodb", "savee"])
def test_real_corpora_leak_at_random_and_not_by_speakers(serbench, name, data_root):
    assert serbench("audit", name, "--protocol", "si", "--data-root", data_root).exit_code == 0
    assert serbench("audit", name, "--protocol", "random", "--data-root", data_root).exit_code == 1
