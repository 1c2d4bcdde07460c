"""What the pages show, for the tests that hold pages to the code: blocks, commands, options."""

from __future__ import annotations

import re
import shlex

import typer.main

from serbench.cli.app import app


def blocks(text, language):
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands(text):
    """Return the words of every serbench command in the console blocks."""
    lines = "".join(blocks(text, "console")).replace("\\\n", " ").splitlines()
    found = [part.strip() for line in lines if line.startswith("$ ") for part in line[2:].split("&&")]
    return [shlex.split(each, comments=True)[1:] for each in found if each.split()[0] == "serbench"]


def inline_commands(text):
    """Return the words of every serbench command that stands in a line of prose or in a table."""
    return [shlex.split(found)[1:] for found in re.findall(r"`(serbench [^`\n]+)`", text)]


def typed_commands(text):
    """Return every serbench command of a page as it is typed, in the page's order: after a dollar sign, or inline."""
    found = re.findall(r"^\$ (serbench .*)$|`(serbench [^`\n]+)`", text, re.MULTILINE)
    return [block or inline for block, inline in found]


def resolve(words):
    """Return the command of the program that the words name, and the words after its name."""
    command = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


def unknown_options(words):
    """Return the options of a command's words that the command does not have."""
    command, words = resolve(words)
    known = {spelling for each in command.params for spelling in (*each.opts, *each.secondary_opts)}
    return [word for word in words if word.startswith("--") and word not in known]
