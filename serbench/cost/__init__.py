"""How costly? Size, operations, time, memory and energy of features and model, measured on noise of a known length."""

from __future__ import annotations
