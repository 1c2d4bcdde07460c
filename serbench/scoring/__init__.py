"""How good, how sure, how costly? Metrics, statistics and efficiency, all pure or plainly measured."""

from __future__ import annotations
