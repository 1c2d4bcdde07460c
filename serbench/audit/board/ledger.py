"""What a verification has looked at, and what it could not look at.

Conventions
-----------
A thing holds, does not hold (then a :class:`~serbench.errors.BoardError` names it and the verification ends), or could
not be checked here; the last is written down with its reason and never passed over.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from serbench.errors import BoardError


@dataclass
class Ledger:
    """The book that every check writes into.

    Attributes
    ----------
    checked
        From what was checked ("figures", "labels") to how many.
    unchecked
        Sentences, each once: what could not be checked, and why.
    unknown
        Those of them that more recordings would not help: plugins, protocols, metrics or views that are not there.
    """

    checked: Counter[str] = field(default_factory=Counter)
    unchecked: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def holds(self, what: str, number: int = 1) -> None:
        """Note that something holds."""
        self.checked[what] += number

    def skip(self, sentence: str, *, is_unknown: bool = True) -> None:
        """Note that something could not be checked, with the reason.

        Parameters
        ----------
        is_unknown
            False for what lacks nothing but recordings or is said of the row in every view.
        """
        if sentence not in self.unchecked:
            self.unchecked.append(sentence)
            if is_unknown:
                self.unknown.append(sentence)

    def expect(self, what: str, found: object, expected: object, sentence: str) -> None:
        """Note that ``found`` is ``expected``.

        Raises
        ------
        BoardError
            When it is not; with the sentence.
        """
        if found != expected:
            raise BoardError(sentence)
        self.holds(what)


__all__ = ["Ledger"]
