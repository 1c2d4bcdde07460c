"""A file is held against what it is known to hold, and checksums tell what digests tell."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from serbench.corpus.audio import decode
from serbench.corpus.recording import Recording, decode_known, read_known
from serbench.digest import checksum_array, digest_array
from serbench.errors import AudioError

RATE = 16_000


def wave(seed=0, samples=3000):
    return (np.random.default_rng(seed).integers(-9000, 9000, samples) / 2**15).astype(np.float32)


@pytest.fixture
def known(tmp_path):
    soundfile.write(tmp_path / "a.wav", wave(), RATE)
    return tmp_path / "a.wav", Recording.of(decode(tmp_path / "a.wav"))


CHANGES = {
    "another sound": (wave(1), RATE),
    "a sample": (np.concatenate([wave()[:-1], [0.5]]).astype(np.float32), RATE),
    "two samples exchanged": (wave()[[1, 0, *range(2, 3000)]], RATE),
    "blocks exchanged": (np.concatenate([wave()[1024:2048], wave()[:1024], wave()[2048:]]), RATE),
    "backwards": (wave()[::-1], RATE),
    "a sample less": (wave()[:-1], RATE),
    "another rate": (wave(), 8000),
    "two channels": (wave().reshape(-1, 2), RATE),
}


@pytest.mark.parametrize("by", ["checksum", "digest"])
@pytest.mark.parametrize(("samples", "rate"), CHANGES.values(), ids=CHANGES)
def test_another_sound_is_refused_by_name(known, by, samples, rate):
    path, recording = known
    checksum = recording.checksum if by == "checksum" else ""
    assert len(decode_known(path, recording.digest, checksum).samples) == 3000
    soundfile.write(path, samples, rate)

    with pytest.raises(AudioError, match=r"a\.wav holds another sound .*get the file again or, .*`touch` it"):
        decode_known(path, recording.digest, checksum)
    with pytest.raises(AudioError, match="holds another sound"):
        read_known(path, recording.digest, checksum, 8000)


def test_the_same_sound_in_another_file_is_taken(known, tmp_path):
    _, recording = known
    soundfile.write(tmp_path / "b.flac", wave(), RATE)

    found = read_known(tmp_path / "b.flac", recording.digest, recording.checksum, RATE)
    np.testing.assert_array_equal(found, wave())


def test_a_sound_too_short_to_resample_is_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.ones(1, np.float32), 48_000)
    recording = Recording.of(decode(tmp_path / "a.wav"))

    with pytest.raises(AudioError, match=r"a\.wav has 1 samples, too few for any at 8000 Hz"):
        read_known(tmp_path / "a.wav", recording.digest, recording.checksum, 8000)


@pytest.mark.parametrize("samples", [0, 1, 511, 512, 513, 5000])
def test_one_flipped_bit_anywhere_is_another_checksum(samples):
    values = wave(2, samples)
    whole = checksum_array(values)
    assert whole == checksum_array(values.copy())
    for place in np.random.default_rng(0).integers(0, max(1, 8 * values.nbytes), 200 if samples else 0).tolist():
        data = bytearray(values.tobytes())
        data[place // 8] ^= 1 << place % 8
        assert checksum_array(np.frombuffer(bytes(data), np.float32)) != whole


def test_checksums_differ_where_digests_do():
    several = [wave(seed, samples) for seed in range(20) for samples in (100, 3000)]
    several += [values.reshape(-1, 2) for values in several]

    assert (
        len({checksum_array(values) for values in several}) == len({digest_array(values) for values in several}) == 80
    )
