"""The built-in plugins: they enter by the same door as a stranger's package."""

from __future__ import annotations
