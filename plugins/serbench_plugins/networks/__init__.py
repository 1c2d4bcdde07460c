"""The networks that models train, one per file; the only plugin files that import torch when loaded."""

from __future__ import annotations
