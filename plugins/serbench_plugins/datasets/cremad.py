"""CREMA-D: the crowd-sourced emotional multimodal actors dataset, its voice track."""

from __future__ import annotations

import re

from serbench.api import Dataset, DatasetCard, LabelMap, SpeakerGroups, Utterance, read_table

_LABELS = {"ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happy", "NEU": "neutral", "SAD": "sad"}
_NAME = re.compile(
    r"(10\d\d)_(DFA|IEO|IOM|ITH|ITS|IWL|IWW|MTI|TAI|TIE|TSI|WSI)_(ANG|DIS|FEA|HAP|NEU|SAD)_(?:LO|MD|HI|XX)"
)


class CremaD(Dataset):
    """The label is the intended emotion; by voice alone listeners call half of the clips neutral."""

    card = DatasetCard(
        name="cremad",
        version="1",
        summary="91 actors, 12 sentences, 6 acted emotions in English",
        labels=tuple(_LABELS.values()),
        language="eng",
        licence="ODbL 1.0, contents DbCL 1.0",
        cite="doi:10.1109/TAFFC.2014.2336244",
        obtain="clone the repository CheyneyComputerScience/CREMA-D with Git LFS and put its folder AudioWAV and "
        "VideoDemographics.csv into a folder 'cremad' under the data root",
        folders=("cremad", "crema-d", "crema_d", "CREMA-D-master", "AudioWAV"),
        clips={label: 1087 if label == "neutral" else 1271 for label in _LABELS.values()},
        speakers=91,
        sample_rates=(16_000,),
        prompts={
            "DFA": "Don't forget a jacket.",
            "IEO": "It's eleven o'clock.",
            "IOM": "I'm on my way to the meeting.",
            "ITH": "I think I have a doctor's appointment.",
            "ITS": "I think I've seen this before.",
            "IWL": "I would like a new alarm clock.",
            "IWW": "I wonder what this is about.",
            "MTI": "Maybe tomorrow it will be cold.",
            "TAI": "The airplane is almost full.",
            "TIE": "That is exactly what happened.",
            "TSI": "The surface is slick.",
            "WSI": "We'll stop in a couple of minutes.",
        },
    )
    label_maps = (
        LabelMap.of("cremad-6", tuple(_LABELS.values())),
        LabelMap("shared4", "1", {"anger": "anger", "happy": "happiness", "neutral": "neutral", "sad": "sadness"}),
    )
    split = SpeakerGroups(
        tuple(
            tuple(str(actor) for actor in range(first, last + 1))
            for first, last in ((1001, 1018), (1019, 1036), (1037, 1054), (1055, 1072), (1073, 1091))
        )
    )
    clip_folders = ("audiowav",)
    other_folders = frozenset({"audiomp3"})  # the same clips once more, compressed

    def utterances(self, root):
        sexes = self._sexes(root)
        for path in self.recordings(root):
            if name := _NAME.fullmatch(path.stem):
                actor, sentence, emotion = name.groups()
                yield Utterance(
                    id=path.stem,
                    path=path.relative_to(root).as_posix(),
                    speaker=actor,
                    label=_LABELS[emotion],
                    sentence=sentence,
                    sex=sexes.get(actor),
                )

    def _sexes(self, root):
        """Return ``f`` or ``m`` per actor from the corpus's own table, nothing where the table is missing."""
        columns = {"ActorID": r"\d{4}", "Sex": "Female|Male"}
        rows = [row for table in self.tables(root, "VideoDemographics.csv") for row in read_table(table, columns)]
        return {row["ActorID"]: row["Sex"][0].lower() for row in rows}


__all__ = ["CremaD"]
