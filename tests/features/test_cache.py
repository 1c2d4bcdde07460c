from __future__ import annotations

import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from serbench_plugins.augmentations.noise import Noise

from serbench.errors import FormatError, PluginError, ResourceError
from serbench.features.cache import FeatureCache, clip_key
from serbench.features.extractor import FeatureCard, FeatureExtractor
from serbench.files import write_document


class Vector(FeatureExtractor):
    card = FeatureCard(name="a-vector", version="1", summary="for tests", sample_rate=8000, output="vector")

    def __init__(self, *, size: int = 3) -> None:
        self.size = size


class Sequence(FeatureExtractor):
    card = FeatureCard(name="a-sequence", version="1", summary="for tests", sample_rate=8000, output="sequence")


def row(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def files(cache, suffix):
    return sorted(cache.folder.rglob(f"shard-*{suffix}"))


def test_rows_come_back_as_they_were(cache):
    cache.rows(Vector()).add(["x", "y"], [row(3, seed=1), row(3, seed=2)])
    cache.rows(Vector()).add(["z"], [row(3, seed=3)])

    kept = cache.rows(Vector())

    assert len(kept) == 3
    found = kept.column(["z", "x", "z"]).read().values
    np.testing.assert_array_equal(found, [row(3, seed=3), row(3, seed=1), row(3, seed=3)])


def test_rows_of_different_lengths_come_back_as_they_were(cache):
    rows = [row(5, 2, seed=1), row(1, 2, seed=2), row(7, 2, seed=3)]
    cache.rows(Sequence()).add(["x", "y", "z"], rows)

    column = cache.rows(Sequence()).column(["z", "y", "x"]).read()

    assert column.lengths.tolist() == [7, 1, 5]
    for found, expected in zip(column.rows(), reversed(rows), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_column_stays_on_disk_and_what_is_taken_of_it_is_a_copy(cache):
    cache.rows(Sequence()).add(["x", "y"], [row(5, 2, seed=1), row(1, 2, seed=2)])

    column = cache.rows(Sequence()).column(["y", "x"])
    taken = column.take([1, 0, 1])
    taken.values[:] = 0

    assert taken.lengths.tolist() == [5, 1, 5]
    np.testing.assert_array_equal(column.rows[1], row(5, 2, seed=1))
    with pytest.raises(ValueError, match="read-only"):
        column.rows[0][:] = 0
    assert [len(each) for each in type(column).join([column, column]).rows] == [1, 5, 1, 5]


def test_arguments_and_names_do_not_share_rows(cache):
    cache.rows(Vector()).add(["x"], [row(3)])

    assert "x" in cache.rows(Vector())
    assert "x" not in cache.rows(Vector(size=4))
    assert "x" not in cache.rows(Sequence())


def test_a_child_has_a_key_of_its_own():
    keys = {clip_key("x"), clip_key("x", Noise().identity), clip_key("x", Noise(amplitude=0.1).identity), clip_key("y")}

    assert len(keys) == 4
    assert clip_key("x") == "x"


def test_rows_of_another_shape_are_refused(cache):
    rows = cache.rows(Vector())
    rows.add(["x"], [row(3)])

    with pytest.raises(PluginError, match="expected one for all clips"):
        rows.add(["y"], [row(4)])


def test_values_without_an_index_are_left_over(cache):
    cache.rows(Vector()).add(["x"], [row(3)])
    files(cache, ".json")[0].unlink()

    assert "x" not in cache.rows(Vector())
    assert cache.verify() == []
    assert cache.left_over() == files(cache, ".npy")


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: data[:-1],
        lambda data: data + b"\0",
        lambda data: data[:-2] + bytes([data[-2] ^ 1]) + data[-1:],
        lambda data: b"",
        lambda data: b"\x93NUMPY" + data[6:40],
    ],
    ids=["shorter", "longer", "a changed bit", "empty", "header only"],
)
def test_changed_values_are_never_read_and_named(cache, harm):
    cache.rows(Vector()).add(["x"], [row(3, seed=1)])
    cache.rows(Vector()).add(["y"], [row(3, seed=2)])
    path = next(p for p in files(cache, ".npy") if "x" in p.with_suffix(".json").read_text())
    path.write_bytes(harm(path.read_bytes()))

    kept = cache.rows(Vector())

    assert ("x" in kept, "y" in kept) == (False, True)
    assert len(cache.verify()) == 1
    assert path.name in cache.verify()[0]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"kind": "serbench-feature-shard", "format": 1, "keys": ["x"]}']
)
def test_a_damaged_index_is_ignored_and_named(cache, text):
    cache.rows(Vector()).add(["x"], [row(3)])
    (index,) = files(cache, ".json")
    index.write_text(text)

    assert "x" not in cache.rows(Vector())
    assert index.name in "".join(cache.verify())


def test_missing_values_are_named(cache):
    cache.rows(Vector()).add(["x"], [row(3)])
    files(cache, ".npy")[0].unlink()

    assert "x" not in cache.rows(Vector())
    assert "cannot be read" in cache.verify()[0]


