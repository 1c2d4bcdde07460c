"""A checkout of serbench beside this one: what a script needs to time two versions against each other."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: The checkout that this script lies in.
OURS = Path(__file__).parents[1]


@dataclass(frozen=True)
class Version:
    """A checkout of serbench.

    Attributes
    ----------
    checkout
        Its folder.
    place
        Where its cache, its compiled modules and whatever it writes lie.
    """

    checkout: Path
    place: Path

    @classmethod
    def prepared(cls, checkout: Path, place: Path) -> Version:
        """Return a checkout that is sure to be what runs, whatever else is installed.

        Raises
        ------
        RuntimeError
            When another serbench is imported.
        """
        place.mkdir()
        version = cls(checkout.resolve(), place)
        found = Path(version.run("-c", "import serbench; print(serbench.__file__)").strip())
        if not found.is_relative_to(version.checkout):
            raise RuntimeError(f"{found} is what runs, expected the serbench of {checkout}")
        return version

    def run(self, *words: object) -> str:
        """Return what a Python program prints that imports this version."""
        paths = os.pathsep.join(map(str, (self.checkout, self.checkout / "plugins")))
        environment = {**os.environ, "PYTHONPATH": paths, "PYTHONPYCACHEPREFIX": str(self.place / "compiled")}
        environment |= {"SERBENCH_PLUGINS": "", "SERBENCH_CACHE": str(self.place / "cache")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        # in a folder of its own, since python -m looks for modules where it is called first of all
        done = subprocess.run(  # noqa: S603  (this interpreter)
            [sys.executable, *map(str, words)], check=True, stdout=subprocess.PIPE, env=environment, cwd=self.place
        )
        return done.stdout.decode()


__all__ = ["OURS", "Version"]
