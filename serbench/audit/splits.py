"""What the parts of a split have in common: all of it, whether the protocol declares it or not.

``serbench.protocol.leakage`` stands before a fit and stops at the first thing that a split does not declare; this looks
at whole splits for people and judges what it finds by one measure.

Conventions
-----------
*Outside* is train and dev together, unless dev is test once more. A row is counted with its utterance; see
``serbench.protocol.split``. These leak:

=============  ====================================================================================================
``rows``       a row is in test and outside
``siblings``   a test row has another row of its utterance outside: both were made of one recording
``recordings`` a test row's sound lies outside under another id, sample by sample
``near``       the same, but for gain, rate, codec, noise or silence
``speakers``   who is tested is heard outside
``sentences``  what is said in test is said outside, where the protocol promises new sentences
``dev``        dev holds test rows: what is chosen on dev is chosen on test
=============  ====================================================================================================

These are reported: ``shared-sentences`` (the same without such a promise), ``dev-speakers``, ``dev-recordings`` and
``dev-rows`` (dev and train have them in common), ``untested`` (in no test part), and how the parts are balanced; see
``serbench.audit.balance``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from serbench.audit.balance import PartBalance, balance_of, of_balance
from serbench.corpus.finding import Finding
from serbench.corpus.manifest import Manifest, Utterance
from serbench.corpus.oddities import same_sound
from serbench.corpus.twins import Twins
from serbench.protocol.split import Fold, Split

_DEV_IS_TEST = "{n} test rows are dev rows too: what is chosen on dev is chosen on test"


@dataclass(frozen=True)
class SplitAudit:
    """What was found in a split.

    Attributes
    ----------
    split
        Which.
    findings
        Those that leak first.
    balance
        From fold to part (``train``, ``dev``, ``test``) to what it is made of.
    tested
        How many rows are tested.
    """

    split: Split
    findings: tuple[Finding, ...]
    balance: Mapping[str, Mapping[str, PartBalance]]
    tested: int

    @cached_property
    def leaks(self) -> bool:
        """Whether anything found is a leak."""
        return any(each.leaks for each in self.findings)


def audit_split(manifest: Manifest, split: Split, twins: Sequence[Twins] = ()) -> SplitAudit:
    """Compare the parts of every fold.

    Parameters
    ----------
    manifest
        The corpus; has every utterance that the split names.
    split
        The folds.
    twins
        The groups of utterances that have one sound; empty where no recordings are at hand, and then nothing is
        said of them.
    """
    sides = [_Sides(manifest, split, fold) for fold in split.folds]
    balance = balance_of(manifest, split)
    found = [
        *_overlaps(sides, twins),
        *_of_sentences(split, sides),
        _gather("dev", _DEV_IS_TEST, sides, lambda side: set(side.fold.test) & set(side.fold.dev), leaks=True),
        *_of_dev(sides, twins),
        _untested(manifest, split),
        *of_balance(balance),
    ]
    kept = [finding for finding in found if finding.items]
    findings = tuple(sorted(kept, key=lambda finding: not finding.leaks))
    return SplitAudit(split, findings, balance, sum(len(fold.test) for fold in split.folds))


class _Sides:
    """The parts of a fold, as utterances."""

    def __init__(self, manifest: Manifest, split: Split, fold: Fold) -> None:
        self.fold = fold
        self.manifest = manifest
        self.parent = split.parent
        self.test, self.train = self._utterances(fold.test), self._utterances(fold.train)
        self.dev = set() if split.dev_is_test else self._utterances(fold.dev)
        self.outside = self.train | self.dev
        self.shared_rows = set(fold.test) & {*fold.train, *(() if split.dev_is_test else fold.dev)}

    def _utterances(self, rows: Iterable[str]) -> set[str]:
        return {self.parent(row) for row in rows}

    def traits(self, ids: Iterable[str], trait: Callable[[Utterance], str | None]) -> set[str]:
        """Return the traits of utterances; None is no trait."""
        found = {trait(self.manifest.by_id[uid]) for uid in ids}
        return {each for each in found if each is not None}


def _gather(
    kind: str, text: str, sides: Sequence[_Sides], items: Callable[[_Sides], Iterable[str]], *, leaks: bool = False
) -> Finding:
    """Return one finding for all folds; in ``text``, ``{n}`` is the number of different items."""
    by_fold = {each.fold.name: sorted(set(items(each))) for each in sides}
    every = tuple(sorted({item for found in by_fold.values() for item in found}))
    folds = {name: len(found) for name, found in by_fold.items() if found}
    return Finding(kind=kind, text=text.format(n=len(every)), items=every, leaks=leaks, folds=folds)


def _overlaps(sides: Sequence[_Sides], twins: Sequence[Twins]) -> list[Finding]:
    speakers = {speaker for side in sides for speaker in side.traits(side.test, _speaker)}
    tested = sum(len(side.fold.test) for side in sides)
    return [
        _gather(
            "rows",
            f"{{n}} of {tested} test rows are training rows too",
            sides,
            lambda side: side.shared_rows,
            leaks=True,
        ),
        _gather(
            "siblings",
            f"{{n}} of {tested} test rows have a sibling of the same recording in training",
            sides,
            lambda side: {row for row in side.fold.test if side.parent(row) in side.outside} - side.shared_rows,
            leaks=True,
        ),
        _gather(
            "recordings",
            "{n} recordings lie in test and, under another id, in training",
            sides,
            lambda side: _across(side.test, side.outside, (group for group in twins if group.equal)),
            leaks=True,
        ),
        _gather(
            "near",
            "{n} recordings lie in test and, nearly the same, in training",
            sides,
            lambda side: _across(side.test, side.outside, (group for group in twins if not group.equal)),
            leaks=True,
        ),
        _gather(
            "speakers",
            f"{{n}} of {len(speakers)} test speakers are heard in training",
            sides,
            lambda side: side.traits(side.test, _speaker) & side.traits(side.outside, _speaker),
            leaks=True,
        ),
    ]


def _of_sentences(split: Split, sides: Sequence[_Sides]) -> list[Finding]:
    tested = {sentence for each in sides for sentence in each.traits(each.test, _sentence)}
    text = f"{{n}} of {len(tested)} sentences of test are said in training"
    shared = _gather(
        "sentences" if split.new_sentences else "shared-sentences",
        text,
        sides,
        lambda each: each.traits(each.test, _sentence) & each.traits(each.outside, _sentence),
        leaks=split.new_sentences,
    )
    return [shared]


def _of_dev(sides: Sequence[_Sides], twins: Sequence[Twins]) -> list[Finding]:
    return [
        _gather("dev-rows", "{n} dev rows are training rows too", sides, lambda side: side.dev & side.train),
        _gather(
            "dev-recordings",
            "{n} recordings lie in dev and, under another id, in training",
            sides,
            lambda side: _across(side.dev, side.train, twins),
        ),
        _gather(
            "dev-speakers",
            "{n} speakers are in dev and in training",
            sides,
            lambda side: side.traits(side.dev, _speaker) & side.traits(side.train, _speaker),
        ),
    ]


def _across(inside: set[str], outside: set[str], groups: Iterable[Twins]) -> list[str]:
    """Return the groups that have one utterance on one side and another on the other."""
    there = ((each, inside & set(each.ids), outside & set(each.ids)) for each in groups)
    return [same_sound(each) for each, one, other in there if one and other and len(one | other) > 1]


def _speaker(utterance: Utterance) -> str:
    return utterance.speaker


def _sentence(utterance: Utterance) -> str | None:
    return utterance.sentence


def _untested(manifest: Manifest, split: Split) -> Finding:
    tested = {split.parent(row) for fold in split.folds for row in fold.test}
    items = tuple(uid for uid in manifest.by_id if uid not in tested)
    return Finding(kind="untested", text=f"{len(items)} of {len(manifest)} clips are in no test part", items=items)


__all__ = ["SplitAudit", "audit_split"]
