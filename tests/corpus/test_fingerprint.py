"""What is kept of a sound: the same after what changes no recording, another for another."""

from __future__ import annotations

import numpy as np
import pytest

from serbench.corpus import fingerprint as module
from serbench.corpus.fingerprint import fingerprint, take_fingerprints
from serbench.corpus.inventory import take_inventory
from tests.corpus.voices import CHANGES, RATE, voice, voices, write_voices


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_no_recording_hardly_changes_its_fingerprint(change):
    original = fingerprint(voice(0), RATE).shape
    assert original @ fingerprint(*CHANGES[change](voice(0))).shape > 0.97


def test_gain_changes_nothing_at_all():
    np.testing.assert_allclose(fingerprint(voice(0) / 8, RATE).shape, fingerprint(voice(0), RATE).shape, atol=1e-6)


def test_other_sounds_have_other_fingerprints():
    shapes = np.array([fingerprint(voice(seed), RATE).shape for seed in range(20)])
    alike = shapes @ shapes.T - np.eye(20)
    assert alike.max() < 0.93
    np.testing.assert_allclose(np.linalg.norm(shapes, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    "samples", [np.zeros(RATE, np.float32), voice(0)[:1500], np.full(RATE, 0.5, np.float32), np.ones(1, np.float32)]
)
def test_silence_a_level_and_a_moment_have_no_shape(samples):
    # a level has nothing in the bands but its beginning and its end, where the window cuts it
    found = fingerprint(samples, RATE)
    assert found.is_blank or len(samples) == RATE
    assert np.isfinite([found.held, found.first, found.last]).all()


def test_held_is_the_part_of_samples_at_the_peak():
    samples = np.zeros(1000, np.float32)
    samples[:30] = 0.5
    samples[30:40] = -0.499
    samples[40:50] = 0.4
    assert fingerprint(samples, RATE).held == pytest.approx(0.04)
    assert fingerprint(np.zeros(1000, np.float32), RATE).held == 0


def test_edges_are_levels_against_the_loudest_twenty_milliseconds():
    samples = np.full(RATE, 0.001, np.float32)
    samples[8000:9000] = 0.1
    samples[-320:] = 0.01
    found = fingerprint(samples, RATE)
    assert (found.first, found.last) == (pytest.approx(-40, abs=1e-3), pytest.approx(-20, abs=1e-3))
    assert fingerprint(np.zeros(RATE, np.float32), RATE).first == -200


@pytest.fixture
def corpus(tmp_path):
    waves = voices(3)
    return write_voices(tmp_path / "corpus", waves | {"copy": waves["a000"]})


@pytest.fixture
def looked_at(monkeypatch):
    names = []
    look = module._look
    monkeypatch.setattr(module, "_look", lambda path, known: names.append(path.name) or look(path, known))
    return names


def test_every_sound_is_looked_at_once(corpus, tmp_path, looked_at):
    inventory = take_inventory(corpus, tmp_path / "cache")
    first = take_fingerprints(corpus, inventory, tmp_path / "cache")
    assert len(first) == len(looked_at) == 3
    second = take_fingerprints(corpus, inventory, tmp_path / "cache")
    assert len(looked_at) == 3
    for digest, found in first.items():
        np.testing.assert_array_equal(second[digest].shape, found.shape)
        assert (second[digest].held, second[digest].first) == (found.held, found.first)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 no archive", b"\x93NUMPY"])
def test_a_damaged_file_is_made_anew(corpus, tmp_path, looked_at, damage):
    inventory = take_inventory(corpus, tmp_path / "cache")
    take_fingerprints(corpus, inventory, tmp_path / "cache")
    (kept,) = (tmp_path / "cache" / "fingerprints").iterdir()
    kept.write_bytes(damage)
    assert len(take_fingerprints(corpus, inventory, tmp_path / "cache")) == 3
    assert len(looked_at) == 6


def test_fingerprints_of_another_version_are_made_anew(corpus, tmp_path, looked_at, monkeypatch):
    inventory = take_inventory(corpus, tmp_path / "cache")
    take_fingerprints(corpus, inventory, tmp_path / "cache")
    monkeypatch.setattr(module, "VERSION", module.VERSION + 1)
    take_fingerprints(corpus, inventory, tmp_path / "cache")
    assert len(looked_at) == 6


def test_an_interruption_keeps_what_was_computed(corpus, tmp_path, looked_at):
    inventory = take_inventory(corpus, tmp_path / "cache")

    def interrupt(done):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_fingerprints(corpus, inventory, tmp_path / "cache", workers=1, progress=interrupt)
    looked_at.clear()
    take_fingerprints(corpus, inventory, tmp_path / "cache")
    assert len(looked_at) == 1
