"""EMO-DB: the Berlin database of emotional speech."""

from __future__ import annotations

import re

from serbench.api import Dataset, DatasetCard, LabelMap, LeaveOneSpeakerOut, Utterance

_LABELS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
}
_SEXES = {
    "03": "m",
    "08": "f",
    "09": "f",
    "10": "m",
    "11": "m",
    "12": "m",
    "13": "f",
    "14": "f",
    "15": "m",
    "16": "f",
}
# speaker, text, emotion (the German word's initial), take
_NAME = re.compile(r"(03|08|09|1[0-6])([ab]\d\d)([WLEAFNT])[a-z]")


class EmoDb(Dataset):
    """Ten actors, ten everyday sentences.

    Releases 1.x hold the 535 clips that listeners recognised. Release 2.0 adds 281 that they did not, and beside each
    clip in ``wav`` a laryngogram of the same name in ``laryngo``, which is no speech and is passed over.
    """

    card = DatasetCard(
        name="emodb",
        version="1",
        summary="10 actors, 10 sentences, 7 acted emotions in German",
        labels=tuple(_LABELS.values()),
        language="deu",
        licence="CC0 (one release), CC BY 4.0 (release 2.0)",
        cite="doi:10.21437/Interspeech.2005-446",
        obtain="download download.zip from emodb.bilderbar.info (or release 2.0, Zenodo record 17651657) and unpack it "
        "into a folder 'emodb' under the data root",
        folders=("emodb", "emo-db", "emo_db", "berlin-database-of-emotional-speech-emodb", "emodb_2.0"),
        clips={
            "anger": 127,
            "boredom": 81,
            "disgust": 46,
            "fear": 69,
            "happiness": 71,
            "neutral": 79,
            "sadness": 62,
        },
        speakers=10,
        releases={"2.0": 816},
        prompts={
            "a01": "Der Lappen liegt auf dem Eisschrank.",
            "a02": "Das will sie am Mittwoch abgeben.",
            "a04": "Heute abend könnte ich es ihm sagen.",
            "a05": "Das schwarze Stück Papier befindet sich da oben neben dem Holzstück.",
            "a07": "In sieben Stunden wird es soweit sein.",
            "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
            "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
            "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
            "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
            "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
        },
        sample_rates=(16_000,),
    )
    label_maps = (
        LabelMap.of("emodb-7", tuple(_LABELS.values())),
        LabelMap.of("shared4", ("anger", "happiness", "neutral", "sadness")),
    )
    split = LeaveOneSpeakerOut()
    clip_folders = ("wav",)
    other_folders = frozenset({"laryngo"})  # electroglottograms under the clips' names

    def utterances(self, root):
        for path in self.recordings(root):
            if name := _NAME.fullmatch(path.stem):
                speaker, text, emotion = name.groups()
                yield Utterance(
                    id=path.stem,
                    path=path.relative_to(root).as_posix(),
                    speaker=speaker,
                    label=_LABELS[emotion],
                    sentence=text,
                    sex=_SEXES[speaker],
                )


__all__ = ["EmoDb"]
