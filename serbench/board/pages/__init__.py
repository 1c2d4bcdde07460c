"""The boards as pages and files: Markdown, CSV, LaTeX."""

from __future__ import annotations
