"""The pages against the code: what they name exists, and what exists is named."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import pytest

from serbench import __version__, errors
from serbench.cli.app import INTERRUPTED
from serbench.part import Part
from serbench.plugin import hookspecs
from serbench.plugin.manager import KINDS
from serbench.plugin.registry import load_registry

TOP = Path(__file__).parents[1]
GUIDE = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
HOOKS = [name for name in hookspecs.__all__ if name.startswith("serbench_")]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def blocks(text, language):
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def example(hook):
    """Return the plugin in a hook's docstring."""
    _, _, code = inspect.getdoc(getattr(hookspecs, hook)).partition("::\n\n")
    return inspect.cleandoc("\n" + code)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_guide_names_every_hook_with_its_arguments(hook):
    arguments = ", ".join(inspect.signature(getattr(hookspecs, hook)).parameters)
    assert f"| `{hook}({arguments})` |" in GUIDE


def test_the_guide_names_no_hook_that_is_not_there():
    # the misspelt one stands there to be refused
    assert set(re.findall(r"\bserbench_[a-z_]+", GUIDE)) - {"serbench_plugins", "serbench_modells"} == set(HOOKS)


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_every_hook_is_a_plugin_that_loads(install, hook):
    install("example_pack", example(hook))
    registry = load_registry(only=["example_pack"])
    assert [each for each in registry.broken if each.name != "builtin"] == []
    (mine,) = (each for each in registry.providers() if each.provider.name == "example_pack")
    kinds = [kind.name for kind in KINDS.values() if kind.hook == hook]
    assert list(mine.names) == kinds
    assert mine.observes == (not kinds)


def test_the_guide_s_first_model_is_a_plugin_that_loads(install):
    install("lab_models", blocks(GUIDE, "python")[0])
    model = load_registry(only=["lab_models"]).get("model", "nearest-mean")
    assert issubclass(model, Part)
    assert model().identity.label == "nearest-mean"


def test_the_guide_s_package_names_its_module():
    (package,) = (tomllib.loads(block) for block in blocks(GUIDE, "toml"))
    assert package["project"]["entry-points"]["serbench"] == {"lab": package["tool"]["setuptools"]["py-modules"][0]}


def test_the_guide_names_every_exit_code():
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", GUIDE, re.MULTILINE)}
    kinds = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    assert named == {0, INTERRUPTED, *(kind.exit_code for kind in kinds)}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_files_that_a_page_names_exist(page):
    text = (TOP / page).read_text(encoding="utf-8")
    names = re.findall(r"`((?:serbench|plugins|tests|benchmarks|leaderboard)/[\w./-]*)`", text)
    names += re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [name for name in names if not (TOP / name).exists()] == []


def test_the_readme_has_one_line_that_installs_and_tests():
    lines = (TOP / "README.md").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if re.fullmatch(r"python3 -m venv .*pytest( .*)?", line)]
    assert found == ['python3 -m venv .venv && .venv/bin/pip install -q -e ".[test]" && .venv/bin/pytest']


def test_one_version_everywhere():
    assert PROJECT["version"] == __version__
    assert re.search(
        rf"^## {re.escape(__version__)}\b", (TOP / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
