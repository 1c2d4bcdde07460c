"""What a network is given at a time: rows in memory, the order in which they come, and how they are augmented."""

from __future__ import annotations
