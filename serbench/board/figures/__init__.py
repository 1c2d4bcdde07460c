"""Figures for papers, drawn with matplotlib: one module per figure, each with a function ``draw``."""

from __future__ import annotations
