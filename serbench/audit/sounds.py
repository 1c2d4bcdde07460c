"""What the recordings of a corpus sound like: their fingerprints, and which have one sound."""

from __future__ import annotations

from collections.abc import Mapping

from serbench.corpus.fingerprint import Fingerprint, take_fingerprints
from serbench.corpus.twins import Twins, find_twins
from serbench.run.corpora import Corpus
from serbench.run.crossing import CrossedCorpus
from serbench.run.workspace import Workspace


class Sounds:
    """Listens to corpora, to each recording once; what is known from before is not opened again.

    Parameters
    ----------
    workspace
        Where what is known is kept, and how progress is shown.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._fingerprints: dict[str, Fingerprint] = {}
        self._twins: dict[tuple[str, ...], tuple[Twins, ...]] = {}

    def fingerprints(self, corpus: Corpus) -> Mapping[str, Fingerprint]:
        """Return, by their digests, the fingerprints of all readable recordings of a corpus, and of others."""
        for member in corpus.members if isinstance(corpus, CrossedCorpus) else (corpus,):
            recordings = member.inventory.recordings
            digests = {recordings[uid].digest for uid in member.manifest.by_id if uid in recordings}
            if not digests <= self._fingerprints.keys():
                with self._workspace.progress(f"listening to {member.manifest.dataset}", len(digests)) as advance:
                    self._fingerprints |= take_fingerprints(
                        member.manifest, member.inventory, self._workspace.locations.cache, progress=advance
                    )
        return self._fingerprints

    def twins(self, corpus: Corpus) -> tuple[Twins, ...]:
        """Return the groups of utterances that have one sound; of a crossing also those that two members share.

        Raises
        ------
        AudioError
            When a recording can no longer be read.
        """
        name = corpus.manifest.dataset
        key = (name, corpus.manifest.digest, corpus.inventory.digest)
        if key not in self._twins:
            fingerprints = self.fingerprints(corpus)
            with self._workspace.progress(f"comparing the sounds of {name}", 0):
                self._twins[key] = find_twins(
                    corpus.manifest, corpus.inventory, fingerprints, self._workspace.locations.cache
                )
        return self._twins[key]


__all__ = ["Sounds"]
