"""MELD: the multimodal EmotionLines dataset, its voice track."""

from __future__ import annotations

import re

from serbench.api import (
    Dataset,
    DatasetCard,
    DatasetMissingError,
    LabelMap,
    OfficialPartition,
    Utterance,
    read_table,
)

_CLIPS = {
    "anger": 1607,
    "disgust": 361,
    "fear": 358,
    "joy": 2308,
    "neutral": 6436,
    "sadness": 1002,
    "surprise": 1636,
}
# train_splits/dia0_utt3, dev_splits_complete/dia0_utt3, output_repeated_splits_test/dia0_utt3, wav/train/dia0_utt3
_NAME = re.compile(r".*(train|dev|test)[^/]*/(?:.*/)?dia(\d+)_utt(\d+)", re.IGNORECASE)
_COLUMNS = {
    "Dialogue_ID": r"\d+",
    "Utterance_ID": r"\d+",
    "Speaker": ".+",
    "Emotion": ".+",
    "Utterance": "(?s:.*)",
}
#: Some copies are UTF-8, some Windows-1252 with its curly quotes.
_ENCODINGS = ("utf-8-sig", "cp1252")


class Meld(Dataset):
    """Lines of a television series; what is said of them stands in a table per part.

    The three parts number their dialogues anew, so a clip is known by its part, its dialogue and its line.
    """

    card = DatasetCard(
        name="meld",
        version="1",
        summary="lines from a television series, 7 emotions rated by listeners, in English",
        labels=tuple(_CLIPS),
        language="eng",
        licence="GPL-3.0 as published; the recordings are the broadcaster's",
        cite="doi:10.18653/v1/P19-1050",
        obtain="get MELD.Raw.tar.gz as the repository declare-lab/MELD says, unpack it and its three inner archives "
        "into a folder 'meld' under the data root, and write the sound of each clip beside it: "
        "find . -name '*.mp4' | while read f; do ffmpeg -nostdin -i $f -vn -ac 1 -ar 16000 ${f%.mp4}.wav; done",
        folders=("meld", "MELD.Raw"),
        clips=_CLIPS,
        diagnostic="the official test part shares its main speakers with train: not a score on new speakers",
    )
    label_maps = (
        LabelMap.of("meld-7", tuple(_CLIPS)),
        LabelMap("shared4", "1", {"anger": "anger", "joy": "happiness", "neutral": "neutral", "sadness": "sadness"}),
    )
    split = OfficialPartition(shares_speakers=True)

    def utterances(self, root):
        lines = {(part, dialogue, number): row for part, dialogue, number, row in self._lines(root)}
        for path in self.recordings(root):
            place = path.relative_to(root)
            if not (name := _NAME.fullmatch(place.with_suffix("").as_posix())):
                continue
            part, dialogue, number = name[1].lower(), int(name[2]), int(name[3])
            if row := lines.get((part, dialogue, number)):
                yield Utterance(
                    id=f"{part}_dia{dialogue}_utt{number}",
                    path=place.as_posix(),
                    speaker=row["Speaker"],
                    label=row["Emotion"].lower(),
                    partition=part,
                    transcript=row["Utterance"] or None,
                )

    def _lines(self, root):
        """Yield part, dialogue, number and table row of every line."""
        for part in ("train", "dev", "test"):
            tables = self.tables(root, f"{part}_sent_emo.csv")
            if not tables:
                raise DatasetMissingError(f"meld: no {part}_sent_emo.csv below {root}; {self.card.obtain}")
            for row in read_table(tables[0], _COLUMNS, encodings=_ENCODINGS):
                yield part, int(row["Dialogue_ID"]), int(row["Utterance_ID"]), row


__all__ = ["Meld"]
