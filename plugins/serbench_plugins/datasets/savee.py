"""SAVEE: the Surrey audio-visual expressed emotion database, its voice track."""

from __future__ import annotations

import re

from serbench.api import Dataset, DatasetCard, LabelMap, LeaveOneSpeakerOut, Utterance

_LABELS = {
    "a": "anger",
    "d": "disgust",
    "f": "fear",
    "h": "happiness",
    "n": "neutral",
    "sa": "sadness",
    "su": "surprise",
}
# DC/a01 in the published archive, DC_a01 in a flat mirror
_NAME = re.compile(r"(?:.*/)?(DC|JE|JK|KL)[/_](sa|su|[adfhn])([0-3]\d)")
# Neutral speech repeats the sentences of the emotions: the common ones as 16 to 18, then two of each emotion.
# (Found by aligning all clips of each speaker with one another; the four speakers agree in every case.)
_REPEATED = ("01", "02", "03", "a04", "a05", "d04", "d05", "f04", "f05", "su04", "su05", "sa04", "sa05", "h04", "h05")


class Savee(Dataset):
    """Four men; three sentences are common to all emotions, the others belong to one (and to neutral)."""

    card = DatasetCard(
        name="savee",
        version="1",
        summary="4 men, 15 TIMIT sentences per emotion, 7 acted emotions in English",
        labels=tuple(_LABELS.values()),
        language="eng",
        licence="research only, by registration, no redistribution",
        cite="S. Haq, P. J. B. Jackson: Speaker-dependent audio-visual emotion recognition, AVSP 2009",
        obtain="register at kahlan.eps.surrey.ac.uk/savee, download AudioData.zip and unpack it into a folder 'savee' "
        "under the data root",
        folders=("savee", "AudioData", "surrey-audiovisual-expressed-emotion-savee"),
        clips={label: 120 if label == "neutral" else 60 for label in _LABELS.values()},
        speakers=4,
        sample_rates=(44_100,),
        prompts={},
    )
    label_maps = (
        LabelMap.of("savee-7", tuple(_LABELS.values())),
        LabelMap.of("shared4", ("anger", "happiness", "neutral", "sadness")),
    )
    split = LeaveOneSpeakerOut(dev="fifth")

    def utterances(self, root):
        for path in self.recordings(root):
            place = path.relative_to(root)
            if name := _NAME.fullmatch(place.with_suffix("").as_posix()):
                speaker, emotion, number = name.groups()
                yield Utterance(
                    id=f"{speaker}_{emotion}{number}",
                    path=place.as_posix(),
                    speaker=speaker,
                    label=_LABELS[emotion],
                    sentence=_sentence(emotion, number),
                    sex="m",
                )


def _sentence(emotion: str, number: str) -> str:
    """Return ``01`` to ``03`` for the common sentences, else the emotion's letters and the number: ``a04``."""
    if emotion == "n" and int(number) > 15:
        return _REPEATED[int(number) - 16]
    return number if number <= "03" else emotion + number


__all__ = ["Savee"]
