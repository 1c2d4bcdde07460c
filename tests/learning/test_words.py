"""Words by TF-IDF (scikit-learn's word), and sound and words fused."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from serbench_plugins.features.word_counts import WordCounts
from serbench_plugins.models.late_fusion import AudioTextFusion
from serbench_plugins.models.tfidf_logreg import TfidfLogReg
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from serbench.api import Column, FeatureTable
from serbench.plugin.members import complete
from serbench.plugin.registry import load_registry
from tests.learning.tables import LABELS, vector_table

TEXTS = ["Get out! Get out now.", "it's all quiet, quiet", "She has gone", "out of the quiet house", "He is gone now"]
PATTERN = r"[\w']+"


@pytest.fixture(scope="module")
def registry():
    return load_registry(only=("builtin",))


def texts_table(texts, feature):
    rows = np.stack([feature.extract_text(text) for text in texts])
    labels = np.array(LABELS)[np.arange(len(texts)) % 3]
    return FeatureTable(tuple(texts), {"word-counts": Column("vector", rows)}, LABELS, labels)


def test_counts_are_scikit_learns_in_hashed_places():
    vectorizer = CountVectorizer(token_pattern=PATTERN, ngram_range=(1, 2))
    counts, feature = vectorizer.fit_transform(TEXTS).toarray(), WordCounts()
    for text, row in zip(TEXTS, counts, strict=True):
        expected = np.zeros(4096, np.float32)
        for words, column in vectorizer.vocabulary_.items():
            expected[zlib.crc32(words.encode()) % 4096] += row[column]
        np.testing.assert_array_equal(feature.extract_text(text), expected)


def test_no_words_are_zeros_and_runs_are_as_long_as_asked():
    assert not WordCounts().extract_text(" … ").any()
    assert WordCounts(longest=1).extract_text("one two three").sum() == 3
    assert WordCounts(longest=3, places=64).extract_text("one two three").sum() == 3 + 2 + 1


def test_rarity_is_scikit_learns_tfidf():
    feature = WordCounts()
    model = TfidfLogReg().fit(texts_table(TEXTS, feature), None, seed=0)
    vectorizer = TfidfVectorizer(token_pattern=PATTERN, ngram_range=(1, 2), sublinear_tf=True).fit(TEXTS)
    places = [zlib.crc32(words.encode()) % 4096 for words in vectorizer.vocabulary_]
    assert len(set(places)) == len(places)  # no two share one here

    found = model.estimator_[0].transform(np.stack([feature.extract_text(text) for text in TEXTS])).toarray()

    expected = vectorizer.transform(TEXTS).toarray()[:, list(vectorizer.vocabulary_.values())]
    np.testing.assert_allclose(found[:, places], expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(), expected.sum(), rtol=1e-6)


def test_sound_and_words_are_weighed_on_dev(registry):
    def rows(seed):
        sound, rng = vector_table(30, seed=seed), np.random.default_rng(seed)
        noise = {"word-counts": Column("vector", rng.poisson(1.0, (30, 16)).astype(np.float32))}
        return FeatureTable(sound.ids, {**sound.columns, **noise}, LABELS, sound.y)

    model = complete(AudioTextFusion(audio="logreg"), registry)
    assert [use.name for use in model.uses("features")] == ["mfcc-stats", "word-counts"]
    model.fit(rows(0), rows(1), seed=0)

    assert model.weights_[0] > 0.5  # the words say nothing here
    assert list(complete(AudioTextFusion(), registry).parts) == ["attn1dcnn", "tfidf-logreg"]
