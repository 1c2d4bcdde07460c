"""Who is tested on what? Folds, splits, the named protocols and the leak check."""

from __future__ import annotations
