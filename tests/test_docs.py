"""The pages against the code: what they name exists, and what exists is named."""

from __future__ import annotations

import importlib.util
import inspect
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from serbench import __version__, errors
from serbench.board.columns import Table, columns_of
from serbench.board.ranking.boards import make_boards
from serbench.cli.app import INTERRUPTED
from serbench.plugin import hookspecs
from serbench.plugin.manager import KINDS
from serbench.plugin.registry import load_registry
from serbench.testing import cases_of
from tests.board.ranking.test_boards import row
from tests.pages import blocks, commands, inline_commands, unknown_options

TOP = Path(__file__).parents[1]
GUIDE = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = [
    *("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md"),
    *(
        "docs/design.md",
        "docs/glossary.md",
        "docs/reliability.md",
        "docs/results.md",
        "docs/systems.md",
        ".github/pull_request_template.md",
    ),
]
HOOKS = [name for name in hookspecs.__all__ if name.startswith("serbench_")]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]


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


@pytest.mark.parametrize(
    ("number", "name", "failing"),
    [(0, "nearest-mean", {"overfits", "beats-majority"}), (1, "nearest-mean", set()), (-1, "lab-mlp", set())],
    ids=["that knows nothing", "that learns", "that is trained"],
)
def test_a_model_of_the_guide_holds_its_contract_as_the_guide_says(tmp_path, number, name, failing):
    (tmp_path / "guide_model.py").write_text(blocks(GUIDE, "python")[number], encoding="utf-8")
    registry = load_registry(only=(), files=[tmp_path / "guide_model.py"])
    outcomes = [case.run() for case in cases_of(registry.get("model", name), registry)]
    assert {each.check.name for each in outcomes if each.status == "failed"} == failing
    del sys.modules["serbench_file_guide_model"]


def test_the_guide_shows_tables_with_the_headings_of_the_terminal():
    board = make_boards([row("a", 0.9)])
    headings = sorted(columns_of(Table.TERMINAL, board), key=lambda column: column.key != "model")
    shown = re.findall("^model +rank .*", GUIDE, re.MULTILINE)
    assert len(shown) == 5
    for line in shown:  # what does not fit goes on below
        found = re.split(" {2,}", line)
        assert found == [column.heading for column in headings][: len(found)]


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_have_the_options_that_they_are_given(page):
    text = (TOP / page).read_text(encoding="utf-8")
    shown = [*commands(text), *inline_commands(text)]
    assert [option for words in shown for option in unknown_options(words)] == []


def test_the_workflow_for_submissions_verifies_and_checks_the_views():
    text = (TOP / ".github" / "workflows" / "leaderboard.yml").read_text(encoding="utf-8")
    steps = [shlex.split(step.get("run", "")) for step in yaml.safe_load(text)["jobs"]["verify"]["steps"]]
    ours = [words[1:] for words in steps if words[:1] == ["serbench"]]
    assert [words[:3] for words in ours] == [
        ["leaderboard", "verify", "leaderboard"],
        ["leaderboard", "build", "leaderboard"],
    ]
    assert "--check" in ours[1]
    assert [each for words in ours for each in unknown_options(words)] == []


def maker(name):
    """Return the module of a script that writes a page."""
    spec = importlib.util.spec_from_file_location(name, TOP / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_what_the_code_says():
    """The hooks, every field of every card, every check, every command and option."""
    made = maker("make_reference")
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run python docs/make_reference.py"


def test_the_systems_are_what_models_and_the_board_say():
    made = maker("make_systems")
    if not made.BOARD.exists():
        pytest.skip("a source distribution has no board")
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), "run python docs/make_systems.py"


def test_published_figures_are_of_systems_that_exist():
    outside = tomllib.loads((TOP / "docs" / "published.toml").read_text(encoding="utf-8"))
    models = load_registry(only=()).models
    assert {each["system"] for each in outside["score"]} <= set(models)
    assert all(each["protocol"] and each["source"] and each["measure"] for each in outside["score"])


def test_the_guide_names_every_exit_code():
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", GUIDE, re.MULTILINE)}
    kinds = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    assert named == {0, INTERRUPTED, *(kind.exit_code for kind in kinds)}


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page):
    text = (TOP / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:serbench|plugins|tests|benchmarks|docs|leaderboard|\.ci|\.github)/[\w./-]*)`", text)
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    paths = [*(TOP / name for name in named), *((TOP / page).parent / name for name in linked)]
    absent = TOP / "leaderboard"  # of a source distribution
    missing = [path for path in paths if not path.exists()]
    assert [path for path in missing if absent.exists() or not path.is_relative_to(absent)] == []


def test_the_readme_has_one_line_that_installs_and_tests():
    lines = (TOP / "README.md").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if re.fullmatch(r"python3 -m venv .*pytest( .*)?", line)]
    assert found == ['python3 -m venv .venv && .venv/bin/pip install -q -e ".[test]" && .venv/bin/pytest']


def test_one_version_everywhere():
    assert PROJECT["version"] == __version__
    assert re.search(
        rf"^## {re.escape(__version__)}\b", (TOP / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
