"""Which file is the clip: copies byte for byte, what the corpus prefers, or an error that names both."""

from __future__ import annotations

import os
import re

import pytest

from serbench.corpus.walk import files_below
from serbench.errors import DatasetError
from tests.sample_trees import DATASETS, cremad_names, emodb_names, ravdess_names, write_empty

CLIP = "03a01Fa"


def write(root, files):
    for place, data in files.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_bytes(data)


def manifest_of(name, root):
    return DATASETS[name]().manifest(root)


@pytest.mark.parametrize(
    ("files", "read"),
    [
        ({f"a/{CLIP}.wav": b"one", f"b/{CLIP}.wav": b"one"}, f"a/{CLIP}.wav"),
        ({f"b/deep/{CLIP}.wav": b"one", f"c/{CLIP}.wav": b"one"}, f"c/{CLIP}.wav"),
        ({f"a/{CLIP}.ogg": b"lossy", f"a/{CLIP}.flac": b"lossless"}, f"a/{CLIP}.flac"),
        ({f"a/{CLIP}.MP3": b"lossy", f"a/{CLIP}.wav": b"whole", f"b/{CLIP}.wav": b"whole"}, f"a/{CLIP}.wav"),
        ({f"a/{CLIP}.wav": b"whole", f"b/{CLIP}.wav": b"whole", f"b/{CLIP}.ogg": b"lossy"}, f"a/{CLIP}.wav"),
        ({f"a/{CLIP}.flac": b"same", f"a/{CLIP}.wav": b"same"}, f"a/{CLIP}.flac"),
        ({f"wav/{CLIP}.wav": b"speech", f"throat/{CLIP}.wav": b"buzz"}, f"wav/{CLIP}.wav"),
        ({f"x/WAV/{CLIP}.wav": b"speech", f"{CLIP}.wav": b"denoised"}, f"x/WAV/{CLIP}.wav"),
    ],
)
def test_the_file_that_is_read_is_told_by_rule(tmp_path, files, read):
    write(tmp_path, files)
    manifest = manifest_of("emodb", tmp_path)

    assert manifest.by_id[CLIP].path == read
    assert "left aside" in manifest.deviations[0]
    assert f": {len(files) - 1} " in manifest.deviations[0]


@pytest.mark.parametrize(
    "files",
    [
        {f"a/{CLIP}.wav": b"one", f"b/{CLIP}.wav": b"two"},
        {f"a/{CLIP}.wav": b"one", f"b/{CLIP}.wav": b"longer"},
        {f"{CLIP}.wav": b"one", f"deep/er/{CLIP}.wav": b"two"},
        {f"a/{CLIP}.ogg": b"lossy", f"b/{CLIP}.flac": b"lossless"},
        {f"a/{CLIP}.flac": b"one", f"a/{CLIP}.wav": b"two"},
        {f"a/{CLIP}.wav": b"one", f"a/{CLIP}.WAV": b"two"},
        {f"a/{CLIP}.wav": b"one", f"b/{CLIP}.wav": b"one", f"c/{CLIP}.wav": b"two"},
        {f"p/wav/{CLIP}.wav": b"one", f"q/wav/{CLIP}.wav": b"two"},
    ],
    ids=lambda files: " ".join(files),
)
def test_two_versions_of_a_clip_are_an_error_that_names_both(tmp_path, files):
    write(tmp_path, files)
    other = next(place for place in files if files[place] == list(files.values())[-1])

    with pytest.raises(DatasetError, match=f"are both {CLIP!r} and hold different bytes") as caught:
        manifest_of("emodb", tmp_path)
    for place in (next(iter(files)), other):
        assert place in str(caught.value)
        assert (place.rpartition("/")[0] or ".") in str(caught.value).partition("see ")[2]


def test_time_and_size_say_nothing_of_bytes(tmp_path):
    write(tmp_path, {f"a/{CLIP}.wav": b"one", f"b/{CLIP}.wav": b"two"})
    for folder in "ab":
        os.utime(tmp_path / folder / f"{CLIP}.wav", (10**9, 10**9))

    with pytest.raises(DatasetError, match="different bytes"):
        manifest_of("emodb", tmp_path)


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_two_names_of_one_file_are_not_read(tmp_path, link, monkeypatch):
    write(tmp_path, {f"a/{CLIP}.wav": b"one", "b/readme.txt": b""})
    link(tmp_path / "a" / f"{CLIP}.wav", tmp_path / "b" / f"{CLIP}.wav")
    monkeypatch.setattr("pathlib.Path.open", lambda *_, **__: pytest.fail("a file was opened"))

    assert manifest_of("emodb", tmp_path).by_id[CLIP].path == f"a/{CLIP}.wav"


