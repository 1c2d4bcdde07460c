"""What a board says that its systems cost: sizes counted again, and figures where a run measures some.

Conventions
-----------
Parameters, bytes and multiply-accumulates are counted again on models that have learned from noise; a size that depends
on how many rows there were is not compared. A size that can be counted must be there, and one that cannot must say so.
Of a figure that a run does not measure a record has the reason. Seconds, memory and energy belong to the machine that
measured them, and may be missing: a record may be older than a figure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from serbench.audit.board.ledger import Ledger
from serbench.cost.efficiency import (
    ELSEWHERE,
    FIGURES,
    LABORATORY,
    QUIET,
    TIMED,
    macs_per_second,
    size_figures,
)
from serbench.cost.noise_clip import NoiseClips
from serbench.errors import BoardError
from serbench.learning.model import Model
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.plan import Contender
from serbench.run.saving import stored_bytes
from serbench.scoring.figure import Figure

#: Clips of noise of each class that two models learn from before they are counted.
_CLIPS_PER_CLASS = (2, 3)
_MISSING = Figure.undefined("it is missing")


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
    store: Store, records: Iterable[Record], contender: Contender, classes: tuple[str, ...], ledger: Ledger
) -> None:
    """Compare the sizes of ``done`` records of one system and task with those that its code has.

    Raises
    ------
    BoardError
        At the first that differs.
    """
    counted = _counted(contender, classes)
    for record in records:
        for name, figure in counted.items():
            found = record.cost.get(name, _MISSING)
            if name in TIMED and found == ELSEWHERE:  # whether it is that cell is checked with the corpus
                continue
            if not _is_same(found, figure):
                raise BoardError(
                    f"{store.where(record)}: its {name} is {_words(found)}, but the model has {_words(figure)}"
                )
            ledger.holds("sizes")


def _is_same(found: Figure, counted: Figure) -> bool:
    if found.value is None or counted.value is None:
        return found == counted
    return math.isclose(found.value, counted.value, rel_tol=1e-9)


def _words(figure: Figure) -> str:
    return f"none ({figure.reason})" if figure.value is None else f"{figure.value:g}"


def _counted(contender: Contender, classes: tuple[str, ...]) -> dict[str, Figure]:
    """Return the sizes that the code gives, however many rows there are; none where it cannot learn from noise."""
    noise = NoiseClips(contender.extractors, classes)
    try:
        fewer, more = (_sizes(contender, noise, clips) for clips in _CLIPS_PER_CLASS)
    except Exception:  # noqa: BLE001  (a plugin may raise anything: what cannot be counted is not checked)
        return {}
    return {name: figure for name, figure in fewer.items() if more[name] == figure}


def _sizes(contender: Contender, noise: NoiseClips, clips: int) -> dict[str, Figure]:
    """Return the sizes of a model that has learned from so many clips of noise per class."""
    table = noise.table(clips * len(noise.labels))
    rows = replace(table, y=np.array(list(noise.labels) * clips))
    model = contender.model.create(**_shortened(contender.model))
    model.fit(rows, rows if model.card.chooses_on_dev else None, seed=0)
    figures = {**size_figures(model, noise), "macs_per_audio_second": macs_per_second(model, noise)}
    return {**figures, "disk_bytes": stored_bytes(model)}


def _shortened(model: Model) -> dict[str, Any]:
    """Return a model's arguments with one epoch: how long it learns has no part in its size."""
    return {**model.params, **({"epochs": 1} if "epochs" in model.defaults() else {})}


__all__ = ["check_names", "check_sizes", "check_timed"]
