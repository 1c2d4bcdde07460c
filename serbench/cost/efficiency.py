"""What a fitted model costs: the names of all figures, and those that are cheap enough for every record.

Conventions
-----------
Names end in their unit. A *clip* is 3 s of noise (``serbench.cost.noise_clip``). What was not measured is undefined
with the reason.

Sizes are those of the whole system, from wave to scores; ``model_alone_...`` are the model's share, and what is between
them is the features' (``serbench.cost.whole``).

Every cell has sizes, ``macs_3s``, seconds, memory and energy of its own training and prediction. The first cell of a
model on a corpus (first seed, first fold) is the *timed cell*: there ``macs_per_audio_second`` and the latencies on one
CPU thread are measured, whatever the device of the run; the other cells say so. All else takes a quiet machine and
minutes: ``serbench profile`` alone measures it, and records say so.
"""

from __future__ import annotations

from collections.abc import Mapping

from serbench.cost.latency import (
    FEATURE_SHARE,
    ONE_THREAD,
    WARM_UP,
    Specimen,
    affordable_runs,
    failure,
    latency_figures,
)
from serbench.cost.noise_clip import NoiseClips
from serbench.cost.whole import Reason, features_share, model_share
from serbench.learning.model import Model
from serbench.scoring.figure import Figure

#: Of every cell: what features and model are together.
WHOLE = {
    "parameters_trainable": "numbers that training sets",
    "parameters_total": "those, stored statistics, and what networks inside the features hold",
    "model_bytes": "bytes of all numbers that features and model need, in memory",
    "macs_3s": "multiply-accumulates from the wave of a clip to its scores; signal processing counts as 0",
}
#: Of every cell: what the model is without its features. Records of before have none of them.
ALONE = {
    "model_alone_parameters": "those of parameters_total that the model has, features left out",
    "model_alone_bytes": "likewise of model_bytes",
    "model_alone_macs_3s": "likewise of macs_3s: from a clip's features to its scores",
}
SIZES = WHOLE | ALONE
#: From figures of the whole to those of the model alone.
SHARES = dict(zip(("parameters_total", "model_bytes", "macs_3s"), ALONE, strict=True))
#: Of every cell: what the fit has to leave behind.
STORED = {"disk_bytes": "bytes of the saved model's file, whether it was saved or not"}
#: Of every cell: what fitting and predicting it took.
WORK = {
    "train_seconds": "seconds of fit, features at hand",
    "train_cpu_seconds": "processor seconds of fit, of all threads of its process: other programs hardly move them",
    "predict_seconds": "seconds of predict on the test rows, features at hand",
    "peak_memory_bytes": "peak resident memory of the whole process, or of one that it started, in fit and predict",
    "device_memory_bytes": "peak memory on the accelerator meanwhile",
    "energy_joules": "energy meanwhile, of the whole accelerator or processor package",
}
#: Of the timed cell.
TIMED = {
    "macs_per_audio_second": "multiply-accumulates per second of audio, from wave to scores, over the corpus's clips",
    FEATURE_SHARE: "seconds of feature extraction per second of audio, one CPU thread",
    "latency_p50_ms": "batch 1, one CPU thread, from wave to scores: median",
    "latency_p90_ms": "likewise, 90th percentile",
    "latency_p99_ms": "likewise, 99th percentile",
    "feature_latency_p50_ms": "likewise, the features alone",
    "model_latency_p50_ms": "likewise, the model alone",
}
#: Of these, those that a busy machine makes longer.
LATENCIES = frozenset(TIMED) - {"macs_per_audio_second"}
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
FIGURES = WHOLE | ALONE | STORED | WORK | TIMED | LABORATORY

ELSEWHERE = Figure.undefined("measured on the first fold of the first seed")
QUIET = Figure.undefined("takes a quiet machine: serbench profile")


def size_figures(model: Model, noise: NoiseClips, why: Reason = failure) -> dict[str, Figure]:
    """Return the figures of :data:`SIZES`: of features and a fitted model together, and of the model alone.

    Parameters
    ----------
    why
        Says why a figure is undefined, of what a plugin raises while it is counted.
    """
    alone = model_share(model, noise, why)
    whole = alone + features_share(noise, why)
    return {
        "parameters_trainable": whole.trainable,
        "parameters_total": whole.total,
        "model_bytes": whole.bytes,
        "macs_3s": whole.macs,
        "model_alone_parameters": alone.total,
        "model_alone_bytes": alone.bytes,
        "model_alone_macs_3s": alone.macs,
    }


def timed_figures(
    model: Model, noise: NoiseClips, *, runs: int | None = None, warm_up: int = WARM_UP
) -> dict[str, Figure]:
    """Return the times among the figures of :data:`TIMED`, measured on the CPU.

    Parameters
    ----------
    model
        Fitted; its device is left as it is found.
    noise
        The clip.
    runs, warm_up
        Timed and untimed calls; None: as many as are affordable.
    """
    specimen = Specimen(model.card.name, model, noise)
    runs = affordable_runs(specimen, ONE_THREAD) if runs is None else runs
    return latency_figures([specimen], ONE_THREAD, runs=runs, warm_up=warm_up)[specimen.name]


def is_of_before(cost: Mapping[str, Figure]) -> bool:
    """Tell whether a cost was measured before features were counted with their model.

    Its sizes are those of the model alone, and its ``macs_per_audio_second`` is that of one recording of 30 s.
    """
    return not cost.keys() & ALONE.keys()


def of_note(cost: Mapping[str, Figure]) -> dict[str, float | None]:
    """Return the values of a cost for a table: without what a record only names, since nobody has measured it there."""
    return {name: each.value for name, each in cost.items() if name not in LABORATORY or each.value is not None}


__all__ = [
    "ALONE",
    "ELSEWHERE",
    "FIGURES",
    "LABORATORY",
    "LATENCIES",
    "QUIET",
    "SHARES",
    "SIZES",
    "STORED",
    "TIMED",
    "WHOLE",
    "WORK",
    "is_of_before",
    "of_note",
    "size_figures",
    "timed_figures",
]
