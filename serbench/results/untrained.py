"""Whether a training came to anything: what its history says of the epoch that was kept.

Conventions
-----------
``k`` classes. A network that has learned nothing has a cross-entropy of ln k, whatever the smoothing of labels. A
history is a row per epoch: ``epoch``, ``train_loss``, and ``chosen`` of the epoch that was chosen on dev, where one
was; rows of a training in stages have a ``stage``, and the last one counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from serbench.results.record import Record

#: An epoch among so many first ones is hardly the end of a training.
FIRST = 3
#: The share of ln k above which a training loss says that little was learned.
SHARE = 0.95


def untrained(record: Record) -> str | None:
    """Return why a cell's network may be untrained, or None.

    The loss is looked at where it is cross-entropy alone: another one has another scale.
    """
    rows = _last_stage(record.history)
    if record.status != "done" or not rows or "train_loss" not in rows[-1]:
        return None
    kept = next((row for row in rows if row.get("chosen")), rows[-1])
    if kept.get("chosen") and kept["epoch"] <= FIRST < len(rows):
        return f"epoch {kept['epoch']} of {len(rows)} was chosen"
    settings = record.key.model.settings
    recipe = settings.get("recipe", {})
    is_cross_entropy = isinstance(recipe, Mapping) and "loss" not in recipe and "loss" not in settings
    limit = SHARE * math.log(max(2, len(record.classes)))
    if is_cross_entropy and kept["train_loss"] > limit:
        return f"a training loss of {kept['train_loss']:.2f} was kept, where guessing has {limit / SHARE:.2f}"
    return None


def untrained_cells(records: Sequence[Record]) -> str | None:
    """Return a sentence on the cells of a row whose networks may be untrained, or None."""
    found = [(record, reason) for record in records if (reason := untrained(record))]
    if not found:
        return None
    record, reason = found[0]
    return (
        f"{len(found)} of {len(records)} cells may have learned nothing: fold {record.key.fold} of seed "
        f"{record.key.seed}: {reason}"
    )


def _last_stage(history: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [row for row in history if row.get("stage") == history[-1].get("stage")]


__all__ = ["FIRST", "SHARE", "untrained", "untrained_cells"]
