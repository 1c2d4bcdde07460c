"""What a row's cards declared and a reader must see beside its name: one sign each.

Conventions
-----------
``§`` the model or a feature was pretrained on other recordings; ``‡`` on the very corpus that is tested, under the
dataset's name; ``¶`` the model uses statistics of the test rows beyond one row at a time. A mark changes no rank: the
reader judges.
"""

from __future__ import annotations

from collections.abc import Iterable

from serbench.results.row import Row

PRETRAINED, SAW_THE_TEST, TEST_STATISTICS = "§", "‡", "¶"

_MEANINGS = {
    PRETRAINED: "pretrained on other data",
    SAW_THE_TEST: "pretrained on this very corpus: its UAR says nothing of new recordings",
    TEST_STATISTICS: "uses statistics of all test rows, not of each alone",
}


def marks_of(row: Row) -> str:
    """Return the row's signs, an empty string where nothing was declared."""
    seen = pretrained_on(row)
    tested = row.dataset.get("tested_on", row.dataset["name"])
    found = [SAW_THE_TEST if tested in seen else PRETRAINED] if seen else []
    return "".join(found + [TEST_STATISTICS] * uses_test_statistics(row))


def pretrained_on(row: Row) -> tuple[str, ...]:
    """Return the names of what the row's model and features were pretrained on."""
    return tuple(row.standing.get("declared", {}).get("pretrained_on", ()))


def uses_test_statistics(row: Row) -> bool:
    """Tell whether the row's model uses statistics of the test rows."""
    return bool(row.standing.get("declared", {}).get("uses_test_statistics", False))


def mark_meanings(rows: Iterable[Row]) -> list[str]:
    """Return a sentence part per sign that one of the rows has: ``§ pretrained on other data (librispeech)``."""
    rows = list(rows)
    found = {sign for row in rows for sign in marks_of(row)}
    seen = sorted({name for row in rows for name in pretrained_on(row)})
    return [
        f"{sign} {meaning}" + (f" ({', '.join(seen)})" if sign == PRETRAINED else "")
        for sign, meaning in _MEANINGS.items()
        if sign in found
    ]


__all__ = [
    "PRETRAINED",
    "SAW_THE_TEST",
    "TEST_STATISTICS",
    "mark_meanings",
    "marks_of",
    "pretrained_on",
    "uses_test_statistics",
]
