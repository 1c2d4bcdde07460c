"""The work: which cells, and one cell to one record."""

from __future__ import annotations
