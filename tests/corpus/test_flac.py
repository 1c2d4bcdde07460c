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
    return flac.read_flac(path.read_bytes())


def written(path: Path, wave: np.ndarray, subtype: str = "PCM_16", rate: int = RATE) -> Path:
    soundfile.write(path, wave, rate, subtype=subtype)
    return path


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("samples", [1, 15, 4096, 3 * RATE + 7])
def test_samples_are_libsndfiles_bit_for_bit(tmp_path, samples, channels):
    path = written(tmp_path / "a.flac", noise(samples, channels), rate=44_100)

    found, rate = opened(path)

    assert (found.dtype, rate) == (np.int16, 44_100)
    np.testing.assert_array_equal(found, soundfile.read(path, dtype="int16", always_2d=True)[0])
    sound = decode(path)
    np.testing.assert_array_equal(sound.samples, soundfile.read(path, dtype="float32", always_2d=True)[0], strict=True)
    assert sound.codec == "FLAC/PCM_16"


@pytest.mark.parametrize("value", [-1.0, 0.0, 32767 / 32768])
def test_the_ends_of_the_scale_are_libsndfiles(tmp_path, value):
    path = written(tmp_path / "a.flac", np.full((100, 1), value, np.float32))

    np.testing.assert_array_equal(decode(path).samples, np.full((100, 1), value, np.float32), strict=True)


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_24"])
def test_other_depths_are_left_to_libsndfile(tmp_path, subtype):
    path = written(tmp_path / "a.flac", noise(), subtype)

    assert opened(path) is None
    assert decode(path).codec == f"FLAC/{subtype}"


def test_what_is_no_flac_is_left_to_libsndfile(tmp_path):
    assert opened(written(tmp_path / "a.wav", noise())) is None


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


def with_facts(data: bytes, **facts: int) -> bytes:
    """Return a FLAC whose header says something else of its rate, channels, bits or samples."""
    number = int.from_bytes(data[18:26], "big")
    for name, (place, width, less) in {
        "rate": (44, 20, 0),
        "channels": (41, 3, 1),
        "bits": (36, 5, 1),
        "samples": (0, 36, 0),
    }.items():
        if name in facts:
            number = number & ~((1 << width) - 1 << place) | facts[name] - less << place
    return data[:18] + number.to_bytes(8, "big") + data[26:]


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(AudioError) as caught:
        decode(path)
    assert f"{path.name} " in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("bit", [0, 77, 127])
@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("channels", [1, 2])
def test_samples_are_held_against_their_md5(tmp_path, subtype, channels, bit):
    path = written(tmp_path / "a.flac", noise(channels=channels), subtype)
    whole = decode(path).samples
    data = bytearray(path.read_bytes())
    data[26 + bit // 8] ^= 1 << bit % 8

    assert "not those whose MD5 its encoder wrote down" in refused(path, bytes(data))
    np.testing.assert_array_equal(decode(path, seals=False).samples, whole)


def test_a_frame_in_the_place_of_another_is_found_by_the_md5(tmp_path):
    """Both bear their own checksums; the numbers that they bear too are nobody's business."""
    path = written(tmp_path / "a.flac", noise(4 * 4096))
    data = path.read_bytes()
    starts = [place for place in range(42, len(data)) if data[place : place + 2] == b"\xff\xf8"]
    first, second = data[starts[0] : starts[1]], data[starts[1] : starts[2]]

    assert "damaged" in refused(path, data[: starts[0]] + second + first + data[starts[2] :])


def test_an_encoder_that_leaves_no_md5_is_believed(tmp_path):
    path = written(tmp_path / "a.flac", noise())
    whole = decode(path).samples
    data = path.read_bytes()
    path.write_bytes(data[:26] + bytes(16) + data[42:])

    np.testing.assert_array_equal(decode(path).samples, whole)


@pytest.mark.parametrize("facts", [{"rate": 16_001}, {"rate": 48_000}, {"channels": 2}, {"bits": 24}, {"bits": 8}])
def test_a_header_that_its_first_frame_contradicts_is_refused(tmp_path, facts):
    path = written(tmp_path / "a.flac", noise())

    assert "its first frame 16000 Hz, 1 channels, 16 bits" in refused(path, with_facts(path.read_bytes(), **facts))


@pytest.mark.parametrize("samples", [3 * RATE - 1, 3 * RATE + 1, 4096, (1 << 36) - 1])
def test_another_length_than_the_headers_is_refused(tmp_path, samples):
    path = written(tmp_path / "a.flac", noise())

    assert "a.flac is " in refused(path, with_facts(path.read_bytes(), samples=samples))


@pytest.mark.parametrize("samples", [1, 4096, 3 * RATE, 140 * 4096 + 5])
def test_a_stream_from_a_pipe_is_read_to_its_end(tmp_path, samples):
    path = written(tmp_path / "a.flac", noise(samples))
    whole = decode(path)
    path.write_bytes(with_facts(path.read_bytes(), samples=0))

    np.testing.assert_array_equal(decode(path).samples, whole.samples)


@pytest.mark.parametrize("lost", [1, 7, 3000])
def test_a_stream_from_a_pipe_that_breaks_off_is_refused(tmp_path, lost):
    path = written(tmp_path / "a.flac", noise())

    said = refused(path, with_facts(path.read_bytes(), samples=0)[:-lost])
    assert "does not say how long it is, and does not end with a whole frame" in said


def test_a_tag_before_a_flac_changes_nothing(tmp_path):
    path = written(tmp_path / "a.flac", noise())
    whole = decode(path)
    path.write_bytes(b"ID3\x04\0\0\0\0\0\x05" + bytes(5) + path.read_bytes())

    np.testing.assert_array_equal(decode(path).samples, whole.samples)
