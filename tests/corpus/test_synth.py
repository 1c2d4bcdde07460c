"""The embedded corpus: made whole or not at all, the same every time, and a trap for splits that leak."""

from __future__ import annotations

import errno
import wave

import numpy as np
import pytest
from serbench_plugins.datasets.synth import Synth
from typer.testing import CliRunner

from serbench.cli.app import app
from serbench.protocol.protocols import get_protocol

TINY = {"speakers": 6, "sentences": 1, "takes": 1}


def contents(root):
    return {path.name: path.read_bytes() for path in root.iterdir()}


def test_same_bytes_every_time(tmp_path):
    first, second = (Synth(**TINY).locate([], tmp_path / place) for place in "ab")
    assert contents(first) == contents(second)


def test_made_once(tmp_path):
    root = Synth(**TINY).locate([], tmp_path)
    (root / "s01-anger-t01-01.wav").write_bytes(b"kept")
    assert (Synth(**TINY).locate([], tmp_path) / "s01-anger-t01-01.wav").read_bytes() == b"kept"


@pytest.mark.parametrize("change", [{"seed": 1}, {"emotion": 0.5}, {"speaker": 0.0}, {"fingerprint": 0.0}])
def test_every_argument_makes_another_corpus(change, tmp_path):
    usual, other = Synth(**TINY), Synth(**TINY, **change)
    assert usual.identity.digest != other.identity.digest
    assert contents(usual.locate([], tmp_path)) != contents(other.locate([], tmp_path))


def test_more_speakers_leave_the_others_as_they_are(tmp_path):
    few, more = (contents(Synth(**TINY | {"speakers": n}).locate([], tmp_path)) for n in (6, 7))
    assert few.items() < more.items()


def test_what_broke_off_is_never_taken_for_whole(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(Synth, "_record", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            Synth(**TINY).locate([], tmp_path)
    assert not list((tmp_path / "synth").iterdir())
    assert len(Synth(**TINY).manifest(Synth(**TINY).locate([], tmp_path))) == 24


def test_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "synth").write_text("a file where a folder should be")
    with pytest.raises(OSError, match=str(tmp_path / "synth")):
        Synth(**TINY).locate([], tmp_path)


def test_full_disk_ends_a_command_with_a_line_that_names_the_place(tmp_path, monkeypatch):
    def full(path, sound):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("serbench_plugins.datasets.synth._write", full)
    monkeypatch.setenv("SERBENCH_CACHE", str(tmp_path / "cache"))
    result = CliRunner().invoke(
        app, ["run", "--model", "majority", "--dataset", "synth", "--out", str(tmp_path / "runs"), "--no-plugins"]
    )
    assert result.exit_code == 9
    assert "no space left on device; free some" in " ".join(result.stderr.split())
    assert list((tmp_path / "cache" / "synth").iterdir()) == []


def test_default_corpus_as_its_summary_says(tmp_path, monkeypatch):
    monkeypatch.setattr("serbench_plugins.datasets.synth._write", lambda path, _: path.touch())
    monkeypatch.setattr("serbench_plugins.datasets.synth.speak", lambda *_: np.ones(100))
    manifest = Synth().manifest(Synth().locate([], tmp_path))
    assert (len(manifest), len(manifest.speakers)) == (400, 10)
    assert set(manifest.label_counts.values()) == {100}
    assert not manifest.deviations


def read(path):
    with wave.open(str(path)) as stream:
        assert (stream.getframerate(), stream.getnchannels(), stream.getsampwidth()) == (16_000, 1, 2)
        return np.frombuffer(stream.readframes(stream.getnframes()), "<i2") / 32768


def test_clips_sound_like_clips(tmp_path):
    for path in Synth(**TINY).locate([], tmp_path).iterdir():
        sound = read(path)
        assert 1.2 <= len(sound) / 16_000 <= 2
        assert 0.003 < np.sqrt(np.mean(sound**2)) < 0.4
        assert np.mean(np.abs(sound) > 0.999) < 0.01


def mean_and_deviation(sound):
    import librosa

    mfcc = librosa.feature.mfcc(y=sound.astype(np.float32), sr=16_000, n_mfcc=40)
    return np.concatenate([mfcc.mean(1), mfcc.std(1)])


def test_leak_trap(tmp_path):
    """Copies of a recording on both sides give nearly everything away; new speakers do not, yet are no guess."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import recall_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    dataset = Synth(speakers=10, sentences=3, takes=1)
    manifest = dataset.manifest(dataset.locate([], tmp_path))
    sounds = [read(manifest.path(each.id)) for each in manifest.utterances]
    whole = np.array([mean_and_deviation(sound) for sound in sounds])
    labels = np.array([each.label for each in manifest.utterances])
    ids = np.array([each.id for each in manifest.utterances])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))

    honest = np.empty_like(labels)
    for fold in get_protocol("si").split(dataset, manifest).folds:
        test = np.isin(ids, fold.test)
        honest[test] = model.fit(whole[~test], labels[~test]).predict(whole[test])

    rng = np.random.default_rng(0)
    noisy = [mean_and_deviation(x + 0.02 * x.std() * rng.standard_normal(len(x))) for x in sounds]
    starts = [mean_and_deviation(x[: len(x) * 4 // 5]) for x in sounds]
    rows, row_labels = np.concatenate([whole, noisy, starts]), np.tile(labels, 3)
    leaky = cross_val_predict(model, rows, row_labels, cv=StratifiedKFold(5, shuffle=True, random_state=0))

    honest_uar = recall_score(labels, honest, average="macro")
    leaky_uar = recall_score(row_labels, leaky, average="macro")
    assert leaky_uar > 0.95
    assert 0.45 < honest_uar < 0.8
