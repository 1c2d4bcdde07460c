"""What a plugin's code says, as one digest: whether two records were made by the same code.

Conventions
-----------
The digest is taken over the syntax tree of the module that defines a class and of all modules of the same top-level
package that it imports, functions' imports included. What cannot move a score does not count: comments, docstrings,
layout, the Python version, and what a card says for listings, estimates and checks alone (:data:`NO_RESULT`). The core
is not part of it: the version of serbench stands for it in every record.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from serbench.digest import digest_value

#: Fields of cards that decide no result.
NO_RESULT = frozenset({"summary", "exempt", "quick", "seconds_per_row"})

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def source_digest(cls: type) -> str | None:
    """Return the digest of the code behind a class, or None where there is no source file.

    >>> from serbench.part import Part
    >>> source_digest(Part) == source_digest(Part), source_digest(int)
    (True, None)
    """
    module = inspect.getmodule(cls)
    path = getattr(module, "__file__", None)
    return _digest(cls.__module__, path) if path and path.endswith(".py") and Path(path).is_file() else None


@cache
def _digest(module: str, path: str) -> str:
    found: dict[str, Any] = {}
    waiting = [(module, Path(path))]
    while waiting:
        name, file = waiting.pop()
        if name in found:
            continue
        tree = ast.parse(file.read_bytes())
        found[name] = _facts(tree)
        waiting += _neighbours(tree, name)
    return digest_value(found)


def _neighbours(tree: ast.AST, module: str) -> Iterator[tuple[str, Path]]:
    """Yield the modules of the same top-level package that a tree imports."""
    top = module.partition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module.rsplit(".", node.level)[0] if node.level else ""
            base = ".".join(part for part in (package, node.module) if part)
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            if name.partition(".")[0] == top and (file := _file(name)):
                yield name, file


def _file(name: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # the name of a class or a function
        return None
    origin = spec.origin if spec else None
    return Path(origin) if origin and origin.endswith(".py") else None


def _facts(node: Any) -> Any:
    """Return a syntax tree as JSON-like facts; empty fields, which differ between Python versions, are left out."""
    if isinstance(node, list):
        return [_facts(each) for each in node]
    if not isinstance(node, ast.AST):
        return node if isinstance(node, str | int | bool | None) else repr(node)
    fields = dict(ast.iter_fields(node))
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = fields["body"][1:]
    if isinstance(node, ast.Call) and _called(node).endswith("Card"):
        fields["keywords"] = [keyword for keyword in node.keywords if keyword.arg not in NO_RESULT]
    kept = {name: _facts(value) for name, value in fields.items() if value not in (None, [])}
    return [type(node).__name__, kept]


def _called(call: ast.Call) -> str:
    """Return the last word of what is called: ``ModelCard`` of ``api.ModelCard(...)``."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


__all__ = ["NO_RESULT", "source_digest"]
