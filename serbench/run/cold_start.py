"""How long a new process takes from its start to the first answer of a saved model, and how much memory.

Conventions
-----------
The new process loads Python, serbench, its plugins, the model and a clip of 3 s from a file, and predicts. It is run as
``python -m serbench.run.cold_start CARD CLIP [PLUGIN FILE]...`` and writes its peak memory as one line of JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from serbench.cost.meter import peak_memory
from serbench.cost.noise_clip import CLIP_SECONDS, NoiseClips
from serbench.environment import WEIGHTS_VARIABLE
from serbench.scoring.figure import Figure

_STARTS = 3
#: Seconds after which a process is given up.
_PATIENCE = 600
_SAMPLE_RATE = 16_000


def cold_start(
    card: Path, plugins: Sequence[Path] = (), weights: Sequence[Path] = (), *, starts: int = _STARTS
) -> dict[str, Figure]:
    """Return ``cold_start_seconds`` and ``inference_memory_bytes``: medians over new processes, on the CPU.

    Parameters
    ----------
    card
        Of the saved model.
    plugins
        Files that the new process has to load as plugins.
    weights
        Folders in which it looks for pretrained weights.
    starts
        How many processes are started, one after another.
    """
    clip = card.parent / "clip.wav"
    _write_noise(clip)
    command = [sys.executable, "-m", "serbench.run.cold_start", str(card), str(clip), *map(str, plugins)]
    named = {WEIGHTS_VARIABLE: os.pathsep.join(str(root.absolute()) for root in weights)} if weights else {}
    environment = {**os.environ, **named}
    seconds, memory = [], []
    for _ in range(starts):
        start = time.perf_counter()
        try:
            done = subprocess.run(  # noqa: S603
                command, env=environment, capture_output=True, text=True, check=True, timeout=_PATIENCE
            )
        except subprocess.SubprocessError as error:
            said = (getattr(error, "stderr", None) or "").strip().splitlines()
            failed = Figure.undefined(f"measuring failed: {said[-1] if said else type(error).__name__}")
            return {"cold_start_seconds": failed, "inference_memory_bytes": failed}
        seconds.append(time.perf_counter() - start)
        memory.append(Figure.read(json.loads(done.stdout.splitlines()[-1])))
    values = [figure.value for figure in memory if figure.value is not None]
    return {
        "cold_start_seconds": Figure(median(seconds)),
        "inference_memory_bytes": Figure(median(values)) if values else memory[0],
    }


def answer_once(card: Path, clip: Path, plugins: Sequence[Path]) -> Figure:
    """Load a model, let it answer one clip, and return the peak memory of this process."""
    from serbench.errors import SerbenchError
    from serbench.plugin.registry import load_registry
    from serbench.run.predicting import load_models, predict

    for answer in predict(load_models([card], load_registry(files=plugins), "cpu"), [clip]):
        if answer.reason is not None:
            raise SerbenchError(answer.reason)
    return peak_memory()


def _write_noise(path: Path) -> None:
    noise = NoiseClips({}, ()).wave(_SAMPLE_RATE, seconds=CLIP_SECONDS)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(_SAMPLE_RATE)
        stream.writeframes((np.clip(noise, -1, 1) * 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    sys.stdout.write(
        json.dumps(answer_once(Path(sys.argv[1]), Path(sys.argv[2]), [Path(each) for each in sys.argv[3:]]).facts())
    )

__all__ = ["answer_once", "cold_start"]
