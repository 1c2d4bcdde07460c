"""Finding plugins: installed entry points, and single files that a person names.

Conventions
-----------
Nothing is imported here before :attr:`FoundPlugin.load` is called. A plugin says for which major version of
``serbench.api`` it was made by a line ``SERBENCH_API = 1`` in the module that its entry point names; the line is read
as text before the module runs, since a module made for another version may fail on its first import. A module
without such a line counts as made for version 1.
"""

from __future__ import annotations

import ast
import contextlib
import importlib.metadata
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from serbench.errors import PluginError, UsageError
from serbench.plugin import hookspecs

#: The group of entry points that are plugins, as it stands in pyproject files.
GROUP = hookspecs.PROJECT

#: The name that a plugin's module gives to the major version it was made for.
STATEMENT = "SERBENCH_API"

#: Modules of single files are kept under this prefix, so that ``random.py`` harms nobody.
_FILE_PREFIX = "serbench_file_"


@dataclass(frozen=True, order=True)
class Provider:
    """Who offers something.

    Attributes
    ----------
    distribution
        The installed package, as ``pip list`` names it; the file's name for a single file.
    name
        The entry point's name; the file's name without its ending.
    version
        Of the distribution; ``unknown`` where it does not say.
    """

    distribution: str
    name: str
    version: str

    @property
    def is_file(self) -> bool:
        """True for a single file, which a person named; it is installed nowhere."""
        return self.distribution == f"{self.name}.py"

    def __str__(self) -> str:
        version = "" if self.version == "unknown" else f" {self.version}"
        return f"{self.distribution}{version} (plugin {self.name!r})"


@dataclass(frozen=True)
class FoundPlugin:
    """A plugin that was found and not yet loaded.

    Attributes
    ----------
    provider
        Who brings it.
    load
        Import the plugin; may raise anything.
    source
        Return the file of its module, or None; imports no more than the packages around it, which may raise anything.
    """

    provider: Provider
    load: Callable[[], object]
    source: Callable[[], Path | None] = lambda: None

    @property
    def is_builtin(self) -> bool:
        """True for the plugins that come with serbench itself."""
        return self.provider.distribution == "serbench" and self.provider.name == "builtin"

    def open(self) -> object:
        """Return the plugin's module, or whatever its entry point names.

        Raises
        ------
        PluginError
            When it was made for another major version of ``serbench.api``.
        Exception
            Whatever its import raises.
        """
        source = self.source()
        if source is not None:
            refuse_other_api(_stated(source))
        plugin = self.load()
        refuse_other_api(getattr(plugin, STATEMENT, None))
        return plugin


def refuse_other_api(stated: object) -> None:
    """Raise PluginError unless ``stated`` is this major version of ``serbench.api``; None counts as version 1."""
    here, _ = hookspecs.API_VERSION
    made_for = 1 if stated is None else stated
    if made_for != here or isinstance(made_for, bool):
        raise PluginError(
            f"made for version {made_for!r} of serbench.api, expected {here}; install a release of it that says "
            f"{STATEMENT} = {here}, or another serbench"
        )


def installed_plugins() -> list[FoundPlugin]:
    """Return the installed entry points of the group ``serbench``, sorted by distribution and name.

    Distributions are looked at one by one, since a damaged one would end a search by group for all.
    """
    found: dict[tuple[str, str], FoundPlugin] = {}
    for distribution in importlib.metadata.distributions():
        try:
            # most distributions bring no plugin: reading their entry points as text spares parsing them
            if f"[{GROUP}]" not in (distribution.read_text("entry_points.txt") or ""):
                continue
            name, version = distribution.metadata["Name"] or "unknown", distribution.metadata["Version"] or "unknown"
            points = list(distribution.entry_points.select(group=GROUP))
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, the others are not to suffer)
            name, version = _folder_name(distribution), "unknown"
            provider = Provider(name, "unknown", version)
            found.setdefault((name, ""), FoundPlugin(provider, _raising(error)))
            continue
        for point in points:
            # the first on the path is the one that Python imports
            found.setdefault((name, point.name), _installed(Provider(name, point.name, version), point))
    return [found[key] for key in sorted(found)]


def plugin_files(paths: Iterable[Path]) -> list[FoundPlugin]:
    """Return the plugins of files, one that is named twice once; see :func:`plugin_file`.

    Raises
    ------
    UsageError
        When one is not there, or two have one name: two modules of one name would be taken for each other.
    """
    found: dict[str, Path] = {}
    for path in paths:
        other = found.setdefault(path.stem, path)
        if other.resolve() != path.resolve():
            raise UsageError(f"the plugins {other} and {path} have one name, expected two; rename one of them")
    return [plugin_file(path) for path in found.values()]


def plugin_file(path: Path) -> FoundPlugin:
    """Return the plugin that a single Python file is.

    Raises
    ------
    UsageError
        When there is no such file, or it is no Python file.
    """
    if not path.is_file() or path.suffix != ".py":
        raise UsageError(f"no plugin at {path}, expected a Python file with hooks, such as my_model.py")

    def load() -> object:
        name = _FILE_PREFIX + path.stem
        spec = importlib.util.spec_from_file_location(name, path.resolve())
        if spec is None or spec.loader is None:
            raise PluginError(f"{path} cannot be imported, expected a Python file")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module  # where inspect and the digest of a class's source look for it
        folder = os.path.abspath(".")  # noqa: PTH100  (a folder that is gone has no other)
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        finally:
            with contextlib.suppress(OSError):
                os.chdir(folder)  # what a person named is meant from there
        return module

    return FoundPlugin(Provider(path.name, path.stem, "unknown"), load, lambda: path)


def _installed(provider: Provider, point: importlib.metadata.EntryPoint) -> FoundPlugin:
    def source() -> Path | None:
        try:
            spec = importlib.util.find_spec(point.module)
        except (ImportError, ValueError):  # loading it says what is missing
            return None
        origin = spec.origin if spec else None
        return Path(origin) if origin and origin.endswith(".py") else None

    return FoundPlugin(provider, point.load, source)


def _stated(source: Path) -> object:
    """Return the value of the statement in a module's text, or None where there is none, or none to be read."""
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):  # loading it says what is wrong
        return None
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if STATEMENT in [target.id for target in targets if isinstance(target, ast.Name)]:
                return node.value.value
    return None


def _folder_name(distribution: importlib.metadata.Distribution) -> str:
    path = getattr(distribution, "_path", None)
    return str(getattr(path, "name", "unknown")).partition("-")[0]


def _raising(error: BaseException) -> Callable[[], object]:
    def load() -> object:
        raise error

    return load


__all__ = [
    "GROUP",
    "STATEMENT",
    "FoundPlugin",
    "Provider",
    "installed_plugins",
    "plugin_file",
    "plugin_files",
    "refuse_other_api",
]
