"""A board that holds, and what verification says when one thing of it is altered."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serbench.audit.board.verify import verify
from serbench.board.rows import stored_rows
from serbench.cost.efficiency import ALONE, SIZES
from serbench.errors import BoardError, FormatError, SerbenchError, UsageError
from serbench.locations import Locations
from serbench.plugin.registry import load_registry
from serbench.results.facts import Standing
from serbench.results.store import Store
from serbench.run.workspace import Workspace
from serbench.scoring.figure import Figure
from serbench.scoring.metrics import confusion
from tests.board.conftest import build
from tests.records import edit_record
from tests.run import toy
from tests.run.conftest import World

#: Three folds of nearest, six of augmented and of prior under two seeds; each tests six clips.
CELLS = 15
STREAMED = "macs_per_audio_second"
UNRANKED = Standing(ranked=False).facts()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a world with a built board: two models and a floor, two seeds where one is drawn."""
    folder = tmp_path_factory.mktemp("world")
    world = World(toy.make_corpus(folder, speakers=3, takes=2), load_registry(only=(), extra=[toy]))
    assert world.run("nearest", "augmented", "prior").failed == []
    rows, _ = stored_rows(world.store.folder, world.registry)
    build(rows, world.store.folder)
    return world


class Board:
    """A copy of the board that a test may alter."""

    def __init__(self, world, folder):
        shutil.copytree(world.store.folder, folder)
        self.world, self.folder, self.store = world, folder, Store(folder)

    def verify(self, data_roots=None, **options):
        roots = (self.world.folder,) if data_roots is None else data_roots
        locations = Locations(roots, self.world.folder / "cache")
        return verify(self.folder, Workspace(registry=self.world.registry, locations=locations), **options)

    def fails(self, sentence, error=BoardError):
        with pytest.raises(error, match=sentence):
            self.verify()

    def record(self, label="nearest"):
        return next(record for record in self.store.records() if record.label == label)

    def edit(self, record, **facts):
        """Change facts of a record where it lies."""
        edit_record(self.store, record, **facts)

    def refile(self, change):
        """Replace every record and its predictions by what ``change`` makes of them, figures and digests computed."""
        for record in list(self.store.records()):
            found = self.store.predictions(record)
            self.store.record_path(record).unlink()
            self.store.predictions_path(record).unlink()
            changed, predictions = change(record, found)
            if changed is not None:
                self.store.write(rescored(changed, predictions, self.world.registry), predictions)

    def build(self):
        build(stored_rows(self.folder, self.world.registry)[0], self.folder)


def rescored(record, found, registry):
    """Return a record whose figures are those of the predictions: a careful forgery."""
    metrics = [offer.part for offer in registry.metrics.values()]
    scores = {each.card.name: each(found.truth, found.scores) for each in metrics}
    return replace(record, scores=scores, confusion=tuple(map(tuple, confusion(found.truth, found.scores).tolist())))


@pytest.fixture
def board(made, tmp_path):
    return Board(made, tmp_path / "board")


def turned(found, place=0):
    """Return predictions of which one row's scores are turned round."""
    scores = found.scores.copy()
    scores[place] = scores[place][::-1]
    return replace(found, scores=scores)


def relabelled(found, place=0):
    """Return predictions of which one row's truth is another class."""
    truth = found.truth.copy()
    truth[place] = (truth[place] + 1) % len(found.classes)
    return replace(found, truth=truth)


def test_a_board_that_was_made_holds(board):
    ledger = board.verify()
    assert ledger.unchecked == []
    assert ledger.checked["figures"] == CELLS * 5
    assert ledger.checked["labels"] == CELLS * 6
    assert ledger.checked["views"] == 1
    assert {"splits", "audio digests", "manifest digests", "code digests", "seeds"} <= set(ledger.checked)


