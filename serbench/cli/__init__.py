"""The face: a typer program, one file per group of commands."""

from __future__ import annotations
