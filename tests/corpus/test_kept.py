"""Sealed documents: read as written, or not at all."""

from __future__ import annotations

import json

import pytest

from serbench.corpus.kept import place_of, read_sealed, write_sealed
from serbench.errors import FormatError

FACTS = {"files": {"ü\udcfc.wav": [1, 0.5, None]}, "readers": {"x": "1"}}


@pytest.fixture
def document(tmp_path):
    write_sealed(tmp_path / "a.json", "kind", 2, FACTS)
    return tmp_path / "a.json"


def test_it_is_read_as_it_was_written(document):
    assert read_sealed(document, "kind", 2) == FACTS
    assert next(iter(json.loads(document.read_bytes()))) == "digest"


def test_every_flipped_bit_is_found(document):
    data = document.read_bytes()
    for place in range(len(data)):
        document.write_bytes(data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :])
        with pytest.raises(FormatError, match=r"a\.json is not as it was written"):
            read_sealed(document, "kind", 2)


@pytest.mark.parametrize(("kind", "version"), [("other", 2), ("kind", 1)])
def test_another_kind_or_format_is_refused(document, kind, version):
    with pytest.raises(FormatError, match=f"no '{kind}' document of format {version}"):
        read_sealed(document, kind, version)


def test_a_root_is_known_whichever_way_leads_there(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)

    assert place_of(tmp_path, "room", tmp_path) == place_of(tmp_path, "room", tmp_path / "link")
    assert place_of(tmp_path, "room", tmp_path) != place_of(tmp_path, "room", tmp_path / "other")
