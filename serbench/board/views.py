"""All views of a board's rows: written, or compared with what lies there.

Conventions
-----------
Every view is computed from the rows alone: the same rows give the same bytes, whatever the machine, the place, the
order of files, the language or the day. A view that an earlier build made and that has no rows any more is removed;
files that no build made are left alone. ``leaderboard.json`` is a document (``serbench.files``) with every row in full;
numbers there and in the CSV files have ten significant digits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from serbench.board.facts import json_rows
from serbench.board.leaderboard import Leaderboard
from serbench.board.pages.files import DIGITS, pages
from serbench.board.pages.latex import COMMENT, latex_pages
from serbench.board.ranking.adaptation import curve_facts
from serbench.board.ranking.matrix import matrix_facts
from serbench.board.site.pages import PAGE, SITE, make_site
from serbench.board.site.script import SCRIPT, is_stale, write_script
from serbench.board.wording import MADE
from serbench.files import sweep, write_text

KIND = "serbench-leaderboard"
FORMAT = 2

#: The view that holds every fact of every row.
FACTS = "leaderboard.json"


def make_views(leaderboard: Leaderboard, *, site: bool = True) -> dict[str, str]:
    """Return from path (POSIX, relative) to text, sorted by path; without ``site``, none of its files."""
    facts = {
        "kind": KIND,
        "format": FORMAT,
        "rows": json_rows(leaderboard.boards),
        "matrix": matrix_facts(leaderboard.crossed),
        "adaptation": curve_facts(leaderboard.adapted),
        "sweeps": [sweep.facts() for sweep in leaderboard.sweeps],
    }
    text = json.dumps(_steady(facts), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    pages_of_site = make_site(leaderboard) if site else {}
    found = {FACTS: f"{text}\n", **pages(leaderboard), **latex_pages(leaderboard), **pages_of_site}
    return dict(sorted(found.items()))


def build(leaderboard: Leaderboard, folder: Path, *, site: bool = True) -> list[Path]:
    """Write every view and remove those of rows that are gone; return the files, sorted.

    The site gets the script that sorts its tables too, where that can be had; it is no view and not returned.
    """
    views = make_views(leaderboard, site=site)
    sweep({(folder / name).parent for name in views} | {(folder / SITE / SCRIPT).parent})
    for name, text in views.items():
        write_text(folder / name, text, durable=False)  # the records lie beside it, and it can be built again
    for path in strays(folder, views):
        path.unlink()
    if site:
        write_script(folder / SITE)
    return sorted(folder / name for name in views)


def first_stale(leaderboard: Leaderboard, folder: Path, *, site: bool = True) -> str | None:
    """Return a sentence that names the first view, by path, that is not what a build would write now, or None."""
    views = make_views(leaderboard, site=site)
    for name, text in views.items():
        path = folder / name
        if not path.is_file():
            return f"{path} is missing"
        found = path.read_bytes()
        if found != text.encode():
            return f"{path} is stale, {_difference(found.decode(errors='replace'), text)}"
    for path in strays(folder, views):
        return f"{path} is stale: the board has no rows for it"
    if site and is_stale(folder / SITE):
        return f"{folder / SITE / SCRIPT} is stale: it is not that of the itables installed here"
    return None


def strays(folder: Path, views: Mapping[str, str]) -> Iterable[Path]:
    """Yield what an earlier build wrote of rows that are gone, sorted."""
    found = [folder / "inflation.md", folder / "sweeps.md", *sorted((folder / "tables").glob("*.*"))]
    # without its index it was left out of this build, and is left alone
    found += sorted((folder / SITE).glob("*.html")) if f"{SITE}/index.html" in views else []
    for path in found:
        if path.relative_to(folder).as_posix() not in views and _is_ours(path):
            yield path


def _is_ours(path: Path) -> bool:
    """Tell whether a build made the file: it says so, or stands beside a page that says so."""
    firsts = {".md": MADE, ".svg": MADE, ".tex": COMMENT, ".html": PAGE}
    if path.suffix == ".csv":
        return any(_is_ours(path.with_suffix(ending)) for ending in firsts)
    return path.suffix in firsts and path.is_file() and path.read_text(encoding="utf-8").startswith(firsts[path.suffix])


def _difference(found: str, expected: str) -> str:
    """Return where two texts differ first, for people: in what is said before how columns are padded."""
    theirs, ours = found.splitlines(), expected.splitlines()
    for plain in (_unpadded, str):
        for number, (one, other) in enumerate(zip(map(plain, theirs), map(plain, ours), strict=False), 1):
            if one != other:
                return f"first in line {number}: {_around(one, other)!r} where {_around(other, one)!r} is computed"
    return f"it has {len(theirs)} lines where {len(ours)} are computed"


def _unpadded(line: str) -> str:
    """Return a line of a table as if every column were as narrow as can be."""
    return re.sub(r"  +", " ", re.sub(r"--+", "-", line))


def _around(line: str, other: str) -> str:
    """Return the part of a line where it differs from another, with a few characters before."""
    same = next((place for place, pair in enumerate(zip(line, other, strict=False)) if pair[0] != pair[1]), len(other))
    start = max(0, same - 20)
    return line[start : same + 20].strip()


def _steady(value: Any) -> Any:
    """Return JSON-like facts with their numbers rounded to what does not depend on the processor."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {name: _steady(each) for name, each in value.items()}
    return [_steady(each) for each in value] if isinstance(value, list | tuple) else value


__all__ = ["FACTS", "FORMAT", "KIND", "build", "first_stale", "make_views", "strays"]
