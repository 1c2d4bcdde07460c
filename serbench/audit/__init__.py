"""Does it hold? Audits of splits, corpora and runs, and the verification of a leaderboard."""

from __future__ import annotations
