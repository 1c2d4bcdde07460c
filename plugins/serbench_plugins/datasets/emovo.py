"""EMOVO: the Italian emotional speech database."""

from __future__ import annotations

import re

from serbench.api import Dataset, DatasetCard, LabelMap, LeaveOneSpeakerOut, Utterance

_LABELS = {
    "rab": "anger",
    "dis": "disgust",
    "pau": "fear",
    "gio": "joy",
    "neu": "neutral",
    "tri": "sadness",
    "sor": "surprise",
}
_NAME = re.compile(r"(rab|dis|pau|gio|neu|tri|sor)-([fm][1-3])-([bldn]\d)")


class Emovo(Dataset):
    """Six actors say fourteen sentences in each of seven states."""

    card = DatasetCard(
        name="emovo",
        version="1",
        summary="6 actors, 14 sentences, 7 acted emotions in Italian",
        labels=tuple(_LABELS.values()),
        language="ita",
        licence="research only",
        cite="G. Costantini et al.: EMOVO Corpus: an Italian Emotional Speech Database, LREC 2014",
        obtain="download the archive from the EMOVO page of voice.fub.it and unpack it into a folder 'emovo' under the "
        "data root",
        folders=("emovo", "emovo-corpus"),
        clips=dict.fromkeys(_LABELS.values(), 84),
        speakers=6,
        prompts={},
        sample_rates=(48_000,),
    )
    label_maps = (
        LabelMap.of("emovo-7", tuple(_LABELS.values())),
        LabelMap("shared4", "1", {"anger": "anger", "joy": "happiness", "neutral": "neutral", "sadness": "sadness"}),
    )
    split = LeaveOneSpeakerOut()

    def utterances(self, root):
        for path in self.recordings(root):
            if name := _NAME.fullmatch(path.stem):
                emotion, speaker, sentence = name.groups()
                yield Utterance(
                    id=path.stem,
                    path=path.relative_to(root).as_posix(),
                    speaker=speaker,
                    label=_LABELS[emotion],
                    sentence=sentence,
                    sex=speaker[0],
                )


__all__ = ["Emovo"]
