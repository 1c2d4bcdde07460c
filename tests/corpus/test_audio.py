from __future__ import annotations

import struct
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from serbench.corpus.audio import decode, read_audio
from serbench.errors import AudioError

RATE = 16_000


def tone(seconds: float = 0.5, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)


def written(path: Path, wave: np.ndarray | None = None, rate: int = RATE, **options: str) -> Path:
    soundfile.write(path, tone() if wave is None else wave, rate, **options)
    return path


def cut(path: Path, size: int) -> Path:
    path.write_bytes(path.read_bytes()[:size])
    return path


WHOLE = [
    ("a.wav", {}),
    ("float.wav", {"subtype": "FLOAT"}),
    ("big.wav", {"endian": "BIG"}),
    ("extensible.wav", {"format": "WAVEX"}),
    ("a.rf64", {"format": "RF64"}),
    ("a.w64", {"format": "W64"}),
    ("a.flac", {}),
    ("a.aiff", {}),
    ("aiff-inside.wav", {"format": "AIFF"}),
    ("a.au", {}),
    ("vorbis.ogg", {"subtype": "VORBIS"}),
    ("opus.ogg", {"format": "OGG", "subtype": "OPUS"}),
]


@pytest.mark.parametrize(("name", "options"), WHOLE, ids=[name for name, _ in WHOLE])
def test_whole_files_of_all_containers_are_read_whole(tmp_path, name, options):
    wave, rate = read_audio(written(tmp_path / name, **options))

    assert (wave.dtype, wave.shape, rate) == (np.float32, (RATE // 2,), RATE)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_lossless_samples_are_those_written(tmp_path, name):
    written(tmp_path / name)

    np.testing.assert_allclose(read_audio(tmp_path / name)[0], tone(), atol=1 / 2**15)


@pytest.mark.parametrize("lacking", [1, 10, 3000])
@pytest.mark.parametrize(("name", "options"), WHOLE, ids=[name for name, _ in WHOLE])
def test_a_file_that_lacks_its_end_is_refused_by_name(tmp_path, name, options, lacking):
    path = written(tmp_path / name, **options)
    cut(path, max(path.stat().st_size - lacking, 30))

    with pytest.raises(AudioError, match=f"{name} "):
        read_audio(path)


def test_a_short_wav_says_what_its_header_declares(tmp_path):
    path = cut(written(tmp_path / "a.wav"), 44 + 1000)

    with pytest.raises(AudioError, match=r"truncated: its header declares 16000 bytes of sound, 1000 are there"):
        read_audio(path)


def test_an_ogg_cut_between_two_pages_has_no_end(tmp_path):
    path = written(tmp_path / "a.ogg", tone(5.0), format="OGG", subtype="OPUS")
    cut(path, path.read_bytes().rindex(b"OggS"))

    with pytest.raises(AudioError, match="its Ogg stream has no end"):
        read_audio(path)


def test_an_ogg_without_a_page_in_the_middle_is_refused(tmp_path):
    path = written(tmp_path / "a.ogg", tone(5.0), format="OGG", subtype="OPUS")
    data = path.read_bytes()
    pages = [place for place in range(len(data)) if data.startswith(b"OggS", place)]
    assert len(pages) > 4
    path.write_bytes(data[: pages[3]] + data[pages[4] :])

    with pytest.raises(AudioError, match="lacks Ogg page 3"):
        read_audio(path)


def test_a_tag_behind_an_ogg_is_no_damage(tmp_path):
    path = written(tmp_path / "a.ogg", format="OGG", subtype="OPUS")
    path.write_bytes(path.read_bytes() + b"TAG" + bytes(125))

    assert len(read_audio(path)[0]) == RATE // 2


@pytest.mark.parametrize(
    ("riff", "length"), [(8, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFFFFF, 0x7FFFFFFF - 36), (0, 0xFFFFFFFF - 36)]
)
def test_a_wav_from_a_pipe_is_read_to_its_end(tmp_path, riff, length):
    path = written(tmp_path / "a.wav")
    data = bytearray(path.read_bytes())
    data[4:8], data[40:44] = struct.pack("<I", riff), struct.pack("<I", length)
    path.write_bytes(data)

    assert len(read_audio(path)[0]) == RATE // 2


def test_a_wav_with_chunks_around_its_sound_is_whole(tmp_path):
    path = written(tmp_path / "a.wav")
    data = path.read_bytes()
    odd = b"LIST" + struct.pack("<I", 5) + b"words" + b"\0"
    body = data[12:36] + odd + data[36:] + odd
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)

    assert len(read_audio(path)[0]) == RATE // 2


def test_a_flac_that_does_not_say_its_length_is_refused(tmp_path):
    path = written(tmp_path / "a.flac")
    data = bytearray(path.read_bytes())
    facts = int.from_bytes(data[18:26], "big")
    data[18:26] = (facts >> 36 << 36).to_bytes(8, "big")
    path.write_bytes(data)

    with pytest.raises(AudioError, match="does not say how long it is"):
        read_audio(path)


def test_a_flac_with_changed_bytes_is_refused(tmp_path):
    path = written(tmp_path / "a.flac", np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)

    with pytest.raises(AudioError, match=r"a\.flac is damaged"):
        read_audio(path)


@pytest.mark.parametrize(
    "content",
    [b"not a sound at all, but words", bytes(range(256)) * 16, b"RIFF", b"OggS", b".snd", b"riff"],
    ids=lambda content: repr(content[:8]),
)
def test_what_is_no_sound_is_refused(tmp_path, content):
    path = tmp_path / "a.wav"
    path.write_bytes(content)

    with pytest.raises(AudioError, match=r"a\.wav "):
        read_audio(path)


def test_a_file_of_no_bytes_is_empty(tmp_path):
    (tmp_path / "a.wav").touch()

    with pytest.raises(AudioError, match=r"a\.wav is empty"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_a_file_of_no_samples_is_refused(tmp_path, name):
    written(tmp_path / name, np.zeros(0, np.float32))

    with pytest.raises(AudioError, match=f"{name} "):
        read_audio(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(AudioError, match=r"gone\.wav is missing"):
        read_audio(tmp_path / "gone.wav")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_refused(tmp_path, value):
    wave = tone()
    wave[7] = value
    written(tmp_path / "a.wav", wave, subtype="FLOAT")

    with pytest.raises(AudioError, match="no finite numbers"):
        read_audio(tmp_path / "a.wav")


def test_a_stereo_file_is_mixed_to_its_mean(tmp_path):
    both = np.stack([tone(), np.zeros_like(tone())], axis=1)
    written(tmp_path / "a.wav", both, subtype="FLOAT")

    np.testing.assert_allclose(read_audio(tmp_path / "a.wav")[0], tone() / 2, atol=1e-7)
    assert decode(tmp_path / "a.wav").samples.shape == both.shape


@pytest.mark.parametrize(("rate", "wanted"), [(96_000, 16_000), (44_100, 16_000), (12_000, 16_000), (16_000, 22_050)])
def test_resampling_is_librosas(tmp_path, rate, wanted):
    path = written(tmp_path / "a.wav", tone(rate=rate), rate, subtype="FLOAT")
    expected, _ = librosa.load(path, sr=wanted, res_type="soxr_hq")

    wave, found = read_audio(path, wanted)

    assert (wave.dtype, found) == (np.float32, wanted)
    np.testing.assert_allclose(wave, expected[: len(wave)], atol=1e-6)
    assert abs(len(wave) - len(expected)) <= 1


def test_a_sample_too_short_to_resample_is_refused(tmp_path):
    path = written(tmp_path / "a.wav", tone()[:1], 96_000)

    with pytest.raises(AudioError, match="too few for any at 8000 Hz"):
        read_audio(path, 8000)


@pytest.mark.corpus
@pytest.mark.parametrize("corpus", ["emodb", "ravdess", "savee", "emovo", "tess", "cremad"])
def test_real_recordings_are_whole(data_root, corpus):
    paths = sorted(path for path in (data_root / corpus).rglob("*") if path.suffix in {".wav", ".flac", ".ogg"})
    if not paths:
        pytest.skip(f"{corpus} is not there")
    for path in paths[:: max(1, len(paths) // 100)]:
        assert len(decode(path).samples) > 1000
