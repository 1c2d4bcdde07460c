"""Encoders of the classes that the field uses, on tiny random checkpoints: found, verified, loaded, never padded."""

from __future__ import annotations

import importlib.util
from functools import cache

import numpy as np
import pytest
import torch

from serbench.api import BatchedFeatureExtractor, Checkpoint, FeatureCard
from serbench.digest import sha256_file
from serbench.errors import CheckpointError
from serbench.features.batch import extract_waves
from serbench.plugin.registry import load_registry
from serbench.testing import cases_of
from serbench.weights import WeightFolders
from tests.tiny_encoders import RATE, WAVE

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("transformers") is None, reason="transformers is not installed"
)

#: Group norm over time in the first convolution, as in the base models.
TINY = WAVE | {"num_conv_pos_embeddings": 16, "feat_extract_norm": "group"}
CLASSES = ["Wav2Vec2", "Hubert", "WavLM"]


@cache
def made(name, folder):
    """Save a random model of a class; return its checkpoint."""
    import transformers

    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**TINY))
    place = folder / f"tiny-{name.lower()}"
    model.save_pretrained(place)
    digests = {file: sha256_file(place / file) for file in ("model.safetensors", "config.json")}
    return Checkpoint(
        *(place.name, digests["model.safetensors"], ("noise",), "CC0", "a test makes it"),
        others={"config.json": digests["config.json"]},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pretrained")


@pytest.fixture(params=CLASSES)
def encoder(request, folder):
    """Return an extractor class that loads the checkpoint of a class of transformers."""
    checkpoint = made(request.param, folder)

    class Encoder(BatchedFeatureExtractor):
        card = FeatureCard(
            name="tiny-encoder",
            version="1",
            summary="the last layer",
            sample_rate=RATE,
            output="sequence",
            padding="none",
            requires=("transformers",),
            checkpoints=(checkpoint,),
        )

        def network(self):
            import transformers

            if not hasattr(self, "network_"):
                with torch.random.fork_rng():  # what is loaded is drawn first
                    model = getattr(transformers, f"{request.param}Model").from_pretrained(self.weights())
                self.network_ = model.eval()
            return self.network_

        def extract_batch(self, waves, lengths):
            states = self.network().to(waves.device)(waves).last_hidden_state
            return states, torch.full_like(lengths, states.shape[1])

    return Encoder


def looking(encoder, folder):
    extractor = encoder()
    extractor.weight_folders = WeightFolders((folder,))
    return extractor


def test_it_gives_alone_what_it_gives_beside_others(encoder, folder):
    waves = [np.random.default_rng(size).normal(0, 0.1, size).astype(np.float32) for size in (8000, 12_000, 8000)]
    extractor = looking(encoder, folder)

    rows = extract_waves(extractor, waves, "cpu")

    for wave, row in zip(waves, rows, strict=True):
        with torch.inference_mode():
            alone = extractor.network()(torch.from_numpy(wave)[None]).last_hidden_state[0].numpy()
        np.testing.assert_allclose(row, alone, rtol=1e-4, atol=1e-5)


def test_it_holds_the_contract(encoder, folder):
    outcomes = [case.run() for case in cases_of(encoder, load_registry(only=()), weights=WeightFolders((folder,)))]

    assert {outcome.check.name: outcome.reason for outcome in outcomes if outcome.status == "failed"} == {}
    assert sum(outcome.status == "passed" for outcome in outcomes) >= 9


def test_another_configuration_of_the_same_weights_is_refused(encoder, folder, tmp_path):
    (checkpoint,) = encoder.card.checkpoints
    place = tmp_path / checkpoint.name
    place.mkdir()
    for name in ("model.safetensors", "config.json"):
        (place / name).write_bytes((folder / checkpoint.name / name).read_bytes())
    looking(encoder, tmp_path).network()
    config = place / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 2', '"num_hidden_layers": 1'))

    with pytest.raises(CheckpointError, match=r"config.json has sha256"):
        looking(encoder, tmp_path).network()
