"""Ogg: every page by its checksum and its number, and the end where the last one says that it is."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from serbench.corpus.audio import decode
from serbench.errors import AudioError
from tests.corpus.containers import coded, flipped, noisy_tone, ogg_flac, page, pages, replaced, sealed

LONG = noisy_tone(5 * 16_000)


@pytest.fixture(scope="module", params=["VORBIS", "OPUS"])
def ogg(request):
    return coded("OGG", request.param, LONG)


@pytest.fixture
def read(tmp_path):
    def read(data):
        (tmp_path / "a.ogg").write_bytes(data)
        return decode(tmp_path / "a.ogg")

    return read


def refusal(read, data):
    with pytest.raises(AudioError) as caught:
        read(data)
    return str(caught.value)


def test_the_checksums_of_others_are_found_right(ogg):
    assert [sealed(each) for each in pages(ogg)] == pages(ogg)


@pytest.mark.parametrize("share", np.linspace(0, 0.999, 40))
def test_one_changed_bit_anywhere_is_found(ogg, read, share):
    assert "a.ogg " in refusal(read, flipped(ogg, int(share * len(ogg)), 3))


def test_a_damaged_page_is_named_by_its_number(ogg, read):
    first, second, third, *others = pages(ogg)
    damaged = first + second + flipped(third, len(third) - 1) + b"".join(others)
    said = f"the checksum of Ogg page 2 at byte {len(first + second)} does not hold"
    assert said in refusal(read, damaged)


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_page_that_is_lacking_is_named(ogg, read, lost):
    kept = pages(ogg)
    del kept[lost]
    assert f"lacks Ogg page {lost}" in refusal(read, b"".join(kept))


def test_a_page_that_stands_there_twice_is_named(ogg, read):
    first, *others = pages(ogg)
    assert "lacks Ogg page 4" in refusal(read, first + b"".join([*others[:3], others[2], *others[3:]]))


@pytest.mark.parametrize("samples", [-2_000, 2_000])
def test_an_end_elsewhere_than_the_last_page_says_is_refused(read, samples):
    """Vorbis that is moved on has less sound than it says; one cut earlier than its last page begins goes backwards."""
    *others, last = pages(coded("OGG", "VORBIS", LONG))
    (position,) = struct.unpack_from("<Q", last, 6)
    moved = position + (samples if samples > 0 else -position + 10)
    said = "is truncated: it declares" if samples > 0 else "lies before that of the page before"
    assert said in refusal(read, b"".join(others) + sealed(replaced(last, 6, struct.pack("<Q", moved))))


def test_streams_that_follow_each_other_are_read_as_one(ogg, read):
    once = read(ogg).samples
    twice = read(ogg + ogg)
    np.testing.assert_array_equal(twice.samples, np.concatenate([once, once]))


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (coded("OGG", "VORBIS", noisy_tone(), rate=8_000), "a chain of streams of several formats"),
        (coded("OGG", "VORBIS", noisy_tone(channels=2)), "a chain of streams of several formats"),
        (coded("OGG", "VORBIS", noisy_tone())[:-1], "its last Ogg page is incomplete"),
        (flipped(coded("OGG", "VORBIS", noisy_tone()), 0), "something that is no Ogg page"),
    ],
    ids=["another rate", "more channels", "cut", "unmarked"],
)
def test_a_second_stream_is_read_or_refused_never_left_out(read, second, said):
    assert said in refusal(read, coded("OGG", "VORBIS", noisy_tone()) + second)


def test_streams_side_by_side_are_refused_with_a_way_out(read):
    one, other = (page(b"\x01vorbis", number=0, position=0, flags=2, serial=serial) for serial in (1, 2))
    said = refusal(read, one + other)
    assert "holds several Ogg streams side by side" in said
    assert "ffmpeg" in said


def test_a_stream_without_its_beginning_is_refused(ogg, read):
    assert "whose beginning is not there" in refusal(read, b"".join(pages(ogg)[1:]))


@pytest.mark.parametrize(
    ("word", "name"), [(b"Speex   ", "Speex"), (b"\x80theora", "video"), (b"nothing!", "nothing!")]
)
def test_what_else_ogg_may_hold_is_named_with_a_way_out(read, word, name):
    said = refusal(read, page(word, number=0, position=0, flags=6))
    assert name in said
    assert "ffmpeg" in said


@pytest.mark.parametrize("is_stated", [True, False])
def test_flac_in_ogg_is_the_flac_itself(tmp_path, read, is_stated):
    flac = coded("FLAC", "PCM_16")
    (tmp_path / "a.flac").write_bytes(flac)
    if not is_stated:
        facts = int.from_bytes(flac[18:26], "big") >> 36 << 36
        flac = replaced(flac, 18, facts.to_bytes(8, "big"))

    found = read(ogg_flac(flac, 4_000))

    assert (found.codec, found.sample_rate) == ("OGG/FLAC", 16_000)
    np.testing.assert_array_equal(found.samples, decode(tmp_path / "a.flac").samples)


def test_flac_in_ogg_of_another_length_than_its_pages_say_is_refused(read):
    assert "its header declares 4000 samples, its last page 4096" in refusal(
        read, ogg_flac(coded("FLAC", "PCM_16"), 4_096)
    )
