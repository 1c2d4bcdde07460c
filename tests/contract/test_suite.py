"""How the suite is asked for: in a test file of anybody's, and on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
from typer.testing import CliRunner

from serbench.cli.app import app
from serbench.errors import PluginError
from serbench.scoring.metrics import CORE_METRICS
from serbench.testing import CHECKS, kind_of, parametrize_plugins

from . import flawed

FLAWED = Path(flawed.__file__)

REVERSING = """

@hookimpl
def serbench_metrics():
    yield from ()

@hookimpl(specname="serbench_models")
def more():
    yield Reverses
"""


def ids(mark):
    (name, cases), given = mark.args, mark.kwargs["ids"]
    assert name == "check"
    return [given(case) for case in cases]


def serbench(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def test_a_module_is_checked_for_all_that_it_offers():
    expected = [f"bands-{check.name}" for check in CHECKS["feature"]]
    expected += [f"sound-{check.name}" for check in CHECKS["model"]]
    assert ids(parametrize_plugins(flawed)) == expected


def test_classes_and_metrics_can_be_named_alone():
    found = ids(parametrize_plugins(flawed.Reverses, CORE_METRICS[0]))
    assert found[0] == "reverses-card"
    assert found[-1] == "uar-pure"


def test_a_class_finds_its_neighbours():
    """The feature that the model takes stands in the same module, which no package announces."""
    _, cases = parametrize_plugins(flawed.Sound).args
    next(case for case in cases if case.check.name == "card")()


def test_a_broken_module_is_an_error_when_tests_are_collected():
    bad = types.SimpleNamespace(__name__="bad", serbench_models=flawed.hookimpl(lambda: iter([1])))
    with pytest.raises(PluginError, match="bad: serbench_models yields 1"):
        parametrize_plugins(bad)


@pytest.mark.parametrize("thing", [int, "logreg", flawed.Sound()], ids=["int", "a name", "an instance"])
def test_what_is_no_plugin_has_no_kind(thing):
    with pytest.raises(PluginError, match="is no plugin, expected a class"):
        kind_of(thing)


def test_the_suite_loads_neither_pytest_nor_anything_heavy():
    program = (
        "import sys, serbench.testing; print({'pytest', 'torch', 'librosa', 'scipy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_the_command_prints_a_line_per_check_and_what_to_do_next():
    result = serbench("check", "sound", "--plugin", FLAWED)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "model sound, version 1, from flawed.py (plugin 'flawed')"
    found = [line.split()[0] for line in lines[2:-2] if not line.startswith(" ")]  # a long reason wraps
    assert found == [check.name for check in CHECKS["model"]]
    assert max(map(len, lines[:-1])) <= 80
    assert lines[-1].startswith("next: serbench run --model sound --dataset synth --plugin ")


def test_the_command_ends_with_5_when_a_check_fails(tmp_path):
    (tmp_path / "bad.py").write_text(FLAWED.read_text() + REVERSING)
    result = serbench("check", "reverses", "--plugin", tmp_path / "bad.py")
    assert result.exit_code == 5
    assert "ids-in-order            failed  predict was given 16 ids" in result.stdout
    assert result.stderr.startswith("error: reverses fails ")


def test_json_holds_every_check_with_its_reason():
    found = json.loads(serbench("check", "majority", "--json").stdout)
    assert (found["kind"], found["name"]) == ("model", "majority")
    reasons = {each["check"]: (each["status"], each["reason"]) for each in found["checks"]}
    assert reasons["overfits"] == ("exempt", "it takes no feature: all rows are alike to it")
    assert reasons["ids-in-order"] == ("passed", None)


def test_a_protocol_is_no_plugin():
    result = serbench("check", "si")
    assert result.exit_code == 2
    assert "'si' is a protocol, expected a plugin" in result.stderr


def test_a_part_is_checked_with_other_arguments_than_its_defaults():
    result = serbench("check", "snr-noise", "--set", "lowest=-5", "--set", "snr-noise.colour=pink", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["settings"] == {"snr-noise": {"lowest": -5, "colour": "pink"}}
    result = serbench("check", "logreg", "--set", "c=0.5", "--set", "mfcc-stats.n_mfcc=13")
    assert "with c=0.5, mfcc-stats.n_mfcc=13" in result.stdout
    assert result.stdout.splitlines()[-1].endswith(" --set c=0.5 --set mfcc-stats.n_mfcc=13")


BRITTLE = """

class Brittle(Sound):
    card = ModelCard(name="brittle", version="1", summary="fails with an argument", features=("bands",))

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__()
        self.broken = broken

    def fit(self, train, dev, *, seed):
        if self.broken:
            raise RuntimeError("as it was asked to")
        return super().fit(train, dev, seed=seed)

@hookimpl(specname="serbench_models")
def brittle():
    yield Brittle
"""


def test_a_plugin_that_fails_with_an_argument_alone_is_found(tmp_path):
    (tmp_path / "bad.py").write_text(FLAWED.read_text() + BRITTLE)
    assert serbench("check", "brittle", "--plugin", tmp_path / "bad.py").exit_code == 0
    result = serbench("check", "brittle", "--plugin", tmp_path / "bad.py", "--set", "broken=true")
    assert result.exit_code == 5
    assert "RuntimeError: as it was asked to" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["logreg", "--set", "d=1"], "none of ['logreg'] takes"),
        (["logreg", "--set", "mfcc.n_mfcc=13"], "unknown part of logreg for --set 'mfcc'"),
        (["noise", "--set", "amplitud=1"], "unknown argument of noise 'amplitud'"),
        (["noise", "--set", "pitch.steps=1"], "unknown part of noise for --set 'pitch'"),
        (["vtlp", "--set", "lowest=9"], "vtlp refuses"),
        (["uar", "--set", "k=1"], "metric uar takes no arguments"),
    ],
)
def test_arguments_that_cannot_be_are_refused_before_any_check(words, message):
    result = serbench("check", *words)
    assert result.exit_code == 2
    assert message in result.stderr
