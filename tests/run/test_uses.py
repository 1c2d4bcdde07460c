"""Several instances of one extractor and copies of one augmentation: from the card of a model to its records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.api import FeatureCard, FeatureExtractor, ModelCard, Use
from serbench.audit.recorded_systems import recorded_system
from serbench.errors import PluginError, UnknownNameError, UsageError
from serbench.results.facts import PartFacts
from serbench.results.record import CellKey
from serbench.run.contender import make_contender, system_of
from serbench.run.plan import make_plan
from serbench.run.predicting import find_models, load_models, predict
from serbench.run.request import Request, Variation
from serbench.run.settings import check_settings, read_settings
from serbench.run.tables import Workbench, make_tables
from serbench.use import Use as GroundUse
from tests.run import toy
from tests.run.test_attempts import plugin


class Level(FeatureExtractor):
    """Root mean square over blocks, and how many samples a block has."""

    card = FeatureCard(name="level", version="1", summary="level", sample_rate=toy.RATE, output="vector")

    def __init__(self, *, block: int = 100, gain: float = 1.0) -> None:
        self.block, self.gain = block, gain

    def extract(self, wave):
        crossings = np.mean(np.signbit(wave[1:]) != np.signbit(wave[:-1]))
        return np.array([crossings, self.gain * self.block], dtype=np.float32)


class Three(toy.Nearest):
    """Looks at three instances of one extractor."""

    card = ModelCard(
        name="three",
        version="1",
        summary="three blocks",
        features=(Use("level"), Use("level", name="short", block=50), Use("level", name="long", block=400)),
        augmentations=(Use("quieter", copies=2), Use("quieter", name="softer")),
        seeded=False,
    )

    def fit(self, train, dev, *, seed):
        self.blocks_ = {name: float(column.values[0, 1]) for name, column in train.columns.items()}
        return super().fit(replace(train, columns={"short": train.columns["short"]}), dev, seed=seed)

    def predict(self, test):
        assert {name: float(column.values[0, 1]) for name, column in test.columns.items()} == self.blocks_
        return super().predict(replace(test, columns={"short": test.columns["short"]}))

    def state(self):
        return {"means": self.means_, "blocks": np.array(list(self.blocks_.values()))}

    def load_state(self, state, labels):
        self.labels_, self.means_ = labels, state["means"]
        self.blocks_ = dict(zip(("level", "short", "long"), state["blocks"].tolist(), strict=True))
        return self


@pytest.fixture
def three(world_with):
    return world_with(plugin(models=[Three], features=[Level]))


def contender(world, **settings):
    return make_contender("three", world.registry, settings)


def test_a_use_is_what_it_says():
    use = Use("level", name="short", block=50)
    assert (use.part, use.name, use.copies, use.arguments) == ("level", "short", 1, {"block": 50})
    assert use == Use("level", name="short", block=50) != Use("level", name="short", block=51)
    assert len({use, Use("level", name="short", block=50)}) == 1
    assert (Use("level").name, Use is GroundUse) == ("level", True)


@pytest.mark.parametrize(
    ("part", "given", "message"),
    [
        ("Level", {}, "got the name 'Level'"),
        ("level", {"name": "a b"}, "got the name 'a b'"),
        ("level", {"name": ""}, "got the name ''"),
        ("noise", {"copies": 0}, "copies=0, expected a whole number from 1 to 1000"),
        ("noise", {"copies": 1001}, "copies=1001"),
        ("noise", {"copies": True}, "copies=True"),
        ("noise", {"level": {1}}, "no JSON-like values"),
        ("noise", {"level": float("nan")}, "no JSON-like values"),
    ],
)
def test_a_use_that_cannot_be_is_refused(part, given, message):
    with pytest.raises(PluginError, match=message):
        Use(part, **given)


def test_instances_have_columns_of_their_own_and_labels_list_what_is_changed(three):
    made = contender(three)
    assert {name: part.params for name, part in made.extractors.items()} == {
        "level": {"block": 100, "gain": 1.0},
        "short": {"block": 50, "gain": 1.0},
        "long": {"block": 400, "gain": 1.0},
    }
    assert made.label == "three+short[block=50]+long[block=400]"
    assert contender(three, short={"gain": 2.0}).label == "three+short[block=50,gain=2.0]+long[block=400]"
    assert contender(three, short={"block": 100}).label == "three+long[block=400]"
    assert list(made.augmentations) == ["quieter", "quieter*2", "softer"]
    assert made.copies == {"quieter": 0, "quieter*2": 1, "softer": 2}


def test_records_tell_the_names(three):
    facts = system_of(contender(three))
    assert [(part.name, part.called, part.params) for part in facts["features"]] == [
        ("level", None, {}),
        ("level", "short", {"block": 50}),
        ("level", "long", {"block": 400}),
    ]
    assert [part.use for part in facts["augmentations"]] == ["quieter", "quieter", "softer"]
    for part in (*facts["features"], *facts["augmentations"]):
        assert PartFacts.read(part.facts()) == part
    assert "called" not in facts["features"][0].facts()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (("level", "level"), r"have 2 of the name 'level', expected names of their own: Use\('level', name='level-2'"),
        ((Use("level", name="a"), Use("level", name="a", block=2)), "have 2 of the name 'a'"),
        ((Use("level", copies=2),), "copies of augmentations alone"),
        ((Use("level", name="crossings"),), "has the name of another part"),
        ((Use("level", name="nearest"),), "has the name of another part"),
        ((3,), "expected names of parts, or Use"),
    ],
)
def test_names_that_clash_are_an_error(three, world_with, asked, message):
    class Clashing(toy.Nearest):
        card = ModelCard(name="clashing", version="1", summary="clashes", features=asked)

    world = world_with(plugin(models=[Clashing], features=[Level]))
    with pytest.raises(PluginError, match=message):
        make_contender("clashing", world.registry, {})


def test_an_argument_that_a_part_does_not_take_is_named(world_with):
    class Asking(toy.Nearest):
        card = ModelCard(name="asking", version="1", summary="asks", features=(Use("level", blocks=3),))

    world = world_with(plugin(models=[Asking], features=[Level]))
    with pytest.raises(UnknownNameError, match=r"argument of level 'blocks', expected .*did you mean 'block'"):
        make_contender("asking", world.registry, {})


def test_arguments_are_set_by_the_name_of_the_instance(three):
    read = read_settings(["short.block=60", "quieter.x=1"], three.registry, ["three"])
    assert read == {"short": {"block": 60}, "quieter": {"x": 1}}
    asked = Request(models=("three",), datasets=("toy",), settings={"short": {"block": 60}})
    check_settings(asked.settings, asked, three.registry)
    check_settings({"softer": {}, "quieter": {}}, asked, three.registry)
    with pytest.raises(UnknownNameError, match=r"'shrt', expected one of .*; did you mean 'short'"):
        read_settings(["shrt.block=60"], three.registry, ["three"])
    with pytest.raises(UsageError, match="expected a whole number"):
        read_settings(["short.block=x"], three.registry, ["three"])
    with pytest.raises(UsageError, match=r"short\.block twice"):
        read_settings(["short.block=60", "short.block=61"], three.registry, ["three"])
    with pytest.raises(UnknownNameError):
        read_settings(["short.block=60"], three.registry, ["nearest"])


def test_a_run_draws_every_copy_differently_and_the_first_as_ever(three):
    plan = three.plan("three", "augmented", seeds=1)
    cells = {cell.key.model.name: cell for cell in plan.cells}

    def table(name):
        from serbench.features.cache import FeatureCache
        from serbench.results.facts import Environment
        from serbench.run.workspace import silent

        bench = Workbench(FeatureCache(three.folder / "cache"), "cpu", [], Environment(), silent)
        return make_tables(cells[name], bench).train

    table_of_three, one = table("three"), table("augmented")
    clips = len(table_of_three) // 4
    assert table_of_three.ids[clips] == f"{table_of_three.ids[0]}+quieter"
    assert {uid.partition("+")[2] for uid in table_of_three.ids} == {"", "quieter", "quieter*2", "softer"}
    assert set(table_of_three.parents) == set(table_of_three.ids[:clips])
    assert one.ids == table_of_three.ids[: 2 * clips]


class Loud(FeatureExtractor):
    """The level alone, which tells children apart."""

    card = FeatureCard(name="loud", version="1", summary="level", sample_rate=toy.RATE, output="vector")

    def extract(self, wave):
        return np.array([np.sqrt(np.mean(wave**2))], dtype=np.float32)


def test_children_of_copies_differ_and_the_first_is_that_of_an_only_one(tmp_path):
    from serbench.features.cache import FeatureCache, clip_key
    from serbench.features.extract import Clip, extract_column

    toy.make_corpus(tmp_path, speakers=1, takes=1)
    clips = [Clip.of(path) for path in sorted(tmp_path.rglob("*.wav"))]
    cache, quieter = FeatureCache(tmp_path / "cache"), toy.Quieter()
    columns = [extract_column(Loud(), clips, cache, augmentation=quieter, copy=copy).read() for copy in (0, 1, 2)]
    alone = extract_column(Loud(), clips, FeatureCache(tmp_path / "other"), augmentation=quieter).read()
    assert np.array_equal(columns[0].values, alone.values)
    levels = np.concatenate([column.values for column in columns], axis=1)
    assert (np.abs(np.diff(np.sort(levels, axis=1), axis=1)) > 1e-6).all()
    keys = [clip_key("a", quieter.identity, copy) for copy in (0, 1, 2)]
    assert len(set(keys)) == 3
    assert keys[0] == clip_key("a", quieter.identity)


def test_a_record_is_made_again_and_a_saved_model_predicts(three):
    outcome = three.run("three", seeds=1, save_models=True)
    assert [record.reason for record in outcome.failed] == []
    record = outcome.done[0]
    assert CellKey.read(record.key.facts()) == record.key
    assert record.rows["augmented"] == 3 * record.rows["train"]
    again = recorded_system(record, three.registry)
    assert (again.label, system_of(again)) == (record.label, system_of(contender(three)))
    cards = find_models(three.folder / "runs")
    models = load_models(cards, three.registry, "cpu")
    assert list(models[0].extractors) == ["level", "short", "long"]
    (answer,) = predict(models, [next(three.folder.rglob("angry-0.wav"))])
    assert answer.reason is None


@pytest.mark.parametrize(
    ("augment", "label", "names"),
    [
        ((), "augmented+unaugmented", []),
        (("quieter",), "augmented", ["quieter"]),
        (("louder",), "augmented+louder", ["louder"]),
        (("quieter", "louder"), "augmented+quieter+louder", ["quieter", "louder"]),
    ],
)
def test_a_run_may_put_its_own_augmentations_in_place(world_with, augment, label, names):
    class Louder(toy.Quieter):
        card = replace(toy.Quieter.card, name="louder")

    world = world_with(plugin(augmentations=[Louder]))
    made = make_contender("augmented", world.registry, {}, Variation("x", augment=augment))
    assert (made.label, list(made.augmentations)) == (label, names)
    same = make_contender("augmented", world.registry, {})
    assert (system_of(made) == system_of(same)) == (label == "augmented")


def test_two_values_that_are_one_system_are_refused(world):
    variations = (Variation("a", settings={"toy": {}}), Variation("b"))
    setup = world.setup("nearest", swept=("nearest",), variations=variations)
    with pytest.raises(UsageError, match="'a' and 'b', which are both nearest"):
        make_plan(setup.request, world.workspace(), world.store)
