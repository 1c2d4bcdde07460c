"""The audit that stands before every fit: nothing of the test set may be known outside it.

Conventions
-----------
A *row* is an utterance or an augmented child of one; ``parents`` maps a child's id to the id of its utterance. A child
counts as its parent: it has the parent's speaker, recording and sentence. A child that no part of the fold names is a
training row, since only those are ever augmented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import combinations

from serbench.corpus.manifest import Manifest
from serbench.errors import LeakError
from serbench.protocol.split import Fold, Split

_NO_PARENTS: Mapping[str, str] = {}


def check_fold(
    manifest: Manifest, split: Split, fold: Fold, audio: Mapping[str, str], parents: Mapping[str, str] = _NO_PARENTS
) -> None:
    """Return when the parts of the fold have nothing in common that they must not have.

    Parameters
    ----------
    manifest
        The corpus.
    split
        Says whether dev, or even test, may share speakers.
    fold
        The fold that is about to be fitted.
    audio
        From utterance id to the digest of its recording, for every utterance of the fold.
    parents
        From the id of an augmented row to the id of its utterance.

    Raises
    ------
    LeakError
        When two of the parts share an id, an utterance, a recording or (unless the split says that they may) a
        speaker; or when a row is unknown to the manifest or has no digest, so that nothing can be said of it.
    """
    where = f"{split.dataset}/{split.protocol} fold {fold.name}"
    parts = {"test": set(fold.test), "train": set(fold.train), "dev": set(fold.dev)}
    _compare(where, "row", parts, str)
    parts["train"] |= parents.keys() - parts["test"] - parts["dev"]
    utterances = {name: {parents.get(row, row) for row in rows} for name, rows in parts.items()}
    for name, ids in utterances.items():
        for known, what in ((manifest.by_id, "the manifest has"), (audio, "the recordings' digests have")):
            if not known.keys() >= ids:
                missing = min(ids - known.keys())
                raise LeakError(
                    f"{where}: {what} no {missing!r} of {name}, expected every row, or nothing can be checked"
                )
    _compare(where, "utterance", parts, lambda row: parents.get(row, row))
    _compare(where, "recording", utterances, audio.__getitem__)
    may_share = {("train", "dev")} if split.dev_shares_speakers else set()
    if not split.shares_speakers:
        _compare(where, "speaker", utterances, lambda uid: manifest.by_id[uid].speaker, may_share)


def shared_sentences(manifest: Manifest, fold: Fold) -> frozenset[str]:
    """Return the sentences that are spoken both in test and outside it; reported with the scores, never hidden.

    Empty for a corpus without prompts.
    """
    by_id = manifest.by_id
    tested = {by_id[uid].sentence for uid in fold.test}
    outside = {by_id[uid].sentence for part in (fold.train, fold.dev) for uid in part}
    return frozenset(sentence for sentence in tested & outside if sentence is not None)


def _compare(
    where: str,
    what: str,
    parts: Mapping[str, Iterable[str]],
    trait: Callable[[str], str],
    may_share: Iterable[tuple[str, str]] = (),
) -> None:
    """Raise when two parts have a trait in common; ``trait`` gives a row's speaker, recording..."""
    traits = {name: {trait(row) for row in rows} for name, rows in parts.items()}
    for one, other in combinations(traits, 2):
        shared = traits[one] & traits[other]
        if shared and (one, other) not in may_share:
            first = min(shared)
            rows = [min(row for row in parts[name] if trait(row) == first) for name in (one, other)]
            raise LeakError(
                f"{where}: {one} and {other} share {len(shared)} {what}{'s' * (len(shared) > 1)}, expected none: "
                f"{what} {first!r} ({one} {rows[0]!r}, {other} {rows[1]!r})"
            )


__all__ = ["check_fold", "shared_sentences"]
