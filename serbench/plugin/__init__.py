"""Who offers what? Hooks, the manager that loads plugins, the registry of what they offer."""

from __future__ import annotations
