"""Single files as plugins, and the version of the API that a plugin was made for."""

from __future__ import annotations

import sys
import types

import pytest

from serbench.api import API_VERSION, hookimpl
from serbench.errors import PluginError, UsageError
from serbench.plugin.registry import load_registry
from serbench.source import source_digest

MODEL = """
from serbench.api import Model, ModelCard, hookimpl

class Toy(Model):
    card = ModelCard(name="{name}", version="1", summary="a toy")

@hookimpl
def serbench_models():
    yield Toy
"""
MAJOR, _ = API_VERSION


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a file; what is loaded of it is forgotten afterwards."""
    before = set(sys.modules)

    def write(name, source):
        (tmp_path / name).write_text(source)
        return tmp_path / name

    yield write
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


def broken(registry):
    return {each.name: each.error for each in registry.broken if each.name != "builtin"}


def test_a_file_is_a_plugin(write):
    registry = load_registry(only=[], files=[write("my_model.py", MODEL.format(name="mine"))])
    assert str(registry.models["mine"].provider) == "my_model.py (plugin 'my_model')"
    assert source_digest(registry.get("model", "mine")) is not None


def test_the_environment_does_not_keep_a_file_out(write, monkeypatch):
    monkeypatch.setenv("SERBENCH_PLUGINS", "")
    assert "mine" in load_registry(files=[write("my_model.py", MODEL.format(name="mine"))]).models


def test_a_file_named_like_a_library_harms_nobody(write):
    import random

    registry = load_registry(only=[], files=[write("random.py", MODEL.format(name="mine"))])
    assert "mine" in registry.models
    assert sys.modules["random"] is random


def test_a_file_is_read_anew_every_time(write):
    load_registry(only=[], files=[write("my_model.py", MODEL.format(name="one"))])
    assert "other" in load_registry(only=[], files=[write("my_model.py", MODEL.format(name="other"))]).models


def test_a_file_that_fails_is_broken_and_leaves_no_module(write):
    registry = load_registry(only=[], files=[write("my_model.py", "import nothing_of_that_name")])
    assert broken(registry) == {"my_model": "ModuleNotFoundError: No module named 'nothing_of_that_name'"}
    assert "serbench_file_my_model" not in sys.modules


@pytest.mark.parametrize("name", ["my_modle.py", "notes.txt", "."])
def test_what_is_no_file_is_refused(write, name):
    path = write("notes.txt", "").parent / name
    with pytest.raises(UsageError, match=r"no plugin at .*, expected a Python file with hooks"):
        load_registry(only=[], files=[path])


@pytest.mark.parametrize(
    "statement", [f"SERBENCH_API = {MAJOR}", f"SERBENCH_API: int = {MAJOR}", "", f"SERBENCH_API = 0 + {MAJOR}"]
)
def test_a_plugin_made_for_this_version_loads(install, statement):
    install("their_pack", MODEL.format(name="theirs") + statement)
    assert "theirs" in load_registry(only=["their_pack"]).models


@pytest.mark.parametrize(
    ("statement", "stated"),
    [
        ("SERBENCH_API = 2", "2"),
        ("SERBENCH_API: int = 0", "0"),
        ("SERBENCH_API = 1 + 1", "2"),
        ("SERBENCH_API = '1'", "'1'"),
        ("SERBENCH_API = True", "True"),
        ("SERBENCH_API = (1, 0)", r"\(1, 0\)"),
    ],
)
def test_a_plugin_made_for_another_version_is_refused_in_one_line(install, statement, stated):
    install("a_first", MODEL.format(name="first"))
    install("b_other", MODEL.format(name="theirs") + statement)
    registry = load_registry()
    with pytest.raises(PluginError, match=rf"^made for version {stated} of serbench.api, expected {MAJOR}; .*$"):
        raise PluginError(broken(registry)["b_other"])
    assert "first" in registry.models
    assert "theirs" not in registry.models


def test_the_version_goes_before_an_import_that_fails(install):
    install("b_other", "SERBENCH_API = 2\nfrom serbench.api import SomethingNew")
    assert broken(load_registry())["b_other"].startswith("made for version 2")


def test_a_file_made_for_another_version_does_not_run(write):
    registry = load_registry(only=[], files=[write("other.py", "SERBENCH_API = 2\nraise SystemExit(1)")])
    assert broken(registry)["other"].startswith("made for version 2")


def test_what_a_module_offers_can_be_asked_for(write):
    toy = types.SimpleNamespace(__name__="toy", serbench_models=hookimpl(lambda: iter(())))
    bad = types.SimpleNamespace(__name__="bad", serbench_models=hookimpl(lambda: iter([1])))
    registry = load_registry(only=[], extra=[toy, bad])
    assert registry.offers_of(toy)["model"] == ()
    with pytest.raises(PluginError, match="bad: serbench_models yields 1"):
        registry.offers_of(bad)
    with pytest.raises(PluginError, match="was not loaded"):
        registry.offers_of(types.SimpleNamespace(__name__="stranger"))
