"""The rules by which a corpus is divided; a dataset declares one of them as its ``split``.

Conventions
-----------
A rule reads the manifest and nothing else, so it gives the same folds on every machine. Folds come in the
sorted order of what is left out. "Next" is cyclic: after the last comes the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from serbench.corpus.manifest import Manifest, Utterance
from serbench.digest import digest_value
from serbench.errors import ProtocolError
from serbench.protocol.split import Fold


def folds_of_groups(
    manifest: Manifest, groups: Sequence[tuple[str, frozenset[str]]], dev: Literal["next", "fifth"]
) -> list[Fold]:
    """Return a fold per group of speakers: test that group, dev the next one or a fifth of the others' clips.

    Parameters
    ----------
    groups
        Fold name and speakers of each; disjoint, together all speakers of the manifest.
    dev
        ``next``: the next group's clips. ``fifth``: of the clips outside test, in each class every fifth in
        the order of the digests of their ids; for corpora with too few speakers.

    Raises
    ------
    ProtocolError
        When there are fewer than three groups with ``next``, or fewer than two with ``fifth``, or a speaker
        belongs to no group.
    """
    if len(groups) < (3 if dev == "next" else 2):
        raise ProtocolError(f"{manifest.dataset}: {len(groups)} groups of speakers are too few to leave one out")
    strangers = set(manifest.speakers).difference(*(speakers for _, speakers in groups))
    if strangers:
        raise ProtocolError(f"{manifest.dataset}: speakers {sorted(strangers)} belong to no group of the split")
    folds = []
    for place, (name, speakers) in enumerate(groups):
        test = [utterance for utterance in manifest.utterances if utterance.speaker in speakers]
        rest = [utterance for utterance in manifest.utterances if utterance.speaker not in speakers]
        if dev == "next":
            dev_speakers = groups[(place + 1) % len(groups)][1]
            chosen = {utterance.id for utterance in rest if utterance.speaker in dev_speakers}
        else:
            chosen = stratified_fifth(rest)
        folds.append(
            Fold(
                name,
                train=tuple(utterance.id for utterance in rest if utterance.id not in chosen),
                dev=tuple(utterance.id for utterance in rest if utterance.id in chosen),
                test=tuple(utterance.id for utterance in test),
            )
        )
    return folds


def stratified_fifth(utterances: Sequence[Utterance]) -> set[str]:
    """Return the ids of a fifth of the clips of each class, rounded to the nearest.

    At least one of each class is taken and at least one is left. Which ones is decided by the order of the digests
    of their ids: by rule, yet by no order of names.
    """
    chosen: set[str] = set()
    for label in {each.label for each in utterances}:
        ids = sorted((each.id for each in utterances if each.label == label), key=digest_value)
        chosen.update(ids[: min(max(1, round(len(ids) / 5)), len(ids) - 1)])
    return chosen


@dataclass(frozen=True)
class LeaveOneSpeakerOut:
    """Each speaker is tested once, alone.

    Attributes
    ----------
    dev
        ``next``: the next speaker. ``fifth``: a stratified fifth of the clips outside test, for corpora
        with too few speakers to give dev its own.
    """

    dev: Literal["next", "fifth"] = "next"
    shares_speakers = False

    @property
    def dev_shares_speakers(self) -> bool:
        """True where dev and train have speakers in common."""
        return self.dev == "fifth"

    def folds(self, manifest: Manifest) -> list[Fold]:
        """Return a fold per speaker.

        Raises
        ------
        ProtocolError
            When there are too few speakers: fewer than three with ``next``, fewer than two with ``fifth``.
        """
        groups = [(f"speaker-{speaker}", frozenset([speaker])) for speaker in manifest.speakers]
        return folds_of_groups(manifest, groups, self.dev)


@dataclass(frozen=True)
class SpeakerGroups:
    """Each group of speakers is tested once; dev is the next group.

    Attributes
    ----------
    groups
        The speakers of each group; a group of which the manifest has nobody is passed over.
    """

    groups: tuple[tuple[str, ...], ...]
    dev_shares_speakers = False
    shares_speakers = False

    def folds(self, manifest: Manifest) -> list[Fold]:
        """Return a fold per group that has clips in the manifest, in the order of the groups.

        Raises
        ------
        ProtocolError
            When fewer than three groups have clips, or a speaker belongs to no group.
        """
        present = set(manifest.speakers)
        groups = [
            (f"group-{place}", frozenset(group))
            for place, group in enumerate(self.groups, start=1)
            if present & set(group)
        ]
        return folds_of_groups(manifest, groups, "next")


@dataclass(frozen=True)
class LeaveOneSessionOut:
    """Each recording session is tested once; dev is the next session.

    Sessions must not share speakers.
    """

    dev_shares_speakers = False
    shares_speakers = False

    def folds(self, manifest: Manifest) -> list[Fold]:
        """Return a fold per session.

        Raises
        ------
        ProtocolError
            When an utterance has no session, or a speaker is in two.
        """
        speakers: dict[str, set[str]] = {}
        for utterance in manifest.utterances:
            if utterance.session is None:
                raise ProtocolError(f"{manifest.dataset}: {utterance.id} has no session, expected one for every clip")
            speakers.setdefault(utterance.session, set()).add(utterance.speaker)
        if sum(map(len, speakers.values())) != len(manifest.speakers):
            raise ProtocolError(f"{manifest.dataset}: a speaker is in two sessions, expected sessions of their own")
        groups = [(f"session-{session}", frozenset(speakers[session])) for session in sorted(speakers)]
        return folds_of_groups(manifest, groups, "next")


@dataclass(frozen=True)
class OfficialPartition:
    """One fold: the train, dev and test parts that the corpus itself brings.

    Attributes
    ----------
    shares_speakers
        True where the parts have speakers in common. The dataset's card must then say under ``diagnostic`` what
        its score is worth.
    """

    shares_speakers: bool = False

    @property
    def dev_shares_speakers(self) -> bool:
        """True where dev and train have speakers in common."""
        return self.shares_speakers

    def folds(self, manifest: Manifest) -> list[Fold]:
        """Return the one fold.

        Raises
        ------
        ProtocolError
            When an utterance is in none of the three parts, or a part has no utterance.
        """
        parts: dict[str, list[str]] = {"train": [], "dev": [], "test": []}
        for utterance in manifest.utterances:
            if utterance.partition not in parts:
                raise ProtocolError(
                    f"{manifest.dataset}: {utterance.id} is in part {utterance.partition!r}, expected {list(parts)}"
                )
            parts[utterance.partition].append(utterance.id)
        return [Fold("official", *(tuple(parts[name]) for name in ("train", "dev", "test")))]


__all__ = [
    "LeaveOneSessionOut",
    "LeaveOneSpeakerOut",
    "OfficialPartition",
    "SpeakerGroups",
    "folds_of_groups",
    "stratified_fifth",
]
