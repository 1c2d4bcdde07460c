"""What the parts of a fold are made of, and where test and train differ in it.

Conventions
-----------
Nothing here leaks. Reported are ``classes`` and ``sexes`` (test and train differ in their shares by more than a bound)
and ``missing-classes`` (a part has no clip of a class). An item is a sentence that names its fold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serbench.corpus.finding import Finding
from serbench.corpus.manifest import Manifest
from serbench.protocol.split import Split

#: A difference of a class's, or of women's, share between test and train that is reported.
CLASS_GAP, SEX_GAP = 0.1, 0.2
PARTS = ("train", "dev", "test")


@dataclass(frozen=True)
class PartBalance:
    """What one part of a fold is made of.

    Attributes
    ----------
    rows
        How many.
    speakers
        How many.
    classes
        Rows per class, zeros included, in the manifest's order.
    sexes
        Rows per ``f``, ``m``, and ``unknown`` where the corpus does not say.
    """

    rows: int
    speakers: int
    classes: Mapping[str, int]
    sexes: Mapping[str, int]


def _balance(manifest: Manifest, split: Split, rows: Sequence[str]) -> PartBalance:
    utterances = [manifest.by_id[split.parent(row)] for row in rows]
    classes = Counter(each.label for each in utterances)
    sexes = Counter(each.sex or "unknown" for each in utterances)
    return PartBalance(
        len(rows),
        len({each.speaker for each in utterances}),
        {label: classes[label] for label in manifest.labels},
        {sex: sexes[sex] for sex in sorted(sexes)},
    )


def balance_of(manifest: Manifest, split: Split) -> dict[str, dict[str, PartBalance]]:
    """Return, from fold to part, what it is made of."""
    return {fold.name: {part: _balance(manifest, split, getattr(fold, part)) for part in PARTS} for fold in split.folds}


def of_balance(balance: Mapping[str, Mapping[str, PartBalance]]) -> list[Finding]:
    """Return what is out of balance; without items where nothing is."""
    missing: dict[str, list[str]] = {}
    classes: dict[str, list[str]] = {}
    sexes: dict[str, list[str]] = {}
    for fold, parts in balance.items():
        for part, balanced in parts.items():
            gone = [label for label, count in balanced.classes.items() if not count]
            missing.setdefault(fold, []).extend(f"{fold}, {part}: {label}" for label in gone)
        test, train = parts["test"], parts["train"]
        gaps = {label: _share(test.classes, label) - _share(train.classes, label) for label in test.classes}
        classes[fold] = [
            f"{fold}: {label} {_percent(test.classes, label)}, in training {_percent(train.classes, label)}"
            for label, gap in gaps.items()
            if abs(gap) > CLASS_GAP
        ]
        if (
            "unknown" not in {*test.sexes, *train.sexes}
            and abs(_share(test.sexes, "f") - _share(train.sexes, "f")) > SEX_GAP
        ):
            sexes[fold] = [f"{fold}: women {_percent(test.sexes, 'f')}, in training {_percent(train.sexes, 'f')}"]
    folds = len(balance)
    return [
        _listed("missing-classes", "{n} of {folds} folds have a part without a class", missing, folds),
        _listed(
            "classes", f"{{n}} of {{folds}} folds differ in a class's share by over {CLASS_GAP:.0%}", classes, folds
        ),
        _listed("sexes", f"{{n}} of {{folds}} folds differ in women's share by over {SEX_GAP:.0%}", sexes, folds),
    ]


def _listed(kind: str, text: str, by_fold: Mapping[str, list[str]], folds: int) -> Finding:
    there = {fold: items for fold, items in by_fold.items() if items}
    items = tuple(item for found in there.values() for item in found)
    return Finding(
        kind=kind,
        text=text.format(n=len(there), folds=folds),
        items=items,
        folds={fold: len(found) for fold, found in there.items()},
    )


def _share(counts: Mapping[str, int], key: str) -> float:
    total = sum(counts.values())
    return counts.get(key, 0) / total if total else 0.0


def _percent(counts: Mapping[str, int], key: str) -> str:
    return f"{_share(counts, key):.0%}"


__all__ = ["CLASS_GAP", "PARTS", "SEX_GAP", "PartBalance", "balance_of", "of_balance"]