def test_without_recordings_what_needs_them_is_listed(board):
    ledger = board.verify(data_roots=())
    assert "labels" not in ledger.checked
    assert ledger.checked["figures"] == CELLS * 5
    (sentence,) = ledger.unchecked
    assert sentence.startswith("labels, speakers, folds and recordings of toy under si: ")
    assert "--data-root" in sentence


def test_a_folder_without_records_is_a_mistake(board, tmp_path):
    board.folder = tmp_path / "nowhere"
    board.fails("no records below", UsageError)


def test_an_altered_prediction_is_found_by_its_digest(board):
    record = board.record()
    path = board.store.predictions_path(record)
    path.write_bytes(path.read_bytes().replace(b"angry", b"calmy", 1))
    board.fails(r"\.parquet", FormatError)


def test_another_score_is_found_by_its_digest(board):
    record = board.record()
    path = board.store.predictions_path(record)
    table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read()
    scores = [score * 0.999 for score in table["score:angry"].to_pylist()]
    pq.write_table(table.set_column(table.column_names.index("score:angry"), "score:angry", pa.array(scores)), path)
    board.fails("were changed after their record was written", FormatError)


def test_an_altered_prediction_with_its_digest_is_found_by_the_figures(board):
    record = board.record()
    board.store.write(record, turned(board.store.predictions(record)))
    board.fails("confusion matrix is not that of its predictions")


def test_a_forged_prediction_is_found_by_the_views(board):
    record = board.record()
    found = turned(board.store.predictions(record))
    board.store.write(rescored(record, found, board.world.registry), found)
    board.fails(r"README\.md is stale, first in line \d+")


def test_a_word_that_has_not_the_largest_score_is_named(board):
    record = board.record()
    path = board.store.predictions_path(record)
    table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read()
    words = table["prediction"].to_pylist()
    words[0] = next(word for word in record.classes if word != words[0])
    pq.write_table(table.set_column(5, "prediction", pa.array(words)), path)
    board.fails(r"the prediction of angry-spk0-0 is '\w+', but the largest score is '\w+''s", FormatError)


@pytest.mark.parametrize("name", ["uar", "log-loss", "ece"])
def test_an_altered_figure_is_named_with_what_the_predictions_give(board, name):
    record = board.record()
    value = record.scores[name].value + 0.001
    scores = {metric: figure.facts() for metric, figure in record.scores.items()}
    board.edit(record, scores={**scores, name: {"value": value}})
    board.fails(rf"nearest/speaker-spk0\.seed0\.\w+\.json: its {name} is {value}, but its predictions give")


def test_a_label_that_one_record_has_alone_is_named(board):
    def change(record, found):
        return record, relabelled(found) if (record.label, record.key.fold) == ("prior", "speaker-spk0") else found

    board.refile(change)
    board.build()
    board.fails(r"angry-spk0-0 is 'calm' by speaker spk0 in fold speaker-spk0, but .* has 'angry'")


def test_a_label_that_all_records_forge_is_named_with_the_corpus_s(board):
    board.refile(lambda record, found: (record, relabelled(found)))
    board.build()
    board.fails(r"its predictions say angry-spk0-0 is 'calm', the corpus 'angry'")
    assert board.verify(data_roots=()).unchecked


def test_a_speaker_that_all_records_forge_is_named_with_the_corpus_s(board):
    board.refile(lambda record, found: (record, replace(found, speakers=("ghost", *found.speakers[1:]))))
    board.fails("its predictions say ghost speaks angry-spk0-0, the corpus spk0")


def test_clips_that_no_fold_tests_are_named(board):
    def change(record, found):
        return replace(record, rows={**record.rows, "test": 5}), cut(found)

    board.refile(change)
    board.fails(r"its predictions are not of the test rows of fold speaker-spk0: angry-spk0-0 is in one of the two")


def cut(found):
    return replace(
        found, ids=found.ids[1:], speakers=found.speakers[1:], truth=found.truth[1:], scores=found.scores[1:]
    )


