from __future__ import annotations

import types

import pytest

from serbench.errors import DuplicateNameError, UnknownNameError
from serbench.plugin.events import JobEvent
from serbench.plugin.hookspecs import hookimpl
from serbench.plugin.registry import load_registry

MODEL = """
from serbench.api import Model, ModelCard, hookimpl

class Toy(Model):
    card = ModelCard(name="{name}", version="1", summary="a toy")

    def __init__(self, *, depth: int = 3) -> None:
        self.depth = depth

@hookimpl
def serbench_models():
    yield Toy
"""

HOOK = """
from serbench.api import Model, hookimpl

@hookimpl
def {hook}:
    {body}
"""

#: Source, and what its error has to say.
BROKEN = {
    "raises on import": ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
    "exits on import": ("raise SystemExit(3)", "SystemExit: 3"),
    "is no python": ("def (", "SyntaxError: invalid syntax"),
    "raises while consumed": (
        MODEL.format(name="late") + "    raise RuntimeError('after the\\n first')",
        "RuntimeError: after the first",
    ),
    "misspells a hook": (
        HOOK.format(hook="serbench_modells()", body="yield Model"),
        "unknown hook 'serbench_modells', expected one of",
    ),
    "wants an argument": (HOOK.format(hook="serbench_models(registry)", body="yield Model"), "{'registry'}"),
    "returns none": (
        HOOK.format(hook="serbench_models()", body="pass"),
        "serbench_models returns None, expected a generator",
    ),
    "yields a string": (
        HOOK.format(hook="serbench_models()", body="yield 'logreg'"),
        "serbench_models yields 'logreg', expected a class derived from Model",
    ),
    "yields an instance": (
        HOOK.format(hook="serbench_models()", body="yield Model()"),
        "expected a class derived from Model",
    ),
    "yields another kind": (
        HOOK.format(hook="serbench_features()", body="yield Model"),
        "expected a class derived from FeatureExtractor",
    ),
    "has no card": (
        HOOK.format(hook="serbench_models()", body="yield Model"),
        "without a card, expected card = ModelCard(...)",
    ),
    "has a bad name": (MODEL.format(name="My Model"), "bad plugin name 'My Model'"),
    "has an argument without default": (
        MODEL.format(name="open").replace("depth: int = 3", "depth: int"),
        "argument 'depth' of the constructor has no default",
    ),
    "yields one name twice": (MODEL.format(name="echo") + "    yield Toy", "yields 'echo' twice"),
    "yields a bare function": (
        HOOK.format(hook="serbench_metrics()", body="yield print"),
        "expected a Metric with its card",
    ),
}


def event(kind="start"):
    return JobEvent(kind, "toy/si/a/seed0/toy", "0" * 32)


def test_a_package_outside_the_tree_adds_a_model(install):
    install("their_pack", MODEL.format(name="theirs"), version="2.3")
    registry = load_registry()
    assert registry.get("model", "theirs")(depth=5).identity.label == "theirs[depth=5]"
    assert str(registry.models["theirs"].provider) == "their-pack 2.3 (plugin 'their_pack')"


