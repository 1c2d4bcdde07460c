"""What a person sets: read as it was meant, or refused; nothing is left aside in silence."""

from __future__ import annotations

import pytest

from serbench.errors import UnknownNameError, UsageError
from serbench.run.request import Request
from serbench.run.settings import check_settings, parts_of, read_settings
from tests.run import toy
from tests.run.test_attempts import model_card, plugin


def test_settings_reach_model_feature_and_dataset(world):
    settings = read_settings(
        ["c=0.5", "mfcc-stats.n_mfcc=20", "synth.speakers=6", "attn1dcnn.attention=none"],
        world.registry,
        ["logreg", "attn1dcnn"],
    )

    assert settings == {
        "logreg": {"c": 0.5},
        "mfcc-stats": {"n_mfcc": 20},
        "synth": {"speakers": 6},
        "attn1dcnn": {"attention": "none"},
    }


@pytest.mark.parametrize(
    ("pair", "error", "message"),
    [
        ("c", UsageError, "expected key=value"),
        ("depth=3", UsageError, "none of .'logreg'. takes"),
        ("logrg.c=3", UnknownNameError, "did you mean 'logreg'"),
        ("c=strong", UsageError, "expected a number"),
        ("c=true", UsageError, "expected a number"),
        ("attn1dcnn.augment=no", UsageError, "expected true or false"),
        ("attn1dcnn.augment=0", UsageError, "expected true or false"),
    ],
)
def test_a_setting_that_nobody_takes_is_refused(world, pair, error, message):
    with pytest.raises(error, match=message):
        read_settings([pair], world.registry, ["logreg"])


def test_a_word_stays_a_word(world):
    assert read_settings(["attn1dcnn.attention=1"], world.registry, []) == {"attn1dcnn": {"attention": "1"}}


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        (["c=1", "c=2"], "logreg.c"),
        (["c=1", "c=1"], "logreg.c"),
        (["c=1", "logreg.c=2"], "logreg.c"),
        (["logreg.c=1", "c=2"], "logreg.c"),
        (["mfcc-stats.n_mfcc=20", "mlp.x=1", "mfcc-stats.n_mfcc=21"], "mfcc-stats.n_mfcc"),
        (["emobox.folder=a", "emobox.folder=b"], "emobox.folder"),
    ],
)
def test_a_key_is_given_once(world, pairs, name):
    with pytest.raises(UsageError, match=f"--set got {name} twice, by .* and .*, expected it once"):
        read_settings(pairs, world.registry, ["logreg"])


@pytest.mark.parametrize("text", ["20.5", "1e-3", "NaN", "1e999", "many", "true", "null", "[20]", '"20"'])
def test_a_whole_number_is_one(world, text):
    with pytest.raises(UsageError, match="expected a whole number"):
        read_settings([f"mfcc-stats.n_mfcc={text}"], world.registry, ["logreg"])


@pytest.mark.parametrize(("text", "value"), [("20", 20), ("20.0", 20), ("2e1", 20), ("40", 40), ("0", 0)])
def test_a_whole_number_is_read_as_one(world, text, value):
    found = read_settings([f"mfcc-stats.n_mfcc={text}"], world.registry, ["logreg"])["mfcc-stats"]["n_mfcc"]
    assert (found, type(found)) == (value, int)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("mfcc-stats.n_mfcc=-20", "expected 0 or more"),
        ("synth.takes=-1", "expected 0 or more"),
        ("c=NaN", "expected a number"),
        ("c=-Infinity", "expected a number"),
        ("c=1e300", "of a size that means something"),
        ("synth.seed=99999999999999999999", "of a size that means something"),
        ("c=" + "[" * 100_000, "expected plain JSON"),
        ('mfcc-stats.fmax={"a": 1, "a": 2}', "one is there twice"),
        ("many.size=3", "expected a list"),
        ("many.size={}", "expected a list"),
        ("many.weights=[1]", "expected an object"),
    ],
)
def test_absurd_values_are_refused_at_once(world_with, pair, message):
    world = world_with(plugin(models=[Many]))
    with pytest.raises(UsageError, match=message):
        read_settings([pair], world.registry, ["logreg"])


class Many(toy.Nearest):
    """It has arguments of other kinds."""

    card = model_card("many")

    def __init__(self, *, size=(1, 2), weights={}):  # noqa: B006  (never changed)
        self.size, self.weights = size, weights


def test_lists_and_objects_are_read(world_with):
    world = world_with(plugin(models=[Many]))
    read = read_settings(["size=[3]", 'weights={"a": 1}'], world.registry, ["many"])
    assert read == {"many": {"size": [3], "weights": {"a": 1}}}


def test_the_default_in_another_form_is_the_default(world):
    (value,) = read_settings(["c=1"], world.registry, ["logreg"])["logreg"].values()
    assert (value, type(value)) == (1.0, float)


def request(**changed):
    return Request(**{"models": ("logreg", "majority"), "datasets": ("synth",), **changed})


def test_the_parts_of_a_run(world):
    assert parts_of(request(), world.registry) == {"logreg", "majority", "mfcc-stats", "synth", "si"}
    assert parts_of(request(models=("attn1dcnn",)), world.registry) == {
        *("attn1dcnn", "mfcc", "noise", "pitch", "synth", "si")
    }
    everything = request(datasets=(), all_datasets=True)
    assert set(world.registry.datasets) < parts_of(everything, world.registry)


def test_augmentations_of_a_protocol_take_the_place_of_the_models(world):
    asked = request(models=("attn1dcnn",), protocols=("replica-2507.03251",))
    parts = parts_of(asked, world.registry)
    assert {"paper-noise", "paper-pitch"} < parts
    assert not {"noise", "pitch"} & parts
    assert {"noise", "pitch"} < parts_of(
        request(models=("attn1dcnn",), protocols=("replica-2507.03251", "si")), world.registry
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mfcc": {"n_mfcc": 20}}, "did you mean 'mfcc-stats'"),
        ({"emodb": {"labels": "x"}}, r"expected one of \['logreg', 'majority', 'mfcc-stats', 'si', 'synth'\]"),
        ({"mlp": {}}, "'mlp'"),
        ({"noise": {"amplitude": 1}}, "'noise'"),
        ({"emobox": {"folder": "x"}}, "'emobox'"),
        ({"uar": {}}, "'uar'"),
    ],
)
def test_an_argument_of_what_is_not_in_the_run_is_refused(world, settings, message):
    with pytest.raises(UnknownNameError, match=message):
        check_settings(settings, request(settings=settings), world.registry)


def test_the_label_map_of_a_corpus_that_is_crossed_only_is_refused(world):
    settings = {"emodb": {"labels": "emodb-6"}}
    crossed = request(datasets=("emodb", "tess"), protocols=("cross",), settings=settings)
    with pytest.raises(UsageError, match="label map that all share"):
        check_settings(settings, crossed, world.registry)
    check_settings(settings, request(datasets=("emodb",), settings=settings), world.registry)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"speakers": 100}, "speakers is 100, expected 1 to 99"),
        ({"speakers": 0}, "speakers is 0"),
        ({"takes": 100}, "takes is 100"),
        ({"sentences": 0}, "sentences is 0"),
        ({"speakers": 99, "sentences": 99}, "40000 at most"),
        ({"emotion": -1.0}, "emotion is -1.0"),
        ({"fingerprint": float("nan")}, "fingerprint is nan"),
    ],
)
def test_a_corpus_that_cannot_be_made_is_refused_before_it_is_begun(world, arguments, message):
    with pytest.raises(UsageError, match=message):
        world.registry.get("dataset", "synth").create(**arguments)
