"""``serbench cache``: what the cache of features holds, and how to empty it."""

from __future__ import annotations

import typer


def register(program: typer.Typer) -> None:
    """Add the group to the program."""


__all__ = ["register"]
