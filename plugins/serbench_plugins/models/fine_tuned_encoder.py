"""A pretrained speech encoder, fine-tuned end to end."""

from __future__ import annotations

import json

import numpy as np

from serbench.api import ModelCard, Recipe, TorchModel, Use
from serbench_plugins.features.encoders import CHECKPOINTS, ENCODERS, expect_known, load_encoder


class FineTunedEncoderModel(TorchModel):
    """The last layers of an encoder, or all, and a linear layer on the mean of its states, trained together.

    The field's usual way, and no paper's alone: the convolutions before the Transformer stay as they were, layers have
    a rate of their own that rises over the first epoch, AdamW. Choices: 1e-4 for the encoder, 1e-3 for what is new, ten
    epochs along a cosine of which the last is kept. Whisper hears the clip without the padding to 30 s. An encoder with
    a group norm over time (HuBERT-base, wav2vec2-base) hears what fills a batch up, as it did when it was made.

    Parameters
    ----------
    encoder
        A name of the features ``encoder-mean`` and ``encoder-frames``.
    layers
        ``all`` Transformer layers, or how many from the last one back; 0 trains the classifier alone.
    epochs, learning_rate
        Of the recipe; the rate is that of the new layer.
    encoder_rate
        The rate of the encoder's layers.
    sha256
        Digest of the file of weights, where the table has none, or for another copy than the table's.
    """

    card = ModelCard(
        name="fine-tuned-encoder",
        version="1",
        summary="pretrained speech encoder, fine-tuned",
        features=("whisper-log-mel",),
        requires=("transformers",),
        checkpoints=CHECKPOINTS,
        seconds_per_row=0.6,
        quick={"layers": 1, "epochs": 6, "encoder_rate": 1e-3, "learning_rate": 1e-2},
    )

    def __init__(
        self,
        *,
        encoder: str = "whisper-tiny.en",
        layers: str | int = "all",
        epochs: int = 10,
        learning_rate: float = 1e-3,
        encoder_rate: float = 1e-4,
        sha256: str = "",
    ) -> None:
        expect_known(encoder, sha256)
        if layers != "all" and not (type(layers) is int and layers >= 0):
            raise ValueError(f"layers is {layers!r}, expected 'all' or a number from 0 up")
        self.encoder = encoder
        self.layers = layers
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.encoder_rate = encoder_rate
        self.sha256 = sha256

    @property
    def checkpoint(self):
        return ENCODERS[self.encoder].checkpoint(self.sha256)

    @property
    def features(self):
        if self.encoder.startswith("whisper"):
            return (Use("whisper-log-mel", bands=128),) if self.encoder.endswith("large-v3") else ("whisper-log-mel",)
        return (Use("waveform", normalise=True),) if ENCODERS[self.encoder].normalise else ("waveform",)

    @property
    def recipe(self):
        rates = {} if self.layers == 0 else {"encoder": self.encoder_rate}
        return Recipe(
            optimizer="adamw",
            learning_rate=self.learning_rate,
            learning_rates=rates,
            weight_decay=1e-2,
            schedule="cosine",
            warmup=1,
            epochs=self.epochs,
            batch_size=16,
            clip_gradient=1.0,
            keep="last",
            standardise=False,
        )

    def build(self, input_shape, n_classes):  # noqa: ARG002  (the encoder knows what it hears)
        from serbench_plugins.networks.fine_tuned import FineTunedEncoder

        return FineTunedEncoder(self._config(), n_classes, None if self.layers == "all" else self.layers)

    def initialise(self, network):
        network.encoder.load_state_dict(load_encoder(self.weights(), self.checkpoint.file).state_dict())

    def _config(self):
        """Return the encoder's configuration: a saved model's own, else that beside the weights."""
        from transformers import AutoConfig

        if hasattr(self, "config_"):
            facts = dict(self.config_)
            return AutoConfig.for_model(facts.pop("model_type"), **facts)
        config = AutoConfig.from_pretrained(self.weights())
        self.config_ = json.loads(config.to_json_string(use_diff=False))
        return config

    def state(self):
        return {**super().state(), "config": np.frombuffer(json.dumps(self.config_).encode(), np.uint8)}

    def load_state(self, state, labels):
        self.config_ = json.loads(bytes(state["config"]))
        return super().load_state({name: each for name, each in state.items() if name != "config"}, labels)


__all__ = ["FineTunedEncoderModel"]
