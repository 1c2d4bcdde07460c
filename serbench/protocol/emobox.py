"""The folds that EmoBox publishes (``emobox``): to stand beside its figures. Never ranked.

Conventions
-----------
What the parts of a fold share is declared in the split, and said in its notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.digest import digest_value
from serbench.errors import ProtocolError, UsageError
from serbench.protocol.emobox_lists import StatedFold, emobox_corpora, match_emobox, read_emobox
from serbench.protocol.protocol import Protocol
from serbench.protocol.split import Fold, Split
from serbench.protocol.splitters import stratified_fifth


class EmoBox(Protocol):
    """The folds that EmoBox publishes.

    Parameters
    ----------
    folder
        A copy of EmoBox's data folder; empty where none was named, and then there are no folds.
    """

    name = "emobox"
    version = "1"
    summary = (
        "The folds of EmoBox (Ma et al., Interspeech 2024), read from a copy of its data folder that --emobox or "
        "SERBENCH_EMOBOX names, to stand beside its published figures. Labels are the corpus's, not EmoBox's. Where it "
        "has no list for dev, dev is a fifth of the training speakers if test has speakers of its own, else a "
        "stratified fifth of the training clips; both by rule. Clips that one side lacks, and speakers that are both "
        "in test and in training (18 of its 32 corpora have such), are stated. Never ranked."
    )
    ranked = False

    def __init__(self, folder: Path | str = "") -> None:
        self.folder = folder

    @property
    def lacks(self) -> str | None:
        """The folder, where none was named."""
        if self.folder:
            return None
        return (
            "protocol emobox got no folder, expected a copy of the folder 'data' of the repository emo-box/EmoBox; "
            "name it with --emobox FOLDER or SERBENCH_EMOBOX"
        )

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:  # noqa: ARG002  (the lists are the rule)
        """Return the folds that the folder states, with a dev part.

        Raises
        ------
        UsageError
            When no folder was named.
        ProtocolError
            When the folder has no folds of this corpus, or lists clips of another.
        DatasetMissingError, FormatError
            When the folder holds no folds at all, or a damaged list.
        """
        if self.lacks:
            raise UsageError(self.lacks)
        folder = Path(self.folder)
        known = emobox_corpora(folder)
        if manifest.dataset not in known:
            raise ProtocolError(f"{manifest.dataset}: EmoBox's folder has no folds of it, only of {list(known)}")
        stated = match_emobox(read_emobox(folder, manifest.dataset), manifest)
        shared = [
            len(_speakers(manifest, fold.test) & _speakers(manifest, fold.train + fold.dev)) for fold in stated.folds
        ]
        folds = tuple(_with_dev(manifest, fold) for fold in stated.folds)
        notes = list(stated.notes)
        if any(shared):
            notes.append(
                f"up to {max(shared)} of {len(manifest.speakers)} speakers are both in test and in training, in "
                f"{sum(map(bool, shared))} of {len(shared)} folds: no score on new speakers"
            )
        if not all(fold.dev for fold in stated.folds):
            notes.append("EmoBox has no list for dev: it was cut from its training list by rule")
        return Split(
            self.name,
            self.version,
            manifest.dataset,
            folds,
            dev_shares_speakers=any(_speakers(manifest, f.train) & _speakers(manifest, f.dev) for f in folds),
            shares_speakers=any(shared),
            # where speakers are shared, so are the few recordings that a corpus holds under two names
            shares_recordings=any(shared),
            notes=tuple(notes),
        )


def _speakers(manifest: Manifest, ids: Sequence[str]) -> set[str]:
    return {manifest.by_id[uid].speaker for uid in ids}


def _with_dev(manifest: Manifest, fold: StatedFold) -> Fold:
    """Return the fold with the dev part that EmoBox states, or one cut from its training list."""
    if fold.dev:
        return Fold(fold.name, fold.train, fold.dev, fold.test)
    speakers = sorted(_speakers(manifest, fold.train), key=digest_value)
    if len(speakers) > 1 and _speakers(manifest, fold.test).isdisjoint(speakers):
        chosen = set(speakers[: max(1, round(len(speakers) / 5))])
        dev = {uid for uid in fold.train if manifest.by_id[uid].speaker in chosen}
    else:
        dev = stratified_fifth([manifest.by_id[uid] for uid in fold.train])
    train = tuple(uid for uid in fold.train if uid not in dev)
    return Fold(fold.name, train, tuple(sorted(dev)), fold.test)


__all__ = ["EmoBox"]
