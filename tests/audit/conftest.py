"""The small world of the tests of runs: audits look at what it left."""

from __future__ import annotations

from tests.run.conftest import world, world_with

__all__ = ["world", "world_with"]
