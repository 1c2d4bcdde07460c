"""MP3: all frames, stated or not; and whether those that are stated are there."""

from __future__ import annotations

import shutil
import struct
import subprocess

import numpy as np
import pytest

from serbench.corpus.audio import decode
from serbench.errors import AudioError
from tests.corpus.containers import coded, noisy_tone, replaced, without_statement

#: Samples of a frame at 16 kHz, and those by which LAME and a decoder lag.
FRAME, LAG = 576, 576 + 529
SECONDS = noisy_tone(3 * 16_000)
LOUDER_AND_LOUDER = SECONDS * np.linspace(0, 1, len(SECONDS), dtype=np.float32)[:, None] ** 4


def mp3(wave=LOUDER_AND_LOUDER, mode="VARIABLE", rate=16_000):
    return coded("MP3", "MPEG_LAYER_III", wave, rate, bitrate_mode=mode, compression_level=0.5)


@pytest.fixture
def read(tmp_path):
    def read(data):
        (tmp_path / "a.mp3").write_bytes(data)
        return decode(tmp_path / "a.mp3")

    return read


def refusal(read, data):
    with pytest.raises(AudioError) as caught:
        read(data)
    assert "a.mp3 " in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("mode", ["CONSTANT", "VARIABLE"])
@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_stream_that_states_no_length_is_read_to_its_end(read, mode, rate, channels):
    whole = mp3(noisy_tone(rate, channels), mode, rate)
    stated, unstated = read(whole).samples, read(without_statement(whole)).samples

    frame = FRAME if rate < 32_000 else 2 * FRAME
    assert len(unstated) % frame == 0
    assert len(unstated) >= len(stated) + LAG
    np.testing.assert_allclose(unstated[LAG : LAG + len(stated)], stated, atol=1e-6)


@pytest.mark.parametrize("options", [("-q:a", "4"), ("-b:a", "64k"), ("-b:a", "64k", "-ac", "2", "-ar", "44100")])
def test_every_sample_is_ffmpegs(tmp_path, read, options):
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        pytest.skip("there is no ffmpeg")
    source, made = tmp_path / "a.wav", tmp_path / "made.mp3"
    source.write_bytes(coded("WAV", "PCM_16", LOUDER_AND_LOUDER))
    subprocess.run([ffmpeg, "-v", "error", "-i", source, *options, "-write_xing", "0", made], check=True)
    theirs = subprocess.run([ffmpeg, "-v", "error", "-i", made, "-f", "f32le", "-"], check=True, capture_output=True)

    ours = read(made.read_bytes()).samples

    np.testing.assert_allclose(ours.ravel(), np.frombuffer(theirs.stdout, np.float32), atol=1e-5)


@pytest.mark.parametrize("there", [1, 20, 80])
def test_fewer_frames_than_are_stated_are_refused(read, there):
    whole = mp3(mode="CONSTANT")
    size = whole.index(whole[:2], 4)
    assert f"declares 86 frames, {there} are there" in refusal(read, whole[: size * (1 + there)])


def test_more_frames_than_are_stated_are_refused(read):
    whole = mp3(mode="CONSTANT")
    size = whole.index(whole[:2], 4)
    assert "declares 86 frames, 87 are there" in refusal(read, whole + whole[-size:])


def test_a_last_frame_that_is_incomplete_is_refused(read):
    assert "its last frame lacks 5 bytes" in refusal(read, without_statement(mp3())[:-5])


def test_a_stream_that_lacks_a_frame_is_refused(read):
    whole = without_statement(mp3(mode="CONSTANT"))
    size = whole.index(whole[:2], 4)
    assert "is damaged" in refusal(read, whole[: 10 * size] + whole[11 * size :])


@pytest.mark.parametrize("junk", [b"words that are no frame at all", bytes(1_000), b"\xff\xfb\x00\x00" * 20])
@pytest.mark.parametrize("place", ["between", "behind"])
def test_what_is_no_frame_is_refused(read, junk, place):
    whole = without_statement(mp3(mode="CONSTANT"))
    cut = whole.index(whole[:2], 4) * 9 if place == "between" else len(whole)
    assert "a frame is expected, and something else is there" in refusal(read, whole[:cut] + junk + whole[cut:])


TAGS = {
    "ID3 before": lambda data: b"ID3\x04\0\0\0\0\x01\x00" + bytes(128) + data,
    "ID3 with a footer before": lambda data: b"ID3\x04\0\x10\0\0\0\x05" + bytes(5) + b"3DI\x04\0\x10\0\0\0\x05" + data,
    "two before": lambda data: b"ID3\x04\0\0\0\0\0\x02\0\0" * 2 + data,
    "zeros before": lambda data: bytes(30) + data,
    "ID3 behind": lambda data: data + b"TAG" + b"x" * 125,
    "APE behind": lambda data: data + b"APETAGEX" + b"y" * 200,
    "zeros behind": lambda data: data + bytes(20),
}


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("change", [lambda data: data, without_statement], ids=["stated", "unstated"])
def test_tags_change_nothing(read, capfd, tag, change):
    data = change(mp3())
    np.testing.assert_array_equal(read(TAGS[tag](data)).samples, read(data).samples)
    assert capfd.readouterr() == ("", ""), "the decoder has nothing to complain of"


@pytest.mark.parametrize("tag", ["ID3 behind", "APE behind"])
def test_frames_behind_a_tag_are_not_left_out(read, tag):
    data = without_statement(mp3())
    assert "a frame is expected, and something else is there" in refusal(read, TAGS[tag](data) + data)


def test_a_file_that_ends_in_its_tag_is_refused(read):
    assert "it ends within the tag before its sound" in refusal(read, b"ID3\x04\0\0\0\0\x01\x00" + bytes(100))


@pytest.mark.parametrize(("frames", "said"), [(86, None), (87, None), (88, "is truncated"), (85, "is damaged")])
def test_a_statement_of_fraunhofers_kind_is_held_against_what_is_there(read, frames, said):
    """It replaces LAME's; it may count itself."""
    whole = mp3(mode="CONSTANT")
    size = whole.index(whole[:2], 4)
    statement = replaced(whole[:4] + bytes(size - 4), 36, b"VBRI" + bytes(10) + struct.pack(">I", frames))
    if said is None:
        np.testing.assert_array_equal(read(statement + whole[size:]).samples, read(whole[size:]).samples)
    else:
        assert f"{said}: it declares {frames} frames, 86 are there" in refusal(read, statement + whole[size:])


def test_a_statement_that_was_never_filled_in_is_none(read):
    whole = mp3()
    np.testing.assert_array_equal(
        read(replaced(whole, whole.index(b"Xing") + 8, bytes(4))).samples, read(without_statement(whole)).samples
    )


@pytest.mark.parametrize("word", [b"Zing", b"xing"])
def test_a_statement_whose_mark_is_damaged_is_not_taken_for_sound(read, word):
    whole = mp3()
    assert "states a length that cannot be read" in refusal(read, replaced(whole, whole.index(b"Xing"), word))


def test_mp3_in_a_wav_is_read_whole(tmp_path):
    data = without_statement(mp3())
    about = struct.pack("<HHIIHH", 0x55, 1, 16_000, 8_000, 1, 0)
    body = b"WAVEfmt " + struct.pack("<I", 16) + about + b"data" + struct.pack("<I", len(data)) + data
    (tmp_path / "a.wav").write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    (tmp_path / "a.mp3").write_bytes(data)

    found = decode(tmp_path / "a.wav")

    assert found.codec == "WAV/MPEG_LAYER_III"
    np.testing.assert_array_equal(found.samples, decode(tmp_path / "a.mp3").samples)