@pytest.mark.parametrize(
    ("part", "name", "sentence"),
    [
        ("protocol", "split", "the split of toy is not what was found here"),
        ("dataset", "manifest", r"the manifest of toy \(who says what in which clip\) is not what was found here"),
        ("dataset", "audio", r"the recordings of toy \(.* kHz here\) is not what was found here"),
    ],
)
def test_an_altered_digest_is_named(board, part, name, sentence):
    def change(record, found):
        facts = replace(getattr(record.key, part), **{name: "0" * 32})
        return replace(record, key=replace(record.key, **{part: facts})), found

    board.refile(change)
    board.fails(sentence)


def test_a_digest_altered_in_place_does_not_fit_the_file_s_name(board):
    record = board.record()
    key = record.key.facts()
    key["dataset"]["audio"] = "0" * 32
    board.edit(record, key=key)
    board.fails("by its key and label its record belongs into .*nearest/speaker-spk0.seed0", FormatError)


def test_an_altered_record_does_not_fit_its_seal(board):
    edit_record(board.store, board.record(), is_sealed=False, notes=["all is well"])
    board.fails("was altered after it was written: its seal does not fit", FormatError)


def test_an_altered_code_digest_is_named_with_what_it_may_mean(board):
    record = board.record()
    board.edit(record, code={**record.code, "nearest": "0" * 32})
    board.fails(
        r"the code of nearest differs from what made this record; either its version \(1 in both\) was not raised or "
        r"the board must be run again"
    )
    (sentence,) = board.verify(allow_changed_code=True).unchecked
    assert "the code of nearest differs" in sentence


def test_a_dataset_s_code_may_change_where_the_recordings_are_there(board):
    for record in board.store.records():
        board.edit(record, code={**record.code, "toy": "0" * 32})
    assert board.verify().unchecked == []
    assert any("code of dataset toy: it has changed since" in each for each in board.verify(data_roots=()).unchecked)


@pytest.mark.parametrize("name", ["README.md", "leaderboard.json", "overview.tex", "tables/si-toy.csv"])
def test_an_altered_view_is_named_with_its_line(board, name):
    path = board.folder / name
    path.write_text(path.read_text().replace("nearest", "farthest", 1))
    board.fails(
        rf"{name} is stale, first in line \d+: '.*farthest.*' where '.*nearest.*' is computed; a rank or figure"
    )


def test_an_altered_rank_is_named(board):
    path = board.folder / "leaderboard.json"
    text = path.read_text()
    assert '"rank": 1,' in text
    path.write_text(text.replace('"rank": 1,', '"rank": 2,', 1))
    board.fails(r"leaderboard\.json is stale, first in line \d+: '\"rank\": 2,' where '\"rank\": 1,' is computed")


def test_an_altered_interval_is_named(board):
    path = board.folder / "tables" / "si-toy.csv"
    row = next(each for each in stored_rows(board.folder, board.world.registry)[0] if each.interval.low is not None)
    digits = f"{row.interval.low:.10g}"
    assert digits in path.read_text()
    path.write_text(path.read_text().replace(digits, "0.5", 1))
    board.fails(r"si-toy\.csv is stale")


def test_a_view_that_is_gone_is_named(board):
    (board.folder / "tables" / "si-toy.tex").unlink()
    board.fails(r"si-toy\.tex is missing")


def test_a_board_without_views_says_so(board):
    shutil.rmtree(board.folder / "tables")
    for name in ("README.md", "leaderboard.json", "overview.tex"):
        (board.folder / name).unlink()
    assert board.verify().unchecked == ["views: there are none; serbench leaderboard build makes them"]


