"""Cells of one network trained as one program, to keep an accelerator busy; each comes out as it would alone."""

from __future__ import annotations
