"""RAVDESS: the speech recordings of the Ryerson audio-visual database."""

from __future__ import annotations

import re

from serbench.api import Dataset, DatasetCard, LabelMap, SpeakerGroups, Utterance

_LABELS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
# audio only (03), speech (01); emotion, intensity, statement, repetition, actor
_NAME = re.compile(r"03-01-0([1-8])-0[12]-(0[12])-0[12]-([01]\d|2[0-4])")


class Ravdess(Dataset):
    """Everything is spelled out in the file name; actors with odd numbers are men."""

    card = DatasetCard(
        name="ravdess",
        version="1",
        summary="24 actors, 2 statements, 8 acted emotions in English",
        labels=_LABELS,
        language="eng",
        licence="CC BY-NC-SA 4.0",
        cite="doi:10.1371/journal.pone.0196391",
        obtain="download Audio_Speech_Actors_01-24.zip (md5 bc696df654c87fed845eb13823edef8a) from Zenodo record "
        "1188976 and unpack it into a folder 'ravdess' under the data root",
        folders=("ravdess", "Audio_Speech_Actors_01-24", "ravdess-emotional-speech-audio"),
        clips={label: 96 if label == "neutral" else 192 for label in _LABELS},
        speakers=24,
        sample_rates=(48_000,),
        prompts={"01": "Kids are talking by the door.", "02": "Dogs are sitting by the door."},
    )
    label_maps = (
        LabelMap.of("ravdess-8", _LABELS),
        LabelMap("ravdess-7", "1", {label: "neutral" if label == "calm" else label for label in _LABELS}),
        # calm is no class of the four: its speakers were asked for it beside neutral, as another state
        LabelMap("shared4", "1", {"angry": "anger", "happy": "happiness", "neutral": "neutral", "sad": "sadness"}),
    )
    split = SpeakerGroups(
        (
            ("02", "05", "14", "15", "16"),
            ("03", "06", "07", "13", "18"),
            ("10", "11", "12", "19", "20"),
            ("08", "17", "21", "23", "24"),
            ("01", "04", "09", "22"),
        )
    )

    def utterances(self, root):
        for path in self.recordings(root):
            if name := _NAME.fullmatch(path.stem):
                emotion, statement, actor = name.groups()
                yield Utterance(
                    id=path.stem,
                    path=path.relative_to(root).as_posix(),
                    speaker=actor,
                    label=_LABELS[int(emotion) - 1],
                    sentence=statement,
                    sex="m" if int(actor) % 2 else "f",
                )


__all__ = ["Ravdess"]
