from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from serbench.corpus.audio import decode, read_audio
from serbench.corpus.endings import AUDIO_SUFFIXES
from serbench.errors import AudioError
from tests.corpus.containers import replaced

RATE = 16_000
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")


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


@pytest.mark.parametrize("riff", [0, 8, 36 + RATE, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("length", [0, 0x7FFFFFFF - 36, 0xFFFFFFFF - 36, 0xFFFFFFFF])
def test_a_wav_from_a_pipe_is_read_to_its_end(tmp_path, riff, length):
    path = written(tmp_path / "a.wav")
    data = bytearray(path.read_bytes())
    data[4:8], data[40:44] = struct.pack("<I", riff), struct.pack("<I", length)
    path.write_bytes(data)

    assert len(read_audio(path)[0]) == RATE // 2


#: Of other containers, by name of the file: where lengths stand, and what a program writes that does not know them.
UNKNOWN = {
    "a.rf64": [(b"ds64", 8, bytes(24)), (b"ds64", 8, b"\xff" * 16), (b"ds64", 16, bytes(8))],
    "a.w64": [(b"data", 16, b"\xff" * 7 + b"\x7f"), (b"data", 16, struct.pack("<Q", 24)), (b"riff", 16, bytes(8))],
    "a.au": [(b".snd", 8, b"\xff" * 4), (b".snd", 8, bytes(4))],
    "a.caf": [(b"data", 4, b"\xff" * 8)],
    "big.wav": [(b"data", 4, bytes(4)), (b"data", 4, b"\xff" * 4)],
}


@pytest.mark.parametrize(
    ("name", "word", "offset", "change"), [(name, *where) for name, places in UNKNOWN.items() for where in places]
)
def test_what_others_write_to_a_pipe_is_read_to_its_end(tmp_path, name, word, offset, change):
    path = written(tmp_path / name, **dict(WHOLE).get(name, {}))
    data = path.read_bytes()
    path.write_bytes(replaced(data, data.index(word) + offset, change))

    np.testing.assert_allclose(read_audio(path)[0], tone(), atol=1 / 2**15)


@pytest.mark.parametrize("form", [0, 40])
def test_an_aiff_from_a_pipe_is_read_to_its_end(tmp_path, form):
    path = written(tmp_path / "a.aiff")
    data = path.read_bytes()
    for place in (4, data.index(b"COMM") + 10, data.index(b"SSND") + 4):
        data = replaced(data, place, struct.pack(">I", form if place == 4 else 0))
    path.write_bytes(data)

    np.testing.assert_allclose(read_audio(path)[0], tone(), atol=1 / 2**15)


@pytest.mark.parametrize("name", ["a.wav", "a.w64", "a.rf64", "a.aiff", "a.caf", "a.au", "a.nist", "a.voc"])
@pytest.mark.parametrize("lacking", [1, 2, 1000])
def test_a_header_that_declares_less_than_is_there_is_refused(tmp_path, name, lacking):
    """As left by a program that was killed between two updates of its header: no sound is passed over."""
    path = written(tmp_path / name, **dict(WHOLE).get(name, {}))
    data = path.read_bytes()
    fields = {
        "a.wav": (data.find(b"data") + 4, 4, "little", 1),
        "a.rf64": (data.find(b"ds64") + 16, 8, "little", 1),
        "a.w64": (data.find(b"data") + 16, 8, "little", 1),
        "a.aiff": (data.find(b"SSND") + 4, 4, "big", 1),
        "a.caf": (data.find(b"data") + 4, 8, "big", 1),
        "a.au": (8, 4, "big", 1),
        "a.voc": (27, 3, "little", 1),
    }
    if name == "a.nist":
        path.write_bytes(data.replace(b"sample_count -i 8000", b"sample_count -i %d" % (8000 - lacking)))
    else:
        place, size, order, times = fields[name]
        less = int.from_bytes(data[place : place + size], order) - lacking * times
        path.write_bytes(replaced(data, place, less.to_bytes(size, order)))

    with pytest.raises(AudioError, match=f"{name} "):
        read_audio(path)


CONTRADICTIONS = {
    "rate": (24, struct.pack("<I", 16_001)),
    "bytes in a second": (28, struct.pack("<I", 32_001)),
    "channels": (22, struct.pack("<H", 2)),
    "no channels": (22, bytes(2)),
    "bits": (34, struct.pack("<H", 24)),
    "no bits": (34, bytes(2)),
    "floats of 16 bits": (20, struct.pack("<H", 3)),
}


@pytest.mark.parametrize("field", CONTRADICTIONS)
def test_a_wav_header_that_contradicts_itself_is_refused(tmp_path, field):
    path = written(tmp_path / "a.wav")
    path.write_bytes(replaced(path.read_bytes(), *CONTRADICTIONS[field]))

    with pytest.raises(AudioError, match=r"a\.wav contradicts itself: its header declares"):
        read_audio(path)


@pytest.mark.parametrize(
    ("container", "coding"),
    [
        *(("WAV", "GSM610"), ("WAV", "IMA_ADPCM"), ("WAV", "MS_ADPCM"), ("WAV", "G721_32")),
        *(("W64", "GSM610"), ("W64", "IMA_ADPCM"), ("W64", "MS_ADPCM"), ("AIFF", "GSM610"), ("AIFF", "IMA_ADPCM")),
    ],
)
def test_codings_in_blocks_are_read(tmp_path, container, coding):
    path = written(tmp_path / "a.wav", tone(rate=8000), 8000, format=container, subtype=coding)

    wave, rate = read_audio(path)

    assert (rate, decode(path).codec) == (8000, f"{container}/{coding}")
    assert np.corrcoef(wave[:4000], tone(rate=8000))[0, 1] > 0.95
    assert 4000 <= len(wave) < 4000 + 1018, "what fills up the last block may follow"


@pytest.mark.parametrize("suffix", sorted(AUDIO_SUFFIXES))
def test_every_ending_that_is_looked_for_is_read(tmp_path, suffix):
    formats = {
        ".wave": "WAV",
        ".aif": "AIFF",
        ".aifc": "AIFF",
        ".snd": "AU",
        ".sph": "NIST",
        ".oga": "OGG",
        ".opus": "OGG",
    }
    path = written(tmp_path / f"a{suffix}", format=formats.get(suffix, suffix[1:].upper()))

    assert len(read_audio(path)[0]) == RATE // 2


def test_a_wav_with_chunks_around_its_sound_is_whole(tmp_path):
    path = written(tmp_path / "a.wav")
    data = path.read_bytes()
    odd = b"LIST" + struct.pack("<I", 5) + b"words" + b"\0"
    body = data[12:36] + odd + data[36:] + odd
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)

    assert len(read_audio(path)[0]) == RATE // 2


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
@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
def test_samples_that_are_no_numbers_are_refused(tmp_path, subtype, value):
    wave = tone()
    wave[7] = value
    written(tmp_path / "a.wav", wave, subtype=subtype)

    with pytest.raises(AudioError, match="no finite numbers"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("value", [1e30, -1e30, 32_768, 101])
def test_samples_beyond_reason_are_refused(tmp_path, value):
    wave = tone()
    wave[7] = value
    written(tmp_path / "a.wav", wave, subtype="FLOAT")

    with pytest.raises(AudioError, match=r"a\.wav reaches .* times full scale, expected at most 100"):
        read_audio(tmp_path / "a.wav")


def test_samples_over_full_scale_are_no_damage(tmp_path):
    written(tmp_path / "a.wav", tone() * 100, subtype="FLOAT")

    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav")[0], tone() * 100)


@pytest.mark.parametrize("rate", [1, 999, 768_001, 2**31 - 1])
def test_rates_beyond_reason_are_refused(tmp_path, rate):
    path = written(tmp_path / "a.au", rate=16_000)
    path.write_bytes(replaced(path.read_bytes(), 16, struct.pack(">I", rate)))

    with pytest.raises(AudioError, match=rf"a\.au declares a rate of {rate} Hz, expected 1000 to 768000"):
        read_audio(path)


@pytest.mark.parametrize("rate", [1_000, 768_000])
def test_rates_at_the_edge_of_reason_are_read(tmp_path, rate):
    assert read_audio(written(tmp_path / "a.wav", rate=rate))[1] == rate


@posix
def test_a_fifo_is_named_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.wav")

    with pytest.raises(AudioError, match=r"a\.wav is a FIFO, expected a recording in a regular file"):
        read_audio(tmp_path / "a.wav")


@posix
def test_a_link_to_a_device_is_named(tmp_path):
    (tmp_path / "a.wav").symlink_to("/dev/zero")

    with pytest.raises(AudioError, match=r"a\.wav is a device, expected"):
        read_audio(tmp_path / "a.wav")


@posix
def test_a_socket_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path has few letters
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("a.wav")
        with pytest.raises(AudioError, match=r"a\.wav is a socket, expected"):
            read_audio(Path("a.wav"))


def test_a_folder_is_named(tmp_path):
    (tmp_path / "a.wav").mkdir()

    with pytest.raises(AudioError, match=r"a\.wav is a folder, expected"):
        read_audio(tmp_path / "a.wav")


FOREIGN = [
    (b"\0\0\0\x20ftypM4A \0\0\0\0", "is MPEG-4", "ffmpeg"),
    (b"\xff\xf1\x50\x80\x01\x3f\xfc" + bytes(50), "is AAC", "ffmpeg"),
    (b"ADIF" + bytes(50), "is AAC", "ffmpeg"),
    (bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"), "is Windows Media", "ffmpeg"),
    (b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01webm", "is WebM", "ffmpeg"),
    (b"#!AMR\n\x3c", "is AMR", "ffmpeg"),
    (b"RIFF\x10\0\0\0AVI LIST", "is a RIFF of b'AVI '", "ffmpeg"),
    (b"ID3\x03\0\0\0\0\0\0\xff\xf1\x50\x80\x01\x3f\xfc" + bytes(50), "is AAC", "ffmpeg"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "is a pointer of Git LFS", "git lfs pull"),
    (b"/annex/objects/SHA256E-s5--0.wav\n", "is a pointer of git-annex", "git annex get"),
    (b"\n <!DOCTYPE html>\n<html>", "is a web page", "get the file again"),
    (b'<?xml version="1.0"?><Error><Code>AccessDenied', "is a web page", "get the file again"),
    (b"404: Not Found", "is text, no recording (it begins '404: Not Found')", "get the file again"),
    ("Zugriff verweigert für".encode(), "is text", "get the file again"),
    (bytes(4096), "holds 4096 bytes of zeros", "get the file again"),
    (b"PK\x03\x04" + bytes(60), "is a ZIP archive", "unpack it"),
    (b"\x1f\x8b\x08" + bytes(60), "is compressed by gzip", "unpack it"),
    (
        bytes.fromhex("0005160700020000") + b"Mac OS X        " + bytes(66),
        "is what a Mac keeps beside a file (AppleDouble)",
        "delete it",
    ),
    (
        b"NIST_1A\n   1024\nsample_coding -s26 pcm,embedded-shorten-v2.00\n",
        "is a NIST SPHERE that is compressed",
        "ffmpeg",
    ),
]


@pytest.mark.parametrize(("content", "what", "remedy"), FOREIGN, ids=[what for _, what, _ in FOREIGN])
def test_what_else_a_file_may_be_is_said_with_what_helps(tmp_path, content, what, remedy):
    (tmp_path / "a.wav").write_bytes(content)

    with pytest.raises(AudioError) as caught:
        read_audio(tmp_path / "a.wav")
    assert f"a.wav {what}" in str(caught.value)
    assert remedy in str(caught.value)


def test_what_cannot_be_told_to_be_whole_is_not_read(tmp_path):
    written(tmp_path / "a.wav", format="PVF", subtype="PCM_16")

    with pytest.raises(AudioError, match=r"a\.wav is damaged or no sound: it begins as nothing that is read"):
        read_audio(tmp_path / "a.wav")


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_the_mix_is_the_mean_of_the_channels_to_the_bit(tmp_path, channels):
    several = np.random.default_rng(0).normal(0, 0.3, (RATE, channels)).astype(np.float32)
    written(tmp_path / "a.wav", several, subtype="FLOAT")

    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav")[0], several.mean(axis=1, dtype=np.float32))


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