def test_an_index_that_promises_other_rows_is_refused(cache):
    cache.rows(Vector()).add(["x"], [row(3)])
    (index,) = files(cache, ".json")
    facts = json.loads(index.read_text())
    facts["keys"].append("y")
    index.write_text(json.dumps(facts))

    assert len(cache.rows(Vector())) == 0
    assert "expected 2" in cache.verify()[0]


def test_an_identity_that_is_not_what_its_folder_s_name_says_is_named_and_made_again(cache):
    cache.rows(Vector()).add(["x"], [row(3)])
    path = cache.rows(Vector()).folder / "identity.json"
    said = path.read_bytes()
    document = json.loads(said)
    document["identity"]["version"] = "2"
    path.write_text(json.dumps(document))

    assert cache.verify() == [f"{path} is not what the folder's name says; it is made again"]
    assert cache.info()[0].identity is None
    assert "x" in cache.rows(Vector())
    assert path.read_bytes() == said


def test_rows_of_another_identity_in_the_folder_are_refused(cache, monkeypatch):
    """Two identities whose digests begin with the same digits."""
    folder = cache.rows(Vector()).folder
    document = json.loads((folder / "identity.json").read_text())
    document["identity"]["version"] = "2"
    (folder / "identity.json").write_text(json.dumps(document))
    for module in ("cache", "rows_folder"):
        monkeypatch.setattr(f"serbench.features.{module}.DIGITS", 0)
    folder.rename(folder.with_name(f"{folder.name.rpartition('-')[0]}-"))

    with pytest.raises(FormatError, match="another extractor"):
        cache.rows(Vector())


def test_a_whole_cache_has_nothing_to_complain_about(cache):
    assert cache.verify() == []
    cache.rows(Vector()).add(["x"], [row(3)])

    assert (cache.verify(), cache.left_over()) == ([], [])


def test_several_writers_keep_all_their_rows(cache):
    def fill(writer):
        rows = FeatureCache(cache.folder.parent).rows(Vector())
        for number in range(5):
            rows.add([f"{writer}-{number}", f"shared-{number}"], [row(3, seed=writer), row(3, seed=99)])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(fill, range(4)))

    assert len(cache.rows(Vector())) == 25
    assert cache.verify() == []


def test_writing_rows_does_not_wait_for_the_disk(cache, monkeypatch):
    rows, waited = cache.rows(Vector()), []
    monkeypatch.setattr(os, "fsync", waited.append)

    rows.add(["x"], [row(3)])
    assert waited == []  # what a loss of power takes is made again: see the damage above

    write_document(cache.folder / "kept.json", "a-kind", 1, {})
    assert len(waited) == 1


def test_info_and_prune_count_rows_and_bytes(cache):
    assert (cache.info(), cache.prune()) == ([], 0)
    cache.rows(Vector()).add(["x", "y"], [row(3), row(3)])
    cache.rows(Vector(size=4)).add(["x"], [row(3)])
    cache.rows(Sequence()).add(["x"], [row(9, 3)])
    entries = cache.info()

    assert sorted((entry.name, entry.rows) for entry in entries) == [
        ("a-sequence", 1),
        ("a-vector", 1),
        ("a-vector", 2),
    ]
    assert all(entry.identity["name"] == entry.name for entry in entries)
    assert cache.prune("a-vector") == sum(entry.bytes for entry in entries if entry.name == "a-vector")
    assert [entry.name for entry in cache.info()] == ["a-sequence"]
    assert cache.prune() == entries[0].bytes
    assert cache.info() == []


@pytest.fixture
def refused(tmp_path):
    """Return a cache whose folder cannot be made: a file lies there."""
    (tmp_path / "file").touch()
    return FeatureCache(tmp_path / "file" / "cache")


def test_rows_that_cannot_be_written_are_kept_in_memory(refused, caplog):
    rows = refused.rows(Sequence())
    rows.add(["x", "y"], [row(5, 2, seed=1), row(1, 2, seed=2)])
    rows.add(["z"], [row(7, 2, seed=3)])
    for found, seed, length in zip(rows.column(["x", "y", "z"]).read().rows(), (1, 2, 3), (5, 1, 7), strict=True):
        np.testing.assert_array_equal(found, row(length, 2, seed=seed))
    assert len(refused.rows(Sequence())) == 0
    assert [record.message.partition(" (")[2] for record in caplog.records] == [
        "not a directory): its rows are kept in memory"
    ]


def test_a_full_disk_leaves_nothing_half_done(cache, monkeypatch):
    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("serbench.features.cache.write_document", full)
        rows = cache.rows(Vector())
        rows.add(["x"], [row(3)])
    np.testing.assert_array_equal(rows.row("x"), row(3))
    assert list(cache.folder.rglob("shard-*")) == []
    assert cache.verify() == []


@pytest.mark.parametrize("lacks", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_the_system_lacks_is_no_damage(cache, monkeypatch, lacks):
    cache.rows(Vector()).add(["x"], [row(3)])

    def none_left(path):
        raise OSError(lacks, os.strerror(lacks), str(path))

    monkeypatch.setattr("serbench.features.shard.digest_file", none_left)
    with pytest.raises(ResourceError, match=os.strerror(lacks)[1:]):
        cache.rows(Vector())
    with pytest.raises(ResourceError):
        cache.verify()
