"""IEMOCAP: the interactive emotional dyadic motion capture database, its voice track."""

from __future__ import annotations

import re

from serbench.api import Dataset, DatasetCard, LabelMap, LeaveOneSessionOut, Utterance

_CLIPS = {
    "ang": 1103,
    "dis": 2,
    "exc": 1041,
    "fea": 40,
    "fru": 1849,
    "hap": 595,
    "neu": 1708,
    "oth": 3,
    "sad": 1084,
    "sur": 107,
    "xxx": 2507,
}
# [6.2901 - 8.2357]	Ses01F_impro01_F000	neu	[2.5000, 2.5000, 2.5000]
_RATED = re.compile(r"^\[.+?\]\s+(Ses\w+)\s+([a-z]{3})\s+\[([\d.]+), ([\d.]+), ([\d.]+)\]", re.MULTILINE)
# Ses01F_impro01_F000 [006.2901-008.2357]: Excuse me.
_SPOKEN = re.compile(r"^(Ses\w+) \[[\d. -]+\]: *(.*\S)", re.MULTILINE)


class Iemocap(Dataset):
    """Ten actors in five sessions of two; a label is what most listeners heard, ``xxx`` where they disagreed.

    The first part of a clip's name tells the recording, in which both actors speak; who speaks is told by the letter
    of the last part: ``Ses01F_impro01_M003`` is the man of session 1.
    """

    card = DatasetCard(
        name="iemocap",
        version="1",
        summary="10 actors, 5 sessions of dialogue, 4 classes rated by listeners, in English",
        labels=tuple(_CLIPS),
        language="eng",
        licence="by signed licence, research only",
        cite="doi:10.1007/s10579-008-9076-6",
        obtain="sign the licence at sail.usc.edu/iemocap and unpack IEMOCAP_full_release (Session1 to Session5, with "
        "dialog/EmoEvaluation and sentences/wav) into a folder 'iemocap' under the data root",
        folders=("iemocap", "IEMOCAP_full_release"),
        clips=_CLIPS,
        speakers=10,
        sample_rates=(16_000,),
    )
    label_maps = (
        LabelMap("iemocap-4", "1", {"ang": "angry", "hap": "happy", "exc": "happy", "neu": "neutral", "sad": "sad"}),
        LabelMap(
            "shared4",
            "1",
            {"ang": "anger", "hap": "happiness", "exc": "happiness", "neu": "neutral", "sad": "sadness"},
        ),
    )
    split = LeaveOneSessionOut()
    other_folders = frozenset({"dialog"})  # whole dialogues; their clips lie under sentences/wav

    def utterances(self, root):
        ratings = self._read(root, "dialog/EmoEvaluation/*.txt", _RATED)
        words = self._read(root, "dialog/transcriptions/*.txt", _SPOKEN)
        for path in self.recordings(root):
            if path.stem not in ratings:
                continue
            label, valence, arousal, dominance = ratings[path.stem]
            session, sex = path.stem[:5], path.stem.rpartition("_")[2][0]
            yield Utterance(
                id=path.stem,
                path=path.relative_to(root).as_posix(),
                speaker=session + sex,
                label=label,
                session=session,
                sex=sex.lower(),
                transcript=words[path.stem][0] if path.stem in words else None,
                valence=float(valence),
                arousal=float(arousal),
                dominance=float(dominance),
            )

    def _read(self, root, pattern, line):
        """Return from clip to what the texts beside the dialogues say of it."""
        texts = (path.read_text(encoding="utf-8", errors="replace") for path in self.tables(root, pattern))
        return {clip: facts for text in texts for clip, *facts in line.findall(text)}


__all__ = ["Iemocap"]
