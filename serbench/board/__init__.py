"""Views of the facts: ranking and tables. Computed from records; no plugin is imported."""

from __future__ import annotations
