from __future__ import annotations

import errno
import json
import os
import time

import numpy as np
import pytest
import soundfile

from serbench.corpus import inventory
from serbench.corpus.inventory import Inventory, Recording, take_inventory
from serbench.corpus.manifest import LabelMap, Manifest, Utterance
from serbench.corpus.walk import files_below
from serbench.errors import ResourceError
from tests.corpus.containers import coded, flipped

RATE = 16_000


def wave(seed: int, seconds: float = 0.25) -> np.ndarray:
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, int(seconds * RATE))
    return (np.round(noise * 2**15) / 2**15).astype(np.float32)


def manifest_of(root, names) -> Manifest:
    utterances = [Utterance(id=name, path=name, speaker="s", label="calm") for name in sorted(names)]
    return Manifest("toy", "1", root, LabelMap.of("toy-1", ("calm",)), tuple(utterances))


@pytest.fixture
def corpus(tmp_path):
    """Four clips; c.flac is a.wav bit for bit."""
    root = tmp_path / "corpus"
    (root / "deep").mkdir(parents=True)
    soundfile.write(root / "a.wav", wave(0), RATE)
    soundfile.write(root / "deep" / "b.wav", wave(1), RATE)
    soundfile.write(root / "c.flac", wave(0), RATE)
    soundfile.write(root / "d.wav", np.stack([wave(2), wave(3)], axis=1), RATE)
    return manifest_of(root, ["a.wav", "deep/b.wav", "c.flac", "d.wav"])


@pytest.fixture
def looked_at(monkeypatch):
    """The names of the files that are opened from now on."""
    names = []
    look = inventory._look

    def watched(path):
        names.append(path.name)
        return look(path)

    monkeypatch.setattr(inventory, "_look", watched)
    return names


def test_a_recording_says_what_its_file_holds(corpus, tmp_path):
    found = take_inventory(corpus, tmp_path / "cache").recordings["a.wav"]

    assert (found.seconds, found.sample_rate, found.channels, found.codec) == (0.25, RATE, 1, "WAV/PCM_16")
    assert found.peak == pytest.approx(np.abs(wave(0)).max())
    assert found.rms == pytest.approx(np.std(wave(0).astype(float)))


def test_the_digest_is_the_sounds_not_the_files(corpus, tmp_path):
    found = take_inventory(corpus, tmp_path / "cache")

    assert found.recordings["a.wav"].digest == found.recordings["c.flac"].digest
    assert found.twins == (("a.wav", "c.flac"),)


def test_the_digest_knows_rate_and_channels(tmp_path):
    soundfile.write(tmp_path / "a.wav", wave(0), RATE)
    soundfile.write(tmp_path / "b.wav", wave(0), 8000)
    soundfile.write(tmp_path / "c.wav", wave(0).reshape(-1, 2), RATE)

    found = take_inventory(manifest_of(tmp_path, ["a.wav", "b.wav", "c.wav"]), tmp_path / "cache")

    assert found.twins == ()


def test_a_second_look_opens_no_file(corpus, tmp_path, looked_at):
    first = take_inventory(corpus, tmp_path / "cache")
    looked_at.clear()

    assert take_inventory(corpus, tmp_path / "cache") == first
    assert looked_at == []


def test_a_changed_file_is_looked_at_again(corpus, tmp_path, looked_at):
    first = take_inventory(corpus, tmp_path / "cache")
    looked_at.clear()
    soundfile.write(corpus.root / "a.wav", wave(9), RATE)
    os.utime(corpus.root / "a.wav", ns=(0, time.time_ns() + 10**9))

    second = take_inventory(corpus, tmp_path / "cache")

    assert looked_at == ["a.wav"]
    assert second.recordings["a.wav"].digest != first.recordings["a.wav"].digest
    assert second.digest != first.digest


def replaced(path, other, kept):
    """Put the other file in its place, as rsync does: another inode."""
    spare = path.with_suffix(".spare")
    spare.write_bytes(other)
    os.utime(spare, ns=kept)
    spare.rename(path)


