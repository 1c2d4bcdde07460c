"""All cells of a plan, one after another, each to its record as soon as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from serbench.environment import machine_card, versions
from serbench.features.cache import FeatureCache
from serbench.plugin.events import JobEvent
from serbench.plugin.registry import Registry
from serbench.results.record import Record
from serbench.results.store import Store
from serbench.run.estimate import Times
from serbench.run.job import run_cell
from serbench.run.plan import Plan, Progress
from serbench.run.tables import Workbench


@dataclass
class Outcome:
    """What a run came to.

    Attributes
    ----------
    done, failed
        Records that this run wrote.
    interrupted
        True when a person ended it; finished cells are kept.
    """

    done: list[Record] = field(default_factory=list)
    failed: list[Record] = field(default_factory=list)
    interrupted: bool = False


def execute(
    plan: Plan,
    registry: Registry,
    store: Store,
    times: Times,
    progress: Progress,
    watch: Callable[[JobEvent], None] = lambda _: None,
) -> Outcome:
    """Run the open cells of a plan.

    Parameters
    ----------
    times
        Knows the device, and learns how long cells take.
    progress
        Shows the extraction of features.
    watch
        Told of every event, as observers among the plugins are.

    Returns
    -------
    What was written. A cell that fails is a record; an interruption ends the run and loses no finished cell.
    """
    outcome = Outcome()
    environment = {"versions": versions(), "machine": machine_card(times.device)}
    metrics = [offer.part for offer in registry.metrics.values()]
    bench = Workbench(FeatureCache(times.path.parent), times.device, metrics, environment, progress)

    def tell(event: JobEvent) -> None:
        registry.notify(event)
        watch(event)

    try:
        for cell in plan.open:
            tell(JobEvent("start", cell.name, cell.key.digest))
            start = time.perf_counter()
            record, predictions = run_cell(cell, bench)
            record = store.write(record, predictions)
            seconds = time.perf_counter() - start
            if record.status == "done":
                outcome.done.append(record)
                times.learn(cell, record.cost["train_seconds"]["value"])
                tell(JobEvent("done", cell.name, cell.key.digest, seconds))
            else:
                outcome.failed.append(record)
                tell(JobEvent("failed", cell.name, cell.key.digest, seconds, record.reason))
    except KeyboardInterrupt:
        outcome.interrupted = True
    finally:
        times.save()
    return outcome


__all__ = ["Outcome", "execute"]