def test_seeds_that_were_chosen_are_found(board):
    def change(record, found):
        return (None, None) if (record.label, record.key.seed) == ("prior", 0) else (record, found)

    board.refile(change)
    board.fails(r"its row has the seeds \[1\], expected \[0\]: seeds are not chosen")


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        (
            {"rows": {"train": 12, "dev": 0, "test": 7, "augmented": 0}},
            "has 6 rows, expected the 7 that its records promise",
        ),
        ({"rows": {"train": 13, "dev": 0, "test": 6, "augmented": 0}}, "it says 13 train rows, its fold has 12"),
        ({"metrics": {"uar": "1"}}, "it has scores"),
        ({"standing": UNRANKED}, "it says ranked False, but protocol si says True"),
        (
            {"standing": {**UNRANKED, "ranked": True, "parts": {"toy": "a half"}}},
            "it says parts {'toy': 'a half'}, but",
        ),
        ({"classes": ["calm", "angry", "joy"]}, "scores of"),
        ({"label": "best"}, "by its key and label its record belongs into .*/best/"),
        ({"code": {}}, "it has no digest of the code of dataset toy"),
        ({"status": "failed"}, "it is failed, expected a reason and no predictions"),
    ],
)
def test_an_altered_fact_is_named(board, facts, sentence):
    board.edit(board.record(), **facts)
    board.fails(sentence, SerbenchError)


def test_a_metric_of_another_version_is_named(board):
    record = board.record()
    board.edit(record, metrics={**record.metrics, "uar": "2"})
    board.fails("its uar is of version 2 of the definition, the one installed is 1")


def test_what_a_card_does_not_declare_is_named(board):
    record = board.record()
    standing = record.standing.facts()
    board.edit(record, standing={**standing, "declared": {**standing["declared"], "pretrained_on": ["toy"]}})
    board.fails(r"it declares .*'pretrained_on': \['toy'\].*, but the cards of its plugins say")


def test_predictions_without_a_record_are_named(board):
    board.store.record_path(board.record()).unlink()
    board.fails("belongs to no record, expected a record beside all predictions")


def test_predictions_that_are_gone_are_named(board):
    board.store.predictions_path(board.record()).unlink()
    board.fails("parquet is missing", FormatError)


def tampered(part, **facts):
    """Return what changes one part of every record's key, files and seals made anew: a careful forgery."""

    def change(record, found):
        if record.label != "nearest":
            return record, found
        mine = getattr(record.key, part)
        forged = replace(mine, **facts) if not isinstance(mine, tuple) else (replace(mine[0], **facts), *mine[1:])
        return replace(record, key=replace(record.key, **{part: forged})), found

    return change


def deaf(record):
    """Return a record that heard no features."""
    heard = {part.name for part in record.key.features}
    code = {name: digest for name, digest in record.code.items() if name not in heard}
    return replace(record, key=replace(record.key, features=()), code=code)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (tampered("model", params={"power": 2}), "its system cannot be made: unknown argument of nearest 'power'"),
        (tampered("model", settings={"recipe": {"epochs": 3}}), "its key is .*, but the plugins that are installed"),
        (tampered("features", params={"n": 2}), "its system cannot be made: unknown argument of crossings 'n'"),
        (tampered("features", settings={"n": 2}), "its key is .*, but the plugins that are installed"),
        (lambda record, found: (replace(record, label="best"), found), r"its label is \"best\", but the plugins"),
        (lambda record, found: (deaf(record), found), r"its features is \[\]"),
        (
            lambda record, found: (replace(record, rows={**record.rows, "dev": 3}), found),
            r"it says 3 dev rows, its fold has 0",
        ),
        (
            lambda record, found: (replace(record, rows={**record.rows, "augmented": 1}), found),
            r"it says 1 augmented rows, its fold has (0|12)",
        ),
        (
            lambda record, found: (replace(record, audio=replace(record.audio, label="FLAC 96 kHz")), found),
            "it says that the recordings are .*FLAC 96 kHz",
        ),
        (
            lambda record, found: (replace(record, notes=("all is well",)), found),
            r"its notes are \['all is well'\], but of its corpus and fold are to be said \[",
        ),
        (
            lambda record, found: (replace(record, standing=replace(record.standing, reason="mine")), found),
            "it says reason mine, but its corpus says None",
        ),
        (
            lambda record, found: (replace(record, code={**record.code, record.label: None}), found),
            r"it has no digest of the code of \w+, whose source is there",
        ),
    ],
)
def test_a_careful_forgery_is_named(board, change, sentence):
    board.refile(change)
    board.build()
    board.fails(sentence)


