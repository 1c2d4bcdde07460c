"""One model under several values of an argument or several augmentations: what is asked, what is run, what is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from serbench.api import ModelCard, Use
from serbench.audit.recorded_systems import recorded_system
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.compare import compare
from serbench.board.ranking.inflation import inflation_of
from serbench.board.ranking.sweep import sweep_of
from serbench.board.wording import command_of
from serbench.errors import UnknownNameError, UsageError
from serbench.results.summary import summarise
from serbench.run.contender import system_of
from serbench.run.request import Variation
from serbench.run.settings import parts_of
from serbench.run.sweep import read_sweep
from tests.run import toy
from tests.run.test_attempts import plugin
from tests.run.test_uses import Level


class Louder(toy.Quieter):
    """Twice the level."""

    card = replace(toy.Quieter.card, name="louder", version="1")

    def __init__(self, *, gain: float = 2.0) -> None:
        self.gain = gain


class Sharp(toy.Nearest):
    """Takes an argument, and a feature with one."""

    card = ModelCard(
        name="sharp", version="1", summary="sharp", features=(Use("level", name="short", block=50),), seeded=False
    )

    def __init__(self, *, power: float = 1.0, augment: bool = True) -> None:
        self.power, self.augment = power, augment


@pytest.fixture
def here(world_with):
    return world_with(plugin(models=[Sharp], features=[Level], augmentations=[Louder]))


def test_values_of_an_argument_are_read(here):
    swept, variations = read_sweep("power=0.5,1,2", here.registry, ["sharp", "nearest"])
    assert swept == ("sharp",)
    assert variations == tuple(
        Variation(word, {"sharp": {"power": value}}) for word, value in (("0.5", 0.5), ("1", 1.0), ("2", 2.0))
    )


@pytest.mark.parametrize("key", ["short.block", "sharp.power"])
def test_an_argument_of_a_part_is_read(here, key):
    swept, variations = read_sweep(f"{key}=3,4", here.registry, ["nearest", "sharp"])
    name, _, argument = key.partition(".")
    assert (swept, [each.settings for each in variations]) == (
        ("sharp",),
        [{name: {argument: 3}}, {name: {argument: 4}}],
    )


def test_augmentations_are_read(here):
    swept, variations = read_sweep("augment=none,quieter,quieter+louder", here.registry, ["nearest", "augmented"])
    assert swept == ("nearest", "augmented")
    assert [each.augment for each in variations] == [(), ("quieter",), ("quieter", "louder")]
    assert read_sweep("sharp.augment=true,false", here.registry, ["sharp"])[1][1].settings == {
        "sharp": {"augment": False}
    }


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("power", UsageError, "expected key=value,value"),
        ("power=", UsageError, "expected key=value,value"),
        ("=1,2", UsageError, "expected key=value,value"),
        ("power=1,,2", UsageError, "expected key=value,value"),
        ("depth=1,2", UsageError, "none of .'sharp'. takes"),
        ("power=1,strong", UsageError, "expected a number"),
        ("crossings.n=1,2", UsageError, "which is no argument of .'sharp'. nor of their features"),
        ("toy.labels=a,b", UsageError, "which is no argument of"),
        ("augment=none,loder", UnknownNameError, "augmentation 'loder', .*did you mean 'louder'"),
        ("augment=louder+louder", UsageError, "names an augmentation twice"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused(here, text, error, message):
    with pytest.raises(error, match=message):
        read_sweep(text, here.registry, ["sharp"])


def test_an_argument_is_given_by_one_option(here):
    with pytest.raises(UsageError, match=r"got sharp\.power twice"):
        read_sweep("power=1,2", here.registry, ["sharp"], ["power=3"])


def test_a_protocol_that_augments_takes_no_sweep_of_augmentations(here):
    with pytest.raises(UsageError, match=r"protocol replica-2507\.03251 augments in place of a model"):
        read_sweep("augment=none,louder", here.registry, ["sharp"], protocols=["si", "replica-2507.03251"])


def asked(world, *models, text):
    swept, variations = read_sweep(text, world.registry, models)
    return {"swept": swept, "variations": variations, "seeds": 1}


def test_each_value_is_a_row_of_its_own_and_is_resumed(here):
    request = asked(here, "nearest", text="augment=none,quieter,louder")
    plan = here.plan("nearest", "augmented", **request)
    assert {cell.label for cell in plan.cells} == {"nearest", "nearest+quieter", "nearest+louder", "augmented"}
    assert {cell.contender.variation for cell in plan.cells} == {"", "none", "quieter", "louder"}
    first = here.run("nearest", "augmented", **request)
    assert (len(first.done), first.failed) == (16, [])
    again = here.run("nearest", "augmented", **request)
    assert again.done == []
    (plain,) = {cell.key.system for cell in here.plan("nearest", seeds=1).cells}
    assert plain in {cell.key.system for cell in plan.cells if cell.contender.variation == "none"}


def test_the_parts_of_a_sweep_are_those_of_the_run(here):
    request = here.setup("sharp", **asked(here, "sharp", text="augment=none,louder")).request
    assert parts_of(request, here.registry) == {"sharp", "short", "louder", "toy", "si"}


def test_records_of_a_sweep_are_made_again(here):
    outcome = here.run("augmented", **asked(here, "augmented", text="augment=none,quieter,louder"))
    by_label = {record.label: record for record in outcome.done}
    assert set(by_label) == {"augmented+unaugmented", "augmented", "augmented+louder"}
    for label, record in by_label.items():
        again = recorded_system(record, here.registry)
        assert again.label == label
        assert {
            "model": record.key.model,
            "features": record.key.features,
            "augmentations": record.key.augmentations,
        } == (system_of(again))
    commands = {row.label: command_of(row) for row in summarise(here.store)}
    assert commands["augmented"].endswith("--seeds 1")
    assert commands["augmented+unaugmented"].endswith("--sweep augment=none")
    assert commands["augmented+louder"].endswith("--sweep augment=louder")


def systems_of(world, model, request):
    plan = world.plan(model, **request)
    return {cell.contender.variation: cell.key.system for cell in plan.cells}


def test_the_table_shows_what_compare_finds(here):
    request = asked(here, "nearest", text="augment=none,quieter,louder")
    here.run("nearest", **request)
    rows = summarise(here.store)
    systems, boards = systems_of(here, "nearest", request), make_boards(rows)
    lines = sweep_of("nearest", "si", systems, boards)
    assert [(line.value, line.first, line.dataset) for line in lines] == [
        (value, "none", "toy") for value in ("none", "quieter", "louder")
    ]
    assert (lines[0].difference, lines[0].reason, lines[0].corrected_p) == (None, None, None)
    by_system = {row.system: row for row in rows}
    for line in lines[1:]:
        pair = ([by_system[systems[line.value]]], [by_system[systems["none"]]])
        assert line.difference == compare((line.value, "none"), pair, boards).overall
        assert line.difference.interval.method == "paired t"
        assert line.corrected_p >= line.difference.p


def test_what_is_not_complete_is_not_compared(here):
    request = asked(here, "nearest", text="augment=none,quieter,louder")
    here.run("nearest", **request)
    systems = systems_of(here, "nearest", request)
    gone = next(record for record in here.store.records() if record.label == "nearest+louder")
    kept = [record for record in here.store.records() if record != gone]
    lines = sweep_of("nearest", "si", systems, make_boards(summarise(here.store, records=kept)))
    assert [line.reason for line in lines] == [None, None, "it is incomplete"]
    assert lines[2].facts()["difference"] is None
    lines = sweep_of("nearest", "si", {**systems, "more": "gone"}, make_boards(summarise(here.store)))
    assert lines[3].reason == "it has no row"


def test_over_several_datasets_every_one_weighs_the_same(here):
    toy.make_corpus(here.folder, name="second", seed=1, pitches={"angry": 800.0, "calm": 400.0, "sad": 250.0})

    class Second(toy.Toy):
        card = replace(toy.Toy.card, name="second", folders=("second",))

    from serbench.plugin.registry import load_registry

    world = replace(
        here, registry=load_registry(only=(), extra=[toy, plugin(datasets=[Second], augmentations=[Louder])])
    )
    request = {**asked(world, "nearest", text="augment=none,quieter"), "datasets": ("toy", "second")}
    world.run("nearest", **request)
    lines = sweep_of("nearest", "si", systems_of(world, "nearest", request), make_boards(summarise(world.store)))
    of_each = [line.difference.value for line in lines if line.value == "quieter" and not line.is_mean]
    (mean,) = [line for line in lines if line.is_mean]
    assert (len(of_each), mean.dataset) == (2, "mean of 2 datasets")
    assert mean.difference.value == pytest.approx(sum(of_each) / 2)


def test_a_system_under_each_augmentation_has_an_inflation_of_its_own(here):
    request = {**asked(here, "augmented", text="augment=none,quieter,louder"), "protocols": ("si", "random")}
    here.run("augmented", **request)
    lines = inflation_of(summarise(here.store))
    assert {(line.name, line.protocol) for line in lines} == {
        (name, protocol)
        for name in ("augmented", "augmented+unaugmented", "augmented+louder")
        for protocol in ("random", "si")
    }
