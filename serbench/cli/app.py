"""The program: its options, its groups of commands, and the one place that ends it with an exit code.

Conventions
-----------
This file and those it imports load neither numpy nor any plugin: ``serbench --help`` answers at once, and
every command imports what it needs when it is called.
"""

from __future__ import annotations

import gc
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from serbench import __version__
from serbench.cli import (
    audit,
    cache,
    check,
    compare,
    console,
    data,
    inflate,
    leaderboard,
    listing,
    new,
    plot,
    predict,
    profile,
    run,
    show,
)
from serbench.errors import SerbenchError

#: The exit code of a program that the keyboard interrupted.
INTERRUPTED = 130


#: In the order in which help lists them.
_COMMANDS = (
    *(listing, show, new, check, data, audit, run, predict, profile, inflate),
    *(compare, plot, leaderboard, cache),
)


class Program(TyperGroup):
    """The group of all commands; what a command raises on purpose becomes one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except SerbenchError as error:
            if ctx.params.get("debug"):
                _print_traceback()
            console.error(str(error))
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            if ctx.params.get("debug"):
                _print_traceback()
            console.error("interrupted")
            raise typer.Exit(INTERRUPTED) from None


def _print_traceback() -> None:
    import traceback

    for each in traceback.format_exc().rstrip().splitlines():
        console.notice(each)


def _print_version(asked: bool) -> None:
    if asked:
        console.line(f"serbench {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """Return the program with all its commands."""
    # rich is kept out of help and of tracebacks: it takes longer to load than the answer
    program = typer.Typer(
        cls=Program,
        name="serbench",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )

    @program.callback()
    def root(
        version: Annotated[
            bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
        ] = False,
        debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    ) -> None:
        """Benchmark speech emotion recognition: honest splits, honest uncertainty, cost beside accuracy."""

    for module in _COMMANDS:
        module.register(program)
    return program


app = build()


def main() -> None:
    """Run the program: the console script, and ``python -m serbench``."""
    try:
        app(prog_name="serbench")
    finally:
        gc.freeze()  # the process ends, and its memory with it: nothing of it is worth a last look for garbage


__all__ = ["INTERRUPTED", "Program", "app", "build", "main"]
