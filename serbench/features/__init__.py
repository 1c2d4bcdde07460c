"""Sound to numbers: the extractor contracts, tables, the cache, batched extraction."""

from __future__ import annotations
