"""Reasons in records name files, never where this machine keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from serbench.run.reasons import reason_of, without_places
from tests.run import toy
from tests.run.test_attempts import model_card, plugin

ROOT = Path("/data/my corpora")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/data/my corpora/wav/a b.wav is empty", "wav/a b.wav is empty"),
        ("'/data/my corpora/wav/a.wav'", "'wav/a.wav'"),
        ("/data/my corpora is no folder", "my corpora is no folder"),
        ("/home/ann/wav/a.wav: bad", "a.wav: bad"),
        ("[Errno 13] Permission denied: '/home/ann b/x y.wav'", "[Errno 13] Permission denied: 'x y.wav'"),
        ('"/home/ann/x"', '"x"'),
        ("(/srv/x/y.py), /srv/z.py; path=/srv/a", "(y.py), z.py; path=a"),
        ("libtorch.so: /usr/lib/x.so: cannot open", "libtorch.so: x.so: cannot open"),
        ("in /home/ann/", "in ann"),
        ("~/x/y and ~ann/z", "y and z"),
        (r"C:\Users\Ann\x.wav and C:/Users/Ann/y.wav", "x.wav and y.wav"),
        (r"'C:\Users\Ann B\x y.wav'", "'x y.wav'"),
        (r"\\server\share\x.wav", "x.wav"),
        ("file:///home/ann/x.wav", "x.wav"),
        ("[PosixPath('/home/x/y.wav')]", "[PosixPath('y.wav')]"),
    ],
)
def test_no_path_begins_at_a_root(text, shown):
    assert without_places(text, [ROOT]) == shown


@pytest.mark.parametrize(
    "text",
    [
        "and/or",
        "1/2 m/s",
        "a / b",
        "wav/a.wav",
        "https://example.org/a/b",
        "(3, 4)/5",
        r"\d+",
        "a~b",
        "'/'",
        "emodb/si",
    ],
)
def test_what_is_no_path_stays(text):
    assert without_places(text, [ROOT]) == text


def test_links_to_a_root_count_as_the_root(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    text = f"{tmp_path / 'there' / 'a' / 'b.wav'} and {tmp_path / 'link' / 'a' / 'c.wav'}"
    assert without_places(text, [tmp_path / "link"]) == "a/b.wav and a/c.wav"


def test_a_home_has_no_name(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    assert without_places("'/home/ann' and /home/ann/, not /home/ann/x or /home/anna") == "'~' and ~, not x or anna"


def test_a_reason_names_the_function_where_asked():
    with pytest.raises(OSError, match="none") as caught:
        Path("/home/nobody/none.wav").read_bytes()
    assert reason_of(caught.value) == "FileNotFoundError: [Errno 2] No such file or directory: 'none.wav'"
    assert reason_of(caught.value, with_place=True).endswith(", open)")


class Lost(toy.Nearest):
    """It looks for a file of its author's."""

    card = model_card("lost")

    def fit(self, train, dev, *, seed):
        raise FileNotFoundError(2, "No such file", str(Path.home() / "weights" / "v2.bin"))


class Unmeasured(toy.Nearest):
    """It cannot be measured, nor saved."""

    card = model_card("unmeasured")

    def size(self, clip):
        raise RuntimeError(f"no {Path.home()}/sizes.txt")

    def state(self):
        raise RuntimeError(f"no {Path.home()}/state.bin")


@pytest.fixture
def said(world_with):
    """Return a function that runs models where one recording is broken, and gives all that was written."""

    def said(*models, **request):
        world = world_with(plugin(models=[Lost, Unmeasured]))
        (world.folder / "toy" / "spk1" / "calm-1.wav").write_bytes(b"no sound")
        world.run(*models, seeds=1, **request)
        texts = [path.read_text() for path in world.store.folder.rglob("*.json")]
        assert texts
        assert not [text for text in texts if str(world.folder) in text or str(Path.home()) in text]
        bodies = [json.loads(text) for text in texts]
        return [facts for body in bodies for facts in body.get("records", [body])]

    return said


def test_a_failed_cell_names_the_recording_below_its_corpus(said):
    assert all(": spk1/calm-1.wav" in record["reason"] for record in said("nearest"))


def test_what_is_left_out_is_named_below_its_corpus(said):
    for record in said("nearest", skip_bad_audio=True):
        assert record["left_out"]["calm-spk1-1"].startswith("spk1/calm-1.wav")


def test_a_plugins_own_file_is_named_without_its_folder(said):
    assert all("'v2.bin'" in record["reason"] for record in said("lost", skip_bad_audio=True))


def test_a_figure_that_cannot_be_measured_and_a_model_that_cannot_be_saved(said):
    found = said("unmeasured", skip_bad_audio=True, save_models=True)
    assert any("no sizes.txt" in str(each) for each in found)
    assert any("no state.bin" in str(each) for each in found)
