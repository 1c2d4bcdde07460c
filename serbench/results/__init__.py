"""Facts on disk: records, predictions, and what they add up to."""

from __future__ import annotations
