"""The only place that hashes.

Conventions
-----------
A digest is the first 32 hexadecimal digits (128 bits) of SHA-256. Values are hashed in their canonical
JSON form: sorted keys, no blanks, UTF-8, floats as Python's shortest repr, tuples as lists. ``nan`` and
``inf`` are refused, since JSON has no word for them. Half of a surrogate pair, as in a file name that is no UTF-8, is
hashed as its JSON escape. Arrays are hashed as little-endian bytes in C order after
the canonical JSON of their dtype and shape, so the same numbers have one digest on every machine.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

DIGITS = 32
_BLOCK = 1 << 20
#: Made once: ``json.dumps`` makes one for every call that says how.
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
#: Bytes in a line of what a checksum sums.
_LINE = 2048


def canonical_json(value: Any) -> str:
    """Return the one JSON text of a value made of dicts, lists, tuples, strings, numbers, booleans, None.

    Raises
    ------
    TypeError
        For any other type.
    ValueError
        For ``nan`` or ``inf``.

    >>> canonical_json({"b": 1, "a": (1.0, None)})
    '{"a":[1.0,null],"b":1}'
    """
    return _CANONICAL.encode(value)


def digest_value(value: Any) -> str:
    """Return the digest of a JSON-like value.

    >>> digest_value({"a": 1}) == digest_value({"a": 1})
    True
    """
    return digest_bytes(canonical_json(value).encode(errors="backslashreplace"))


def digest_bytes(data: bytes) -> str:
    """Return the digest of bytes."""
    return hashlib.sha256(data).hexdigest()[:DIGITS]


def md5_bytes(data: bytes | memoryview) -> bytes:
    """Return the MD5 of bytes, for checksums that others wrote: it finds damage, and proves nothing."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def digest_array(values: npt.NDArray[np.generic], facts: Any = None) -> str:
    """Return the digest of an array's dtype, shape and numbers, and of JSON-like facts that belong to them.

    >>> import numpy as np
    >>> wave = np.zeros(3, np.float32)
    >>> digest_array(wave) == digest_array(wave.copy()), digest_array(wave) == digest_array(wave, {"sample_rate": 1})
    (True, False)
    """
    little = values.dtype.newbyteorder("<")
    head = {"dtype": little.str, "shape": list(values.shape), "facts": facts}
    state = hashlib.sha256(canonical_json(head).encode())
    state.update(values.astype(little, order="C", copy=False).data)
    return state.hexdigest()[:DIGITS]


def checksum_array(values: npt.NDArray[np.generic]) -> str:
    """Return a checksum of an array's dtype, shape and numbers, at a tenth of what their digest takes.

    For what is known on this machine alone: it tells accidents (a flipped bit, other numbers, another order), and not
    what somebody made up to have the same. The bytes are laid out as a table of 64-bit words, whose lines and columns
    are summed; what is hashed are the sums.

    >>> import numpy as np
    >>> wave = np.arange(999, dtype=np.float32)
    >>> checksum_array(wave) == checksum_array(wave.copy()), checksum_array(wave) == checksum_array(wave[::-1])
    (True, False)
    """
    import numpy as np

    data = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
    whole = len(data) // _LINE * _LINE
    words = data[:whole].view(np.uint64).reshape(-1, _LINE // 8)
    state = hashlib.sha256(f"{values.dtype.str}{values.shape}".encode())
    for sums in (words.sum(axis=0), words.sum(axis=1), data[whole:]):
        state.update(sums.data)
    return state.hexdigest()[:DIGITS]


def digest_file(path: Path) -> str:
    """Return the digest of a file's bytes, read in blocks of 1 MiB.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            state.update(block)
    return state.hexdigest()[:DIGITS]


def sha256_file(path: Path) -> str:
    """Return all 64 digits of a file's SHA-256, as ``sha256sum`` prints them: for what others publish.

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


__all__ = [
    "DIGITS",
    "canonical_json",
    "checksum_array",
    "digest_array",
    "digest_bytes",
    "digest_file",
    "digest_value",
    "md5_bytes",
    "sha256_file",
]
