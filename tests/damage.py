"""What happens to files: seven ways to damage bytes, each drawn from a seeded generator."""

from __future__ import annotations

from tests.corpus.containers import flipped


def flip(data, draw):
    """Return bytes with one bit changed, anywhere."""
    return flipped(data, draw.randrange(len(data)), draw.randrange(8))


def flip_of_head(data, draw):
    """Return bytes with one bit changed where a header would be."""
    return flipped(data, draw.randrange(min(len(data), 160)), draw.randrange(8))


def cut(data, draw):
    """Return the first of the bytes."""
    return data[: draw.randrange(len(data))]


def cut_at_its_end(data, draw):
    """Return all but the last few bytes."""
    return data[: -draw.randrange(1, 40)]


def zeros(data, draw):
    """Return bytes with zeros in place of a stretch."""
    start = draw.randrange(len(data))
    size = min(draw.choice((1, 16, 512)), len(data) - start)
    return data[:start] + bytes(size) + data[start + size :]


def noise(data, draw):
    """Return bytes with random ones in place of a stretch."""
    start = draw.randrange(len(data))
    size = min(draw.choice((1, 16, 512)), len(data) - start)
    return data[:start] + draw.randbytes(size) + data[start + size :]


def lacking(data, draw):
    """Return bytes without a stretch of them."""
    start = draw.randrange(len(data))
    return data[:start] + data[start + draw.choice((1, 2, 64)) :]


DAMAGES = (flip, flip_of_head, cut, cut_at_its_end, zeros, noise, lacking)
