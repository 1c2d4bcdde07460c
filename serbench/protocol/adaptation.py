"""Adaptation (``adapt``): train on some corpora and on a few speakers of another, test the others who speak there.

Conventions
-----------
The *target* is the corpus that is tested, the *sources* are all others that take part; all are read by their label map
``shared4``, and ids are as in ``serbench.protocol.cross_corpus``. A percentage is of the target's speakers, never of
its clips.

The speakers of the target are dealt into two halves, men and women evenly where the corpus says who is which, in the
order of the digests of their names; who share a recording session are dealt together. There are two folds: each tests
one half and adapts to speakers of the other. So every speaker of the target is tested once, and by the same fold at
every percentage but 0.

* Of ``n`` speakers, ``p`` per cent are ``p·n/100`` of them, a half rounded up; one at least, and never more than the
  smaller half has. Percentages that come to as many speakers are one task, and it says which: of 10 speakers, 5 and 10
  per cent are one. The true share is ``speakers / of``.
* The halves have an order, so that who is adapted to is nested: the one speaker of 10 per cent is among the two of 20.
* Dev is of speakers that are adapted to: a fifth of them, rounded, one at least, the last in that order. One or two
  cannot give a speaker away; there dev is a stratified fifth of their clips, and the split says that dev shares
  speakers. All speakers of the sources are in train. A model that chooses nothing on dev learns from both.
* At 0 per cent nobody is adapted to, and nothing differs between the folds: it is one fold, that of ``cross`` from all
  sources to the target, row by row, with dev from the sources. All its rows are tested at every other percentage too.

What an interval leaves out: it is over the speakers who are tested. That others could have been adapted to is seen in
nothing but the two folds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.digest import digest_value
from serbench.errors import ProtocolError, UnknownNameError
from serbench.protocol.cross_corpus import Crossing, SeveralCorpora, across
from serbench.protocol.split import Fold, Split
from serbench.protocol.splitters import stratified_fifth

#: Per cent of the target's speakers; part of the protocol.
PERCENTAGES = (0, 5, 10, 20, 50)
#: How many speakers a note names.
_NAMED = 8
#: With fewer speakers to adapt to, dev is a fifth of their clips.
_FEWEST_FOR_DEV = 3


class Adapt(SeveralCorpora):
    """Train on some corpora and a few speakers of another, test the rest of that one.

    Parameters
    ----------
    target
        The corpus that is adapted to and tested; empty for each of those that take part in turn.
    """

    name = "adapt"
    version = "1"
    summary = (
        "Adaptation: train on all other corpora and on 0, 5, 10, 20 and 50 % of the speakers of the target, test the "
        "others who speak there. Who is adapted to is nested, by rule, men and women evenly; two folds swap who is "
        "tested and who may be adapted to, so the same speakers, all of the target, are tested at every percentage. "
        "Dev is of speakers adapted to (of the sources at 0 %, where it is the crossing of cross). Classes are those "
        "of the label map 'shared4'; rows say whether they are source or target, so that a model can train in stages. "
        "Give two datasets or more, and the target with --set adapt.target=NAME; without it each is the target in "
        "turn. The result is a curve over percentages, with the gain over 0 %."
    )
    ranked = True

    def __init__(self, *, target: str = "") -> None:
        self.target = target

    def crossings(self, manifests: Mapping[str, Manifest]) -> tuple[list[Crossing], dict[str, str]]:
        """Return the target, or each corpus in turn, with every number of its speakers that a percentage comes to.

        Raises
        ------
        UnknownNameError
            When the target does not take part.
        """
        if self.target and self.target not in manifests:
            raise UnknownNameError("target of protocol adapt among the corpora that take part", self.target, manifests)
        found: list[Crossing] = []
        refused: dict[str, str] = {}
        for target in [self.target] if self.target else sorted(manifests):
            try:
                found += steps(target, manifests)
            except ProtocolError as error:
                refused[target] = str(error)
        return found, refused

    def divide(self, crossing: Crossing, datasets: Mapping[str, Dataset], manifests: Mapping[str, Manifest]) -> Split:  # noqa: ARG002  (the rule is the same for every corpus)
        """Return one fold where nobody is adapted to, else two.

        Raises
        ------
        ProtocolError
            When these corpora come to no such number of speakers, or nobody is left for dev.
        """
        if not isinstance(crossing, Adaptation) or crossing not in steps(crossing.tested_on, manifests):
            raise ProtocolError(f"{crossing.name}: the corpora at hand do not come to it under protocol {self.name}")
        if not crossing.speakers:
            notes = (f"nobody of {crossing.tested_on} is heard in training",)
            return Split(self.name, self.version, crossing.name, (across(crossing, manifests),), notes=notes)
        halves = halves_of(manifests[crossing.tested_on])
        first, second = (pool[: crossing.speakers] for pool in halves)
        folds = (
            _fold("half-1", crossing, manifests, adapted=second, tested=halves[0]),
            _fold("half-2", crossing, manifests, adapted=first, tested=halves[1]),
        )
        return Split(
            self.name,
            self.version,
            crossing.name,
            folds,
            dev_shares_speakers=crossing.speakers < _FEWEST_FOR_DEV,
            notes=(_said(crossing, first, second),),
        )


@dataclass(frozen=True)
class Adaptation(Crossing):
    """The sources, the target, and how many of its speakers are adapted to.

    Attributes
    ----------
    percentages
        Those that come to this number of speakers, ascending.
    speakers
        How many each fold adapts to.
    of
        How many the target has.
    """

    percentages: tuple[int, ...] = (0,)
    speakers: int = 0
    of: int = 0

    @property
    def name(self) -> str:
        """For people: ``emovo+savee-to-emodb-1-of-10``."""
        return f"{super().name}-{self.speakers}-of-{self.of}"

    @property
    def training(self) -> str:
        """What is trained on, for people: ``emovo, savee and 1 of 10 speakers of emodb``."""
        if not self.speakers:
            return super().training
        return f"{super().training} and {self.speakers} of {self.of} speakers of {self.tested_on}"


def steps(target: str, manifests: Mapping[str, Manifest]) -> list[Adaptation]:
    """Return what the percentages come to for one target: numbers of speakers, ascending, each once.

    Raises
    ------
    ProtocolError
        When the target's speakers cannot be dealt into halves.
    """
    speakers = manifests[target].speakers
    most = min(map(len, halves_of(manifests[target])))
    percentages: dict[int, list[int]] = defaultdict(list)
    for per_cent in PERCENTAGES:
        percentages[_count(per_cent, len(speakers), most)].append(per_cent)
    sources = tuple(sorted(set(manifests) - {target}))
    return [
        Adaptation(sources, target, percentages=tuple(group), speakers=number, of=len(speakers))
        for number, group in sorted(percentages.items())
    ]


def halves_of(manifest: Manifest) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the speakers of a corpus in two halves, each in the order in which they are adapted to.

    Raises
    ------
    ProtocolError
        When there are no two speakers, or all share recording sessions.
    """
    dealt: tuple[dict[str, list[list[str]]], ...] = (defaultdict(list), defaultdict(list))
    sizes = [0, 0]
    for sexes, groups in sorted(_together(manifest).items()):
        for group in sorted(groups, key=digest_value):
            half = 0 if sizes[0] <= sizes[1] else 1
            dealt[half][sexes].append(group)
            sizes[half] += len(group)
    if not all(sizes):
        raise ProtocolError(
            f"{manifest.dataset}: its {len(manifest.speakers)} speakers cannot be dealt into two halves, expected two "
            f"at least who share no recording session: some are adapted to, others tested"
        )
    first, second = (list(half.values()) for half in dealt)
    # the other sex first in the other half, so that the first speakers of the two are not alike
    return _in_turn(first), _in_turn(second[::-1])


