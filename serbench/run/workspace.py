"""What work on corpora needs beside what was asked for: who offers them, where they lie, how progress is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from serbench.locations import Locations
from serbench.plugin.registry import Registry
from serbench.protocol.protocol import Protocol
from serbench.protocol.protocols import get_protocol
from serbench.run.request import Progress


@contextlib.contextmanager
def silent(label: str, total: int) -> Iterator[Callable[[int], None]]:  # noqa: ARG001  (as Progress calls it)
    """Show nothing: a :data:`~serbench.run.request.Progress` for processes and programs that nobody watches."""
    yield lambda _: None


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where work on corpora is done.

    Attributes
    ----------
    registry
        Who offers datasets, features, models and metrics.
    locations
        Where corpora and the cache lie.
    progress
        Shows that recordings are read.
    settings
        Arguments by part name, for the protocols of records: a run takes those of its request.
    """

    registry: Registry
    locations: Locations
    progress: Progress = silent
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def protocol(self, name: str) -> Protocol:
        """Return the protocol of that name with the arguments that the settings name; see ``get_protocol``."""
        return get_protocol(name, self.settings)


__all__ = ["Workspace", "silent"]
