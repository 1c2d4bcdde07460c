"""Features of text: rows of transcripts, which corpora they may read, and how such rows are marked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serbench.api import LabelMap, TextCard, TextExtractor, Utterance
from serbench.corpus.manifest import Manifest
from serbench.corpus.transcripts import texts_of, wording_of
from serbench.errors import FormatError, PluginError
from serbench.features.cache import FeatureCache
from serbench.features.text import text_column
from serbench.results.facts import Declared


class Words(TextExtractor):
    """Characters and words of a text."""

    card = TextCard(name="words", version="1", summary="counts", output="vector")

    def __init__(self, *, scale: float = 1.0) -> None:
        self.scale = scale

    def extract_text(self, text):
        return np.array([len(text), len(text.split())], np.float32) * np.float32(self.scale)


def broken(result):
    class Broken(Words):
        card = TextCard(name="broken", version="1", summary="of a test", output="vector")

        def extract_text(self, text):
            if isinstance(result, Exception):
                raise result
            return result(text)

    return Broken()


def manifest(*clips):
    utterances = [
        Utterance(id=f"clip-{place}", path=f"{place}.wav", speaker="a", label="calm", sentence=said, transcript=words)
        for place, (said, words) in enumerate(clips)
    ]
    return Manifest("toy", "1", Path("toy"), LabelMap.of("toy-1", ("calm",)), tuple(utterances))


def test_rows_come_in_the_order_of_the_texts_and_equal_texts_share_one(tmp_path):
    column = text_column(Words(), ["one", "", "one two", "one"], FeatureCache(tmp_path)).read()
    np.testing.assert_array_equal(column.values, [[3, 1], [0, 0], [7, 2], [3, 1]])


def test_rows_are_kept_under_the_digest_of_their_text_and_the_identity_of_the_extractor(tmp_path):
    cache = FeatureCache(tmp_path)
    text_column(Words(), ["one", "two words"], cache)
    rows = cache.rows(Words())
    assert len(rows) == 2
    assert len(cache.rows(Words(scale=2.0))) == 0
    assert not any(b"two words" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_what_is_kept_is_not_made_again(tmp_path, monkeypatch):
    cache = FeatureCache(tmp_path)
    expected = text_column(Words(), ["one"], cache).read().values
    monkeypatch.setattr(Words, "extract_text", None)
    np.testing.assert_array_equal(text_column(Words(), ["one"], cache).read().values, expected)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (ValueError("secret words"), "failed on a text of 5 characters: ValueError"),
        (lambda _: np.zeros(3), "made float64 .* of a text, expected a float32 vector"),
        (lambda _: np.zeros((1, 3), np.float32), "expected a float32 vector"),
        (lambda _: np.full(3, np.nan, np.float32), "not finite"),
        (lambda text: np.zeros(len(text) + 1, np.float32), "expected .* as before"),
    ],
)
def test_what_is_no_row_is_refused_without_quoting_the_text(result, said, tmp_path):
    with pytest.raises(PluginError, match=said) as caught:
        text_column(broken(result), ["a b c", "a"], FeatureCache(tmp_path))
    assert "secret" not in str(caught.value)


def test_a_wave_is_refused():
    with pytest.raises(PluginError, match="reads transcripts and hears nothing"):
        Words().extract(np.zeros(8, np.float32))


def test_a_text_is_no_image():
    with pytest.raises(PluginError, match="expected 'vector' or 'sequence'"):
        TextCard(name="words", version="1", summary="counts", output="image")


@pytest.mark.parametrize(
    ("prompts", "clips", "wording", "texts"),
    [
        (None, [("01", None), ("02", None)], None, ("", "")),
        (None, [("01", "Well."), ("02", None)], "transcripts", ("Well.", "")),
        ({}, [("b", None), ("a", None), ("b", None)], "prompts", ("sentence 2", "sentence 1", "sentence 2")),
        ({"a": "Come in."}, [("b", None), ("a", None)], "prompts", ("sentence 2", "Come in.")),
    ],
)
def test_words_are_transcripts_or_prompts_or_unknown(prompts, clips, wording, texts):
    made = manifest(*clips)
    assert wording_of(prompts, made) == wording
    assert texts_of(prompts, made) == texts


def test_a_record_says_what_was_read_and_says_nothing_where_nothing_was():
    assert Declared.read(Declared(text="prompts").facts()).text == "prompts"
    assert "text" not in Declared().facts()
    with pytest.raises(FormatError, match="text is 'lips'"):
        Declared.read({**Declared().facts(), "text": "lips"})
