"""The house rules that are about files: who imports whom, what is loaded when, how long a file may be."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
CORE, PLUGINS = TOP / "serbench", TOP / "plugins" / "serbench_plugins"

#: A stage imports from its own folder and from those before it. Files on the ground stand before all.
STAGES = (
    *("corpus", "protocol", "features", "learning", "scoring", "cost", "results"),
    *("plugin", "testing", "run", "board", "audit", "cli"),
)

#: Loaded where work starts, never when a module is.
HEAVY = {
    "torch",
    "torchaudio",
    "librosa",
    "pandas",
    "rich",
    "scipy",
    "sklearn",
    "pyarrow",
    "soundfile",
    "miniaudio",
    "soxr",
    "matplotlib",
    "transformers",
}

#: What one file alone imports.
SOLE_IMPORTERS = {
    "rich": {"serbench/cli/console.py"},
    # the augmentation codes and decodes in memory, and reads no recording
    "soundfile": {"serbench/corpus/audio.py", "plugins/serbench_plugins/augmentations/codec.py"},
    "soxr": {"serbench/corpus/audio.py"},
    "miniaudio": {"serbench/corpus/flac.py"},
}

#: Files over 300 lines, and why.
LONG: dict[str, str] = {
    "serbench/features/extract.py": "what is computed and in which thread: one cannot be read without the other",
    "serbench/board/columns.py": "every column of every view in one list, which is the point of it",
    "serbench/results/facts.py": "all that a record says, one type a fact, read and refused by the same few lines",
}

SOURCES = sorted(path.relative_to(TOP).as_posix() for folder in (CORE, PLUGINS) for path in folder.rglob("*.py"))
CORE_SOURCES = [name for name in SOURCES if name.startswith("serbench/")]
PLUGIN_SOURCES = [name for name in SOURCES if name.startswith("plugins/")]


def tree(name):
    return ast.parse((TOP / name).read_text(encoding="utf-8"))


def imported(node):
    """Return the dotted names that an import statement asks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: relative import, expected the full name"
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def imports(name):
    """Return all that a file imports, at module level or inside functions."""
    return [each for node in ast.walk(tree(name)) for each in imported(node)]


def imports_when_loaded(name):
    """Return what a file imports when it is loaded, a TYPE_CHECKING block left out."""
    found, waiting = [], list(tree(name).body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            found += imported(node)
            waiting += ast.iter_child_nodes(node)
    return found


def stage(dotted):
    """Return the place of ``serbench.<stage>.…`` in the order; the ground is before all, the door has none."""
    parts = dotted.split(".")
    return STAGES.index(parts[1]) if len(parts) > 1 and parts[1] in STAGES else -1


def test_every_folder_is_a_stage():
    folders = {path.name for path in CORE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert folders == set(STAGES)


@pytest.mark.parametrize("name", CORE_SOURCES)
def test_imports_point_to_earlier_stages(name):
    if name in {"serbench/__init__.py", "serbench/api.py", "serbench/__main__.py"}:
        pytest.skip("the doors for notebooks and authors, and the program's start, stand outside the order")
    own = stage(name.removesuffix(".py").replace("/", "."))
    theirs = [each for each in imports(name) if each.split(".")[0] == "serbench"]
    assert [each for each in theirs if stage(each) > own or each.startswith("serbench.api")] == []


BOARD_SOURCES = [name for name in CORE_SOURCES if name.startswith("serbench/board/")]


@pytest.mark.parametrize("name", BOARD_SOURCES)
def test_the_board_shows_and_neither_runs_nor_audits(name):
    theirs = [each for each in imports(name) if each.startswith(("serbench.run.", "serbench.audit."))]
    assert theirs == []


@pytest.mark.parametrize("name", CORE_SOURCES)
def test_the_core_imports_no_plugin(name):
    assert [each for each in imports(name) if each.split(".")[0] == "serbench_plugins"] == []


@pytest.mark.parametrize("name", PLUGIN_SOURCES)
def test_plugins_use_the_door(name):
    inside = [each for each in imports(name) if each.split(".")[0] == "serbench"]
    assert [each for each in inside if not each.startswith("serbench.api.")] == []


@pytest.mark.parametrize("name", SOURCES)
def test_heavy_imports_wait(name):
    if name.startswith("plugins/serbench_plugins/networks/"):
        pytest.skip("networks are loaded when training starts")
    assert {each.split(".")[0] for each in imports_when_loaded(name)} & HEAVY == set()


@pytest.mark.parametrize("name", SOURCES)
def test_some_libraries_have_one_importer(name):
    roots = {each.split(".")[0] for each in imports(name)}
    assert [each for each in sorted(roots & set(SOLE_IMPORTERS)) if name not in SOLE_IMPORTERS[each]] == []


@pytest.mark.parametrize("name", [name for name in SOURCES if not name.endswith(("/__init__.py", "/__main__.py"))])
def test_every_module_says_what_is_public(name):
    found = [
        node
        for node in tree(name).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
    ]
    assert len(found) == 1
    names = ast.literal_eval(found[0].value)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", SOURCES)
def test_files_are_short(name):
    length = len((TOP / name).read_text(encoding="utf-8").splitlines())
    assert (length > 300) == (name in LONG), f"{length} lines, expected at most 300 or a reason in LONG"


@pytest.mark.parametrize("name", CORE_SOURCES)
def test_only_the_console_prints(name):
    calls = [node for node in ast.walk(tree(name)) if isinstance(node, ast.Call)]
    printing = [node.lineno for node in calls if isinstance(node.func, ast.Name) and node.func.id == "print"]
    assert printing == [] or name == "serbench/cli/console.py"


def test_a_class_name_means_one_thing():
    where = defaultdict(list)
    for name in SOURCES:
        for node in ast.walk(tree(name)):
            if isinstance(node, ast.ClassDef):
                where[node.name].append(name)
    assert {name: files for name, files in where.items() if len(files) > 1} == {}


@pytest.mark.parametrize("name", CORE_SOURCES)
def test_loop_variables_of_long_functions_are_named_for_what_they_hold(name):
    functions = [node for node in ast.walk(tree(name)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    found = {
        node.lineno
        for function in functions
        if function.end_lineno - function.lineno >= 15
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == "each" and isinstance(node.ctx, ast.Store)
    }
    assert found == set(), "lines that bind `each` in a function of more than fifteen lines"


@pytest.mark.parametrize("name", SOURCES)
def test_no_file_is_named_for_nothing(name):
    assert Path(name).stem not in {"util", "utils", "helpers", "common", "misc"}
