"""A plugin that was just begun: it loads, runs and holds its contract before a line of it is changed."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import tomllib

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app
from serbench.cli.new import NewKind
from serbench.errors import UsageError
from serbench.plugin.registry import load_registry
from serbench.plugin.scaffold import KINDS, check_name, write_plugin
from serbench.testing import cases_of

#: Kind, the model that shows it at work, the parts that it offers.
OFFERS = {
    "model": ("my-model", {"model": ("my-model",)}),
    "features": ("my-features-probe", {"feature": ("my-features",), "model": ("my-features-probe",)}),
    "augmentation": (
        "my-augmentation-probe",
        {"augmentation": ("my-augmentation",), "model": ("my-augmentation-probe",)},
    ),
    "dataset": ("logreg", {"dataset": ("my-dataset",)}),
}


def serbench(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


@pytest.fixture(scope="module", autouse=True)
def _imported():
    """Import once what draws from the global generators while it is imported."""
    import sklearn.linear_model  # noqa: F401
    import torch  # noqa: F401


@pytest.fixture(params=list(OFFERS))
def begun(request, tmp_path, install):
    """Return the kind, the folder, and the registry with the package as pip would install it."""
    kind = request.param
    folder = tmp_path / "package"
    assert serbench("new", kind, f"my-{kind}", "--to", folder).exit_code == 0
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    (module,) = project["tool"]["setuptools"]["py-modules"]
    points = "\n".join(f"{name} = {value}" for name, value in project["project"]["entry-points"]["serbench"].items())
    install(module, (folder / f"{module}.py").read_text(), distribution=project["project"]["name"], points=points)
    return kind, folder, load_registry()


def test_every_kind_can_be_begun():
    assert [each.value for each in NewKind] == list(KINDS)
    assert set(OFFERS) == set(KINDS)


def test_it_offers_what_was_asked_for(begun):
    kind, _, registry = begun
    (mine,) = (each for each in registry.providers() if each.provider.distribution == f"my-{kind}")
    assert mine.names == OFFERS[kind][1]


def test_it_runs_at_once(begun, tmp_path):
    kind, folder, _ = begun
    model, _ = OFFERS[kind]
    where = ["--dataset", "synth", "--set", "synth.sentences=2", "--set", "synth.takes=1"]
    if kind == "dataset":
        where = ["--dataset", "my-dataset", "--data-root", folder / "sample"]
    result = serbench("run", "--model", model, *where, "--seeds", 1, "--no-floors", "--out", tmp_path / "runs")
    assert result.exit_code == 0, result.stderr
    assert f"\n{model} " in result.stdout


def test_it_holds_its_contract(begun):
    kind, folder, registry = begun
    parts = [registry.get(each, name) for each, names in OFFERS[kind][1].items() for name in names]
    outcomes = [case.run() for part in parts for case in cases_of(part, registry, [folder / "sample"])]
    assert [(each.check.name, each.reason) for each in outcomes if each.status == "failed"] == []


def test_it_is_short_and_brings_a_test_and_a_page(begun):
    kind, folder, _ = begun
    module = f"my_{kind}"
    assert len((folder / f"{module}.py").read_text().splitlines()) <= 25
    assert f"serbench check my-{kind}" in (folder / "README.md").read_text()
    assert not [path for path in folder.iterdir() if path.is_file() and "$name" in path.read_text()]


@pytest.mark.parametrize("kind", ["model", "dataset"])
def test_its_own_test_passes_in_its_folder(tmp_path, kind):
    write_plugin(kind, f"my-{kind}", tmp_path / "package")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path / "package"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


@pytest.mark.slow
def test_pip_installs_it(tmp_path):
    """Without a network: the environment's own setuptools builds it."""
    setuptools = next(iter(importlib.metadata.distributions(name="setuptools")), None)
    if setuptools is None or (int(setuptools.version.split(".")[0]) < 71 and not importlib.util.find_spec("wheel")):
        pytest.skip("neither setuptools 71 nor the package wheel is installed: nothing to build with")
    write_plugin("model", "my-model", tmp_path / "package")
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", target, tmp_path / "package"], check=True, capture_output=True)
    program = f"import sys; sys.path.insert(0, {str(target)!r}); from serbench.cli.app import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "list", "plugins"], capture_output=True, text=True, check=True
    )
    assert "my-model  my-model  0.1      1 model" in done.stdout


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("MyModel", "expected lowercase words joined by '-'"),
        ("my_model", "expected lowercase words joined by '-'"),
        ("-model", "expected lowercase words joined by '-'"),
        ("1d-cnn", "the first beginning with a letter"),
        ("../escape", "expected lowercase words joined by '-'"),
        ("class", "Python has a module or a word 'class'"),
        ("json", "Python has a module or a word 'json'"),
        ("serbench", "Python has a module or a word 'serbench'"),
        ("logreg", "serbench .* offers a model of that name"),
    ],
)
def test_a_bad_name_is_refused_with_the_reason(name, reason):
    with pytest.raises(UsageError, match=f"^bad name '{name}'.*{reason}"):
        check_name("model", name, load_registry(only=()))


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "mine.txt").touch()
    result = serbench("new", "model", "my-model", "--to", tmp_path / "package")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "is there already, expected a new folder" in result.stderr
    assert [path.name for path in (tmp_path / "package").iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_a_new_one(tmp_path):
    assert len(write_plugin("model", "my-model", tmp_path).files) == 4
