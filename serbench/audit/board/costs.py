"""What a board says that its systems cost: sizes counted again, and figures where a run measures some.

Conventions
-----------
Parameters, bytes and multiply-accumulates are counted again on models that have learned from noise; a size that depends
on how many rows there were is not compared. A size that can be counted must be there, and one that cannot must say so.
Operations per second of audio take the lengths of the corpus's recordings. A record of before features were counted
with their model has the model's figures alone, and operations per second of a recording of 30 s: it is held to those.
Of a figure that a run does not measure a record has the reason. Seconds, memory and energy belong to the machine that
measured them, and may be missing: a record may be older than a figure.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from serbench.audit.board.ledger import Ledger
from serbench.cost.efficiency import (
    ALONE,
    ELSEWHERE,
    FIGURES,
    LABORATORY,
    QUIET,
    SHARES,
    TIMED,
    is_of_before,
    size_figures,
)
from serbench.cost.noise_clip import LONG_SECONDS, NoiseClips
from serbench.cost.streams import Length, lengths_of, macs_per_audio_second
from serbench.cost.timing import threads
from serbench.cost.whole import model_share
from serbench.digest import digest_value
from serbench.errors import BoardError
from serbench.features.table import FeatureTable
from serbench.learning.model import Model
from serbench.learning.sklearn_model import SklearnModel
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.contender import Contender
from serbench.run.saving import stored_bytes
from serbench.scoring.figure import Figure

#: Clips of noise of each class that two models learn from before they are counted.
_CLIPS_PER_CLASS = (2, 3)
#: How often a model's rows are repeated to see whether the size of its file tells how many there were.
_MANY = 100
_STREAMED, _STORED = "macs_per_audio_second", "disk_bytes"
_MISSING = Figure.undefined("it is missing")


@dataclass(frozen=True)
class Counts:
    """What was counted already, so that nothing is counted twice: a board has one system on many corpora.

    Attributes
    ----------
    noise
        Features of noise and their operations, which systems on the same features share (``NoiseClips.shared``).
    streamed
        Operations per second of audio, by system, classes and lengths: the protocols of a corpus share them.
    """

    noise: dict[Hashable, Any] = field(default_factory=dict)
    streamed: dict[Hashable, Figure | None] = field(default_factory=dict)


def check_names(path: str, record: Record, ledger: Ledger) -> None:
    """Check that a ``done`` record has no figure that nobody knows, and none that only ``serbench profile`` measures.

    Raises
    ------
    BoardError
        When it has.
    """
    if stray := sorted(record.cost.keys() - FIGURES.keys()):
        raise BoardError(f"{path}: its cost has {', '.join(stray)}, expected figures of {sorted(FIGURES)} alone")
    for name in LABORATORY.keys() & record.cost.keys():
        found = record.cost[name]
        sentence = f"{path}: its {name} is {_words(found)}, which no run measures, expected: {QUIET.reason}"
        ledger.expect("figures that no run measures", found, QUIET, sentence)


def check_timed(path: str, record: Record, ledger: Ledger, *, is_timed: bool) -> None:
    """Check that a record has the figures of the timed cell where it is that cell, and else says where they are.

    Raises
    ------
    BoardError
        When it does not.
    """
    for name in TIMED.keys() & record.cost.keys():
        says_elsewhere = record.cost[name] == ELSEWHERE
        expected = "that it was measured in this cell" if is_timed else str(ELSEWHERE.reason)
        sentence = f"{path}: its {name} is {_words(record.cost[name])}, expected: {expected}"
        ledger.expect("timed cells", says_elsewhere, not is_timed, sentence)


def check_sizes(
    store: Store,
    records: Iterable[Record],
    contender: Contender,
    classes: tuple[str, ...],
    ledger: Ledger,
    counts: Counts,
) -> None:
    """Compare the sizes of ``done`` records of one system and task with those that its code has.

    Parameters
    ----------
    counts
        What was counted before, to which this adds.

    Raises
    ------
    BoardError
        At the first that differs.
    """
    if lacks := contender.missing:
        ledger.skip(f"sizes of {contender.label}: {lacks}", is_unknown=False)
        return
    with threads(1):  # small work, which two threads do no sooner, and a busy machine far later
        counted = _counted(contender, NoiseClips(contender.extractors, classes, counts.noise))
    before = _of_before(counted)
    for record in records:
        is_old = is_of_before(record.cost)
        for name, figure in (before if is_old else counted).items():
            found = record.cost.get(name, _MISSING)
            if name in TIMED and (found == ELSEWHERE or not is_old):  # that is checked with the corpus
                continue
            if not _is_same(found, figure):
                raise BoardError(
                    f"{store.where(record)}: its {name} is {_words(found)}, but the system has {_words(figure)}"
                )
            ledger.holds("sizes")


def check_streamed(
    path: str, record: Record, contender: Contender, seconds: Sequence[float], ledger: Ledger, counts: Counts
) -> None:
    """Compare operations per second of audio with those over clips of these lengths, where a record was timed.

    Parameters
    ----------
    seconds
        Of the corpus's recordings.
    counts
        What was counted before, to which this adds.

    Raises
    ------
    BoardError
        When they differ.
    """
    found = record.cost.get(_STREAMED, _MISSING)
    if found == ELSEWHERE or is_of_before(record.cost):
        return
    lengths = lengths_of(seconds)
    key = (digest_value([record.key.system, record.label]), record.classes, lengths)
    if key not in counts.streamed:
        with threads(1):
            counts.streamed[key] = _streamed(
                contender, NoiseClips(contender.extractors, record.classes, counts.noise), lengths
            )
    counted = counts.streamed[key]
    if counted is None:
        return
    sentence = f"{path}: its {_STREAMED} is {_words(found)}, but over this corpus the system has {_words(counted)}"
    ledger.expect("operations per second of audio", _is_same(found, counted), True, sentence)


def _streamed(contender: Contender, noise: NoiseClips, lengths: Sequence[Length]) -> Figure | None:
    """Return operations per second of audio; None where they depend on how many rows there were, or cannot be had."""
    try:
        models = [_learned(contender, noise, clips) for clips in _CLIPS_PER_CLASS]
        fewer, more = (macs_per_audio_second(model, noise, lengths[-1:], _raised) for model in models)
        return macs_per_audio_second(models[0], noise, lengths, _raised) if fewer == more else None
    except Exception:  # noqa: BLE001  (a plugin may raise anything: what cannot be counted is not checked)
        return None


def _is_same(found: Figure, counted: Figure) -> bool:
    if found.value is None or counted.value is None:
        return found == counted
    return math.isclose(found.value, counted.value, rel_tol=1e-9)


def _words(figure: Figure) -> str:
    return f"none ({figure.reason})" if figure.value is None else f"{figure.value:g}"


def _counted(contender: Contender, noise: NoiseClips) -> dict[str, Figure]:
    """Return the sizes that the code gives, however many rows there are; none where it cannot learn from noise."""
    try:
        fewer, more = (_sizes(contender, noise, clips) for clips in _CLIPS_PER_CLASS)
        if isinstance(contender.model, SklearnModel):  # how many rows it saw is written out: two digits or four
            more[_STORED] = stored_bytes(_learned(contender, noise, _CLIPS_PER_CLASS[0], repeated=_MANY))
    except Exception:  # noqa: BLE001  (a plugin may raise anything: what cannot be counted is not checked)
        return {}
    return {name: figure for name, figure in fewer.items() if more[name] == figure}


def _of_before(counted: dict[str, Figure]) -> dict[str, Figure]:
    """Return the sizes as records of before have them: the model's alone, under the names that are now the system's."""
    alone = {whole: counted[name] for whole, name in SHARES.items() if name in counted}
    rest = {name: figure for name, figure in counted.items() if name not in {*SHARES, *ALONE}}
    return {**rest, **alone}


def _raised(error: BaseException) -> str:
    raise error


def _sizes(contender: Contender, noise: NoiseClips, clips: int) -> dict[str, Figure]:
    """Return the sizes of a model that has learned from so many clips of noise per class."""
    model = _learned(contender, noise, clips)
    long = model_share(model, noise, _raised, seconds=LONG_SECONDS).macs
    streamed = long if long.value is None else Figure(long.value / LONG_SECONDS)
    return {**size_figures(model, noise, _raised), "disk_bytes": stored_bytes(model), _STREAMED: streamed}


def _learned(contender: Contender, noise: NoiseClips, clips: int, *, repeated: int = 1) -> Model:
    table = noise.table(clips * len(noise.labels))
    rows = FeatureTable.join([replace(table, y=np.array(list(noise.labels) * clips))] * repeated)
    model = contender.model.anew(**_shortened(contender.model))
    return model.fit(rows, rows if model.card.chooses_on_dev else None, seed=0)


def _shortened(model: Model) -> dict[str, Any]:
    """Return the arguments that make a model learn for one epoch: how long it learns has no part in its size."""
    return {"epochs": 1} if "epochs" in model.defaults() else {}


__all__ = ["Counts", "check_names", "check_sizes", "check_streamed", "check_timed"]
