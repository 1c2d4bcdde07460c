"""What a frozen Whisper encoder should score, by transformers and scikit-learn alone: no line of serbench takes part.

A recording at 16 kHz, padded with zeros to the encoder's 30 s; the hidden states of every layer, averaged over the
positions that the recording itself fills (n samples own the first n / 320, rounded down); standardised; logistic
regression with C = 0.1; fitted on all rows outside the test fold of the protocol ``si``; UAR of the pooled predictions.
Layer 0 is the embedding. The folds are those of ``docs/reference.md`` (one speaker each; for RAVDESS groups of actors),
written here once more.

    python benchmarks/encoder_reference.py --data-root FOLDER --encoder FOLDER [--keep FOLDER] [--beside RUNS]

prints a line per corpus. With ``--keep`` the averaged states are kept, since a clip takes about 0.3 s of one core, and
what was broken off goes on where it was. With ``--beside`` the rows of such a run (``serbench run ... --out RUNS``)
stand beside, and a difference of more than half a point ends the script with exit code 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from reference import CORPORA, arguments, finish, pooled_uar

SAMPLE_RATE = 16_000
#: Samples of a position of the encoder, and how many positions it has.
STEP, POSITIONS = 320, 1500
#: Averaged states are kept after so many clips.
KEPT_AFTER = 20


def averaged_states(paths: Sequence[Path], encoder: Path, kept: Path | None) -> np.ndarray:
    """Return float32 (n, layers, d): the states of each recording, averaged over its own positions."""
    rows = list(np.load(kept)) if kept and kept.is_file() else []
    if len(rows) == len(paths):
        return np.stack(rows)
    import soundfile
    import torch
    from transformers import WhisperFeatureExtractor, WhisperModel

    network = WhisperModel.from_pretrained(encoder, dtype=torch.float32).encoder.eval()
    front = WhisperFeatureExtractor.from_pretrained(encoder)
    for path in paths[len(rows) :]:
        wave, rate = soundfile.read(path, dtype="float32")
        if rate != SAMPLE_RATE or wave.ndim != 1:
            raise SystemExit(f"{path} has {rate} Hz and shape {wave.shape}, expected mono at {SAMPLE_RATE} Hz")
        mel = front(wave, sampling_rate=rate, return_tensors="pt").input_features
        with torch.inference_mode():
            states = network(mel, output_hidden_states=True).hidden_states
        own = max(1, min(POSITIONS, len(wave) // STEP))
        rows.append(np.stack([layer[0, :own].mean(dim=0).numpy() for layer in states]))
        if len(rows) % KEPT_AFTER == 0 or len(rows) == len(paths):
            print(f"{len(rows)} of {len(paths)} clips", file=sys.stderr)
            if kept:
                kept.parent.mkdir(parents=True, exist_ok=True)
                np.save(kept, np.stack(rows))
    return np.stack(rows)


def score(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Return the UAR of a corpus by each layer, and by the mean of all."""
    paths, labels, folds = zip(*CORPORA[name](options.data_root), strict=True)
    states = averaged_states(paths, options.encoder, options.keep and options.keep / f"{name}.npy")
    y, fold = np.array(labels), np.array(folds)
    by_layer = {str(layer): pooled_uar(states[:, layer], y, fold, probe) for layer in range(states.shape[1])}
    return {"clips": len(y), "layers": by_layer, "uar": pooled_uar(states.mean(axis=1), y, fold, probe)}


def probe() -> Any:
    """Return the classifier."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000))


def main(words: Sequence[str] | None = None) -> int:
    """Run the script."""
    parser = arguments(__doc__, model="linear-probe")
    parser.add_argument("--encoder", type=Path, required=True, help="the folder whisper-tiny.en")
    options = parser.parse_args(words)
    return finish({name: score(name, options) for name in options.corpus or CORPORA}, options, _layers)


def _layers(facts: dict[str, Any]) -> str:
    return f"layers {' '.join(f'{each:5.1f}' for each in facts['layers'].values())}  mean of all {facts['uar']:.1f}"


if __name__ == "__main__":
    sys.exit(main())
