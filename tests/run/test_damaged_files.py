"""Damaged files of serbench's own: what they said, or one line that names the file, or made again; never other numbers.

Records, predictions, the two files of a published row and saved models are somebody's results: they are read as they
were written, or refused by name. What lies in the cache only saves time: it is made again, and nobody is told.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from serbench.api import ModelCard
from serbench.corpus.inventory import take_inventory
from serbench.errors import FormatError
from serbench.features.cache import FeatureCache
from serbench.features.extract import extract_column
from serbench.plugin.registry import load_registry
from serbench.results.store import Store
from serbench.results.summary import summarise
from serbench.results.transfer import transfer
from serbench.run.estimate import Times
from serbench.run.predicting import find_models, load_models, predict
from serbench.run.saving import model_path
from tests.damage import DAMAGES
from tests.run import toy
from tests.run.conftest import World

#: In seconds, for one file.
PATIENCE = 5
#: Damages of each kind of file in the ordinary run, and in the long one.
FEW, MANY = 40, 600


class Kept(toy.Nearest):
    """The toy, with a state that can be saved."""

    card = ModelCard(name="kept", version="1", summary="with a state", features=("crossings",), seeded=False)

    def state(self):
        return {"means": self.means_}

    def load_state(self, state, labels):
        self.labels_, self.means_ = labels, state["means"]
        return self


class Extra:
    """Offers what can be saved."""

    @toy.hookimpl
    def serbench_models(self):
        yield Kept


@dataclass(frozen=True)
class Specimen:
    """A file, and what is read from it.

    Attributes
    ----------
    path
        The file.
    read
        Returns what serbench takes from it.
    is_cache
        It is made again: reading it never fails.
    """

    path: object
    read: object
    is_cache: bool = False


def reading_run(world, folder):
    """Return what reads a folder of results as a run and a board do: the plan, the records, the rows."""
    metrics = [offer.part for offer in world.registry.metrics.values()]

    def read():
        store = Store(folder)
        rows = [(row.label, row.scores, row.interval) for row in summarise(store, metrics)]
        done = sorted(world.plan("kept").done) if folder == world.store.folder else None
        facts = [(record.facts(), store.predictions(record).digest) for record in store.records()]
        return rows, done, facts

    return read


def results(world, board):
    """Yield the files of a run and of a published row."""
    for folder, name in ((world.store.folder, "a cell's"), (board, "a row's")):
        store, read = Store(folder), reading_run(world, folder)
        yield f"{name} record", Specimen(store.record_files()[0], read)
        yield f"{name} predictions", Specimen(store.prediction_files()[0], read)


def models(world):
    """Yield the files of a saved model."""
    path = model_path(world.plan("kept").cells[0], world.store.folder)
    clips = sorted(world.folder.glob("toy/spk0/*.wav"))

    def read():
        loaded = load_models(find_models(path), world.registry, "cpu")
        answers = [(answer.scores.tolist(), answer.reason) for answer in predict(loaded, clips)]
        return [(each.card, each.changed) for each in loaded], answers

    yield "a model's card", Specimen(path, read)
    yield "a model's numbers", Specimen(path.with_suffix(".safetensors"), read)


def caches(world):
    """Yield the files of the cache."""
    cache, corpus = world.folder / "cache", world.plan("kept").cells[0].corpus
    manifest, clips, extractor = corpus.manifest, corpus.clips(), toy.Crossings()

    def look():
        return take_inventory(manifest, cache, workers=1)

    def hear():
        return extract_column(extractor, clips, FeatureCache(cache), workers=1).read().values.tolist()

    def guess():
        return 0 <= Times(cache, "cpu").seconds(world.plan("kept").cells) < float("inf")

    (inventory,) = cache.glob("inventory/*.json")
    (index,) = cache.glob("features/crossings-*/shard-*.json")
    yield "an inventory", Specimen(inventory, look, is_cache=True)
    yield "a shard's index", Specimen(index, hear, is_cache=True)
    yield "a shard's values", Specimen(index.with_suffix(".npy"), hear, is_cache=True)
    yield "a shard's extractor", Specimen(index.with_name("identity.json"), hear, is_cache=True)
    yield "times", Specimen(cache / "times.json", guess, is_cache=True)


KINDS = (
    "a cell's record",
    "a cell's predictions",
    "a row's record",
    "a row's predictions",
    "a model's card",
    "a model's numbers",
    "an inventory",
    "a shard's index",
    "a shard's values",
    "a shard's extractor",
    "times",
)


@pytest.fixture(scope="module")
def specimens(tmp_path_factory):
    """Return every kind of file, made by a run and a publication of it."""
    folder = tmp_path_factory.mktemp("world")
    world = World(toy.make_corpus(folder, speakers=3, takes=1), load_registry(only=(), extra=[toy, Extra()]))
    assert world.run("kept", save_models=True).failed == []
    transfer([world.store], Store(folder / "board"))
    found = dict([*results(world, folder / "board"), *models(world), *caches(world)])
    assert tuple(found) == KINDS
    return SimpleNamespace(folder=folder, of=found)


def outcome(specimen):
    """Return what is read, or None and why nothing is; no error but this one may come, and none of the cache."""
    if specimen.is_cache:
        return specimen.read(), None
    try:
        return specimen.read(), None
    except FormatError as error:
        return None, str(error)


def check(specimen, damage, draw, intact):
    """Damage a file, read it and put it back; return what came of it."""
    data = specimen.path.read_bytes()
    damaged = damage(data, draw)
    specimen.path.write_bytes(damaged)
    neighbours = set(specimen.path.parent.iterdir())
    begun = time.monotonic()
    try:
        found, reason = outcome(specimen)
        seconds = time.monotonic() - begun
        made = set(specimen.path.parent.iterdir()) - neighbours
        is_made_again = bool(made) or specimen.path.read_bytes() != damaged
    finally:
        specimen.path.write_bytes(data)
    for path in made:
        path.unlink()
    assert seconds < PATIENCE
    if reason is None:
        assert found == intact
        return "made again" if is_made_again else "harmless"
    assert str(specimen.path) in reason
    assert "\n" not in reason
    return "refused"


def check_all(specimen, kind, number):
    """Damage a file a number of times, and print what came of it."""
    intact, draw = specimen.read(), random.Random(kind)
    came = Counter()
    for turn in range(number):
        damage = DAMAGES[turn % len(DAMAGES)]
        try:
            came[damage.__name__, check(specimen, damage, draw, intact)] += 1
        except BaseException as error:
            error.add_note(f"{damage.__name__}, damage {turn} of {kind}")
            raise
    assert specimen.read() == intact
    flips = sum(times for (name, _), times in came.items() if name.startswith("flip"))
    ends = Counter()
    for (_, end), times in came.items():
        ends[end] += times
    print(f"{kind}: {number} damages, {flips} of them of one bit: {dict(ends)}")  # noqa: T201  (shown by -rP)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_read_right_or_refused_or_made_again(specimens, kind):
    check_all(specimens.of[kind], kind, FEW)


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_a_much_damaged_file_is_read_right_or_refused_or_made_again(specimens, kind):
    check_all(specimens.of[kind], f"much {kind}", MANY)
