"""The program: its options, its groups of commands, and the one place that ends it with an exit code.

Conventions
-----------
This file and those it imports load neither numpy nor any plugin: ``serbench --help`` answers at once, and
every command imports what it needs when it is called.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

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
    places,
    plan,
    plot,
    predict,
    profile,
    run,
    show,
    streams,
)
from serbench.errors import ResourceError, SerbenchError, UsageError

#: The exit code of a program that the keyboard interrupted.
INTERRUPTED = 130


#: In the order in which help lists them.
_COMMANDS = (
    *(listing, show, new, check, data, audit, run, plan, predict, profile, inflate),
    *(compare, plot, leaderboard, cache),
)


#: What is said of a library for which there is no memory or no open file left, and of a thread too many.
_WANTS = re.compile(
    "cannot allocate memory|failed to map segment|too many open files|can't start new thread", re.IGNORECASE
)
#: What the parser of the command line raises, whichever release of it there is.
_Refused: Any = typer.BadParameter.__mro__[1]
#: The same when nothing was written behind a command: its text is the help.
_NO_ARGUMENTS = "NoArgsIsHelpError"


class Command(TyperCommand):
    """A command that takes no option twice where the second would replace the first."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words behind the command."""
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for option, times in Counter(order).items():
            if times > 1 and _is_replaced(option):
                raise UsageError(f"{option.opts[0]} was given {times} times, expected once: only the last would count")
        return super().parse_args(ctx, args)


def _is_replaced(parameter: Any) -> bool:
    """Tell whether a second value of a parameter takes the place of the first; a switch that is on stays on."""
    if parameter.param_type_name != "option" or parameter.multiple:
        return False
    return not parameter.is_flag or bool(parameter.secondary_opts)


class Program(TyperGroup):
    """The group of all commands; what a command raises on purpose becomes one line and an exit code."""

    def make_context(self, *arguments: Any, **options: Any) -> Any:
        """Read the words before the command."""
        with _ends_in_one_line(debug=False):
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was named."""
        with _ends_in_one_line(debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


@contextlib.contextmanager
def _ends_in_one_line(*, debug: bool) -> Iterator[None]:
    """Turn what is somebody's to fix into one line on standard error and an exit code; bugs keep their traceback."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        answer = _answer(error)
        if answer is None:
            raise
        text, code = answer
        if debug:
            _print_traceback()
        console.error(text)
        raise typer.Exit(code) from None


def _answer(error: BaseException) -> tuple[str, int] | None:
    """Return what to say of an error and the exit code, or None for what is raised on."""
    if isinstance(error, SerbenchError):
        return str(error), error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    if isinstance(error, _Refused):
        return None if type(error).__name__ == _NO_ARGUMENTS else (_refusal(error), UsageError.exit_code)
    if isinstance(error, OSError | MemoryError):
        has_gone = getattr(error, "errno", None) == errno.EPIPE  # who reads: nobody is there to be told
        return None if has_gone else (str(ResourceError.of(error)), ResourceError.exit_code)
    if isinstance(error, ImportError | RuntimeError) and _WANTS.search(str(error)):
        what = ": a library cannot be loaded" if isinstance(error, ImportError) else ""
        return f"{error}{what}; close what else runs, or raise the limits of this process", ResourceError.exit_code
    return None


def _refusal(error: Any) -> str:
    """Return why the words of a command line were refused, and where they are explained."""
    text = " ".join(error.format_message().split()).rstrip(".")
    command = error.ctx.command_path if error.ctx else "serbench"
    return f"{text[:1].lower()}{text[1:]}; see {command} --help"


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
    _take_options_once(program)
    return program


def _take_options_once(program: typer.Typer) -> None:
    for command in program.registered_commands:
        command.cls = Command
    for group in program.registered_groups:
        if group.typer_instance is not None:
            _take_options_once(group.typer_instance)


app = build()


def main() -> None:
    """Run the program: the console script, and ``python -m serbench``."""
    streams.prepare()
    logging.getLogger("serbench").addHandler(console.Notices())
    try:
        places.allow_many_files()
        app(prog_name="serbench")
    except ResourceError as error:
        console.error(str(error))
        sys.exit(streams.finish(error.exit_code))
    except SystemExit as end:
        sys.exit(streams.finish(end.code))
    finally:
        gc.freeze()  # the process ends, and its memory with it: nothing of it is worth a last look for garbage


__all__ = ["INTERRUPTED", "Command", "Program", "app", "build", "main"]
