"""All that another process needs to come to the same plan.

Conventions
-----------
Models are made by functions of plugins, which cannot be sent to another process. What can be sent is what a person
asked for; from it every process makes its own registry and plan, and cells are named by their digests.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from serbench.locations import Locations
from serbench.plugin.registry import Registry, load_registry
from serbench.results.store import Store
from serbench.run.plan import Plan, make_plan
from serbench.run.request import Progress, Request
from serbench.run.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A request, and the places it is about.

    Attributes
    ----------
    request
        What a person asks for.
    locations
        Where corpora and the cache lie.
    out
        Where records and predictions are kept.
    device
        Where features are extracted and models live.
    plugins
        Files that are plugins.
    no_plugins
        Load the built-ins alone, and those files.
    """

    request: Request
    locations: Locations
    out: Path
    device: str
    plugins: tuple[Path, ...] = ()
    no_plugins: bool = False

    @property
    def models(self) -> Path | None:
        """Below which folder trained models are saved; None: they are not."""
        return self.out if self.request.save_models else None

    def anchored(self) -> Setup:
        """Return the same with its places from the root on: they hold wherever a plugin takes the process."""
        return replace(
            self,
            locations=self.locations.anchored(),
            out=self.out.absolute(),
            plugins=tuple(path.absolute() for path in self.plugins),
        )

    def registry(self) -> Registry:
        """Load the plugins."""
        return load_registry(only=() if self.no_plugins else None, files=self.plugins)

    def workspace(self, registry: Registry, progress: Progress) -> Workspace:
        """Return where the request is worked on."""
        return Workspace(registry=registry, locations=self.locations, progress=progress, settings=self.request.settings)

    def plan(self, registry: Registry, progress: Progress) -> Plan:
        """Make the plan; see :func:`serbench.run.plan.make_plan` for what it raises."""
        return make_plan(self.request, self.workspace(registry, progress), Store(self.out))


__all__ = ["Setup"]
