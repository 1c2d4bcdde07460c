"""TESS: the Toronto emotional speech set."""

from __future__ import annotations

import re

from serbench.api import Dataset, DatasetCard, LabelMap, LeaveOneSpeakerOut, Utterance

_LABELS = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "pleasant-surprise",
    "sad": "sad",
}
# one clip lacks a letter of its speaker's name: OA_bite_neutral
_NAME = re.compile(r"(OAF?|YAF)_([a-z]+)_(angry|disgust|fear|happy|neutral|ps|sad)")


class Tess(Dataset):
    """Two actresses say 200 words in a carrier phrase; only the file name is read, folders vary by mirror."""

    card = DatasetCard(
        name="tess",
        version="1",
        summary="2 actresses, 200 words in one carrier phrase, 7 acted emotions in English",
        labels=tuple(_LABELS.values()),
        language="eng",
        licence="CC BY-NC-ND 4.0",
        cite="doi:10.5683/SP2/E8H2MF",
        obtain="download all files of doi:10.5683/SP2/E8H2MF (Borealis Dataverse, with an md5 per file) into a folder "
        "'tess' under the data root",
        folders=("tess", "TESS Toronto emotional speech set data", "toronto-emotional-speech-set-tess"),
        clips=dict.fromkeys(_LABELS.values(), 400),
        speakers=2,
        sample_rates=(24_414, 96_000),  # one clip is at 96 kHz
        prompts={},
        diagnostic="two speakers and one carrier phrase: a score on it says little about new speakers",
    )
    label_maps = (
        LabelMap.of("tess-7", tuple(_LABELS.values())),
        LabelMap("shared4", "1", {"angry": "anger", "happy": "happiness", "neutral": "neutral", "sad": "sadness"}),
    )
    split = LeaveOneSpeakerOut(dev="fifth")

    def utterances(self, root):
        for path in self.recordings(root):
            if name := _NAME.fullmatch(path.stem):
                speaker, word, emotion = name.groups()
                yield Utterance(
                    id=path.stem,
                    path=path.relative_to(root).as_posix(),
                    speaker="YAF" if speaker == "YAF" else "OAF",
                    label=_LABELS[emotion],
                    sentence=word,
                    sex="f",
                    remark="named OA, read as speaker OAF" if speaker == "OA" else None,
                )


__all__ = ["Tess"]
