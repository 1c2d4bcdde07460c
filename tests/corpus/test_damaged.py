"""Damaged recordings of every container that is read: all of the sound, or one line that names the file.

Where a container has checksums of its sound (FLAC, Ogg), nothing but the very samples counts as all. Elsewhere a
changed byte of sound is another sound that nobody can tell from the right one; but as many samples must come, at the
same rate.
"""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from serbench.corpus.audio import decode
from serbench.errors import AudioError
from tests.corpus.containers import specimens
from tests.damage import DAMAGES, cut, cut_at_its_end, lacking

SPECIMENS = specimens()
SEALED = {name for name in SPECIMENS if name.endswith((".flac", ".ogg", ".oga", ".opus"))}
#: In seconds, for one file.
PATIENCE = 5


def around(word, start, stop):
    """Return a function from a file to the places of a field, counted from a word in it."""
    return lambda data: range(data.index(word) + start, data.index(word) + stop)


#: Fields that nothing else in the file tells: the rate, the coding and, with it, how many bytes a sample has.
TOLD_ONCE = {
    ".au": around(b".snd", 12, 24),
    ".snd": around(b".snd", 12, 24),
    ".aiff": around(b"COMM", 16, 26),
    ".aif": around(b"COMM", 16, 26),
    ".aifc": around(b"COMM", 16, 30),
    ".caf": around(b"desc", 12, 28),
    ".voc": around(b"\x1a", 10, 26),
    ".nist": around(b"NIST", 0, 1024),
    ".sph": around(b"NIST", 0, 1024),
    # codings in blocks, of which a second is told in rounded bytes
    "ima.wav": around(b"fmt ", 12, 20),
    "ms.wav": around(b"fmt ", 12, 20),
    "gsm.wav": around(b"fmt ", 12, 20),
    "gsm.w64": around(b"fmt ", 28, 36),
    # what an encoder says of its delay
    "stated.mp3": around(b"LAME", 21, 24),
}


def told_once(name, data):
    ending = name[name.rindex(".") :]
    place = TOLD_ONCE.get(name) or TOLD_ONCE.get(ending)
    return set(place(data)) if place else set()


def is_whole(name, damage, intact, found):
    """Whether a sound is all that a damaged file held."""
    if name in SEALED:
        return found.sample_rate == intact.sample_rate and np.array_equal(found.samples, intact.samples)
    if name == "unstated.mp3" and damage in (cut, cut_at_its_end, lacking):
        # nothing tells how many frames there were: whole ones are all
        return found.sample_rate == intact.sample_rate and len(found.samples) % 576 == 0
    return (found.sample_rate, found.samples.shape) == (intact.sample_rate, intact.samples.shape)


def check(name, path, intact, draw):
    data = SPECIMENS[name]
    damage = draw.choice(DAMAGES)
    damaged = damage(data, draw)
    path.write_bytes(damaged)
    changed = [place for place, (old, new) in enumerate(zip(data, damaged, strict=False)) if old != new]
    touched = changed[0] if changed else len(damaged)
    begun = time.monotonic()
    found, reason = outcome(path)
    assert time.monotonic() - begun < PATIENCE, f"{damage.__name__} at byte {touched} took long"
    if found is None:
        assert str(path) in reason
        assert "\n" not in reason
        return
    is_told = not told_once(name, data).isdisjoint(changed)
    what = f"{damage.__name__} at byte {touched}: {found.samples.shape} at {found.sample_rate} Hz"
    assert is_told or is_whole(name, damage, intact, found), what


def outcome(path):
    """Return a sound, or None and why there is none; no error but this one may come."""
    try:
        return decode(path), None
    except AudioError as error:
        return None, str(error)


def check_all(name, folder, number):
    path = folder / name
    path.write_bytes(SPECIMENS[name])
    intact = decode(path)
    draw = random.Random(name)
    for _ in range(number):
        check(name, path, intact, draw)


@pytest.mark.parametrize("name", SPECIMENS)
def test_an_undamaged_file_is_read_whole(tmp_path, name):
    (tmp_path / name).write_bytes(SPECIMENS[name])
    count = len(decode(tmp_path / name).samples)
    wanted = 8_000 if name.startswith("chain") else 4_000
    assert wanted <= count < wanted + 1_800, "what fills up a last block may follow"


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_damaged_file_is_whole_or_named(tmp_path, name):
    check_all(name, tmp_path, 12)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", SPECIMENS)
def test_a_much_damaged_file_is_whole_or_named(tmp_path, name):
    check_all(name, tmp_path, 400)
