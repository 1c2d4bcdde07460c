"""The speaker embedding, against the package that its weights come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from serbench_plugins.features.ge2e import GE2E, RATE, Ge2e, partial_starts, raised
from serbench_plugins.networks.ge2e import Ge2eEncoder

from serbench.cost.whole import extractor_size
from serbench.errors import CheckpointMissingError
from serbench.weights import WeightFolders


def tone(seconds, pitch, level):
    time = np.arange(int(seconds * RATE)) / RATE
    pulse = 0.5 + 0.5 * np.sin(2 * np.pi * 3 * time)
    return (level * np.sin(2 * np.pi * pitch * time * (1 + 0.1 * time)) * pulse).astype(np.float32)


#: The four largest of 256, by ``VoiceEncoder.embed_utterance(normalize_volume(wave, -30, increase_only=True))`` of
#: Resemblyzer 0.1.4 (librosa 0.11, torch 2.11).
RESEMBLYZER = [
    ((3.1, 180, 0.05), {10: 0.217115, 20: 0.222895, 224: 0.257477, 9: 0.262487}),
    ((0.4, 240, 0.001), {9: 0.224159, 0: 0.244521, 62: 0.275952, 20: 0.291187}),
    ((2.0, 120, 0.6), {25: 0.185545, 252: 0.186852, 67: 0.187894, 20: 0.220223}),
]


@pytest.fixture
def extractor(weights_folder):
    if not (weights_folder / GE2E.name).is_dir():
        pytest.skip(f"{GE2E.name} is not in {weights_folder}")
    made = Ge2e()
    made.weight_folders = WeightFolders((weights_folder,))
    return made


@pytest.mark.parametrize(("heard", "largest"), RESEMBLYZER)
def test_it_gives_what_resemblyzer_gives(heard, largest, extractor):
    row = extractor.extract(tone(*heard))

    assert (row.shape, row.dtype) == ((256,), np.float32)
    assert set(np.argsort(row)[-4:]) == set(largest)
    np.testing.assert_allclose(row[list(largest)], list(largest.values()), atol=5e-6)
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-5)


def test_its_size_is_counted(extractor):
    size = extractor_size(extractor, tone(1.0, 100, 0.1))

    assert size.total == 1_423_616
    # four gates of 256, of 40 bands and three times 256 of a state before, two times 256 of the layer below
    assert size.macs == 160 * 1024 * (40 + 256 + 2 * (256 + 256)) + 256 * 256


def test_silence_is_survived(extractor):
    assert np.isfinite(extractor.extract(np.zeros(1000, np.float32))).all()


def test_embeddings_have_unit_length_and_nothing_below_zero():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        rows = Ge2eEncoder()(torch.rand(3, 160, 40)).detach()

    np.testing.assert_allclose(rows.norm(dim=1), 1, atol=1e-5)
    assert float(rows.min()) >= 0


@pytest.mark.parametrize(
    ("samples", "starts"),
    [
        (1, [0]),
        (25_600, [0]),  # 1.6 s
        (31_500, [0]),  # 0.75 of 25,600 samples behind 12,320 are 31,520
        (31_600, [0, 77]),
        (49_600, [0, 77, 154]),
    ],
)
def test_a_last_part_has_three_quarters_of_sound(samples, starts):
    assert partial_starts(samples) == starts


def test_a_quiet_clip_is_raised_and_a_loud_one_left():
    quiet, loud = tone(1.0, 100, 1e-3), tone(1.0, 100, 0.5)

    assert 10 * np.log10(np.mean(raised(quiet) ** 2)) == pytest.approx(-30, abs=1e-3)
    assert raised(loud) is loud
    assert not raised(np.zeros(5, np.float32)).any()


def test_without_weights_it_says_how_to_come_by_them(tmp_path):
    made = Ge2e()
    made.weight_folders = WeightFolders((tmp_path,))
    with pytest.raises(CheckpointMissingError, match=r"Resemblyzer 0\.1\.4"):
        made.network()
