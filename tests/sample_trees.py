"""Corpora made at test time: true file names, sound of a hundredth of a second.

``NAMES`` lists where every clip of a published corpus lies, as its own grammar says; ``SAMPLES`` writes a small tree
of each corpus, with every speaker group and every label in it.
"""

from __future__ import annotations

import wave
from itertools import product
from pathlib import Path

from serbench_plugins.datasets.cremad import CremaD
from serbench_plugins.datasets.emodb import EmoDb
from serbench_plugins.datasets.emovo import Emovo
from serbench_plugins.datasets.iemocap import Iemocap
from serbench_plugins.datasets.meld import Meld
from serbench_plugins.datasets.ravdess import Ravdess
from serbench_plugins.datasets.savee import Savee
from serbench_plugins.datasets.synth import Synth
from serbench_plugins.datasets.tess import Tess

EMOTIONS_OF_CREMAD = ("ANG", "DIS", "FEA", "HAP", "NEU", "SAD")
GOLDEN = Path(__file__).parent / "golden"
DATASETS = {each.card.name: each for each in (Ravdess, CremaD, EmoDb, Savee, Emovo, Tess, Iemocap, Meld, Synth)}


def write_clip(path, number=0):
    """Write 100 samples of 16-bit sound at 16 kHz; another number makes other bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(16_000)
        stream.writeframes(b"".join((number * 7 + n * n % 31).to_bytes(2, "little") for n in range(100)))


def write_clips(root, names):
    for number, name in enumerate(names):
        write_clip(root / name, number)


def write_empty(root, names):
    """Write files without a single byte: enough for whoever decodes nothing."""
    for folder in {(root / name).parent for name in names}:
        folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (root / name).touch()


def ravdess_names(actors=range(1, 25), statements=(1, 2), takes=(1, 2)):
    return [
        f"Actor_{actor:02d}/03-01-{emotion:02d}-{intensity:02d}-{statement:02d}-{take:02d}-{actor:02d}.wav"
        for actor, emotion, intensity, statement, take in product(actors, range(1, 9), (1, 2), statements, takes)
        if (emotion, intensity) != (1, 2)  # no strong neutral
    ]


def cremad_names(actors=range(1001, 1092), sentences="DFA IEO IOM ITH ITS IWL IWW MTI TAI TIE TSI WSI"):
    never_recorded = {(1002, "TIE", "NEU"), (1076, "ITS", "NEU")}
    never_recorded |= {
        (actor, sentence, emotion)
        for actor, sentence in ((1008, "WSI"), (1009, "MTI"), (1019, "ITH"))
        for emotion in EMOTIONS_OF_CREMAD
    }
    return [
        f"AudioWAV/{actor}_{sentence}_{emotion}_{level}.wav"
        for actor, sentence, emotion in product(actors, sentences.split(), EMOTIONS_OF_CREMAD)
        if (actor, sentence, emotion) not in never_recorded
        for level in (("LO", "MD", "HI") if sentence == "IEO" and emotion != "NEU" else ("XX",))
    ]


def emodb_names():
    lines = (line.split() for line in (GOLDEN / "emodb.txt").read_text().splitlines())
    return [f"wav/{speaker_and_text}{ending}.wav" for speaker_and_text, *endings in lines for ending in endings]


def savee_names(speakers=("DC", "JE", "JK", "KL"), each=15):
    return [
        f"{speaker}/{emotion}{number:02d}.wav"
        for speaker, emotion in product(speakers, ("a", "d", "f", "h", "n", "sa", "su"))
        for number in range(1, (2 * each if emotion == "n" else each) + 1)
    ]


def emovo_names(sentences="b1 b2 b3 d1 d2 l1 l2 l3 l4 n1 n2 n3 n4 n5"):
    return [
        f"{speaker}/{emotion}-{speaker}-{sentence}.wav"
        for speaker, emotion, sentence in product(
            ("f1", "f2", "f3", "m1", "m2", "m3"), ("dis", "gio", "neu", "pau", "rab", "sor", "tri"), sentences.split()
        )
    ]


def tess_names(words=None):
    words = words or (GOLDEN / "tess_words.txt").read_text().split()
    return [
        f"{speaker}_{emotion}/{'OA' if (speaker, word, emotion) == ('OAF', 'bite', 'neutral') else speaker}"
        f"_{word}_{emotion}.wav"
        for speaker, word, emotion in product(
            ("OAF", "YAF"), words, ("angry", "disgust", "fear", "happy", "neutral", "ps", "sad")
        )
    ]


def synth_names(speakers=10, sentences=5, takes=2):
    return [
        f"s{speaker:02d}-{emotion}-t{sentence:02d}-{take:02d}.wav"
        for speaker, emotion, sentence, take in product(
            range(1, speakers + 1),
            ("anger", "happiness", "neutral", "sadness"),
            range(1, sentences + 1),
            range(1, takes + 1),
        )
    ]


NAMES = {
    "ravdess": ravdess_names,
    "cremad": cremad_names,
    "emodb": emodb_names,
    "savee": savee_names,
    "emovo": emovo_names,
    "tess": tess_names,
    "synth": synth_names,
}


def sample_ravdess(root):
    write_clips(root, ravdess_names(actors=(1, 2, 3, 8, 10), takes=(1,)))


def sample_cremad(root):
    write_clips(root, cremad_names(actors=(1001, 1019, 1037, 1055, 1073, 1074), sentences="IEO TSI"))
    (root / "VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Caucasian","Not Hispanic"\n'
        '1019,29,"Female","African American","Not Hispanic"\n'
    )


def sample_emodb(root):
    write_clips(root, [name for name in emodb_names() if name[6:9] in {"a01", "a04", "b10"}])


def sample_savee(root):
    write_clips(root, savee_names(each=5))


def sample_emovo(root):
    write_clips(root, emovo_names(sentences="b1 l4"))


def sample_tess(root):
    write_clips(root, tess_names(words=["back", "bite", "bought", "young", "youth"]))


def sample_synth(root):
    write_clips(root, synth_names(sentences=2, takes=1))


def sample_iemocap(root):
    """Write five sessions of two recordings, with the ratings and the words in the texts beside the dialogues."""
    for session, recording in product(range(1, 6), ("F_impro01", "M_script01_1b")):
        dialogue = f"Ses0{session}{recording}"
        folder, rated, spoken = (
            root / f"Session{session}",
            ["% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"],
            [],
        )
        for number, (sex, label) in enumerate(product("FM", ("ang", "exc", "fru", "hap", "neu", "sad", "xxx"))):
            clip = f"{dialogue}_{sex}{number:03d}"
            write_clip(folder / f"sentences/wav/{dialogue}/{clip}.wav", number)
            rated.append(
                f"[{number}.2901 - {number + 1}.2357]\t{clip}\t{label}\t[2.5000, 3.5000, 4.0000]\n"
                f"C-E2:\tNeutral;\t()\nA-E3:\tval 3; act 2; dom  2;\t()\n"
            )
            spoken.append(f"{clip} [00{number}.2901-00{number + 1}.2357]: Line {number}, isn't it?\n")
        spoken.append("M: A line that belongs to no clip.\n")
        write_clip(folder / f"dialog/wav/{dialogue}.wav")
        for place, text in (("EmoEvaluation", "\n".join(rated)), ("transcriptions", "".join(spoken))):
            (folder / "dialog" / place).mkdir(exist_ok=True)
            (folder / "dialog" / place / f"{dialogue}.txt").write_text(text)


def sample_meld(root):
    """Write three parts that number their dialogues alike; one table is UTF-8, two are Windows-1252."""
    head = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"
    parts = {"train": "train_splits", "dev": "dev_splits_complete", "test": "output_repeated_splits_test"}
    emotions = ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
    for place, (part, folder) in enumerate(parts.items()):
        rows = [
            f'{number + 1},"That\u2019s line {number}, really.",{speaker},{emotion},negative,{dialogue},{number},8,21,'
            f'"00:16:16,059","00:16:21,731"\n'
            for number, (dialogue, speaker, emotion) in enumerate(product((0, 7), ("Ross", "Joey "), emotions))
        ]
        root.mkdir(parents=True, exist_ok=True)
        text = head + "".join(rows)
        (root / f"{part}_sent_emo.csv").write_bytes(text.encode("utf-8" if part == "train" else "cp1252"))
        for number, (dialogue, *_) in enumerate(product((0, 7), range(14))):
            write_clip(root / folder / f"dia{dialogue}_utt{number}.wav", 100 * place + number)


SAMPLES = {
    "ravdess": sample_ravdess,
    "cremad": sample_cremad,
    "emodb": sample_emodb,
    "savee": sample_savee,
    "emovo": sample_emovo,
    "tess": sample_tess,
    "iemocap": sample_iemocap,
    "meld": sample_meld,
    "synth": sample_synth,
}
