"""Every dataset plugin on a tree with true file names, and its oddities one by one."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from serbench.errors import DatasetError, DatasetMissingError, PluginError, UnknownNameError
from tests.sample_trees import (
    DATASETS,
    NAMES,
    SAMPLES,
    cremad_names,
    ravdess_names,
    savee_names,
    write_clip,
    write_empty,
)
from tests.steps import steps

PUBLISHED = sorted(set(DATASETS) - {"synth"})


@pytest.fixture(scope="session")
def samples(tmp_path_factory):
    """Return a data root with a sample of every corpus; for tests that change nothing in it."""
    data_root = tmp_path_factory.mktemp("samples")
    for name, sample in SAMPLES.items():
        sample(data_root / name)
    return data_root


def manifest_of(name, root, **params):
    return DATASETS[name](**params).manifest(root)


@pytest.mark.parametrize("name", DATASETS)
def test_card_is_complete(name):
    card = DATASETS[name].card
    assert all((card.summary, card.licence, card.cite, card.obtain))
    assert re.fullmatch("[a-z]{3}", card.language)
    assert card.clips is None or set(card.clips) == set(card.labels)


@pytest.mark.parametrize("name", DATASETS)
def test_constructor_is_the_identity(name):
    dataset = DATASETS[name]()
    assert dataset.params == dataset.defaults()


@pytest.mark.parametrize("name", DATASETS)
def test_sample_is_read_twice_alike(name, samples):
    first, second = (manifest_of(name, samples / name) for _ in range(2))
    assert first == second
    assert all(first.path(each.id).is_file() and not each.path.startswith(("/", ".")) for each in first.utterances)


@pytest.mark.parametrize("name", DATASETS)
def test_every_class_has_clips(name, samples):
    assert all(manifest_of(name, samples / name).label_counts.values())


@pytest.mark.parametrize("name", DATASETS)
def test_every_clip_of_the_sample_is_recognised(name, samples):
    assert not [each for each in manifest_of(name, samples / name).deviations if "no clips of" in each]


@pytest.mark.parametrize("name", DATASETS)
def test_speakers_are_stable_words(name, samples):
    assert all(speaker == speaker.strip() != "" for speaker in manifest_of(name, samples / name).speakers)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("ending", [".WAV", ".flac", ".Ogg"])
def test_any_ending_is_read_and_no_sound_is_decoded(name, ending, tmp_path):
    SAMPLES[name](tmp_path)
    expected = [each.id for each in manifest_of(name, tmp_path).utterances]
    for path in list(tmp_path.rglob("*.wav")):
        path.unlink()
        path.with_suffix(ending).touch()
    assert [each.id for each in manifest_of(name, tmp_path).utterances] == expected


@pytest.mark.parametrize("name", PUBLISHED)
def test_missing_corpus_says_how_to_obtain_it(name, tmp_path):
    with pytest.raises(DatasetMissingError, match=re.escape(DATASETS[name].card.obtain)):
        DATASETS[name]().locate([tmp_path], tmp_path)


@pytest.mark.parametrize("name", PUBLISHED)
def test_empty_root_says_how_to_obtain_it(name, tmp_path):
    with pytest.raises(DatasetMissingError, match=re.escape(DATASETS[name].card.obtain)):
        manifest_of(name, tmp_path)


@pytest.mark.parametrize(("name", "folder"), [(name, f) for name in PUBLISHED for f in DATASETS[name].card.folders])
def test_folder_is_found_in_any_case(name, folder, tmp_path):
    empty, data_root = tmp_path / "empty", tmp_path / "data"
    (data_root / folder.swapcase()).mkdir(parents=True)
    assert DATASETS[name]().locate([empty, data_root], tmp_path) == data_root / folder.swapcase()


def test_data_root_may_be_the_corpus_itself(tmp_path):
    (tmp_path / "RAVDESS").mkdir()
    assert DATASETS["ravdess"]().locate([tmp_path / "RAVDESS"], tmp_path) == tmp_path / "RAVDESS"


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"iemocap", "meld"}))
def test_whole_corpus_has_no_deviations(name, tmp_path):
    write_empty(tmp_path, NAMES[name]())
    manifest = manifest_of(name, tmp_path)
    card = DATASETS[name].card
    assert not manifest.deviations
    assert (len(manifest), len(manifest.speakers)) == (sum(card.clips.values()), card.speakers)


@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"iemocap", "meld"}))
def test_truncated_unpack_is_named(name, tmp_path):
    write_empty(tmp_path, NAMES[name]()[:-3])
    total = sum(DATASETS[name].card.clips.values())
    manifest = manifest_of(name, tmp_path)
    assert len(manifest) == total - 3
    assert any(f"{total - 3} clips, expected {total}" in each for each in manifest.deviations)
    assert any("clips per label deviate" in each for each in manifest.deviations)


@pytest.mark.parametrize("name", DATASETS)
def test_strangers_and_hidden_files_are_left_aside(name, tmp_path):
    SAMPLES[name](tmp_path)
    before = manifest_of(name, tmp_path)
    write_clip(tmp_path / "extra" / "birdsong.wav")
    for path in list(tmp_path.rglob("*.wav"))[:5]:
        path.with_name(f"._{path.name}").touch()
    after = manifest_of(name, tmp_path)
    assert after.utterances == before.utterances
    assert set(after.deviations) - set(before.deviations) == {
        "recordings that are no clips of the corpus are left aside: 1 (extra/birdsong.wav)"
    }


# RAVDESS


def test_ravdess_nested_twice_counts_once(tmp_path):
    write_empty(tmp_path, [*ravdess_names(), *(f"audio_speech_actors_01-24/{name}" for name in ravdess_names())])
    manifest = manifest_of("ravdess", tmp_path)
    assert len(manifest) == 1440
    assert {each.path.split("/")[0][:6] for each in manifest.utterances} == {"Actor_"}
    assert len(manifest.deviations) == 1
    assert "1440 copies left aside" in manifest.deviations[0]


def test_ravdess_in_the_mirrors_inner_folder_alone(tmp_path):
    write_empty(tmp_path, [f"audio_speech_actors_01-24/{name}" for name in ravdess_names()])
    assert not manifest_of("ravdess", tmp_path).deviations


@pytest.mark.parametrize("stranger", ["03-02-01-01-01-01-01", "01-01-01-01-01-01-01", "03-01-09-01-01-01-01"])
def test_ravdess_song_and_film_are_no_clips(stranger, tmp_path):
    write_empty(tmp_path, [*ravdess_names(), f"Actor_01/{stranger}.wav"])
    manifest = manifest_of("ravdess", tmp_path)
    assert stranger not in manifest.by_id
    assert stranger in manifest.deviations[0]


def test_ravdess_7_counts_calm_as_neutral(samples):
    manifest = manifest_of("ravdess", samples / "ravdess", labels="ravdess-7")
    assert "calm" not in manifest.labels
    assert manifest.by_id["03-01-02-01-01-01-01"].label == "neutral"
    assert len(manifest) == len(manifest_of("ravdess", samples / "ravdess"))


def test_unknown_label_map_names_the_nearest(samples):
    with pytest.raises(UnknownNameError, match="did you mean 'ravdess-7'"):
        manifest_of("ravdess", samples / "ravdess", labels="ravdess7")


def test_ravdess_odd_actors_are_men(samples):
    assert {each.speaker: each.sex for each in manifest_of("ravdess", samples / "ravdess").utterances} == {
        "01": "m",
        "02": "f",
        "03": "m",
        "08": "f",
        "10": "f",
    }


# CREMA-D


def test_cremad_sex_from_the_corpus_table(samples):
    sexes = {each.speaker: each.sex for each in manifest_of("cremad", samples / "cremad").utterances}
    assert (sexes["1001"], sexes["1019"], sexes["1037"]) == ("m", "f", None)


def test_cremad_compressed_folder_is_passed_over(tmp_path):
    names = cremad_names()
    write_empty(tmp_path, [*names, *(f"AudioMP3/{name[9:-4]}.mp3" for name in names)])
    manifest = manifest_of("cremad", tmp_path)
    assert not manifest.deviations
    assert all(each.path.startswith("AudioWAV/") for each in manifest.utterances)


# SAVEE


def test_savee_flat_mirror_has_the_same_ids(tmp_path):
    write_empty(tmp_path / "nested", savee_names())
    write_empty(tmp_path / "flat", [name.replace("/", "_") for name in savee_names()])
    assert manifest_of("savee", tmp_path / "nested").digest == manifest_of("savee", tmp_path / "flat").digest


def test_savee_reads_two_letters_before_one(samples):
    by_id = manifest_of("savee", samples / "savee").by_id
    labels = {code: by_id[f"DC_{code}01"].label for code in ("a", "d", "f", "h", "n", "sa", "su")}
    assert labels == {
        "a": "anger",
        "d": "disgust",
        "f": "fear",
        "h": "happiness",
        "n": "neutral",
        "sa": "sadness",
        "su": "surprise",
    }


@pytest.mark.parametrize(
    ("clip", "sentence"),
    [("JE_a01", "01"), ("JE_su03", "03"), ("JE_n16", "01"), ("JE_n19", "a04"), ("JE_n30", "h05"), ("JE_n06", "n06")],
)
def test_savee_sentences(clip, sentence, tmp_path):
    write_empty(tmp_path, savee_names())
    assert manifest_of("savee", tmp_path).by_id[clip].sentence == sentence


def test_savee_sentences_are_those_of_the_publication(tmp_path):
    """3 common ones, 2 of each emotion, 10 generic ones of each category but neutral, which has 12 of its own."""
    write_empty(tmp_path, savee_names())
    sentences = [each.sentence for each in manifest_of("savee", tmp_path).utterances if each.speaker == "KL"]
    assert Counter(Counter(sentences).values()) == {8: 3, 2: 12, 1: 72}


# EMO-DB, EMOVO, TESS


def test_emodb_sex_from_the_table(samples):
    sexes = {each.speaker: each.sex for each in manifest_of("emodb", samples / "emodb").utterances}
    assert sorted(speaker for speaker, sex in sexes.items() if sex == "f") == ["08", "09", "13", "14", "16"]


def test_emovo_speaker_and_sentence(samples):
    clip = manifest_of("emovo", samples / "emovo").by_id["gio-m2-l4"]
    assert (clip.speaker, clip.sex, clip.sentence, clip.label) == ("m2", "m", "l4", "joy")


def test_tess_typo_is_the_older_actress(samples):
    manifest = manifest_of("tess", samples / "tess")
    assert manifest.by_id["OA_bite_neutral"].speaker == "OAF"
    assert manifest.speakers == ("OAF", "YAF")


@pytest.mark.parametrize("folder", ["OAF_Pleasant_surprise", "OAF_pleasant_surprised", "anything/deeper", "."])
def test_tess_folders_spell_as_they_like(folder, tmp_path):
    write_empty(tmp_path, [f"{folder}/OAF_back_ps.wav", "YAF_sad/YAF_back_sad.wav"])
    assert manifest_of("tess", tmp_path).by_id["OAF_back_ps"].label == "pleasant-surprise"


# IEMOCAP


def test_iemocap_speaker_is_told_by_the_last_token(samples):
    clip = manifest_of("iemocap", samples / "iemocap").by_id["Ses01F_impro01_M008"]
    assert (clip.speaker, clip.session, clip.sex) == ("Ses01M", "Ses01", "m")


def test_iemocap_has_ten_speakers(samples):
    assert len(manifest_of("iemocap", samples / "iemocap").speakers) == 10


def test_iemocap_four_classes(samples):
    assert manifest_of("iemocap", samples / "iemocap").label_counts == {
        "angry": 20,
        "happy": 40,
        "neutral": 20,
        "sad": 20,
    }


def test_iemocap_published_four_class_count():
    clips, classes = DATASETS["iemocap"].card.clips, DATASETS["iemocap"].label_maps[0].classes
    assert sum(clips.values()) == 10_039
    assert sum(n for word, n in clips.items() if word in classes) == 5_531


def test_iemocap_ratings_and_words(samples):
    clip = manifest_of("iemocap", samples / "iemocap").by_id["Ses04M_script01_1b_F004"]
    assert (clip.valence, clip.arousal, clip.dominance) == (2.5, 3.5, 4.0)
    assert clip.transcript == "Line 4, isn't it?"


def test_iemocap_without_transcripts(tmp_path):
    SAMPLES["iemocap"](tmp_path)
    for path in tmp_path.rglob("transcriptions/*.txt"):
        path.unlink()
    assert {each.transcript for each in manifest_of("iemocap", tmp_path).utterances} == {None}


# MELD


def test_meld_published_counts():
    clips = DATASETS["meld"].card.clips
    assert sum(clips.values()) == 9_989 + 1_109 + 2_610
    assert (clips["neutral"], clips["disgust"]) == (4710 + 470 + 1256, 271 + 22 + 68)


def test_meld_parts_number_alike_and_stay_apart(samples):
    manifest = manifest_of("meld", samples / "meld")
    assert Counter(each.partition for each in manifest.utterances) == {"train": 28, "dev": 28, "test": 28}
    assert manifest.by_id["dev_dia7_utt20"].path == "dev_splits_complete/dia7_utt20.wav"


@pytest.mark.parametrize("part", ["train", "test"])
def test_meld_tables_of_both_encodings(part, samples):
    clip = manifest_of("meld", samples / "meld").by_id[f"{part}_dia0_utt7"]
    assert (clip.speaker, clip.transcript) == ("Joey", "That\u2019s line 7, really.")


def test_meld_sound_in_folders_of_its_own(tmp_path):
    SAMPLES["meld"](tmp_path)
    expected = manifest_of("meld", tmp_path).digest
    for folder, part in (
        ("train_splits", "train"),
        ("dev_splits_complete", "dev"),
        ("output_repeated_splits_test", "test"),
    ):
        (tmp_path / "wav").mkdir(exist_ok=True)
        (tmp_path / folder).rename(tmp_path / "wav" / part)
    assert manifest_of("meld", tmp_path).digest == expected


def test_meld_missing_clip_is_named_in_the_counts(tmp_path):
    SAMPLES["meld"](tmp_path)
    (tmp_path / "dev_splits_complete" / "dia0_utt3.wav").unlink()
    manifest = manifest_of("meld", tmp_path)
    assert "dev_dia0_utt3" not in manifest.by_id
    assert any("joy 11 of 2308" in each for each in manifest.deviations)


def test_meld_without_a_table(tmp_path):
    SAMPLES["meld"](tmp_path)
    (tmp_path / "dev_sent_emo.csv").unlink()
    with pytest.raises(DatasetMissingError, match=r"no dev_sent_emo\.csv"):
        manifest_of("meld", tmp_path)


# What the core does for all of them


def test_link_in_a_circle_ends(tmp_path):
    write_empty(tmp_path, ["wav/03a01Fa.wav"])
    (tmp_path / "wav" / "again").symlink_to(tmp_path)
    assert len(manifest_of("emodb", tmp_path)) == 1


def test_linked_folder_is_followed(tmp_path):
    write_empty(tmp_path / "elsewhere", ["03a01Fa.wav"])
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "wav").symlink_to(tmp_path / "elsewhere")
    assert manifest_of("emodb", tmp_path / "corpus").by_id["03a01Fa"].path == "wav/03a01Fa.wav"


def test_one_id_for_two_speakers_is_an_error(tmp_path):
    class Stems(DATASETS["savee"]):
        def utterances(self, root):
            for each in super().utterances(root):
                object.__setattr__(each, "id", each.id.partition("_")[2])
                yield each

    write_empty(tmp_path, savee_names())
    with pytest.raises(DatasetError, match=r"DC/a01\.wav and JE/a01\.wav are both 'a01'"):
        Stems().manifest(tmp_path)


def test_label_that_the_card_does_not_name_is_an_error(tmp_path):
    SAMPLES["meld"](tmp_path)
    table = tmp_path / "dev_sent_emo.csv"
    table.write_bytes(table.read_bytes().replace(b"joy", b"glee"))
    with pytest.raises(DatasetError, match="has label 'glee', expected one of"):
        manifest_of("meld", tmp_path)


def test_constructor_argument_without_default_is_refused():
    class Demanding(DATASETS["emodb"]):
        def __init__(self, *, microphone):
            super().__init__()
            self.microphone = microphone

    with pytest.raises(PluginError, match="'microphone' of the constructor has no default"):
        Demanding.defaults()


# The real recordings


@pytest.mark.corpus
@pytest.mark.parametrize("name", sorted(set(PUBLISHED) - {"iemocap", "meld"}))
def test_real_corpus_is_whole(name, data_root, tmp_path):
    dataset = DATASETS[name]()
    try:
        root = dataset.locate([data_root], tmp_path)
    except DatasetMissingError as error:
        pytest.skip(str(error))
    manifest = dataset.manifest(root)
    assert not manifest.deviations
    assert manifest.label_counts == dataset.card.clips
    assert len(manifest.speakers) == dataset.card.speakers
    write_empty(tmp_path, NAMES[name]())
    assert [each.id for each in manifest.utterances] == [each.id for each in dataset.manifest(tmp_path).utterances]


def test_ten_times_the_clips_are_no_more_than_ten_times_the_work(tmp_path):
    few, many = cremad_names(range(1001, 1010)), cremad_names()
    write_empty(tmp_path / "few", few)
    write_empty(tmp_path / "many", many)
    manifest_of("cremad", tmp_path / "few")  # what is looked up once is looked up
    work = {name: steps(lambda name=name: manifest_of("cremad", tmp_path / name)) for name in ("few", "many")}
    assert work["many"] / work["few"] < 1.1 * len(many) / len(few)
