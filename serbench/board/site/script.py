"""DataTables out of the pip package itables, as a script that a page opened from a disk may load.

Conventions
-----------
itables carries DataTables, jQuery and their extensions as one module, in which their licences are named. A browser
loads no module from a disk, so the module's exports are replaced by one global name, ``DataTable``; nothing else is
changed. The file is no view: it is made where a site is built and itables is installed.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import Path

from serbench.errors import BoardError
from serbench.files import write_text

#: Where the script lies in the site.
SCRIPT = "vendor/datatables.js"

_BUNDLE = "itables/html/dt_bundle.js"
_EXPORT = re.compile(r"export\s*\{([^{}]*)\}\s*;?")


def make_script() -> str | None:
    """Return the script, or None where itables is not installed.

    Raises
    ------
    BoardError
        When itables carries something else than the module that is known.
    """
    try:
        found = importlib.metadata.distribution("itables")
    except importlib.metadata.PackageNotFoundError:
        return None
    path = Path(str(found.locate_file(_BUNDLE)))
    sentence = f"itables {found.version} has no module {_BUNDLE} that exports DataTable; try pip install itables==2.9.1"
    if not path.is_file():
        raise BoardError(sentence)
    module = path.read_text(encoding="utf-8")
    exports = list(_EXPORT.finditer(module))
    public = dict(_renamed(exports[-1][1])) if exports else {}
    if "default" not in public:
        raise BoardError(sentence)
    start, end = exports[-1].span()
    head = f"/* DataTables, jQuery and extensions, from itables {found.version}; MIT licences, named at the end */"
    body = f"{module[:start]}window.DataTable={public['default']};{module[end:]}"
    return f'{head}\n(function(){{"use strict";{body}\n}})();\n'


def _renamed(names: str) -> Iterator[tuple[str, str]]:
    """Yield what a module calls its exports and how it calls them inside, of ``inside as outside, …``."""
    for each in names.split(","):
        inside, _, outside = each.partition(" as ")
        yield outside.strip(), inside.strip()


def write_script(site: Path) -> Path | None:
    """Write the script into a site; return its path, or None where itables is not installed."""
    script = make_script()
    if script is not None:
        write_text(site / SCRIPT, script, durable=False)
    return None if script is None else site / SCRIPT


def is_stale(site: Path) -> bool:
    """Tell whether a site has a script that is not that of the itables installed here; a fresh clone has none."""
    path = site / SCRIPT
    script = make_script() if path.is_file() else None
    return script is not None and path.read_bytes() != script.encode()


__all__ = ["SCRIPT", "is_stale", "make_script", "write_script"]
