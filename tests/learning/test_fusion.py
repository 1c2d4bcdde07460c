"""Models made of models: what members are given, how scores are fused, and what the whole is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from serbench.api import LateFusion, Model, ModelCard, Predictions, Size, Use, Voting, hookimpl
from serbench.errors import PluginError, UnknownNameError
from serbench.features.table import Column, FeatureTable
from serbench.learning.fusion import models_of
from serbench.learning.fusion_rules import fused
from serbench.plugin.members import complete
from serbench.plugin.registry import load_registry
from tests.learning.tables import LABELS, vector_table


class Nearest(Model):
    """The nearest class mean of one feature."""

    card = ModelCard(name="near", version="1", summary="of a test", features=("left",))

    def __init__(self, *, sharpness: float = 1.0) -> None:
        self.sharpness = sharpness

    def fit(self, train, dev, *, seed):
        self.given_, self.dev_, self.seed_ = train, dev, seed
        self.means_ = np.stack([train.x[train.y == label].mean(axis=0) for label in train.labels])
        return self

    def predict(self, test):
        gaps = np.linalg.norm(test.x[:, None] - self.means_, axis=2)
        return Predictions(test.ids, np.exp(-self.sharpness * gaps), LABELS)

    def size(self, clip):
        return Size(self.means_.size, self.means_.size, self.means_.nbytes, self.means_.size, None)

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.means_ = state["means"]
        return self


class Right(Nearest):
    card = ModelCard(name="right", version="2", summary="of a test", features=("right",), augmentations=("noise",))

    def history(self):
        return [{"epoch": 1}]


class Choosy(Nearest):
    card = ModelCard(name="choosy", version="1", summary="of a test", features=("right",), chooses_on_dev=True)


class Raw(Nearest):
    """Scores that are no probabilities."""

    card = ModelCard(name="raw", version="1", summary="of a test", features=("left",))

    def predict(self, test):
        said = super().predict(test)
        return Predictions(said.ids, np.log(said.scores), said.labels)

    def state(self):
        return None

    def size(self, clip):
        return None


def fusion(*names, rule="mean", weigh=None, base=LateFusion, arguments=None, best=None, **card):
    class Fused(base):
        card_ = ModelCard(name="fused", version="1", summary="of a test", **card)

    Fused.card, Fused.members, Fused.weighing = Fused.card_, arguments or names, weigh
    Fused.best = best
    if base is LateFusion:
        Fused.rule = rule
    return Fused


class Plugin:
    @hookimpl
    def serbench_models(self):
        yield from (Nearest, Right, Choosy, Raw)


@pytest.fixture(scope="module")
def registry():
    return load_registry(only=(), extra=[Plugin()])


def tables(seed=0, n=30):
    table = vector_table(n, seed=seed)
    columns = {"left": Column("vector", table.x[:, :3]), "right": Column("vector", table.x[:, 3:] + table.x[:, :3] / 3)}
    return FeatureTable(table.ids, columns, LABELS, table.y)


def made(registry, cls, dev=None, train=None):
    return complete(cls(), registry).fit(train or tables(), dev, seed=5)


def alone(table, name):
    return replace(table, columns={name: table.columns[name]})


def test_scores_are_averaged_by_hand(registry):
    test = tables(1).without_labels()
    model = made(registry, fusion("near", "right", weigh=(3, 1)))
    shares = []
    for member, name in ((Nearest(), "left"), (Right(), "right")):
        scores = member.fit(alone(tables(), name), None, seed=5).predict(alone(test, name)).scores
        shares.append(scores / scores.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(model.predict(test).scores, 0.75 * shares[0] + 0.25 * shares[1], rtol=1e-5)


P = np.array([[[0.6, 0.3, 0.1]], [[0.2, 0.5, 0.3]], [[0.1, 0.5, 0.4]]])


@pytest.mark.parametrize(
    ("rule", "weights", "expected"),
    [
        ("mean", (0.5, 0.25, 0.25), [0.375, 0.4, 0.225]),
        ("product", (0.5, 0.5, 0.0), np.sqrt([0.12, 0.15, 0.03]) / np.sqrt([0.12, 0.15, 0.03]).sum()),
        ("vote", (1 / 3, 1 / 3, 1 / 3), (np.array([1, 2, 0]) / 3 + 1e-3 * P[:, 0].mean(0)) / 1.001),
    ],
)
def test_rules_follow_their_formulas(rule, weights, expected):
    np.testing.assert_allclose(fused(rule, P, np.array(weights))[0], expected)


def test_equally_many_votes_go_to_the_higher_mean():
    said = np.array([[[0.8, 0.1, 0.1]], [[0.3, 0.4, 0.3]]])
    assert fused("vote", said, np.array([0.5, 0.5]))[0].argmax() == 0
    assert fused("vote", said[:, :, ::-1], np.array([0.5, 0.5]))[0].argmax() == 2


def test_scores_that_are_no_probabilities_count_by_their_softmax(registry):
    test = tables(1).without_labels()
    both = made(registry, fusion("raw", "near"))
    near = Nearest.predict(both.parts["near"], alone(test, "left")).scores
    np.testing.assert_allclose(both.predict(test).scores, near / near.sum(axis=1, keepdims=True), rtol=1e-5)


def test_members_get_their_own_features_seed_and_children(registry):
    plain = tables()
    child = replace(plain, ids=tuple(f"{uid}+noise" for uid in plain.ids), parents=plain.ids)
    model = complete(fusion("near", "right")(), registry)
    assert model.features == ("left", "right")
    assert model.augmentations == ("noise",)
    model.fit(FeatureTable.join([plain, child]), None, seed=5)
    near, right = model.parts["near"], model.parts["right"]
    assert (list(near.given_.columns), list(right.given_.columns)) == (["left"], ["right"])
    assert (near.seed_, right.seed_) == (5, 5)
    assert (len(near.given_), len(right.given_)) == (30, 60)


def test_children_that_no_member_asked_for_are_everybodys(registry):
    plain = tables()
    child = replace(plain, ids=tuple(f"{uid}+speed*2" for uid in plain.ids), parents=plain.ids)
    model = made(registry, fusion("near", "right"), train=FeatureTable.join([plain, child]))
    assert [len(member.given_) for member in model.parts.values()] == [60, 60]


def test_members_that_mean_other_things_by_one_name_are_refused():
    class Other(Nearest):
        card = ModelCard(name="other", version="1", summary="of a test", features=(Use("left", n_mfcc=13),))

    class More:
        @hookimpl
        def serbench_models(self):
            yield Other

    with pytest.raises(PluginError, match=r"members ask for left and for left\[n_mfcc=13\]"):
        complete(fusion("near", "other")(), load_registry(only=(), extra=[Plugin(), More()])).features  # noqa: B018


def test_weights_are_chosen_on_dev_and_no_member_learns_from_it(registry):
    train, dev = tables(), tables(2)
    noisy = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    useless = {"left": dev.columns["left"], "right": Column("vector", noisy)}
    model = made(registry, fusion("near", "right", weigh="dev", chooses_on_dev=True), replace(dev, columns=useless))
    assert model.weights_[0] > 0.5
    assert len(model.parts["near"].given_) == len(train)
    assert model.parts["near"].dev_ is None


def test_the_best_on_dev_are_kept_and_no_member_learns_from_it(registry):
    train, dev, test = tables(), tables(2), tables(1).without_labels()
    noisy = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    useless = replace(dev, columns={"left": dev.columns["left"], "right": Column("vector", noisy)})
    cls = fusion("right", "near", "choosy", base=Voting, best=1, chooses_on_dev=True)
    model = made(registry, cls, useless)

    assert model.weights_.tolist() == [1]
    assert len(model.parts["near"].given_) == len(train)
    rows = [row for row in model.history() if "dev_uar" in row]
    assert [row["member"] for row in rows] == ["right", "near", "choosy"]
    assert rows[1]["dev_uar"] > max(rows[0]["dev_uar"], rows[2]["dev_uar"])
    assert model.size(tables(1).take([0]).without_labels()).total == 9 + 1
    other = complete(cls(), registry).load_state(model.state(), LABELS)
    np.testing.assert_array_equal(other.predict(test).scores, model.predict(test).scores)
    assert other.identity.digest == model.identity.digest
    assert (
        model.identity.digest
        != complete(fusion("right", "near", "choosy", base=Voting, chooses_on_dev=True)(), registry).identity.digest
    )


def test_without_dev_the_first_named_stay_and_of_equal_ones_too(registry):
    cls = fusion("near", "raw", "right", base=Voting, best=2, chooses_on_dev=True)
    assert [row["member"] for row in made(registry, cls).history() if "weight" in row] == ["near", "raw"]
    assert next(row["member"] for row in made(registry, cls, tables(2)).history() if "weight" in row) == "near"


def test_equally_good_weights_are_the_equal_ones(registry):
    model = complete(fusion("near", "raw", weigh="dev", chooses_on_dev=True)(), registry)
    model.fit(tables(), tables(2), seed=0)
    np.testing.assert_allclose(model.weights_, [0.5, 0.5])


def test_dev_is_joined_for_members_that_choose_nothing_where_weights_are_given(registry):
    model = made(registry, fusion("near", "choosy", chooses_on_dev=True), tables(2))
    assert len(model.parts["near"].given_) == 60
    assert len(model.parts["choosy"].given_) == 30
    assert model.parts["choosy"].dev_ is not None


def test_size_is_the_sum_and_history_is_joined(registry):
    model = made(registry, fusion("near", "right", weigh="dev", chooses_on_dev=True), tables(2))
    size = model.size(tables(1).take([0]).without_labels())
    assert (size.trainable, size.total, size.macs) == (9 + 9 + 2, 9 + 9 + 2, 9 + 9 + 2 * 3)
    first, *weights = model.history()
    assert first == {"member": "right", "epoch": 1}
    assert [row["member"] for row in weights] == ["near", "right"]


def test_what_a_member_does_not_say_nobody_says(registry):
    model = made(registry, fusion("near", "raw"))
    assert model.size(tables(1).take([0]).without_labels()) is None
    assert model.state() is None


def test_a_state_restores_all_members(registry):
    cls, test = fusion("near", "right", base=Voting), tables(1).without_labels()
    model = made(registry, cls)
    other = complete(cls(), registry).load_state(model.state(), LABELS)
    np.testing.assert_array_equal(model.predict(test).scores, other.predict(test).scores)


def test_identity_is_made_of_the_members(registry):
    def identity(cls):
        return complete(cls(), registry).identity

    base = identity(fusion("near", "right"))
    assert [member["name"] for member in base.settings["members"]] == ["near", "right"]
    others = [
        fusion("near", "raw"),
        fusion("right", "near"),
        fusion("near", "right", rule="product"),
        fusion("near", "right", weigh=(2, 1)),
        fusion(arguments={"near": {"sharpness": 2.0}, "right": {}}),
    ]
    assert len({base.digest, *(identity(cls).digest for cls in others)}) == 6
    assert base.digest == identity(fusion(arguments={"near": {"sharpness": 1.0}, "right": {}})).digest


def test_a_fusion_may_be_a_member(registry):
    class Inner(LateFusion):
        card = ModelCard(name="inner", version="1", summary="of a test")
        members = ("near", "right")

    class More:
        @hookimpl
        def serbench_models(self):
            yield Inner

    wide = load_registry(only=(), extra=[Plugin(), More()])
    model = made(wide, fusion("inner", "raw"))
    assert [each.card.name for each in models_of(model)] == ["fused", "inner", "near", "right", "raw"]
    assert model.predict(tables(1).without_labels()).scores.shape == (30, 3)


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        (fusion("near"), "expected two names or more, each once"),
        (fusion("near", "near"), "expected two names or more, each once"),
        (fusion("near", "right", rule="median"), "rule is 'median', expected mean, product or vote"),
        (fusion("near", "right", weigh=(1,)), r"weighing is \(1,\), expected 2 from 0 up"),
        (fusion("near", "right", weigh=(0, 0)), "not all 0"),
        (fusion("near", "right", weigh="test"), "weighing is 'test', expected 'dev'"),
        (fusion("near", "right", weigh="dev"), "expected chooses_on_dev=True on its card"),
        (fusion("near", "choosy"), "member choosy chooses on dev"),
        (fusion("near", "right", best=3, chooses_on_dev=True), "keeps the best 3 members on dev, expected 1 to 2"),
        (fusion("near", "right", best=1), "chooses members on dev, expected chooses_on_dev=True on its card"),
        (fusion("near", "right", best=1, weigh=(1, 1), chooses_on_dev=True), "expected None or 'dev'"),
    ],
)
def test_what_does_not_go_together_is_refused(registry, cls, said):
    with pytest.raises(PluginError, match=said):
        complete(cls(), registry)


def test_an_unknown_member_has_a_near_match(registry):
    with pytest.raises(UnknownNameError, match="did you mean 'right'"):
        complete(fusion("near", "rigth")(), registry)


def test_a_model_cannot_be_made_of_itself():
    class Loop(LateFusion):
        card = ModelCard(name="loop", version="1", summary="of a test")
        members = ("near", "loop")

    class More:
        @hookimpl
        def serbench_models(self):
            yield Loop

    with pytest.raises(PluginError, match="loop is made of itself"):
        complete(Loop(), load_registry(only=(), extra=[Plugin(), More()]))


def test_without_members_nothing_is_fitted():
    with pytest.raises(PluginError, match="was given no members"):
        fusion("near", "right")().fit(tables(), None, seed=0)