def sized(name, value):
    """Return what gives every record of a network another size."""

    def change(record, found):
        return replace(record, cost={**record.cost, name: Figure(value)}), found

    return change


@pytest.mark.parametrize("name", [*SIZES, "macs_per_audio_second"])
def test_a_size_that_the_code_does_not_have_is_named(tmp_path, name):
    world = World(toy.make_corpus(tmp_path, speakers=3, takes=2), load_registry(only=(), extra=[toy]))
    assert world.run("logreg").failed == []
    board = Board(world, tmp_path / "board")
    board.build()
    assert board.verify().checked["sizes"] > 0
    board.refile(sized(name, 1.0))
    board.build()
    board.fails(rf"its {name} is 1, (but|expected: )")


def of_before(record, found):
    """Take from a record what those of before had not, and give it what they had."""
    cost = {name: figure for name, figure in record.cost.items() if name not in ALONE}
    if cost[STREAMED].value is not None:
        cost[STREAMED] = Figure(cost["macs_3s"].value / 30)
    return replace(record, cost=cost), found


def test_records_of_before_hold_by_their_own_definition_and_the_board_shows_none_of_it(tmp_path):
    world = World(toy.make_corpus(tmp_path, speakers=3, takes=2), load_registry(only=(), extra=[toy]))
    assert world.run("logreg").failed == []
    board = Board(world, tmp_path / "board")
    board.build()
    board.refile(of_before)
    board.build()
    assert board.verify().checked["sizes"] > 0
    row = next(row for row in stored_rows(board.folder, world.registry)[0] if row.label == "logreg")
    assert row.cost_of(STREAMED).reason == "counted on one recording of 30 s, as it was before; run it again"
    board.refile(sized("macs_3s", 1.0))
    board.build()
    board.fails(r"its macs_3s is 1, but the system has \d+")


@pytest.mark.parametrize(
    ("change", "unknown"),
    [
        (tampered("protocol", name="mine"), "unknown protocol 'mine'"),
        (tampered("protocol", version="9"), None),
        (tampered("dataset", name="ours"), "code of dataset ours: no plugin that is installed offers it"),
        (tampered("dataset", version="9"), "code of dataset toy: version 9 made the record, 1 is installed"),
        (tampered("model", version="9"), "code of model nearest: version 9 made the record, 1 is installed"),
        (tampered("model", name="theirs"), "code of model theirs: no plugin that is installed offers it"),
    ],
    ids=["protocol", "its version", "dataset", "its version", "model", "its version"],
)
def test_what_nobody_here_knows_fails_a_strict_verification(board, change, unknown):
    def named(record, found):
        changed, found = change(record, found)
        parts = (changed.key.dataset, changed.key.model, *changed.key.features, *changed.key.augmentations)
        return replace(changed, code={part.name: changed.code.get(part.name, "0" * 32) for part in parts}), found

    board.refile(named)
    board.build()
    if unknown is None:
        board.fails("it was made under version 9 of protocol si, version 1 is installed")
        return
    assert any(unknown in sentence for sentence in board.verify(data_roots=()).unchecked)
    with pytest.raises(BoardError, match="without --strict, this is listed as not checked"):
        board.verify(data_roots=(), is_strict=True)


def test_a_strict_verification_needs_no_recordings(board):
    assert board.verify(data_roots=(), is_strict=True).unchecked
    assert board.verify(is_strict=True).unchecked == []