def test_a_copy_that_cannot_be_compared_is_named(tmp_path):
    write(tmp_path, {f"a/{CLIP}.wav": b"one", "b/readme.txt": b""})
    (tmp_path / "b" / f"{CLIP}.wav").symlink_to(tmp_path / "nowhere")

    with pytest.raises(DatasetError, match=f"b/{CLIP}.wav bear one name and cannot be compared: No such file"):
        manifest_of("emodb", tmp_path)


def test_names_in_two_encodings_are_one_id(tmp_path):
    """``ü`` in Latin-1 and in UTF-8: the same word, so the same clip."""

    class Any(DATASETS["emodb"]):
        def utterances(self, root):
            for each in super().utterances(root):
                stem = each.path.rpartition("/")[2].removesuffix(".wav")
                yield type(each)(**{**vars(each), "id": stem})
            for path in self.recordings(root):
                if path.stem.startswith("f"):
                    yield type(each)(**{**vars(each), "id": path.stem, "path": path.relative_to(root).as_posix()})

    write(tmp_path, {f"wav/{CLIP}.wav": b"", os.fsdecode(b"wav/f\xfcr.wav"): b"a", "wav/für.wav": b"a"})
    assert {clip.id for clip in Any().manifest(tmp_path).utterances} == {CLIP, "für"}


# What corpora prefer


def test_emodb_2_reads_speech_and_no_laryngograms(tmp_path):
    write(
        tmp_path, {f"{folder}/{name[4:]}": folder.encode() for folder in ("laryngo", "wav") for name in emodb_names()}
    )
    manifest = manifest_of("emodb", tmp_path)

    assert (len(manifest), manifest.deviations, manifest.version) == (535, (), "1")
    assert all(clip.path.startswith("wav/") for clip in manifest.utterances)


def test_laryngograms_alone_are_no_corpus(tmp_path):
    write_empty(tmp_path, ["laryngo/03a01Fa.wav"])

    with pytest.raises(DatasetError, match="no clip of it below"):
        manifest_of("emodb", tmp_path)


@pytest.mark.parametrize("other", ["AudioEnhanced", "AudioClean/deep", "."])
def test_cremad_reads_audiowav(tmp_path, other):
    names = cremad_names(actors=range(1001, 1004))
    write(
        tmp_path, {place: folder.encode() for n in names for folder in ("w", "e") for place in [_at(n, folder, other)]}
    )
    manifest = manifest_of("cremad", tmp_path)

    assert {clip.path.partition("/")[0] for clip in manifest.utterances} == {"AudioWAV"}
    assert f"the corpus keeps its clips in AudioWAV: {len(names)} elsewhere left aside" in manifest.deviations[0]


def _at(name, folder, other):
    return name if folder == "w" else name.replace("AudioWAV", other)


def test_ravdess_mirrored_with_other_sounds_is_refused(tmp_path):
    write_empty(tmp_path, ravdess_names(actors=(1, 2)))
    inner = "audio_speech_actors_01-24"
    write(tmp_path, {f"{inner}/{name}": b"" for name in ravdess_names(actors=(1, 2))})
    assert "copies left aside" in manifest_of("ravdess", tmp_path).deviations[0]

    changed = max(place for place in files_below(tmp_path) if place.startswith(inner))
    write(tmp_path, {changed: b"denoised"})
    with pytest.raises(DatasetError, match=re.escape(changed)):
        manifest_of("ravdess", tmp_path)


def test_two_folders_of_the_corpus_are_an_error(tmp_path):
    for name in ("emodb", "EMODB"):
        (tmp_path / name).mkdir()

    with pytest.raises(DatasetError, match=r"EMODB and .*emodb may both be emodb"):
        DATASETS["emodb"]().locate([tmp_path], tmp_path)


def test_a_link_to_the_corpus_beside_it_is_the_corpus(tmp_path):
    (tmp_path / "emodb").mkdir()
    (tmp_path / "EMODB").symlink_to(tmp_path / "emodb")

    assert DATASETS["emodb"]().locate([tmp_path], tmp_path).samefile(tmp_path / "emodb")
