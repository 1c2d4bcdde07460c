"""Which recordings are one: copies planted among other sounds are found, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from serbench.corpus import twins as module
from serbench.corpus.fingerprint import take_fingerprints
from serbench.corpus.inventory import take_inventory
from serbench.corpus.twins import FEW, candidates, correlation, find_twins
from serbench.errors import DatasetMissingError
from tests.corpus.voices import CHANGES, RATE, noisy, voice, voices, write_voices
from tests.sample_trees import DATASETS

#: So many that candidates are searched for, not every pair compared.
MANY = FEW + 30


def twins_of(manifest, cache):
    inventory = take_inventory(manifest, cache)
    return find_twins(manifest, inventory, take_fingerprints(manifest, inventory, cache), cache)


@pytest.mark.parametrize("number", [12, MANY])
def test_different_sounds_have_no_twins(tmp_path, number):
    assert twins_of(write_voices(tmp_path / "corpus", voices(number)), tmp_path / "cache") == ()


@pytest.mark.parametrize("number", [12, MANY])
def test_every_planted_copy_is_found_by_name(tmp_path, number):
    waves = voices(number)
    originals = dict(zip(CHANGES, sorted(waves), strict=False))
    planted = {f"x {change}": CHANGES[change](waves[uid][0]) for change, uid in originals.items()}
    found = twins_of(write_voices(tmp_path / "corpus", waves | planted), tmp_path / "cache")
    assert [each.ids for each in found] == [(uid, f"x {change}") for change, uid in originals.items()]
    assert all(0.8 < each.correlation <= 1 and not each.equal for each in found)


def test_equal_sounds_are_told_from_nearly_equal_ones(tmp_path):
    waves = voices(6)
    waves |= {"x": waves["a000"], "y": waves["b001"], "z": (waves["b001"][0] / 2, RATE)}
    same, near = twins_of(write_voices(tmp_path / "corpus", waves), tmp_path / "cache")
    assert (same.ids, same.equal, same.correlation) == (("a000", "x"), True, 1)
    assert (near.ids, near.equal) == (("b001", "y", "z"), False)


def test_a_chain_of_copies_is_one_group(tmp_path):
    waves = voices(5)
    first = waves["a000"][0]
    waves |= {f"x{place}": (noisy(first, 24 - 2 * place), RATE) for place in range(4)}
    (found,) = twins_of(write_voices(tmp_path / "corpus", waves), tmp_path / "cache")
    assert found.ids == ("a000", "x0", "x1", "x2", "x3")


def test_silence_is_no_twin_of_silence_of_another_length(tmp_path):
    waves = {"a": (np.zeros(RATE, np.float32), RATE), "b": (np.zeros(RATE + 1, np.float32), RATE)}
    assert twins_of(write_voices(tmp_path / "corpus", waves), tmp_path / "cache") == ()


def test_the_second_look_compares_no_waves(tmp_path, monkeypatch):
    waves = voices(4)
    manifest = write_voices(tmp_path / "corpus", waves | {"x": (waves["a000"][0] / 2, RATE)})
    first = twins_of(manifest, tmp_path / "cache")
    monkeypatch.setattr(module, "correlation", None)
    assert twins_of(manifest, tmp_path / "cache") == first


@pytest.mark.parametrize("damage", ["", "{}", '{"kind": "serbench-twins", "format": 1, "pairs": [["a"]]}'])
def test_a_damaged_document_is_made_anew(tmp_path, damage):
    manifest = write_voices(tmp_path / "corpus", voices(3))
    twins_of(manifest, tmp_path / "cache")
    (kept,) = (tmp_path / "cache" / "twins").iterdir()
    kept.write_text(damage)
    assert twins_of(manifest, tmp_path / "cache") == ()


def test_correlation_of_a_wave_with_itself_its_shadow_and_another():
    wave, other = voice(1, rate=8_000), voice(2, rate=8_000)
    assert correlation(wave, wave) == pytest.approx(1, abs=1e-6)
    assert correlation(wave, np.concatenate([np.zeros(3000, np.float32), -0.1 * wave])) == pytest.approx(1, abs=1e-3)
    assert correlation(wave, other) < 0.5
    assert correlation(wave, np.zeros(10, np.float32)) == 0


def test_correlation_of_half_a_wave_is_the_root_of_its_energy():
    noise = np.random.default_rng(0).normal(size=16_000).astype(np.float32)
    assert correlation(noise, noise[:8_000]) == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_candidates_of_many_hold_the_pair_that_is_one():
    rng = np.random.default_rng(0)
    shapes = rng.normal(size=(1_000, 64))
    shapes[234] = shapes[77] + rng.normal(0, 0.05, 64)
    assert candidates(shapes) == [(77, 234)]


@pytest.mark.corpus
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("emodb", []),
        ("emovo", [("tri-f3-n1", "tri-f3-n2")]),
        ("savee", []),
        ("ravdess", [("03-01-03-01-02-01-07", "03-01-03-01-02-02-07")]),
        ("tess", []),
        (
            "cremad",
            [
                ("1006_TIE_HAP_XX", "1006_TIE_NEU_XX"),
                ("1013_WSI_DIS_XX", "1013_WSI_SAD_XX"),
                ("1017_IWL_ANG_XX", "1017_IWL_FEA_XX"),
                ("1017_IWW_ANG_XX", "1017_IWW_FEA_XX"),
                ("1020_IEO_ANG_LO", "1020_IEO_ANG_MD"),
                ("1028_IEO_HAP_LO", "1028_IEO_HAP_MD"),
                ("1045_ITH_DIS_XX", "1045_IWL_DIS_XX"),
                ("1056_MTI_ANG_XX", "1056_TAI_ANG_XX"),
                ("1067_IEO_DIS_LO", "1067_IEO_FEA_LO"),
            ],
        ),
    ],
)
def test_real_corpora_have_these_twins_and_no_false_ones(name, expected, data_root, tmp_path):
    dataset = DATASETS[name]()
    try:
        manifest = dataset.manifest(dataset.locate([data_root], tmp_path))
    except DatasetMissingError as error:
        pytest.skip(str(error))
    found = twins_of(manifest, tmp_path)
    assert [each.ids for each in found] == expected
    assert all(each.correlation > 0.9 for each in found)
