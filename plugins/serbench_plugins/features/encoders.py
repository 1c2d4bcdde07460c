"""Which pretrained speech encoders there are: where they come from, what they have seen, what their files' digests are.

Conventions
-----------
A name is short (``hubert-base``), its checkpoint has the name of the repository on the Hugging Face hub
(``facebook/hubert-base-ls960``): a folder ``hubert-base-ls960`` or a copy of the hub's cache is found by that. The
table lies in ``encoders.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serbench.api import Checkpoint

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Encoder:
    """An encoder that transformers can load.

    Attributes
    ----------
    repository
        Its name on the Hugging Face hub.
    sha256
        Of the file of weights; empty where it is not known.
    trained_on, licence, file, others
        As a :class:`~serbench.api.Checkpoint` has them.
    normalise
        Whether a wave is brought to mean 0 and variance 1 first, as the repository's ``preprocessor_config.json`` says.
        Where a group norm over time comes first (the base models and wav2vec2-large) it changes next to nothing.
    obtain
        How to come by it; empty: from the hub.
    """

    repository: str
    sha256: str = ""
    trained_on: tuple[str, ...] = ()
    licence: str = "Apache-2.0"
    file: str = "pytorch_model.bin"
    normalise: bool = True
    obtain: str = ""
    others: Mapping[str, str] = field(default_factory=dict)

    def checkpoint(self, sha256: str = "") -> Checkpoint:
        """Return the weights to look for: those of the table, or of another copy whose digest is given."""
        obtain = self.obtain or f"hf download {self.repository} config.json {self.file} brings it into the hub's cache"
        facts = {"file": self.file, "others": {} if sha256 else self.others}
        return Checkpoint(self.repository, sha256 or self.sha256, self.trained_on, self.licence, obtain, **facts)


#: From short name to encoder.
ENCODERS: Mapping[str, Encoder] = {
    name: Encoder(**facts | {"trained_on": tuple(facts["trained_on"])})
    for name, facts in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}

#: The weights whose digest is known.
CHECKPOINTS = tuple(encoder.checkpoint() for encoder in ENCODERS.values() if encoder.sha256)


def expect_known(encoder: str, sha256: str) -> None:
    """Refuse an encoder that is not in the table, and one whose file nobody can tell from another."""
    if encoder not in ENCODERS:
        raise ValueError(f"encoder is {encoder!r}, expected one of {list(ENCODERS)}")
    if sha256 and not _DIGEST.fullmatch(sha256):
        raise ValueError(f"sha256 is {sha256!r}, expected 64 digits of 0-9a-f")
    if not sha256 and not ENCODERS[encoder].sha256:
        known = ENCODERS[encoder]
        raise ValueError(
            f"nobody here knows the digest of {known.file} of {known.repository}; say it as sha256, as sha256sum "
            f"prints it: other weights are another system"
        )


def load_encoder(weights: Path, file: str) -> Any:
    """Return the encoder of a folder as a module of transformers, in float32 and ready to predict.

    Parameters
    ----------
    file
        The one of the checkpoint, which was held to its digest: no other one is loaded.
    """
    from transformers import AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()  # the run shows one of its own
    model = AutoModel.from_pretrained(weights, dtype="float32", use_safetensors=file.endswith(".safetensors"))
    return (model.encoder if model.config.model_type == "whisper" else model).eval()


def shortest_wave(kernels: Sequence[int], strides: Sequence[int]) -> int:
    """Return how many samples convolutions in a row need for one position.

    >>> shortest_wave((10, 3, 3, 3, 3, 2, 2), (5, 2, 2, 2, 2, 2, 2))
    400
    """
    samples = 1
    for kernel, stride in zip(kernels[::-1], strides[::-1], strict=True):
        samples = (samples - 1) * stride + kernel
    return samples


__all__ = ["CHECKPOINTS", "ENCODERS", "Encoder", "expect_known", "load_encoder", "shortest_wave"]
