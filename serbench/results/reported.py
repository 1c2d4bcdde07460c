"""Cells that were handed in without their predictions: what can be said of them all the same.

Conventions
-----------
A confusion matrix gives the predicted class of every test row, but neither its probability nor who spoke. So what
counts alone give is shown, as claimed; log-loss, calibration and all that is over speakers are undefined.
"""

from __future__ import annotations

import numpy as np

from serbench.errors import FormatError
from serbench.results.predictions import TestPredictions
from serbench.results.record import Record
from serbench.scoring.metrics import macro_f1_of_counts, uar_of_counts, wa_of_counts

#: The metrics that counts alone give.
OF_COUNTS = {"uar": uar_of_counts, "wa": wa_of_counts, "macro-f1": macro_f1_of_counts}
#: Why the others are undefined.
REASON = "self-reported: there are no predictions"


def stand_in(record: Record) -> TestPredictions:
    """Return test rows that have the record's confusion counts: certain of every class, by nobody, with ids of no clip.

    Raises
    ------
    FormatError
        When the counts are not those of its classes.
    """
    k = len(record.classes)
    counts = np.array(record.confusion, dtype=np.int64)
    if counts.shape != (k, k) or (counts < 0).any():
        raise FormatError(f"the record {record.stem} has counts of shape {counts.shape}, expected ({k}, {k})")
    truth, predicted = (np.repeat(place, counts.ravel()) for place in np.divmod(np.arange(k * k), k))
    ids = tuple(f"{record.key.fold}/{number:06d}" for number in range(len(truth)))
    return TestPredictions(ids, ("",) * len(ids), truth, np.eye(k)[predicted], record.classes)


__all__ = ["OF_COUNTS", "REASON", "stand_in"]