@pytest.mark.parametrize(("source", "message"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_plugin_is_kept_with_its_error_and_harms_nobody(install, source, message):
    install("a_first", MODEL.format(name="first"))
    install("b_broken", source, version="0.9")
    install("c_last", MODEL.format(name="last"))
    registry = load_registry()
    mine = [each for each in registry.broken if each.name != "builtin"]
    assert [(each.name, each.distribution, each.version) for each in mine] == [("b_broken", "b-broken", "0.9")]
    assert message in mine[0].error
    assert "\n" not in mine[0].error
    assert {"first", "last"} <= set(registry.models)
    assert "b_broken" not in [each.provider.name for each in registry.providers()]


def test_a_misspelt_hook_is_told_its_near_match(install):
    install("b_broken", BROKEN["misspells a hook"][0])
    (broken,) = (each for each in load_registry().broken if each.name == "b_broken")
    assert broken.error.endswith("; did you mean 'serbench_models'?")


def test_what_a_plugin_offered_before_it_broke_is_not_offered(install):
    install("b_broken", BROKEN["raises while consumed"][0])
    assert "late" not in load_registry().models


def test_a_damaged_distribution_is_listed(install):
    install("b_broken", MODEL.format(name="never"), points="no equals sign")
    (broken,) = (each for each in load_registry().broken if each.name != "builtin")
    assert broken.distribution == "b_broken"


def test_a_module_that_two_entry_points_name_is_loaded_once(install):
    install("twice", MODEL.format(name="theirs"), points="one = twice\ntwo = twice")
    registry = load_registry()
    assert "loaded before" in registry.broken[-1].error
    assert registry.models["theirs"].provider.name == "one"


def test_two_providers_of_one_name_are_both_named(install):
    install("pack_a", MODEL.format(name="clash"))
    install("pack_b", MODEL.format(name="clash"), version="4")
    registry = load_registry()
    expected = r"model 'clash' is offered by pack-a 1.0 \(plugin 'pack_a'\) and by pack-b 4 \(plugin 'pack_b'\)"
    with pytest.raises(DuplicateNameError, match=expected):
        registry.get("model", "clash")
    with pytest.raises(DuplicateNameError, match=expected):
        list(registry.models.values())


def test_a_clash_is_listed_and_leaves_the_other_names_alone(install):
    install("pack_a", MODEL.format(name="clash"))
    install("pack_b", MODEL.format(name="clash"))
    install("pack_c", MODEL.format(name="fine"))
    registry = load_registry()
    assert [offer.provider.distribution for offer in registry.models.all("clash")] == ["pack-a", "pack-b"]
    assert registry.get("model", "fine").card.name == "fine"


def test_an_unknown_name_is_answered_with_the_near_match(install):
    install("their_pack", MODEL.format(name="logistic"))
    registry = load_registry(only=["their_pack"])
    with pytest.raises(UnknownNameError, match=r"unknown model 'logistc', expected one of .*did you mean 'logistic'\?"):
        registry.get("model", "logistc")


def test_an_unknown_name_points_at_broken_plugins(install):
    install("b_broken", "raise OSError")
    registry = load_registry()
    with pytest.raises(UnknownNameError, match=r"broken: 'b_broken'.*, see serbench list plugins$"):
        registry.get("model", "theirs")


@pytest.mark.parametrize(
    ("value", "expected"), [(None, {"one", "two"}), ("two", {"two"}), ("", set()), (" one , two,", {"one", "two"})]
)
def test_the_environment_chooses_which_plugins_load(install, monkeypatch, value, expected):
    install("pack", MODEL.format(name="a"), points="one = pack")
    install("other", MODEL.format(name="b"), points="two = other")
    if value is not None:
        monkeypatch.setenv("SERBENCH_PLUGINS", value)
    registry = load_registry()
    names = {each.provider.name for each in registry.providers()} | {each.name for each in registry.broken}
    assert names == expected | {"builtin"}


def test_an_argument_goes_before_the_environment(install, monkeypatch):
    install("pack", MODEL.format(name="a"))
    monkeypatch.setenv("SERBENCH_PLUGINS", "pack")
    assert "a" not in load_registry(only=[]).models


def test_a_plugin_that_is_not_installed_cannot_be_chosen(monkeypatch):
    monkeypatch.setenv("SERBENCH_PLUGINS", "builtn")
    with pytest.raises(UnknownNameError, match=r"unknown plugin 'builtn', .*did you mean 'builtin'"):
        load_registry()


def test_names_are_sorted(install):
    install("pack_a", MODEL.format(name="zebra"))
    install("pack_b", MODEL.format(name="ant"))
    names = list(load_registry().models)
    assert names == sorted(names)
    assert len(names) == len(load_registry().models)


def test_providers_say_what_they_offer(install):
    install("pack_a", MODEL.format(name="theirs") + "\n@hookimpl\ndef serbench_job_event(event):\n    pass\n")
    (mine,) = (each for each in load_registry().providers() if each.provider.name == "pack_a")
    assert mine.names == {"model": ("theirs",)}
    assert mine.observes


def test_observers_hear_every_event_in_the_order_of_loading():
    heard = []
    first, second = types.SimpleNamespace(__name__="first"), types.SimpleNamespace(__name__="second")
    first.serbench_job_event = hookimpl(lambda event: heard.append(("first", event.kind)))
    second.serbench_job_event = hookimpl(lambda: heard.append(("second", None)))
    registry = load_registry(only=[], extra=[first, second])
    registry.notify(event("start"))
    registry.notify(event("done"))
    assert heard == [("first", "start"), ("second", None), ("first", "done"), ("second", None)]


@pytest.mark.parametrize("error", [OSError("disk\nfull"), SystemExit(1)])
def test_an_observer_that_raises_is_reported_once_and_the_others_go_on(caplog, error):
    def angry(event):
        raise error

    heard = []
    first = types.SimpleNamespace(__name__="angry", serbench_job_event=hookimpl(angry))
    second = types.SimpleNamespace(__name__="calm", serbench_job_event=hookimpl(lambda event: heard.append(event)))
    registry = load_registry(only=[], extra=[first, second])
    registry.notify(event())
    registry.notify(event())
    assert len(heard) == 2
    (message,) = caplog.messages
    assert "observer of extra (plugin 'angry') failed" in message
    assert "\n" not in message