def exchanged(path, other, kept):
    """Exchange the two names."""
    second = path.with_name("d.wav")
    path.rename(path.with_suffix(".spare"))
    second.rename(path)
    path.with_suffix(".spare").rename(second)


def overwritten(path, other, kept):
    """Write into it and set its time back."""
    path.write_bytes(other)
    os.utime(path, ns=kept)


def in_another_folder(path, other, kept):
    """Rename the folder and put another of its kind there: the files themselves are untouched."""
    path.parent.rename(path.parent.with_name("old"))
    path.parent.with_name("new").rename(path.parent)


@pytest.mark.parametrize("change", [replaced, exchanged, overwritten, in_another_folder])
def test_bytes_that_change_under_one_size_and_time_are_looked_at_again(tmp_path, change):
    root, other = tmp_path / "corpus", tmp_path / "new"
    for folder, first in ((root, 0), (other, 5)):
        folder.mkdir()
        for number, name in enumerate(("a.wav", "d.wav")):
            soundfile.write(folder / name, wave(first + number), RATE)
            os.utime(folder / name, ns=(10**18, 10**18))
    manifest, path = manifest_of(root, ["a.wav", "d.wav"]), root / "a.wav"
    before, stat = take_inventory(manifest, tmp_path / "cache"), path.stat()

    change(path, (other / "a.wav").read_bytes(), (stat.st_atime_ns, stat.st_mtime_ns))
    again = path.stat()
    assert (again.st_size, again.st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    after = take_inventory(manifest, tmp_path / "cache")

    assert after == take_inventory(manifest, tmp_path / "empty")
    assert after.recordings["a.wav"].digest != before.recordings["a.wav"].digest


def edited(change):
    """Return what changes one fact of the kept document."""

    def edit(data):
        facts = json.loads(data)
        change(facts)
        return json.dumps(facts, separators=(",", ":"), sort_keys=True).encode()

    return edit


@pytest.mark.parametrize(
    "harm",
    [
        *(
            lambda data, place=place: data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            for place in (3, 20, 300)
        ),
        lambda data: data[:-1],
        lambda data: data + b" ",
        lambda data: data.replace(b"WAV/PCM_16", b"WAV/PCM_24"),
        edited(lambda facts: facts["files"]["a.wav"].__setitem__(4, "0" * 32)),
        edited(lambda facts: facts["files"].__setitem__("a.wav", facts["files"]["d.wav"])),
        edited(lambda facts: facts["files"].pop("a.wav")),
    ],
)
def test_an_edited_index_is_never_trusted(corpus, tmp_path, looked_at, harm):
    first = take_inventory(corpus, tmp_path / "cache")
    (index,) = (tmp_path / "cache" / "inventory").iterdir()
    index.write_bytes(harm(index.read_bytes()))
    looked_at.clear()

    assert take_inventory(corpus, tmp_path / "cache") == first
    assert sorted(looked_at) == ["a.wav", "b.wav", "c.flac", "d.wav"]


def test_another_decoder_looks_at_everything(corpus, tmp_path, looked_at, monkeypatch):
    take_inventory(corpus, tmp_path / "cache")
    looked_at.clear()
    monkeypatch.setattr(inventory, "package_version", lambda name: "99")

    take_inventory(corpus, tmp_path / "cache")
    assert len(looked_at) == 4
    take_inventory(corpus, tmp_path / "cache")
    assert len(looked_at) == 4


def test_names_that_are_no_utf_8_are_kept(tmp_path, looked_at):
    soundfile.write(tmp_path / "a.flac", wave(0), RATE)
    (tmp_path / "a.flac").rename(tmp_path / "f\udcfcr.flac")
    manifest = manifest_of(tmp_path, ["f\udcfcr.flac"])
    first = take_inventory(manifest, tmp_path / "cache")
    looked_at.clear()

    assert first.bad == {}
    assert take_inventory(manifest, tmp_path / "cache") == first
    assert looked_at == []


def test_bad_files_are_listed_and_tried_again(corpus, tmp_path, looked_at):
    path = corpus.root / "deep" / "b.wav"
    whole = path.read_bytes()
    path.write_bytes(whole[:1000])

    found = take_inventory(corpus, tmp_path / "cache")

    assert set(found.recordings) == {"a.wav", "c.flac", "d.wav"}
    assert "truncated" in found.bad["deep/b.wav"]
    looked_at.clear()
    path.write_bytes(whole)
    assert take_inventory(corpus, tmp_path / "cache").bad == {}
    assert looked_at == ["b.wav"]


def test_a_missing_file_is_bad(corpus, tmp_path):
    (corpus.root / "a.wav").unlink()

    assert "missing" in take_inventory(corpus, tmp_path / "cache").bad["a.wav"]


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"{",
        b"[]",
        b'{"kind": "serbench-inventory", "format": 1}',
        b'{"kind": "serbench-inventory", "format": 1, "files": {"a.wav": [1]}}',
        b'{"kind": "serbench-inventory", "format": 1, "files": []}',
        b'{"kind": "serbench-inventory", "format": 99, "files": {}}',
    ],
)
def test_a_damaged_index_is_made_anew(corpus, tmp_path, looked_at, damage):
    first = take_inventory(corpus, tmp_path / "cache")
    (index,) = (tmp_path / "cache" / "inventory").iterdir()
    index.write_bytes(damage)

    assert take_inventory(corpus, tmp_path / "cache") == first
    assert len(looked_at) == 8
    assert take_inventory(corpus, tmp_path / "cache") == first
    assert len(looked_at) == 8


