"""What a model learns, and what it must not know."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from serbench.errors import PluginError
from serbench.features.table import FeatureTable
from serbench.seeding import generator
from serbench.testing.check import ExemptError
from serbench.testing.device import accelerator
from serbench.testing.model_subject import TRAIN, ModelSubject, score, uar_of
from serbench.testing.toys import LABELS

#: UAR on the rows it was shown; on new rows; and where permuted labels leave nothing to know. Guessing gives 0.25.
_OVERFITTED, _LEARNED, _UNLEARNED = 0.9, 0.5, 0.7

#: Every call for rows that no model has seen gets another seed: what a plugin keeps outside of itself outlives a check.
_unseen = itertools.count(1000)


def _needs_features(subject: ModelSubject) -> None:
    if not subject.extractors:
        raise ExemptError("it takes no feature: all rows are alike to it")


def check_forgets(subject: ModelSubject) -> None:
    """What another fit or prediction saw is forgotten."""
    toys, other = subject.toys(next(_unseen)), subject.toys(next(_unseen))
    # the rows that are tested here are trained on there, as it happens in every cross-validation
    tested_there = replace(other, train=FeatureTable.join([other.train, toys.test]))
    model = subject.fit(toys)
    before = score(model, toys.test)
    score(model, other.test)
    if not np.array_equal(before, score(model, toys.test)):
        raise PluginError("predicting other rows in between changes the scores, expected the same")
    subject.fit(tested_there)
    fresh = subject.fit(toys)
    if not (np.array_equal(before, score(model, toys.test)) and np.array_equal(before, score(fresh, toys.test))):
        raise PluginError(
            "the same fit on the same rows scores otherwise after a fit on others, expected the same: something is "
            "kept outside of the model, such as a module-level variable"
        )
    model.fit(tested_there.train, tested_there.dev, seed=0)
    model.fit(toys.train, toys.dev, seed=0)
    if not np.array_equal(before, score(model, toys.test)):
        raise PluginError("a model that is fitted again scores other than a fresh one, expected fit to start anew")


def check_overfits(subject: ModelSubject) -> None:
    """It recognises 32 clips that it was shown."""
    _needs_features(subject)
    reached = uar_of(subject.fitted, subject.shared.train)
    if reached < _OVERFITTED:
        raise PluginError(f"its UAR on {TRAIN} clips it was fitted on is {reached:.2f}, expected {_OVERFITTED} or more")


def check_beats_majority(subject: ModelSubject) -> None:
    """It recognises new clips of four plain voices."""
    _needs_features(subject)
    reached = uar_of(subject.fitted, subject.shared.test)
    if reached < _LEARNED:
        raise PluginError(f"its UAR on new clips of four plain voices is {reached:.2f}, expected {_LEARNED} or more")


def check_permuted_labels(subject: ModelSubject) -> None:
    """With labels that say nothing it is at chance."""
    _needs_features(subject)
    toys = subject.shared
    reached = []
    for seed in range(2):  # a model may be lucky once: whole voices may get their own label by chance
        permuted = subject.fit(replace(toys, train=_permuted(toys.train, seed)))
        reached.append(uar_of(permuted, toys.test))
        if reached[-1] < _UNLEARNED:
            return
    raise PluginError(
        f"its UAR is {min(reached):.2f} though the training labels were permuted, expected about "
        f"{1 / len(LABELS):.2f}: it knows the labels from elsewhere"
    )


def _permuted(table: FeatureTable, seed: int) -> FeatureTable:
    """Return the rows with labels that are the same mixture for every true class; children as their parents."""
    codes, rng = table.codes, generator(seed, "permuted")
    parents = table.parents or table.ids
    label_of: dict[str, str] = {}
    for code in range(len(LABELS)):
        clips = [
            uid for uid, own, parent in zip(table.ids, codes, parents, strict=True) if own == code and uid == parent
        ]
        for place, clip in enumerate(rng.permutation(clips)):
            label_of[str(clip)] = LABELS[place % len(LABELS)]
    return replace(table, y=np.array([label_of[parent] for parent in parents]))


def check_devices_agree(subject: ModelSubject) -> None:
    """The accelerator and the CPU decide alike."""
    device = accelerator()
    there = score(subject.fit(subject.shared, device=device), subject.shared.test)
    same = float((there.argmax(1) == subject.scores.argmax(1)).mean())
    if same < _OVERFITTED:
        raise PluginError(f"{device} and cpu agree on {same:.0%} of rows, expected {_OVERFITTED:.0%} or more")


LEARNING_CHECKS = (
    check_forgets,
    check_overfits,
    check_beats_majority,
    check_permuted_labels,
    check_devices_agree,
)

__all__ = ["LEARNING_CHECKS"]
