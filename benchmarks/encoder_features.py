"""Features of a frozen Whisper encoder, decoding and cache included, against the bare encoder.

serbench     recordings to the averaged states of all layers, on all cores, as a run does it
bare         the encoder of transformers in a loop over batches of spectra that are ready, on all cores: nothing is
             decoded, no spectrum is computed, nothing is kept
one by one   the same with one clip in a batch

Both hear clips padded to 30 s. Clips are the first ``--clips`` of EMO-DB; with ``--quick`` noise, by a tiny encoder of
random weights. The numbers are compared clip by clip.
"""

from __future__ import annotations

import itertools
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from features import generated
from measure import arguments, in_turn, machine, ratios, report, spread, table
from serbench_plugins.features.encoder_mean import EncoderMean

from serbench.corpus.audio import read_audio
from serbench.cost.timing import threads
from serbench.environment import usable_cores
from serbench.features.cache import FeatureCache
from serbench.features.extract import Clip, extract_column
from serbench.weights import WeightFolders

RATE, STEP = 16_000, 320
#: Clips in a batch of the bare loop.
BATCH = 8
#: How far averaged states may be apart, as a share of the largest: they are kept in half precision.
CLOSE = 2e-3


def main(words: Sequence[str] | None = None) -> int:
    """Run the script; the exit code is 1 when numbers differ."""
    parser = arguments(__doc__)
    parser.set_defaults(rounds=3)
    parser.add_argument("--data-root", type=Path, help="the folder of emodb (default: SERBENCH_DATA)")
    parser.add_argument("--weights", type=Path, help="the folder of whisper-tiny.en (default: SERBENCH_WEIGHTS)")
    parser.add_argument("--clips", type=int, default=64, help="how many (default: %(default)s)")
    options = parser.parse_args(words)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if options.quick:
            clips, extractor = generated(folder, 6), EncoderMean(sha256=_tiny(folder / "whisper-tiny.en"))
            extractor.weight_folders = WeightFolders((folder,))
        else:
            clips, extractor = _clips(options.data_root, options.clips), EncoderMean()
            extractor.weight_folders = WeightFolders.of_user((options.weights,) if options.weights else ())
        if not clips:
            parser.error("no recordings of emodb were found; name the folder that holds it by --data-root")
        facts = _compare(extractor, clips, folder, 1 if options.quick else options.rounds)
    report(facts, _lines(facts), as_json=options.json)
    return 0 if facts["largest_difference"] <= CLOSE else 1


def _clips(root: Path | None, number: int) -> list[Clip]:
    from serbench_plugins.datasets.emodb import EmoDb

    root = root or Path(os.environ.get("SERBENCH_DATA", "").split(os.pathsep)[0] or ".")
    return [Clip.of(path) for path in sorted(EmoDb.recordings(root / EmoDb.card.name))[:number]]


def _tiny(folder: Path) -> str:
    """Save an encoder of random weights that hears 30 s; return the digest of its file."""
    import torch
    import transformers

    from serbench.digest import sha256_file

    small = {"d_model": 16, "encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_dim": 32}
    none = {"decoder_layers": 1, "decoder_attention_heads": 2, "decoder_ffn_dim": 32, "vocab_size": 8}
    tokens = {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 1, "decoder_start_token_id": 1}
    with torch.random.fork_rng():
        transformers.WhisperModel(transformers.WhisperConfig(**small, **none, **tokens)).save_pretrained(folder)
    return sha256_file(folder / "model.safetensors")


def _compare(extractor: EncoderMean, clips: Sequence[Clip], folder: Path, rounds: int) -> dict[str, Any]:
    made: dict[str, np.ndarray] = {}
    count = itertools.count()

    def serbench() -> None:  # into a new folder each time
        cache = FeatureCache(folder / f"cache-{next(count)}")
        made["serbench"] = np.stack([row[0] for row in extract_column(extractor, clips, cache).rows])

    bare = _bare(extractor, clips)
    rivals = {"serbench": serbench, "bare": lambda: made.update(bare=bare(BATCH)), "one by one": lambda: bare(1)}
    extract_column(extractor, clips[:2], FeatureCache(folder / "warm"))
    found = in_turn(rivals, rounds)
    gap = np.abs(made["serbench"].astype(np.float32) - made["bare"]).max()
    return {
        "what": "averaged states of all layers of a frozen encoder",
        "machine": machine(),
        "clips": len(clips),
        "rounds": found,
        "clips_per_second": {k: spread([len(clips) / each["seconds"] for each in v]) for k, v in found.items()},
        "cpu_ms_per_clip": {k: spread([1e3 * each["cpu"] / len(clips) for each in v]) for k, v in found.items()},
        "share_of_speed": {name: ratios(found, name, "serbench") for name in ("bare", "one by one")},
        "largest_difference": float(gap / np.abs(made["bare"]).max()),
    }


def _bare(extractor: EncoderMean, clips: Sequence[Clip]) -> Callable[[int], np.ndarray]:
    """Return a function that encodes spectra that are ready, so many at once: float32 (n, layers, d)."""
    import torch
    from transformers import WhisperFeatureExtractor, WhisperModel

    network = WhisperModel.from_pretrained(extractor.weights(), dtype=torch.float32).encoder.eval()
    waves = [read_audio(clip.path, RATE)[0] for clip in clips]
    front = WhisperFeatureExtractor(feature_size=network.config.num_mel_bins)
    mel = front(waves, sampling_rate=RATE, return_tensors="pt").input_features
    own = [max(len(wave) // STEP, 1) for wave in waves]

    def encode(batch: int) -> np.ndarray:
        rows = []
        with torch.inference_mode(), threads(usable_cores()):
            for start in range(0, len(mel), batch):
                states = network(mel[start : start + batch], output_hidden_states=True).hidden_states
                for place, positions in enumerate(own[start : start + batch]):
                    rows.append(torch.stack([layer[place, :positions].mean(0) for layer in states]).numpy())
        return np.stack(rows)

    return encode


def _lines(facts: dict[str, Any]) -> list[str]:
    rows = [
        [name, rate["median"], rate["min"], rate["max"], facts["cpu_ms_per_clip"][name]["median"]]
        for name, rate in facts["clips_per_second"].items()
    ]
    shares = ", ".join(
        f"{100 * each['median']:.0f} % of {name} ({100 * each['min']:.0f} to {100 * each['max']:.0f})"
        for name, each in facts["share_of_speed"].items()
    )
    heading = (f"{facts['clips']} clips", "clips/s", "least", "most", "CPU ms per clip")
    return [
        *table(heading, rows).splitlines(),
        "",
        f"serbench has {shares}; values differ by {facts['largest_difference']:.1g} of the largest at most",
    ]


if __name__ == "__main__":
    sys.exit(main())
