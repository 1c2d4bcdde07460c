"""The rows of a folder, scored by the metrics that its records or a person name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from serbench.plugin.registry import Registry
from serbench.results.record import Record
from serbench.results.row import Row
from serbench.results.store import Store
from serbench.results.summary import summarise
from serbench.scoring.metric import Metric
from serbench.scoring.metrics import CORE_METRICS


def stored_rows(folder: Path, registry: Registry) -> tuple[list[Row], list[str]]:
    """Return the rows of a folder with the metrics of :func:`metrics_of`, and the names of those not installed.

    Raises
    ------
    FormatError
        When a record or its predictions are damaged.
    """
    store = Store(folder)
    records = list(store.records())
    metrics, missing = metrics_of(records, registry)
    return summarise(store, metrics, records=records), missing


def metrics_of(records: Iterable[Record], registry: Registry) -> tuple[list[Metric], list[str]]:
    """Return the core metrics and the others, sorted, and the names of those that nobody installed offers.

    The others are those that records name, and those of the plugins' single files, which a person names: so the views
    do not depend on what else is installed where they are made.
    """
    core = [metric.card.name for metric in CORE_METRICS]
    of_files = {
        name for name in registry.metrics if any(offer.provider.is_file for offer in registry.metrics.all(name))
    }
    others = sorted((of_files | {name for record in records for name in record.metrics}) - set(core))
    known = [registry.get("metric", name) for name in others if name in registry.metrics]
    return [*CORE_METRICS, *known], [name for name in others if name not in registry.metrics]


__all__ = ["metrics_of", "stored_rows"]
