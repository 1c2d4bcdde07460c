"""What the rows say of one another: ranks, significance, averages, Pareto fronts, inflation, crossed corpora."""

from __future__ import annotations
