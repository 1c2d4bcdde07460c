"""Where pretrained weights are found, and that none but those of the card are ever used."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import replace

import pytest

from serbench import weights
from serbench.checkpoint import Checkpoint
from serbench.errors import CheckpointError, CheckpointMissingError, PluginError, UnknownNameError, UsageError
from serbench.locations import Locations
from serbench.part import Card, Part
from serbench.weights import WeightFolders

BYTES = b"numbers"
OTHER = hashlib.sha256(b"other numbers").hexdigest()


def checkpoint(name="tiny", sha256=None, **more):
    facts = {"trained_on": ("books",), "licence": "MIT", "obtain": "get it at example.org/tiny"}
    return Checkpoint(name, sha256 or hashlib.sha256(BYTES).hexdigest(), **{**facts, **more})


def put(path, data=BYTES):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch, tmp_path):
    """Nothing of this user is found, and nothing is known."""
    for name in ("SERBENCH_WEIGHTS", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "TORCH_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    monkeypatch.setattr(weights, "_known", {})


PLACES = [
    ("tiny", "named/tiny/model.safetensors", "named/tiny"),
    ("tiny", "named/model.safetensors", "named"),
    ("lab/tiny", "named/lab/tiny/model.safetensors", "named/lab/tiny"),
    ("lab/tiny", "named/tiny/model.safetensors", "named/tiny"),
    ("tiny.pth", "named/tiny.pth", "named/tiny.pth"),
    ("lab/tiny", "named/models--lab--tiny/snapshots/9a/model.safetensors", "named/models--lab--tiny/snapshots/9a"),
    (
        *("lab/tiny", "user/huggingface/hub/models--lab--tiny/snapshots/9a/model.safetensors"),
        "user/huggingface/hub/models--lab--tiny/snapshots/9a",
    ),
    (
        *("tiny", "user/huggingface/hub/models--lab--tiny/snapshots/9a/model.safetensors"),
        "user/huggingface/hub/models--lab--tiny/snapshots/9a",
    ),
    ("tiny.pth", "user/torch/hub/checkpoints/tiny.pth", "user/torch/hub/checkpoints/tiny.pth"),
]


@pytest.mark.parametrize(("name", "file", "found"), PLACES, ids=lambda value: value)
def test_weights_are_found_in_folders_and_in_the_caches_of_others(tmp_path, name, file, found):
    (tmp_path / "named").mkdir()
    put(tmp_path / file)
    root = tmp_path / "named"
    if file == "named/model.safetensors":  # the folder itself was named
        root = (tmp_path / "named").rename(tmp_path / "tiny")
        found = "tiny"

    assert WeightFolders((root,)).find(checkpoint(name)) == tmp_path / found


@pytest.mark.parametrize(
    ("variable", "below"),
    [
        ("HF_HUB_CACHE", "models--lab--tiny/snapshots/9a/model.safetensors"),
        ("HF_HOME", "hub/models--lab--tiny/snapshots/9a/model.safetensors"),
        ("TORCH_HOME", "hub/checkpoints/tiny"),
    ],
)
def test_variables_of_others_are_heard(tmp_path, monkeypatch, variable, below):
    monkeypatch.setenv(variable, str(tmp_path / "there"))
    put(tmp_path / "there" / below)

    assert (tmp_path / "there") in WeightFolders().find(checkpoint()).parents


@pytest.mark.parametrize("name", ["nottiny", "tiny-large", "iny"])
def test_a_repository_of_another_name_is_another(tmp_path, name):
    put(tmp_path / "user/huggingface/hub/models--lab--tiny/snapshots/9a/model.safetensors")

    with pytest.raises(CheckpointMissingError):
        WeightFolders().find(checkpoint(name))


def test_what_is_named_goes_before_the_variable(tmp_path, monkeypatch):
    for name in ("one", "two"):
        put(tmp_path / name / "tiny/model.safetensors")
    monkeypatch.setenv("SERBENCH_WEIGHTS", str(tmp_path / "one"))

    assert WeightFolders.of_user().find(checkpoint()) == tmp_path / "one/tiny"
    assert WeightFolders.of_user([tmp_path / "two"]).find(checkpoint()) == tmp_path / "two/tiny"
    assert Locations.of_user((), [tmp_path / "two"]).weights.roots == (tmp_path / "two",)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(UsageError, match="expected one that holds pretrained weights; see --weights"):
        WeightFolders.of_user([tmp_path / "none"])


def test_what_is_missing_says_how_to_obtain_it(tmp_path):
    with pytest.raises(CheckpointMissingError, match=r"tiny was not found; get it at example.org/tiny; .* --weights"):
        WeightFolders((tmp_path,)).find(checkpoint())


def test_other_weights_are_refused_with_both_digests(tmp_path):
    put(tmp_path / "tiny/model.safetensors", b"other numbers")

    with pytest.raises(CheckpointError, match=f"has sha256 {OTHER}, expected {checkpoint().sha256} of checkpoint tiny"):
        WeightFolders((tmp_path,)).find(checkpoint())


def test_of_several_copies_the_right_one_is_taken(tmp_path):
    put(tmp_path / "one/tiny/model.safetensors", b"other numbers")
    put(tmp_path / "two/tiny/model.safetensors")

    assert WeightFolders((tmp_path / "one", tmp_path / "two")).find(checkpoint()) == tmp_path / "two/tiny"


def test_other_files_that_decide_a_result_are_held_to_their_digests(tmp_path):
    put(tmp_path / "tiny/model.safetensors")
    config = put(tmp_path / "tiny/config.json", b"{}")
    whole = checkpoint(others={"config.json": hashlib.sha256(b"{}").hexdigest()})
    assert WeightFolders((tmp_path,)).find(whole) == tmp_path / "tiny"

    config.write_bytes(b'{"layers": 2}')
    with pytest.raises(CheckpointError, match=r"config.json has sha256"):
        WeightFolders((tmp_path,)).find(whole)
    config.unlink()
    with pytest.raises(CheckpointError, match=r"config.json of checkpoint tiny cannot be read"):
        WeightFolders((tmp_path,)).find(whole)


@pytest.fixture
def hashed(monkeypatch):
    """Return the paths that are hashed from now on."""
    seen = []
    real = weights.sha256_file
    monkeypatch.setattr(weights, "sha256_file", lambda path: seen.append(path) or real(path))
    return seen


@pytest.fixture
def settled(tmp_path):
    """Return the file of weights of a folder, written long enough ago for its stamp to say something."""
    file = put(tmp_path / "named/tiny/model.safetensors")
    time.sleep(0.15)
    return file


@pytest.mark.parametrize("forgets", [False, True], ids=["one process", "the next process"])
def test_a_file_is_hashed_once(tmp_path, settled, hashed, monkeypatch, forgets):
    folders = WeightFolders((tmp_path / "named",), tmp_path / "cache")
    folders.find(checkpoint())
    if forgets:
        monkeypatch.setattr(weights, "_known", {})
    folders.find(checkpoint())

    assert hashed == [settled]


def test_a_file_that_was_changed_is_hashed_again_and_refused(tmp_path, settled, hashed):
    folders = WeightFolders((tmp_path / "named",), tmp_path / "cache")
    folders.find(checkpoint())
    before = settled.stat()
    shutil.copy(put(tmp_path / "other", BYTES[::-1]), settled)
    os.utime(settled, ns=(before.st_atime_ns, before.st_mtime_ns))  # as old and as long as before

    with pytest.raises(CheckpointError, match="expected"):
        folders.find(checkpoint())
    assert hashed == [settled, settled]


def test_a_kept_digest_is_never_what_refuses(tmp_path, settled, monkeypatch):
    folders = WeightFolders((tmp_path / "named",), tmp_path / "cache")
    folders.find(checkpoint())
    (kept,) = (tmp_path / "cache/weights").iterdir()
    kept.write_text(kept.read_text().replace(checkpoint().sha256, OTHER))
    monkeypatch.setattr(weights, "_known", {})

    assert folders.find(checkpoint()) == tmp_path / "named/tiny"


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, settled):
    folders = WeightFolders((tmp_path / "named",), put(tmp_path / "file"))

    assert folders.find(checkpoint()) == tmp_path / "named/tiny"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"name": "../tiny"}, "leads to no other folder"),
        ({"name": ""}, "leads to no other folder"),
        ({"file": "/etc/passwd"}, "leads to no other folder"),
        ({"name": "ti*y"}, "leads to no other folder"),
        ({"sha256": "abc"}, "expected 64 digits"),
        ({"sha256": "A" * 64}, "expected 64 digits"),
        ({"others": {"config.json": "abc"}}, "expected 64 digits"),
        ({"trained_on": "books"}, "expected names as"),
        ({"licence": " "}, "licence is empty"),
        ({"obtain": ""}, "obtain is empty"),
    ],
)
def test_a_checkpoint_is_complete(changed, expected):
    with pytest.raises(PluginError, match=expected):
        replace(checkpoint(), **changed)


@pytest.mark.parametrize("listed", [[checkpoint()], (checkpoint(), checkpoint()), ("tiny",)])
def test_a_card_lists_each_once(listed):
    with pytest.raises(PluginError, match="expected a tuple of Checkpoint"):
        Card(name="x", version="1", summary="x", checkpoints=listed)


class Single(Part):
    card = Card(name="single", version="1", summary="x", checkpoints=(checkpoint(),))


class Choosing(Part):
    card = Card(
        name="choosing",
        version="1",
        summary="x",
        checkpoints=(checkpoint("small"), checkpoint("large", OTHER, trained_on=("radio", "books"))),
    )

    def __init__(self, *, encoder: str = "small", mode: str = "plain"):
        self.encoder, self.mode = encoder, mode


class Undecided(Choosing):
    def __init__(self, *, encoder: str = "small", other: str = "large"):
        self.encoder, self.other = encoder, other


class Blank(Choosing):
    """Uses none with one of its arguments."""

    @property
    def checkpoint(self):
        return super().checkpoint if self.mode == "plain" else None


def test_name_and_digest_are_the_identity_and_no_place_is(tmp_path):
    part = Single()
    part.weight_folders = WeightFolders((tmp_path,))

    assert part.identity.settings == {"checkpoint": {"name": "tiny", "sha256": checkpoint().sha256}}
    assert part.identity.label == "single"
    assert part.identity.digest == Single().identity.digest


def test_other_weights_are_another_identity():
    class Renewed(Part):
        card = replace(Single.card, checkpoints=(checkpoint(sha256=OTHER),))

    assert Renewed().identity.digest != Single().identity.digest


def test_an_argument_chooses_and_what_it_has_seen_follows():
    assert Choosing().checkpoint.name == "small"
    assert Choosing().pretrained_on == ("books",)
    large = Choosing(encoder="large")
    assert large.checkpoint.name == "large"
    assert large.pretrained_on == ("books", "radio")
    assert large.identity.settings["checkpoint"]["sha256"] == OTHER


def test_a_part_may_use_none():
    assert Blank(mode="random").checkpoint is None
    assert Blank(mode="random").pretrained_on == ()
    assert Blank(mode="random").identity.settings == {}
    with pytest.raises(PluginError, match="asks for weights, and its card lists no checkpoint"):
        Blank(mode="random").weights()


def test_a_name_that_is_not_offered_is_answered_with_those_that_are():
    with pytest.raises(UnknownNameError, match=r"unknown checkpoint of choosing for encoder 'larg'.*mean 'large'"):
        _ = Choosing(encoder="larg").checkpoint


def test_an_argument_must_be_able_to_choose():
    with pytest.raises(PluginError, match="2 of its arguments have one of these names as default"):
        _ = Undecided().checkpoint


def test_a_copy_looks_where_the_first_one_does(tmp_path):
    part = Choosing(encoder="large")
    part.weight_folders = WeightFolders((tmp_path,))

    copy = part.anew(mode="other")

    assert (copy.encoder, copy.mode, copy.weight_folders) == ("large", "other", part.weight_folders)
