"""The verification of a leaderboard: its figures, its code, its corpora, its views."""

from __future__ import annotations
