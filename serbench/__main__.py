"""``python -m serbench`` is the same program as ``serbench``."""

from __future__ import annotations

from serbench.cli.app import main

if __name__ == "__main__":
    main()
