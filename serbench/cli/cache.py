"""``serbench cache``: what the cache of features holds, and how to empty it."""

from __future__ import annotations

from typing import Annotated

import typer

from serbench.cli import console
from serbench.cli.options import AsJson

Name = Annotated[str | None, typer.Argument(help="A feature; without it everything.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def register(program: typer.Typer) -> None:
    """Add the group to the program."""
    group = typer.Typer(help="Look into the cache of features, or empty it.", no_args_is_help=True)
    group.command("info")(info)
    group.command("verify")(verify)
    group.command("prune")(prune)
    program.add_typer(group, name="cache")


def info(as_json: AsJson = False) -> None:
    """Show what the cache holds: a line per feature and set of arguments."""
    from serbench.environment import cache_folder
    from serbench.features.cache import FeatureCache

    cache = cache_folder()
    entries = FeatureCache(cache).info()
    if as_json:
        facts = [
            {
                "name": entry.name,
                "identity": entry.identity,
                "rows": entry.rows,
                "bytes": entry.bytes,
                "folder": entry.folder,
            }
            for entry in entries
        ]
        console.print_json({"cache": cache, "features": facts})
        return
    console.fields([("cache", cache), ("features", _size(sum(entry.bytes for entry in entries)))])
    if entries:
        console.line()
        rows = [(entry.folder.name, entry.rows, _size(entry.bytes)) for entry in entries]
        console.table(("feature", "rows", "size"), rows, right=("rows", "size"))


def verify(as_json: AsJson = False) -> None:
    """Read all that the cache holds and say whether it is as it was written.

    Rows of a damaged file are never used; they are computed again when they are needed.

    Raises
    ------
    FormatError
        When something is damaged.
    """
    from serbench.environment import cache_folder
    from serbench.errors import FormatError
    from serbench.features.cache import FeatureCache

    cache = FeatureCache(cache_folder())
    entries, damaged, left = cache.info(), cache.verify(), cache.left_over()
    rows = sum(entry.rows for entry in entries)
    if as_json:
        console.print_json({"rows": rows, "damaged": damaged, "left_over": left})
    elif not damaged:
        spare = f"; {len(left)} files are left over from something interrupted and never read" if left else ""
        console.line(f"all is intact: {rows} rows, {_size(sum(entry.bytes for entry in entries))}{spare}")
    if damaged:
        more = f", and {len(damaged) - 1} more (--json names all)" if len(damaged) > 1 else ""
        raise FormatError(f"damaged: {damaged[0]}{more}; serbench cache prune removes what is there")


def prune(name: Name = None, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove the rows of a feature, or all rows; they are computed again when they are needed.

    What is generated or looked up once (the embedded corpus, facts of recordings) stays.
    """
    from serbench.environment import cache_folder
    from serbench.errors import UnknownNameError
    from serbench.features.cache import FeatureCache

    cache = FeatureCache(cache_folder())
    entries = cache.info()
    if name is not None and name not in {entry.name for entry in entries}:
        raise UnknownNameError("feature in the cache", name, {entry.name for entry in entries})
    going = [entry for entry in entries if name in {None, entry.name}]
    rows, size = sum(entry.rows for entry in going), sum(entry.bytes for entry in going)
    if not yes and going:
        typer.confirm(f"remove {rows} rows, {_size(size)}?", abort=True, err=True)
    freed = cache.prune(name)
    if as_json:
        console.print_json({"rows": rows, "bytes": freed})
    else:
        console.line(f"removed {rows} rows, {_size(freed)}")


def _size(count: int) -> str:
    """Return a number of bytes as people read it."""
    size, unit = float(count), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"


__all__ = ["info", "prune", "register", "verify"]
