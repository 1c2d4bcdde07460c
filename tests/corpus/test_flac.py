from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from serbench.corpus import flac
from serbench.corpus.audio import decode
from serbench.errors import AudioError

RATE = 16_000


def noise(samples: int = 3 * RATE, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.2, (samples, channels)).clip(-1, 1).astype(np.float32)


def opened(path):
    with path.open("rb") as stream:
        return flac.read_flac(stream)


def written(path: Path, wave: np.ndarray, subtype: str = "PCM_16", rate: int = RATE) -> Path:
    soundfile.write(path, wave, rate, subtype=subtype)
    return path


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("samples", [1, 15, 4096, 3 * RATE + 7])
def test_samples_are_libsndfiles_bit_for_bit(tmp_path, samples, channels):
    path = written(tmp_path / "a.flac", noise(samples, channels), rate=44_100)

    found, rate = opened(path)

    assert (found.dtype, rate) == (np.float32, 44_100)
    np.testing.assert_array_equal(found, soundfile.read(path, dtype="float32", always_2d=True)[0])
    assert decode(path).codec == "FLAC/PCM_16"


@pytest.mark.parametrize("value", [-1.0, 0.0, 32767 / 32768])
def test_the_ends_of_the_scale_are_libsndfiles(tmp_path, value):
    path = written(tmp_path / "a.flac", np.full((100, 1), value, np.float32))

    np.testing.assert_array_equal(opened(path)[0], np.full((100, 1), value, np.float32))


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_24"])
def test_other_depths_are_left_to_libsndfile(tmp_path, subtype):
    path = written(tmp_path / "a.flac", noise(), subtype)

    assert opened(path) is None
    assert decode(path).codec == f"FLAC/{subtype}"


def test_what_is_no_flac_is_left_to_libsndfile(tmp_path):
    (tmp_path / "words.flac").write_bytes(b"fLaC")

    assert opened(written(tmp_path / "a.wav", noise())) is None
    assert opened(tmp_path / "words.flac") is None


def test_without_miniaudio_the_samples_are_the_same(tmp_path, monkeypatch, request):
    path = written(tmp_path / "a.flac", noise())
    expected = decode(path)
    monkeypatch.setitem(sys.modules, "miniaudio", None)
    flac._miniaudio.cache_clear()
    request.addfinalizer(flac._miniaudio.cache_clear)

    assert opened(path) is None
    np.testing.assert_array_equal(decode(path).samples, expected.samples)
    assert decode(path).codec == expected.codec


def test_a_name_in_any_script_is_read(tmp_path):
    path = written(tmp_path / "Ärger 怒り.flac", noise())

    assert len(opened(path)[0]) == len(noise())


@pytest.mark.parametrize("share", np.linspace(0.02, 0.98, 25))
def test_a_changed_byte_of_sound_is_never_taken_for_sound(tmp_path, share):
    path = written(tmp_path / "a.flac", noise())
    data = bytearray(path.read_bytes())
    start = data.index(b"\xff\xf8")  # where the first frame begins
    data[start + int(share * (len(data) - start))] ^= 0x55
    path.write_bytes(data)

    assert opened(path) is None
    with pytest.raises(AudioError, match=r"a\.flac is (damaged|truncated)"):
        decode(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_broken_off_file_is_never_taken_for_whole(tmp_path, share):
    path = written(tmp_path / "a.flac", noise())
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])

    assert opened(path) is None
    with pytest.raises(AudioError, match=r"a\.flac is (damaged|truncated)"):
        decode(path)


def test_a_header_that_promises_more_is_refused(tmp_path):
    path = written(tmp_path / "a.flac", noise())
    data = bytearray(path.read_bytes())
    facts = int.from_bytes(data[18:26], "big") + RATE
    data[18:26] = facts.to_bytes(8, "big")
    path.write_bytes(data)

    assert opened(path) is None
    with pytest.raises(AudioError, match=r"a\.flac is (damaged|truncated)"):
        decode(path)
