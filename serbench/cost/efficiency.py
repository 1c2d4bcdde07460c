"""What a fitted model costs: the names of all figures, and those that are cheap enough for every record.

Conventions
-----------
Names end in their unit. A *clip* is 3 s of noise (``serbench.cost.noise_clip``). What was not measured is undefined
with the reason.

Every cell has sizes, ``macs_3s``, seconds, memory and energy of its own training and prediction. The first cell of a
model on a corpus (first seed, first fold) is the *timed cell*: there ``macs_per_audio_second`` and the latencies on one
CPU thread are measured, whatever the device of the run; the other cells say so. All else takes a quiet machine and
minutes: ``serbench profile`` alone measures it, and records say so.
"""

from __future__ import annotations

from collections.abc import Mapping

from serbench.cost.latency import FEATURE_SHARE, ONE_THREAD, RUNS, WARM_UP, Specimen, latency_figures
from serbench.cost.noise_clip import LONG_SECONDS, NoiseClips
from serbench.learning.model import Model
from serbench.scoring.figure import Figure

#: Of every cell: what the model is.
SIZES = {
    "parameters_trainable": "numbers that training sets",
    "parameters_total": "those and stored statistics",
    "model_bytes": "bytes of all that predicting needs, in memory",
    "macs_3s": "multiply-accumulates to score a clip from its features",
}
#: Of every cell: what the fit has to leave behind.
STORED = {"disk_bytes": "bytes of the saved model's file, whether it was saved or not"}
#: Of every cell: what fitting and predicting it took.
WORK = {
    "train_seconds": "seconds of fit, features at hand",
    "train_cpu_seconds": "processor seconds of fit, of all threads of its process: other programs hardly move them",
    "predict_seconds": "seconds of predict on the test rows, features at hand",
    "peak_memory_bytes": "peak resident memory of the whole process while it was fitted and predicted",
    "device_memory_bytes": "peak memory on the accelerator meanwhile",
    "energy_joules": "energy meanwhile, of the whole accelerator or processor package",
}
#: Of the timed cell.
TIMED = {
    "macs_per_audio_second": "multiply-accumulates to score 30 s of audio from its features, over 30",
    FEATURE_SHARE: "seconds of feature extraction per second of audio, one CPU thread",
    "latency_p50_ms": "batch 1, one CPU thread, from wave to scores: median",
    "latency_p90_ms": "likewise, 90th percentile",
    "latency_p99_ms": "likewise, 99th percentile",
    "feature_latency_p50_ms": "likewise, the features alone",
    "model_latency_p50_ms": "likewise, the model alone",
}
_PLACES = {"all_threads": "all CPU threads", "gpu": "the accelerator"}
#: Of ``serbench profile`` alone; a record has the reason.
LABORATORY = {
    "cold_start_seconds": "from the start of a new process to its first answer, loading included",
    "inference_memory_bytes": "peak resident memory of that process",
    "inference_gpu_memory_bytes": "peak memory on the accelerator while it answers at batch 1",
} | {
    name: f"{what}, {where}"
    for place, where in _PLACES.items()
    for name, what in {
        f"latency_{place}_p50_ms": "batch 1, from wave to scores: median",
        f"latency_{place}_p90_ms": "batch 1, from wave to scores: 90th percentile",
        f"latency_{place}_p99_ms": "batch 1, from wave to scores: 99th percentile",
        f"feature_latency_{place}_p50_ms": "batch 1, the features alone: median",
        f"model_latency_{place}_p50_ms": "batch 1, the model alone: median",
        f"throughput_{place}_batch_1_realtime": "seconds of audio per second at batch 1",
        f"throughput_{place}_batch_8_realtime": "seconds of audio per second at batch 8",
        f"throughput_{place}_batch_64_realtime": "seconds of audio per second at batch 64",
        f"throughput_{place}_best_realtime": "seconds of audio per second at the best batch size",
        f"throughput_{place}_best_batch": "that batch size",
        f"inference_{place}_joules_per_clip": "energy per clip at batch 1",
    }.items()
}
#: All figures of a record and of a profile, with what they say.
FIGURES = SIZES | STORED | WORK | TIMED | LABORATORY

ELSEWHERE = Figure.undefined("measured on the first fold of the first seed")
QUIET = Figure.undefined("takes a quiet machine: serbench profile")


def size_figures(model: Model, noise: NoiseClips) -> dict[str, Figure]:
    """Return parameters, bytes and multiply-accumulates of a fitted model: the figures of :data:`SIZES`."""
    size = model.size(noise.table())
    if size is None:
        return dict.fromkeys(SIZES, _unknown(model))
    return {
        "parameters_trainable": Figure(size.trainable),
        "parameters_total": Figure(size.total),
        "model_bytes": Figure(size.bytes),
        "macs_3s": _macs(size.macs, size.macs_reason),
    }


def timed_figures(model: Model, noise: NoiseClips, *, runs: int = RUNS, warm_up: int = WARM_UP) -> dict[str, Figure]:
    """Return the figures of :data:`TIMED`, measured on the CPU.

    Parameters
    ----------
    model
        Fitted; its device is left as it is found.
    noise
        The clip.
    runs, warm_up
        Timed and untimed calls.
    """
    specimen = Specimen(model.card.name, model, noise)
    figures = latency_figures([specimen], ONE_THREAD, runs=runs, warm_up=warm_up)[specimen.name]
    return {"macs_per_audio_second": macs_per_second(model, noise), **figures}


def macs_per_second(model: Model, noise: NoiseClips) -> Figure:
    """Return the multiply-accumulates of scoring 30 s of audio, per second of it: what a stream costs."""
    size = model.size(noise.table(seconds=LONG_SECONDS))
    if size is None:
        return _unknown(model)
    return _macs(None if size.macs is None else size.macs / LONG_SECONDS, size.macs_reason)


def of_note(cost: Mapping[str, Figure]) -> dict[str, float | None]:
    """Return the values of a cost for a table: without what a record only names, since nobody has measured it there."""
    return {name: each.value for name, each in cost.items() if name not in LABORATORY or each.value is not None}


def _unknown(model: Model) -> Figure:
    return Figure.undefined(f"{model.card.name} does not say how large it is")


def _macs(count: float | None, reason: str | None) -> Figure:
    return Figure(count) if count is not None else Figure.undefined(reason or "not counted")


__all__ = [
    "ELSEWHERE",
    "FIGURES",
    "LABORATORY",
    "QUIET",
    "SIZES",
    "STORED",
    "TIMED",
    "WORK",
    "macs_per_second",
    "of_note",
    "size_figures",
    "timed_figures",
]
