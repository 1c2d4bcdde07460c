"""What an audit finds: the one form of everything that it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that a person should know.

    Attributes
    ----------
    kind
        A word for machines: ``speakers``, ``silent``.
    text
        What was found, for people, without a full stop and without the items.
    items
        Of what: utterances, speakers, sentences, groups of utterances; sorted, each once.
    leaks
        True where a score is worth less for it: something of the test rows was known before.
    folds
        From the fold's name to how many items it has, for the folds that have some.
    """

    kind: str
    text: str
    items: tuple[str, ...] = ()
    leaks: bool = False
    folds: Mapping[str, int] = field(default_factory=dict)


__all__ = ["Finding"]
