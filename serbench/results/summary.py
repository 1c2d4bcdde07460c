"""From a store's records to the rows of the board.

Conventions
-----------
Records are grouped by everything in their keys but fold and seed, so nothing that has another digest, version
or argument is ever averaged. Within a seed the predictions of all folds are pooled before a metric is
computed: the mean of per-fold scores is another figure, and a worse one where folds are small.

Every score is computed here, from the predictions, by one definition, whose version the row names; the
scores in the records, which may be of an older definition, are not read. Where cells of a row were handed in without
predictions, their confusion counts stand in (``serbench.results.reported``).

A seed that lacks a fold is left out while another seed is complete; where none is, the seed with most folds is
shown. Either way the row is incomplete, and says so.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from serbench.cost.calibration import VERSION
from serbench.cost.efficiency import is_of_before
from serbench.digest import canonical_json
from serbench.errors import FormatError
from serbench.results.facts import Declared, Standing
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.results.reported import OF_COUNTS, REASON, stand_in
from serbench.results.row import Row, Score
from serbench.results.speakers import Speakers, over_speakers
from serbench.results.store import Store
from serbench.results.untrained import untrained_cells
from serbench.scoring.figure import Figure
from serbench.scoring.metric import Metric
from serbench.scoring.metrics import CORE_METRICS, confusion, per_class_recall
from serbench.scoring.statistics import Interval, mean_and_spread


def summarise(
    store: Store,
    metrics: Sequence[Metric] = CORE_METRICS,
    keep: Callable[[Record], bool] = lambda _: True,
    *,
    records: Iterable[Record] | None = None,
) -> list[Row]:
    """Return a row per system and task, sorted by protocol, dataset, label, digests.

    Parameters
    ----------
    store
        Where the records lie.
    metrics
        What is computed of the pooled predictions; the core metrics must be among them.
    keep
        Tells which records take part: those of one seed, for example.
    records
        The store's, where the caller has read them already.

    Raises
    ------
    FormatError
        When a record or its predictions are damaged; the message names the file.
    """
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in filter(keep, store.records() if records is None else records):
        groups[record.key.task, record.key.system].append(record)
    rows = [_row(store, groups[group], metrics) for group in sorted(groups)]
    return sorted(rows, key=lambda row: (row.protocol.name, row.dataset.name, row.label, row.task, row.system))


def _row(store: Store, records: Sequence[Record], metrics: Sequence[Metric]) -> Row:
    first = records[0]
    done = [record for record in records if record.status == "done"]
    folds = first.key.protocol.folds
    seeds, problems = _usable_seeds(records, folds)
    is_reported = any(record.predictions is None for record in done)
    read = stand_in if is_reported else store.predictions
    found = [{record.key.fold: read(record) for record in done if record.key.seed == seed} for seed in seeds]
    pooled = [TestPredictions.join(list(folds.values())) for folds in found]
    classes = done[0].classes if done else first.classes
    scores = {metric.card.name: _score(metric, pooled) for metric in metrics}
    if is_reported:
        none = Figure.undefined(REASON)
        scores |= {name: Score(none, none) for name in scores if name not in OF_COUNTS}
    speakers = Speakers(Interval.undefined(REASON, 0)) if is_reported else over_speakers(found)
    measured, cost_notes = _on_one_machine(done)
    notes = list(dict.fromkeys(note for record in records for note in record.notes))
    return Row(
        dataset=first.key.dataset,
        protocol=first.key.protocol,
        model=first.key.model,
        features=first.key.features,
        augmentations=first.key.augmentations,
        label=first.label,
        classes=classes,
        standing=_standing(records),
        seeds=tuple(seeds),
        folds=folds,
        cells={
            **{status: sum(record.status == status for record in records) for status in ("done", "failed", "skipped")},
            "expected": folds * len({record.key.seed for record in records}),
        },
        problems=tuple(problems),
        utterances=len(pooled[0].ids) if pooled else 0,
        speakers=len(set(pooled[0].speakers)) if pooled and not is_reported else 0,
        scores=scores,
        adjusted_uar=_adjusted_uar(scores["uar"].mean, pooled),
        recalls=_recalls(classes, pooled),
        confusion=_confusion(pooled),
        interval=speakers.interval,
        speaker_values=speakers.values,
        speaker_shares=speakers.shares,
        speaker_uars=speakers.uars,
        seed_variance=speakers.seed_variance,
        cost=_cost(measured),
        machine=measured[0].environment.machine if measured else {},
        calibration=_calibration(measured),
        disturbed=_disturbed(measured),
        versions=_versions(done or records),
        audio=(done or records)[0].audio,
        metrics={metric.card.name: metric.card for metric in metrics},
        notes=(*sorted(notes), *_left_out(records), *cost_notes),
        untrained=untrained_cells(done),
        has_predictions=not is_reported,
    )


def _usable_seeds(records: Sequence[Record], folds: int) -> tuple[list[int], list[str]]:
    """Return the seeds to score, and a sentence for all that is missing.

    Raises
    ------
    FormatError
        When a fold is there twice under a seed, or there are more folds than the split has: one is another split's.
    """
    cells = Counter((record.key.seed, record.key.fold) for record in records)
    names = {fold for _, fold in cells}
    if len(names) > folds or max(cells.values()) > 1:
        label, twice = records[0].label, [fold for (_, fold), number in cells.items() if number > 1]
        what = f"fold {twice[0]} is there twice" if twice else f"there are the {len(names)} folds {sorted(names)}"
        raise FormatError(f"{label} on {records[0].key.dataset.name}: {what}, expected {folds} folds, each once")
    done = Counter({record.key.seed: 0 for record in records})
    done.update(record.key.seed for record in records if record.status == "done")
    short = [seed for seed in sorted(done) if done[seed] != folds]
    problems = [f"seed {seed}: {done[seed]} of {folds} folds are done" for seed in short]
    reasons = Counter((record.status, record.reason or "no reason") for record in records if record.status != "done")
    problems += [
        f"{number} cell{'s' * (number != 1)} {status}: {reason}" for (status, reason), number in sorted(reasons.items())
    ]
    complete = [seed for seed in sorted(done) if done[seed] == folds]
    fullest = min(done, key=lambda seed: (-done[seed], seed))
    return complete or ([fullest] if done[fullest] else []), problems


def _score(metric: Metric, pooled: Sequence[TestPredictions]) -> Score:
    if not pooled:
        none = Figure.undefined("no cell is done")
        return Score(none, none)
    return Score(*mean_and_spread([metric.measure(each.truth, each.scores) for each in pooled]))


def _adjusted_uar(uar: Figure, pooled: Sequence[TestPredictions]) -> Figure:
    if uar.value is None:
        return uar
    k = len(np.unique(pooled[0].truth))
    if k < 2:
        return Figure.undefined("there is one class only, chance is perfect")
    return Figure((uar.value - 1 / k) / (1 - 1 / k))


def _recalls(classes: Sequence[str], pooled: Sequence[TestPredictions]) -> dict[str, Figure]:
    per_seed = [per_class_recall(each.truth, each.scores) for each in pooled]
    return {name: mean_and_spread([recalls[place] for recalls in per_seed])[0] for place, name in enumerate(classes)}


def _confusion(pooled: Sequence[TestPredictions]) -> tuple[tuple[int, ...], ...]:
    if not pooled:
        return ()
    total = np.sum([confusion(each.truth, each.scores) for each in pooled], axis=0)
    return tuple(tuple(int(count) for count in row) for row in total)


def _on_one_machine(done: Sequence[Record]) -> tuple[Sequence[Record], list[str]]:
    """Return the cells that were measured on the machine of most, and what to note."""
    by_card: dict[str, list[Record]] = defaultdict(list)
    for record in done:
        by_card[canonical_json(record.environment.machine)].append(record)
    if not by_card:
        return [], []
    _, chosen = min(by_card.items(), key=lambda item: (-len(item[1]), item[0]))
    notes = []
    if len(by_card) > 1:
        notes.append(
            f"cost is of {len(chosen)} of {len(done)} cells, measured on one machine; the others ran on"
            f" {len(by_card) - 1} other{'s' * (len(by_card) > 2)}"
        )
    return chosen, notes


_STREAMED = "macs_per_audio_second"
#: Of records that were made before operations per second of audio were counted over the clips of a corpus.
_OF_BEFORE = Figure.undefined("counted on one recording of 30 s, as it was before; run it again")


def _cost(measured: Sequence[Record]) -> dict[str, Figure]:
    costs = [record.cost for record in measured]
    if any(is_of_before(cost) and _STREAMED in cost for cost in costs):
        costs = [{**cost, _STREAMED: _OF_BEFORE} for cost in costs]
    return _medians(costs)


def _medians(measured: Sequence[Mapping[str, Figure]]) -> dict[str, Figure]:
    names = Counter(name for cost in measured for name in cost)
    return {
        name: _median([cost[name] for cost in measured])
        if number == len(measured)
        else Figure.undefined(f"known of {number} of {len(measured)} cells")
        for name, number in names.items()
    }


def _calibration(measured: Sequence[Record]) -> Figure:
    timed = [record for record in measured if _has(record, "latency_p50_ms")]
    found = [calibration for record in timed or measured if (calibration := record.environment.calibration)]
    if not found:
        return Figure.undefined("not measured")
    if any(calibration.kernel != VERSION for calibration in found):
        return Figure.undefined("measured by another version of the kernel")
    return _median([Figure(calibration.seconds) for calibration in found])


def _disturbed(measured: Sequence[Record]) -> str | None:
    found = [record.environment.disturbed for record in measured if record.environment.disturbed]
    return "; ".join(dict.fromkeys(found)) or None


def _has(record: Record, cost: str) -> bool:
    return cost in record.cost and record.cost[cost].value is not None


def _median(figures: Sequence[Figure]) -> Figure:
    values = [each.value for each in figures if each.value is not None]
    if values:
        return Figure(statistics.median(values))
    # the rarest first: that of the one cell in which it was tried says more than "measured elsewhere"
    reasons = Counter(each.reason or "not measured" for each in figures)
    return Figure.undefined("; ".join(sorted(reasons, key=lambda reason: (reasons[reason], reason))))


def _standing(records: Sequence[Record]) -> Standing:
    """Return the strictest of the records' standings."""
    found = [record.standing for record in records]
    reasons = sorted({standing.reason for standing in found if standing.reason})
    declared = [standing.declared for standing in found]
    return Standing(
        ranked=all(standing.ranked for standing in found),
        diagnostic=any(standing.diagnostic for standing in found),
        headline=all(standing.headline for standing in found),
        reason="; ".join(reasons) or None,
        parts={name: sentence for standing in found for name, sentence in standing.parts.items()},
        declared=Declared(
            seeded=any(one.seeded for one in declared),
            uses_test_statistics=any(one.uses_test_statistics for one in declared),
            pretrained_on=tuple(sorted({name for one in declared for name in one.pretrained_on})),
            text=min((one.text for one in declared if one.text), default=None),  # prompts, where any cell read them
        ),
    )


def _versions(records: Sequence[Record]) -> dict[str, str]:
    found: dict[str, set[str]] = defaultdict(set)
    for record in records:
        for name, version in record.environment.versions.items():
            found[name].add(version)
    return {name: ", ".join(sorted(found[name])) for name in sorted(found)}


def _left_out(records: Sequence[Record]) -> list[str]:
    names = sorted({name for record in records for name in record.left_out})
    if not names:
        return []
    return [f"{len(names)} recording{'s' * (len(names) != 1)} could not be read and left out ({names[0]})"]


__all__ = ["summarise"]
