"""Write docs/reference.md from the code: what cards hold, what checks demand, what the command line takes.

Run it after a change of any of them; a test compares the page with what this would write.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import typer.main

from serbench.cli.app import app
from serbench.part import Card
from serbench.plugin import hookspecs
from serbench.plugin.manager import KINDS
from serbench.testing import CHECKS

PAGE = Path(__file__).with_name("reference.md")

HEAD = """# Reference

Made from the code by `python docs/make_reference.py`; a test holds this page to it. How things go together says
[CONTRIBUTING.md](../CONTRIBUTING.md). The classes of `serbench.api`, method by method: `tox -e docs` makes those pages
from the docstrings.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *_hooks(), *_cards(), *_checks(), *_commands()])


def _hooks() -> Iterator[str]:
    yield "## Hooks\n"
    names = [name for name in hookspecs.__all__ if name.startswith("serbench_")]
    rows = []
    for name in names:
        hook = getattr(hookspecs, name)
        rows.append((f"`{name}({', '.join(inspect.signature(hook).parameters)})`", _first_paragraph(hook)))
    yield from _table(("hook", "what it does"), rows)


def _cards() -> Iterator[str]:
    yield "## Cards\n"
    yield "Every card is made with keywords. A field without a default must be given.\n"
    yield "### Every card\n"
    yield from _table(("field", "default", "meaning"), _fields(Card))
    for kind in KINDS.values():
        yield f"### `{kind.card.__name__}`\n"
        rows = _fields(kind.card, without=Card)
        yield from _table(("field", "default", "meaning"), rows) if rows else ["Nothing beyond that.\n"]


def _fields(card: type[Card], *, without: type[Card] | None = None) -> list[tuple[str, str, str]]:
    known = {each.name for each in fields(without)} if without else set()
    meanings = attributes(card)
    return [(f"`{f.name}`", _default(f), meanings[f.name]) for f in fields(card) if f.name not in known]


def _default(field: Field[Any]) -> str:
    if field.default is not MISSING:
        return f"`{field.default!r}`"
    return "must be given" if field.default_factory is MISSING else f"`{field.default_factory()!r}`"


def attributes(cls: type) -> dict[str, str]:
    """Return the meaning of every attribute that a class's docstring describes."""
    _, _, section = inspect.cleandoc(cls.__doc__ or "").partition("Attributes\n----------\n")
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in section.partition("\n\n")[0].splitlines():
        if line.startswith(" "):
            for name in names:
                found[name].append(line.strip())
        else:
            names = [name.strip() for name in line.split(",")]
            found |= {name: [] for name in names}
    return {name: _markdown(" ".join(lines)) for name, lines in found.items()}


def _checks() -> Iterator[str]:
    yield "## Checks of the contract suite\n"
    for kind, checks in CHECKS.items():
        yield f"### Of every {kind}\n"
        rows = [(f"`{check.name}`", _markdown(f"{check.summary}.")) for check in checks]
        yield from _table(("check", "what must hold"), rows)


def _commands() -> Iterator[str]:
    yield "## Command line\n"
    yield from _command("serbench", typer.main.get_command(app))


def _command(path: str, command: Any) -> Iterator[str]:
    """Yield a command's section, and those of the commands below it."""
    own = [each for each in command.params if each.name != "help" and not getattr(each, "hidden", False)]
    arguments = [each for each in own if _is_argument(each)]
    usage = " ".join([path, *(each.metavar or each.name.upper() for each in arguments)])
    yield f"### `{usage}`\n"
    yield _markdown(" ".join((command.help or "").split())) + "\n"
    rows = [(_spelling(each), _given(each), _markdown(each.help or "")) for each in own]
    if rows:
        yield from _table(("argument or option", "default", "meaning"), rows)
    for name, below in getattr(command, "commands", {}).items():
        yield from _command(f"{path} {name}", below)


def _spelling(parameter: Any) -> str:
    if _is_argument(parameter):
        name = parameter.metavar or parameter.name.upper()
    else:
        name = " / ".join([*parameter.opts, *parameter.secondary_opts])
        name += "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    choices = ", ".join(f"`{each}`" for each in _choices(parameter))
    return f"`{name}`" + (f": {choices}" if choices else "")


def _choices(parameter: Any) -> list[str]:
    """Return the words that a parameter takes; older and newer releases of typer keep them in different places."""
    described = getattr(parameter, "type_descriptor", None)
    if described is None:
        return [getattr(each, "value", each) for each in getattr(parameter.type, "choices", ())]
    kinds = (described.annotation, *get_args(described.annotation))
    return [each.value for kind in kinds if isinstance(kind, type) and issubclass(kind, Enum) for each in kind]


def _is_argument(parameter: Any) -> bool:
    return not parameter.opts[0].startswith("-")


def _given(parameter: Any) -> str:
    default = parameter.default
    if parameter.required:
        return "must be given"
    if default is None or default is False or callable(default):
        return ""
    return f"`{getattr(default, 'value', default)}`" if default is not True else "yes"


def _first_paragraph(thing: Any) -> str:
    return _markdown(" ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split()))


def _markdown(text: str) -> str:
    return text.replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    lines = [head, ("---",) * len(head), *rows]
    yield "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