def _together(manifest: Manifest) -> dict[str, list[list[str]]]:
    """Return groups of speakers who share recording sessions, sorted, by their sexes; most are groups of one."""
    sexes = {clip.speaker: clip.sex or "unknown" for clip in manifest.utterances}
    leader = {speaker: speaker for speaker in manifest.speakers}
    first: dict[str, str] = {}
    for clip in manifest.utterances:
        if clip.session is not None:
            one, other = leader[first.setdefault(clip.session, clip.speaker)], leader[clip.speaker]
            leader = {speaker: one if known == other else known for speaker, known in leader.items()}
    groups: dict[str, list[str]] = defaultdict(list)
    for speaker, known in leader.items():
        groups[known].append(speaker)
    by_sexes: dict[str, list[list[str]]] = defaultdict(list)
    for group in groups.values():
        by_sexes["+".join(sorted(sexes[speaker] for speaker in group))].append(group)
    return by_sexes


def _in_turn(groups: Sequence[Sequence[Sequence[str]]]) -> tuple[str, ...]:
    """Return the speakers of groups, one group of each kind in turn."""
    turns = (group for turn in zip_longest(*groups, fillvalue=()) for group in turn)
    return tuple(speaker for group in turns for speaker in sorted(group, key=digest_value))


def _count(per_cent: int, speakers: int, most: int) -> int:
    """Return how many of so many speakers a percentage is; halves are rounded up."""
    return min(max(1, (per_cent * speakers + 50) // 100), most) if per_cent else 0


def _fold(
    name: str,
    crossing: Adaptation,
    manifests: Mapping[str, Manifest],
    *,
    adapted: Sequence[str],
    tested: Sequence[str],
) -> Fold:
    """Return a fold from the target's speakers; all sources are in train."""
    target = manifests[crossing.tested_on]
    heard = [clip for clip in target.utterances if clip.speaker in set(adapted)]
    if len(adapted) < _FEWEST_FOR_DEV:
        dev = stratified_fifth(heard)
    else:
        chosen = adapted[-max(1, round(len(adapted) / 5)) :]
        dev = {clip.id for clip in heard if clip.speaker in chosen}
    train = [f"{source}/{clip.id}" for source in crossing.trained_on for clip in manifests[source].utterances]
    train += [f"{crossing.tested_on}/{clip.id}" for clip in heard if clip.id not in dev]
    return Fold(
        name,
        tuple(sorted(train)),
        tuple(sorted(f"{crossing.tested_on}/{uid}" for uid in dev)),
        tuple(sorted(f"{crossing.tested_on}/{clip.id}" for clip in target.utterances if clip.speaker in set(tested))),
    )


def _said(crossing: Adaptation, first: Sequence[str], second: Sequence[str]) -> str:
    """Return who is adapted to, and which percentages that is."""
    percentages = " and ".join(f"{per_cent} %" for per_cent in crossing.percentages)
    same = f"{percentages} of its speakers come to as many" if crossing.percentages[1:] else f"that is {percentages}"

    def named(speakers: Sequence[str]) -> str:
        more = f" and {len(speakers) - _NAMED} more" if len(speakers) > _NAMED else ""
        return ", ".join(speakers[:_NAMED]) + more

    return (
        f"adapted to {crossing.speakers} of {crossing.of} speakers of {crossing.tested_on} ({same}): to "
        f"{named(second)} in half-1, to {named(first)} in half-2"
    )


__all__ = ["PERCENTAGES", "Adapt", "Adaptation", "halves_of", "steps"]
