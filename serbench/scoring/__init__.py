"""How good, how sure? Metrics and statistics: pure functions, which import nothing of the stages before them."""

from __future__ import annotations
