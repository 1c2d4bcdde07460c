"""New speakers who say new sentences (``si-text``).

Conventions
-----------
Groups of sentences are crossed with the folds of the corpus's own rule: each pair of a fold and a group is a fold here,
in which the fold's test speakers say that group's sentences, and neither is heard in training. What is neither in test
nor allowed outside it takes no part in that fold.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.digest import digest_value
from serbench.errors import ProtocolError
from serbench.protocol.protocol import InflationStyle, Protocol
from serbench.protocol.split import Fold, Split

#: Into so many groups the sentences are dealt; a corpus with fewer has a group for each.
_GROUPS = 5
#: With fewer clips of a class to train on, a fold says more of the lack of them than of new sentences.
_LEAST = 10


class NewSentences(Protocol):
    """Test speakers and test sentences are heard nowhere else."""

    name = "si-text"
    version = "1"
    summary = (
        "New speakers and new sentences: nobody who speaks in a test fold, and nothing that is said in it, is heard in "
        "its train or dev part. The sentences are dealt into five groups (fewer where there are fewer), those that go "
        "with the same classes evenly, and crossed with the folds of si, so every clip is tested once; train and dev "
        "are those of si without the group's sentences. The difference to si is what a model had from knowing the "
        "words, and from training on more clips. Refused where a clip has no sentence, where all clips have the same, "
        f"where si itself shares speakers, and where a fold leaves fewer than {_LEAST} clips of a class to train on."
    )
    ranked = True
    inflation = InflationStyle(40, "diamond", "new speakers saying new sentences")
    repeats_speakers = True

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:
        """Return a fold per fold of the dataset's own rule and group of sentences that has clips.

        Raises
        ------
        ProtocolError
            When the corpus has no prompts or one alone, shares speakers by its own rule, or has too few clips.
        """
        rule = dataset.split
        if rule.shares_speakers:
            raise ProtocolError(
                f"{manifest.dataset}: its own split shares speakers between test and train, expected new ones for "
                f"{self.name}; see protocol si"
            )
        groups = sentence_groups(manifest)
        folds = []
        for fold in rule.folds(manifest):
            for number, sentences in enumerate(groups, start=1):
                tested = _saying(manifest, fold.test, sentences)
                if tested:
                    folds.append(
                        Fold(
                            f"{fold.name}-text-{number}",
                            train=tuple(uid for uid in fold.train if manifest.by_id[uid].sentence not in sentences),
                            dev=tuple(uid for uid in fold.dev if manifest.by_id[uid].sentence not in sentences),
                            test=tested,
                        )
                    )
        _expect_enough(manifest, folds)
        return Split(
            self.name,
            self.version,
            manifest.dataset,
            tuple(folds),
            dev_shares_speakers=rule.dev_shares_speakers,
            new_sentences=True,
        )


def sentence_groups(manifest: Manifest) -> list[frozenset[str]]:
    """Return the sentences in groups of like size, each group with all classes that its number allows.

    Sentences that go with the same classes are dealt out one by one, in the order of their digests, so that a corpus in
    which each emotion has sentences of its own has some of every emotion in every group.

    Raises
    ------
    ProtocolError
        When a clip has no sentence, or all have the same.
    """
    classes: dict[str, set[str]] = defaultdict(set)
    for utterance in manifest.utterances:
        if utterance.sentence is None:
            raise ProtocolError(
                f"{manifest.dataset}: {utterance.id} has no sentence, expected a prompt for every clip: it cannot be "
                f"told which sentences are new"
            )
        classes[utterance.sentence].add(utterance.label)
    if len(classes) < 2:
        raise ProtocolError(f"{manifest.dataset}: all clips say {min(classes)!r}, expected two sentences or more")
    order = sorted(classes, key=lambda sentence: (sorted(classes[sentence]), digest_value(sentence)))
    number = min(_GROUPS, len(order))
    return [frozenset(order[place::number]) for place in range(number)]


def _saying(manifest: Manifest, ids: tuple[str, ...], sentences: frozenset[str]) -> tuple[str, ...]:
    return tuple(uid for uid in ids if manifest.by_id[uid].sentence in sentences)


def _expect_enough(manifest: Manifest, folds: list[Fold]) -> None:
    """Raise where a fold has too few clips of a class that the corpus has."""
    present = [label for label, count in manifest.label_counts.items() if count]
    for fold in folds:
        counts = Counter(manifest.by_id[uid].label for uid in fold.train)
        label = min(present, key=lambda label: counts[label])
        if counts[label] < _LEAST:
            raise ProtocolError(
                f"{manifest.dataset}: fold {fold.name} leaves {counts[label]} clips of {label!r} to train on, expected "
                f"{_LEAST} of each class; too little is left without the test speakers and sentences"
            )


__all__ = ["NewSentences", "sentence_groups"]