def test_an_interrupted_look_keeps_what_it_saw(corpus, tmp_path, looked_at):
    def interrupt(done):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_inventory(corpus, tmp_path / "cache", workers=1, progress=interrupt)
    looked_at.clear()

    assert len(take_inventory(corpus, tmp_path / "cache", workers=1).recordings) == 4
    assert len(looked_at) <= 2


def test_progress_counts_every_utterance(corpus, tmp_path):
    seen = []

    take_inventory(corpus, tmp_path / "cache", progress=seen.append)

    assert seen == [0, 1, 2, 3, 4]


def test_the_variant_of_one_codec_is_plain(tmp_path):
    soundfile.write(tmp_path / "a.flac", wave(0), RATE)
    soundfile.write(tmp_path / "b.flac", wave(1), RATE)

    assert take_inventory(manifest_of(tmp_path, ["a.flac", "b.flac"]), tmp_path / "cache").variant() == {
        "clips": 2,
        "seconds": 0.5,
        "codec": "FLAC/PCM_16",
        "sample_rate": RATE,
        "channels": 1,
        "lossy": False,
        "label": "FLAC 16 kHz",
    }


def test_the_variant_of_several_codecs_counts_them(corpus, tmp_path):
    variant = take_inventory(corpus, tmp_path / "cache").variant()

    assert variant["codec"] == {"FLAC/PCM_16": 1, "WAV/PCM_16": 3}
    assert variant["channels"] == {"1": 3, "2": 1}
    assert variant["label"] == "WAV 16 kHz and FLAC 16 kHz"


def test_the_variant_of_nothing_is_not_known():
    variant = Inventory({}, {}).variant()

    assert [variant[name] for name in ("clips", "codec", "lossy", "label")] == [0, None, None, None]


