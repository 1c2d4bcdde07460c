"""Audits of EmoBox's folds: with the recordings where they are at hand, else by the names in its lists."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from serbench.audit.corpora import UNREAD, AnalysedCorpus, CorpusAudit, analyse_corpus, audit_corpus
from serbench.corpus.dataset import Dataset
from serbench.corpus.finding import Finding
from serbench.corpus.manifest import LabelMap, Manifest, Utterance
from serbench.errors import DatasetError, DatasetMissingError
from serbench.protocol.emobox import EmoBox
from serbench.protocol.emobox_lists import ListedFold, emobox_corpora, match_emobox, read_emobox
from serbench.run.workspace import Workspace

#: Said of a corpus whose names tell nothing but the clip.
_UNREAD = Finding(
    kind=UNREAD,
    text="no dataset reads these names without the corpus",
    items=("nothing is said of speakers and sentences",),
)


def audit_emobox(folder: Path, names: Sequence[str], workspace: Workspace) -> list[CorpusAudit]:
    """Audit the folds that EmoBox states of some corpora.

    Parameters
    ----------
    folder
        A copy of EmoBox's data folder.
    names
        EmoBox's names; none for all that have folds in the folder.

    Raises
    ------
    UnknownNameError
        When the folder has no folds of a corpus that was named.
    DatasetMissingError, FormatError
        When it has no folds at all, or a damaged list.
    """
    protocol = EmoBox(folder)
    audits = []
    for name in names or emobox_corpora(folder):
        folds = read_emobox(folder, name)
        analysed = _analyse(name, folds, workspace)
        audit = audit_corpus(analysed, [protocol])
        lists = _of_lists(folds, analysed.manifest) if audit.splits else ()
        splits = tuple(replace(split, findings=split.findings + lists) for split in audit.splits)
        audits.append(replace(audit, splits=splits))
    return audits


def _analyse(name: str, folds: Sequence[ListedFold], workspace: Workspace) -> AnalysedCorpus:
    """Return the corpus with its recordings, or by its names, or by nothing but the lists."""
    if name in workspace.registry.datasets:
        dataset = workspace.registry.get("dataset", name)()
        try:
            return analyse_corpus(dataset, workspace)
        except DatasetMissingError:
            manifest = named_manifest(dataset, folds)
            if manifest is not None:
                return AnalysedCorpus(dataset, manifest, None, (), ())
    return AnalysedCorpus(Dataset(), listed_manifest(name, folds), None, (_UNREAD,), ())


def named_manifest(dataset: Dataset, folds: Sequence[ListedFold]) -> Manifest | None:
    """Return what a dataset makes of the names in lists: it decodes nothing, so empty files will do.

    None where it needs more than names. The manifest's root is gone when this returns.
    """
    with tempfile.TemporaryDirectory(prefix="serbench-names-") as folder:
        root = Path(folder)
        for wav in sorted(_listed(folds)):
            path = root.joinpath(*(part for part in PurePosixPath(wav).parts if part not in {"/", ".."}))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        try:
            return dataset.manifest(root)
        except DatasetError:
            return None


def listed_manifest(name: str, folds: Sequence[ListedFold]) -> Manifest:
    """Return the clips of lists with EmoBox's words as classes, each clip a speaker of its own."""
    labels = _listed(folds)
    stems = Counter(PurePosixPath(wav).stem for wav in labels)
    ids = {wav: stem if stems[stem := PurePosixPath(wav).stem] == 1 else wav for wav in labels}
    utterances = [
        Utterance(id=uid, path=wav, speaker=f"of {uid}", label=labels[wav])
        for wav, uid in sorted(ids.items(), key=lambda pair: pair[1])
    ]
    label_map = LabelMap.of(f"{name}-emobox", tuple(sorted(set(labels.values()))))
    return Manifest(name, "unknown", Path(), label_map, tuple(utterances))


def _listed(folds: Sequence[ListedFold]) -> dict[str, str]:
    """Return the word for each recording that any list names, by its path."""
    return {each.wav: each.label for fold in folds for part in (fold.train, fold.dev, fold.test) for each in part}


def _of_lists(folds: Sequence[ListedFold], manifest: Manifest) -> tuple[Finding, ...]:
    """Return how the lists differ from the corpus."""
    stated = match_emobox(folds, manifest)
    words = tuple(f"{uid}: {word}, here {manifest.by_id[uid].label}" for uid, word in stated.disagreeing.items())
    found = (
        Finding(kind="unknown-clips", text="listed by EmoBox, not in the corpus, left out", items=stated.unknown),
        Finding(kind="unlisted-clips", text="in the corpus, listed nowhere by EmoBox, left out", items=stated.unlisted),
        Finding(kind="other-labels", text="labelled otherwise by EmoBox", items=words),
    )
    return tuple(each for each in found if each.items)


__all__ = ["audit_emobox", "listed_manifest", "named_manifest"]
