"""Every kind of odd recording, planted once and found by name; a clean corpus has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from serbench.corpus.fingerprint import take_fingerprints
from serbench.corpus.inventory import take_inventory
from serbench.corpus.oddities import find_oddities
from serbench.corpus.twins import find_twins
from serbench.errors import DatasetMissingError
from tests.corpus.voices import RATE, voice, voices, write_voices
from tests.sample_trees import DATASETS


def oddities_of(manifest, cache):
    inventory = take_inventory(manifest, cache)
    fingerprints = take_fingerprints(manifest, inventory, cache)
    twins = find_twins(manifest, inventory, fingerprints, cache)
    return {each.kind: each.items for each in find_oddities(manifest, inventory, fingerprints, twins)}


def test_nothing_is_odd_in_a_clean_corpus(tmp_path):
    assert oddities_of(write_voices(tmp_path / "corpus", voices(9)), tmp_path / "cache") == {}


def clipped(wave):
    return np.clip(wave * 4, -0.3, 0.3)


#: Per kind what is planted as ``x``, and how it is named.
PLANTED = {
    "silent": ((np.zeros(RATE, np.float32), RATE), "x"),
    "silent but for an offset": ((np.full(RATE, 0.5, np.float32), RATE), "x"),
    "cancelled": ((np.stack([voice(99), voice(99) * np.float32(-0.8)], axis=1), RATE), "x (100 % of its sound)"),
    "quiet": ((voice(99) * np.float32(0.004), RATE), "x"),
    "clipped": ((clipped(voice(99)), RATE), "x"),
    "cut": ((voice(99)[: int(0.2 * RATE) + 8000], RATE), "x"),
    "short": ((voice(99, 0.5)[1000:6000], RATE), "x (0.3 s)"),
    "long": ((np.pad(voice(99), (0, 4 * RATE)), RATE), "x (5.2 s)"),
    "format": ((np.stack([voice(99), voice(99)], axis=1), RATE), "x (16000 Hz, 2 channels)"),
    "copies": ((voice(0) / 2, RATE), "a000 ~ x"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_defect_is_found_by_name(tmp_path, kind):
    planted, item = PLANTED[kind]
    kind = kind.split()[0]
    waves = voices(9) | {"x": planted}
    manifest = write_voices(tmp_path / "corpus", waves)
    # spoken by the first speaker, so that a copy is nothing but a copy
    said = tuple(replace(each, speaker="a") if each.id == "x" else each for each in manifest.utterances)
    found = oddities_of(replace(manifest, utterances=said), tmp_path / "cache")
    assert found[kind] == (item,)
    also = {"cut", "format"} if kind == "cancelled" else {"cut"}
    assert set(found) - {kind} <= also, "a defect is one of its kind, though what is cut short may be cut too"


def test_channels_that_cancel_wholly_are_silent_to_models(tmp_path):
    waves = {uid: (np.stack([wave, wave], axis=1), rate) for uid, (wave, rate) in voices(9).items()}
    left, right = waves["b001"][0].T
    waves["b001"] = (np.stack([left, -right], axis=1), RATE)
    assert oddities_of(write_voices(tmp_path / "corpus", waves), tmp_path / "cache") == {
        "silent": ("b001",),
        "cancelled": ("b001 (100 % of its sound)",),
    }


def test_one_sound_under_two_labels_is_named_with_them(tmp_path):
    waves = voices(6)
    manifest = write_voices(tmp_path / "corpus", waves | {"a9": waves["a000"]}, labels={"a9": "angry"})
    assert oddities_of(manifest, tmp_path / "cache") == {"labels": ("a000 = a9 (calm, angry)",)}


def test_one_sound_of_two_speakers_is_named_with_them(tmp_path):
    waves = voices(6)
    manifest = write_voices(tmp_path / "corpus", waves | {"b9": (waves["a000"][0] / 3, RATE)})
    assert oddities_of(manifest, tmp_path / "cache") == {"labels": ("a000 ~ b9 (speaker a, speaker b)",)}


def test_what_cannot_be_read_what_is_named_oddly_and_what_deviates_is_said(tmp_path):
    manifest = write_voices(tmp_path / "corpus", voices(4))
    (manifest.root / "a000.wav").write_bytes(b"RIFF")
    named = tuple(replace(each, remark="read as b") if each.id == "b001" else each for each in manifest.utterances)
    found = oddities_of(replace(manifest, utterances=named, deviations=("4 clips, expected 5",)), tmp_path / "cache")
    assert list(found) == ["unreadable", "names", "deviations"]
    assert found["unreadable"][0].startswith("a000: ")
    assert found["names"] == ("b001 (read as b)",)
    assert found["deviations"] == ("4 clips, expected 5",)


def test_a_format_change_does_not_hide_a_copy(tmp_path):
    waves = voices(4)
    manifest = write_voices(tmp_path / "corpus", waves | {"a9": waves["a000"]})
    soundfile.write(manifest.root / "a9.wav", waves["a000"][0], RATE, format="FLAC", subtype="PCM_16")
    samples, _ = soundfile.read(manifest.root / "a9.wav", dtype="float32")
    soundfile.write(manifest.root / "a000.wav", samples, RATE, subtype="FLOAT")
    assert oddities_of(manifest, tmp_path / "cache") == {"copies": ("a000 = a9",)}


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "kind", "among"),
    [
        ("cremad", "labels", "1006_TIE_HAP_XX = 1006_TIE_NEU_XX (happy, neutral)"),
        ("cremad", "labels", "1013_WSI_DIS_XX = 1013_WSI_SAD_XX (disgust, sad)"),
        ("cremad", "labels", "1017_IWW_ANG_XX = 1017_IWW_FEA_XX (anger, fear)"),
        ("cremad", "silent", "1076_MTI_SAD_XX"),
        ("ravdess", "copies", "03-01-03-01-02-01-07 = 03-01-03-01-02-02-07"),
        ("ravdess", "quiet", "03-01-04-01-01-01-09"),
        ("ravdess", "quiet", "03-01-02-02-02-02-20"),
        ("tess", "names", "OA_bite_neutral (named OA, read as speaker OAF)"),
        ("emovo", "long", "tri-m1-n5 (14.0 s)"),
    ],
)
def test_what_is_known_to_be_odd_is_found(name, kind, among, data_root, tmp_path_factory):
    cache = tmp_path_factory.getbasetemp() / "heard"
    dataset = DATASETS[name]()
    try:
        manifest = dataset.manifest(dataset.locate([data_root], cache))
    except DatasetMissingError as error:
        pytest.skip(str(error))
    assert among in oddities_of(manifest, cache)[kind]
