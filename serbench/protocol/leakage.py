"""The audit that stands before every fit: nothing of the test set may be known outside it.

Conventions
-----------
A *row* is an utterance or an augmented child of one. A child counts as its parent: it has the parent's speaker,
recording and sentence. Children that the protocol made are rows of the fold, and the split knows their parents;
``parents`` maps the ids of those that are made for the model alone. A child that no part of the fold names is a
training row, since only those are ever augmented. What a split declares is let pass, and nothing else.
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
        Declares what the parts may have in common.
    fold
        The fold that is about to be fitted.
    audio
        From utterance id to the digest of its recording, for every utterance of the fold.
    parents
        From the id of an augmented row to the id of its utterance.

    Raises
    ------
    LeakError
        When two of the parts share a row, an utterance, a recording, a speaker or (where the split promises new
        ones) a sentence, and the split does not declare it; or when a row is unknown to the manifest, or has no digest
        or no sentence to compare, so that nothing can be said of it.
    """
    where = f"{split.dataset}/{split.protocol} fold {fold.name}"
    parts = {"test": set(fold.test), "train": set(fold.train), "dev": set(fold.dev)}
    if split.dev_is_test and parts.pop("dev") != parts["test"]:
        raise LeakError(f"{where}: dev holds other rows than test, expected the same: the split says dev_is_test")
    _compare(where, "row", parts, str)
    parts["train"] |= parents.keys() - parts["test"] - parts.get("dev", set())

    def utterance(row: str) -> str:
        return parents.get(row) or split.parent(row)

    utterances = {name: {utterance(row) for row in rows} for name, rows in parts.items()}
    _expect(where, "the manifest has", manifest.by_id, utterances)
    _expect(where, "the recordings' digests have", audio, utterances)
    if not split.shares_utterances:
        _compare(where, "utterance", parts, utterance)
    if not split.shares_recordings:
        _compare(where, "recording", utterances, audio.__getitem__)
    if not split.shares_speakers:
        may_share = {("train", "dev")} if split.dev_shares_speakers else set()
        _compare(where, "speaker", utterances, lambda uid: manifest.by_id[uid].speaker, may_share)
    if split.new_sentences:
        sentences = {uid: manifest.by_id[uid].sentence for ids in utterances.values() for uid in ids}
        silent = sorted(uid for uid, sentence in sentences.items() if sentence is None)
        if silent:
            raise LeakError(f"{where}: {silent[0]!r} has no sentence, expected every row, or nothing can be checked")
        _compare(where, "sentence", utterances, lambda uid: str(sentences[uid]), {("train", "dev")})


def _expect(where: str, what: str, known: Mapping[str, object], utterances: Mapping[str, set[str]]) -> None:
    """Raise when a part has an utterance that is not known."""
    for name, ids in utterances.items():
        if not known.keys() >= ids:
            missing = min(ids - known.keys())
            raise LeakError(f"{where}: {what} no {missing!r} of {name}, expected every row, or nothing can be checked")


def shared_sentences(manifest: Manifest, split: Split, fold: Fold) -> frozenset[str]:
    """Return the sentences that are spoken both in test and outside it; reported with the scores, never hidden.

    Empty for a corpus without prompts.
    """
    by_id = manifest.by_id
    tested = {by_id[split.parent(row)].sentence for row in fold.test}
    parts = (fold.train,) if split.dev_is_test else (fold.train, fold.dev)
    outside = {by_id[split.parent(row)].sentence for part in parts for row in part}
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