@pytest.mark.parametrize(
    ("codec", "rate", "label", "lossy"),
    [
        ("OGG/OPUS", 12_000, "Ogg Opus 12 kHz", True),
        ("OGG/VORBIS", 16_000, "Ogg Vorbis 16 kHz", True),
        ("WAV/PCM_16", 44_100, "WAV 44.1 kHz", False),
        ("WAVEX/FLOAT", 48_000, "WAV 48 kHz", False),
        ("WAV/ULAW", 8_000, "WAV 8 kHz", True),
        ("MP3/MPEG_LAYER_III", 22_050, "MP3 22.05 kHz", True),
        ("AIFF/PCM_24", 96_000, "AIFF 96 kHz", False),
    ],
)
def test_labels_say_codec_and_rate(codec, rate, label, lossy):
    recording = Recording("0", 1.0, rate, 1, codec, 0.5, 0.1)

    assert (recording.label, recording.is_lossy) == (label, lossy)


@pytest.mark.corpus
def test_a_real_corpus_is_whole_and_known_at_once(data_root, tmp_path, monkeypatch):
    names = [path.name for path in (data_root / "emodb" / "wav").iterdir()]
    manifest = manifest_of(data_root / "emodb" / "wav", names)
    first = take_inventory(manifest, tmp_path)

    monkeypatch.setattr(inventory, "decode", lambda path: pytest.fail(f"{path} was decoded again"))
    again = take_inventory(manifest, tmp_path)

    assert again == first
    assert (len(first.recordings), first.bad) == (len(names), {})


def test_what_is_measured_is_what_models_hear(corpus, tmp_path):
    found = take_inventory(corpus, tmp_path / "cache").recordings["d.wav"]

    mix = (wave(2) + wave(3)) / 2
    assert found.peak == pytest.approx(np.abs(mix).max())
    assert found.rms == pytest.approx(np.std(mix.astype(float)))


def test_opposite_channels_cancel_and_a_cache_remembers_it(corpus, tmp_path):
    soundfile.write(corpus.root / "d.wav", np.stack([wave(2), -wave(2)], axis=1), RATE)
    for _ in range(2):
        found = take_inventory(corpus, tmp_path / "cache").recordings["d.wav"]
        assert (found.peak, found.rms, found.cancelled) == (0, 0, 1)


def test_every_kind_of_bad_file_is_listed_with_its_reason(corpus, tmp_path):
    (corpus.root / "a.wav").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (corpus.root / "c.flac").unlink()
    (corpus.root / "c.flac").mkdir()
    ogg = coded("OGG", "OPUS")
    (corpus.root / "d.wav").write_bytes(flipped(ogg, len(ogg) // 2))

    found = take_inventory(corpus, tmp_path / "cache")

    assert list(found.recordings) == ["deep/b.wav"]
    assert {uid: reason.split(f"{uid} ")[1].split(",")[0].split(";")[0] for uid, reason in found.bad.items()} == {
        "a.wav": "is a pointer of Git LFS",
        "c.flac": "is a folder",
        "d.wav": f"is damaged: the checksum of Ogg page 2 at byte {ogg.rindex(b'OggS')} does not hold",
    }


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES])
def test_what_cannot_be_kept_is_said_once_and_work_goes_on(corpus, tmp_path, monkeypatch, caplog, number):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number))

    expected = take_inventory(corpus, tmp_path / "other")
    with monkeypatch.context() as patch:
        patch.setattr("tempfile.mkstemp", refuse)
        assert [take_inventory(corpus, tmp_path / "cache") for _ in range(2)] == [expected] * 2
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{tmp_path / 'cache' / 'inventory'} cannot be written (")
    assert os.strerror(number)[1:] in said
    assert not list((tmp_path / "cache" / "inventory").iterdir())


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("look", ["serbench.corpus.audio.open", "os.scandir"])
def test_files_are_not_to_blame_where_no_more_can_be_opened(corpus, tmp_path, monkeypatch, number, look):
    def refuse(*arguments, **options):
        raise OSError(number, os.strerror(number), str(arguments[0]))

    with monkeypatch.context() as patch:
        patch.setattr(look, refuse, raising=False)
        with pytest.raises(ResourceError, match=os.strerror(number)[1:]):
            take_inventory(corpus, tmp_path / "cache") if "audio" in look else files_below(corpus.root)
    assert take_inventory(corpus, tmp_path / "cache").bad == {}
