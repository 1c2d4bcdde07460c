"""What is there? Utterances, datasets, and the only file that reads sound."""

from __future__ import annotations
