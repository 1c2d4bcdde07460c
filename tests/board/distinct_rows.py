"""Rows that differ in every fact: no two columns of one say the same, and no two rows in one column."""

from __future__ import annotations

from dataclasses import replace

from serbench.results.facts import AudioCopy, Declared
from serbench.results.row import Score
from serbench.scoring.figure import Figure
from serbench.scoring.metric import MetricCard
from serbench.scoring.metrics import CORE_METRICS
from serbench.scoring.statistics import Interval
from tests.board.ranking.test_boards import NOISE, row

#: The last one counts for no average.
DATASETS = ("one", "two", "three")
#: From processor to the letter of the machine.
MACHINES = {"abacus": "A", "brain": "B"}
#: The core metrics, and one of a plugin.
CARDS = {metric.card.name: metric.card for metric in CORE_METRICS}
CARDS["doubt"] = MetricCard(name="doubt", version="1", summary="of a plugin", better="lower", heading="Doubt")
#: From cost to a factor that puts the systems into an order of its own, so that fronts differ.
COSTS = {
    "parameters_total": 1,
    "macs_3s": 7,
    "model_bytes": 1,
    "train_seconds": 1,
    "feature_seconds_per_audio_second": 1,
    "latency_p50_ms": 3,
    "latency_p90_ms": 1,
    "latency_p99_ms": 1,
    "peak_memory_bytes": 1,
    "model_alone_parameters": 5,
    "model_alone_macs_3s": 5,
    "energy_joules": 1,
}
IN_THOUSANDS = ("parameters_total", "macs_3s")
#: By how much the speakers of a system scatter that hardly differs from the one before it.
UNSURE = (-0.02, 0.04, -0.01, 0.02, -0.04, 0.01)
#: From name to UAR in per cent, and to what makes the row another kind of row.
SYSTEMS = {
    "best": (90, {}),
    "near": (89, {"audio": AudioCopy(label="Opus, lossy", lossy=True), "declared": Declared(text="transcripts")}),
    "heard": (70, {"declared": Declared(pretrained_on=("books", "songs"), uses_test_statistics=True)}),
    "majority": (30, {}),
    "half": (88, {"original": "best"}),
    "odd": (40, {"original": "heard"}),
    "claimed": (65, {"has_predictions": False, "declared": Declared(text="prompts")}),
    "broken": (
        60,
        {"problems": ("a fold is missing", "it diverged"), "interval": Interval.undefined("one speaker", 1)},
    ),
}


def rows_distinct_rows():
    """Return a row of every system on every dataset."""
    return [made(name, dataset) for dataset in DATASETS for name in SYSTEMS]


def made(name, dataset):
    """Return one of them; ``step`` is another for each."""
    number, place = list(SYSTEMS).index(name), DATASETS.index(dataset)
    step = 20 * place + number
    percent, kind = SYSTEMS[name]
    original, declared = kind.get("original", name), kind.get("declared", Declared())
    uar, scatter = percent / 100 - place / 50, UNSURE if name == "near" else NOISE
    plain = row(name, uar, values=[uar + each * (1 + number / 8) for each in scatter], corpus=dataset)
    apart = {"headline": False, "reason": "two speakers"} if dataset == DATASETS[-1] else {}
    return replace(
        plain,
        dataset=replace(plain.dataset, manifest=f"manifest-{dataset}", audio=f"audio-{dataset}"),
        model=replace(
            plain.model,
            name=original,
            version=f"v{list(SYSTEMS).index(original)}",
            settings={"recipe": {"precision": "bf16"}} if "original" in kind else {},
        ),
        standing=replace(plain.standing, **apart, declared=declared),
        seeds=tuple(range(2 + list(SYSTEMS).index(original))),
        folds=30 + step,
        cells={**plain.cells, "done": 150 + step, "expected": 250 + step},
        utterances=350 + step,
        speakers=450 + step,
        scores=_scores(uar, step),
        recalls={"x": Figure(0.11 + step / 200), "y": Figure(0.16 + step / 200)},
        cost=_costs(number, place),
        machine={"processor": list(MACHINES)[number % 2]},
        calibration=Figure(0.5 + step),
        metrics=CARDS,
        **{fact: value for fact, value in kind.items() if fact not in ("original", "declared")},
    )


def _scores(uar, step):
    means = {name: 0.12 * at + step / 500 for at, name in enumerate(CARDS)} | {"uar": uar}
    return {name: Score(Figure(means[name]), Figure(0.011 * at + step / 1000)) for at, name in enumerate(CARDS, 1)}


def _costs(number, place):
    """Return whole numbers of three digits, some of them thousands; each cost has a range of its own."""
    orders = {name: (number + 1) * factor % len(SYSTEMS) for name, factor in COSTS.items()}
    whole = {name: 100 + 50 * at + 20 * place + orders[name] for at, name in enumerate(COSTS, 1)}
    return {name: Figure(value * (1000 if name in IN_THOUSANDS else 1)) for name, value in whole.items()}
