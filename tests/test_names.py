"""Names that are no UTF-8."""

from __future__ import annotations

import os

import pytest

from serbench.digest import digest_value
from serbench.errors import DatasetError, UnknownNameError
from serbench.files import read_document, write_document
from serbench.names import legible


@pytest.mark.parametrize("name", ["Aufnahmen über", "Gefühl", "naïve.wav", "“quoted”"])
def test_a_name_in_windows_1252_is_read_as_it_was_written(name):
    assert legible(os.fsdecode(name.encode("cp1252"))) == name


@pytest.mark.parametrize("name", ["plain", "für", "文.wav", ""])
def test_a_name_in_utf_8_is_left_as_it_is(name):
    assert legible(os.fsdecode(name.encode())) == name


@pytest.mark.parametrize("name", ["\ud800", "a\udc81"[1:], "\udbff\udfff"])
def test_what_stands_for_no_letter_is_replaced(name):
    assert set(legible(name)) == {"\ufffd"}


@pytest.mark.parametrize(
    "error", [DatasetError("a\udcfcb is odd"), UnknownNameError("corpus", "a\udcfcb", ["a\udcfcc"])]
)
def test_an_error_can_be_printed(error):
    str(error).encode()


def test_documents_and_digests_take_any_name(tmp_path):
    facts = {"path": "\udcfcber.wav"}
    write_document(tmp_path / "a.json", "kind", 1, facts)

    assert read_document(tmp_path / "a.json", "kind", 1) == facts
    assert digest_value(facts) != digest_value({"path": "über.wav"})
