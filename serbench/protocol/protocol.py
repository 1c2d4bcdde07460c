"""What a protocol is: a named rule that divides any corpus, and whether its scores may be ranked."""

from __future__ import annotations

from typing import ClassVar

from serbench.corpus.dataset import Dataset
from serbench.corpus.manifest import Manifest
from serbench.protocol.split import Split


class Protocol:
    """A way of dividing any corpus.

    Attributes
    ----------
    name
        Kebab-case or one word, as the command line takes it.
    version
        Raised whenever the folds of a corpus change.
    summary
        One paragraph for listings: what is measured, and how.
    ranked
        True where the scores say who is better; others are shown, never ranked.
    augmentations
        Names of those that it applies to every clip before it splits; its folds then hold rows (see ``split``).
    crosses_corpora
        True where it divides several corpora at once: by ``divide``, as protocol ``cross`` does, not by ``split``.
    """

    name: ClassVar[str]
    version: ClassVar[str]
    summary: ClassVar[str]
    ranked: ClassVar[bool]
    augmentations: ClassVar[tuple[str, ...]] = ()
    crosses_corpora: ClassVar[bool] = False

    def split(self, dataset: Dataset, manifest: Manifest) -> Split:
        """Return the folds of the corpus that ``manifest`` describes.

        Raises
        ------
        ProtocolError
            When the protocol cannot be applied to this corpus; the message says why.
        """
        raise NotImplementedError


__all__ = ["Protocol"]
