"""Crossed corpora as matrices: a line per training set, a column per tested corpus, a matrix per system.

Conventions
-----------
A row of results belongs to a matrix when its dataset's facts say ``tested_on`` and not ``adapted``; it stands in the
line of exactly the corpora that it was trained on, so nothing is ever averaged or compared over training sets. On the
diagonal stand new speakers of one corpus, in parentheses, for reference. A corpus is its name, or, where rows were
measured on several copies or versions of it, its name and a digest. ``all others`` are all columns but the one that is
tested.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serbench.board.numbers import NOTHING, percent
from serbench.board.pages.markdown import escape, table
from serbench.board.ranking.boards import FLOORS, display_names
from serbench.board.wording import PART, copy_label
from serbench.digest import digest_value
from serbench.results.facts import MemberFacts
from serbench.results.row import Row
from serbench.text import one_line

LEGEND = """\
UAR in %, mean over seeds, chance 25.0. Lines: trained on; columns: tested on. In parentheses: trained and tested on
one corpus, with new speakers, for reference. An asterisk (*) marks what is incomplete."""
#: The name of a line that holds every column but the tested one.
ALL_OTHERS = "all others"


@dataclass(frozen=True)
class Matrix:
    """What one system came to, crossing corpora.

    Attributes
    ----------
    name
        The system, as on the boards.
    is_floor
        True for what stands in every table.
    trained_on
        Names of the lines: single corpora first, ``all others`` last.
    tested_on
        Names of the columns, sorted.
    cells
        From line and column to the row of results; absent where there is none.
    """

    name: str
    is_floor: bool
    trained_on: tuple[str, ...]
    tested_on: tuple[str, ...]
    cells: Mapping[tuple[str, str], Row]

    @property
    def guesses(self) -> bool:
        """True when the system listens to nothing: no cell says more than another."""
        return all(not row.features for row in self.cells.values())

    @property
    def values(self) -> list[float]:
        """UAR of every cell that has one."""
        return [row.uar.value for row in self.cells.values() if row.uar.value is not None]

    def text(self, line: str, column: str) -> str:
        """Return a cell as it is shown."""
        row = self.cells.get((line, column))
        if row is None or row.uar.value is None:
            return NOTHING
        shown = percent(row.uar) + ("" if row.is_complete else "*")
        return f"({shown})" if line == column else shown


def is_crossed(row: Row) -> bool:
    """Tell whether a row belongs to a matrix."""
    return row.dataset.is_crossed and row.dataset.adapted is None


def make_matrices(rows: Iterable[Row]) -> list[Matrix]:
    """Return a matrix per system and version of the protocol: those that listen first, floors last, then by name."""
    rows = sorted((row for row in rows if is_crossed(row)), key=lambda row: (not row.is_complete, row.task))
    names, corpora = display_names(rows), corpus_names(rows)
    versions = {row.protocol.version for row in rows}
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        version = row.protocol.version
        groups[names[row.system], f", protocol version {version}" if len(versions) > 1 else ""].append(row)
    found = [_matrix(f"{name}{version}", group, corpora) for (name, version), group in groups.items()]
    return sorted(found, key=lambda each: (each.guesses, each.is_floor, each.name))


def _matrix(name: str, rows: Sequence[Row], corpora: Mapping[str, str]) -> Matrix:
    def corpus(row: Row, member: str) -> str:
        return corpora[identity_of(row, member)]

    columns = tuple(sorted({corpus(row, row.dataset.tested_on) for row in rows}))
    cells: dict[tuple[str, str], Row] = {}
    for row in rows:
        tested = corpus(row, row.dataset.tested_on)
        trained = [corpus(row, member) for member in row.dataset.trained_on]
        is_rest = len(trained) > 1 and {*trained, tested} == set(columns)
        cells.setdefault((ALL_OTHERS if is_rest else "+".join(trained), tested), row)
    lines = sorted({line for line, _ in cells}, key=lambda line: (line == ALL_OTHERS, line.count("+"), line))
    return Matrix(name, rows[0].model.name in FLOORS, tuple(lines), columns, cells)


def identity_of(row: Row, member: str) -> str:
    """Return the digest of a corpus among those of a row, as it was read."""
    facts = row.dataset.corpora[member]
    return digest_value([member, facts.version, facts.manifest, facts.audio])


def corpus_names(rows: Iterable[Row]) -> dict[str, str]:
    """Return a name per corpus as it was read, by :func:`identity_of`; where one name is of several, with a digest."""
    found = {
        identity_of(row, member): member + (PART if member in row.standing.parts else "")
        for row in rows
        for member in row.dataset.corpora
    }
    members = list(found.values())
    return {
        digest: member if members.count(member) == 1 else f"{member}#{digest[:4]}" for digest, member in found.items()
    }


def mappings(rows: Iterable[Row]) -> list[str]:
    """Return a sentence per corpus: its copy, which word became which class, and what was dropped, clips counted."""
    rows = [row for row in rows if row.dataset.is_crossed]
    names = corpus_names(rows)
    found = {
        names[identity_of(row, member)]: (
            copy_label(row.audio.corpora[member]),
            "; ".join([_mapping(facts), *([row.standing.parts[member]] if member in row.standing.parts else [])]),
        )
        for row in rows
        for member, facts in row.dataset.corpora.items()
    }
    return [f"{name} ({copy}): {mapping}" for name, (copy, mapping) in sorted(found.items())]


def _mapping(facts: MemberFacts) -> str:
    kept = []
    for label, clips in facts.clips.items():
        words = [word for word, counted in facts.classes.items() if counted == label]
        kept.append(f"{label} {clips}" if words == [label] else f"{' and '.join(words)} as {label} {clips}")
    dropped = [f"{word} {clips}" for word, clips in facts.dropped.items()]
    return f"{', '.join(kept)}; dropped: {', '.join(dropped) or 'nothing'}"


def matrix_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the matrices of all crossed rows as Markdown, and how labels were mapped."""
    yield LEGEND
    matrices = make_matrices(rows)
    for each in matrices:
        if each.guesses:
            continue
        yield ""
        body = [[escape(line), *(each.text(line, column) for column in each.tested_on)] for line in each.trained_on]
        yield from table([f"{escape(each.name)}, trained on", *map(escape, each.tested_on)], body)
    for each in matrices:
        if each.guesses:
            yield from ("", f"Guessing, {escape(each.name)}: {spread(each)}.")
    yield from ("", "Labels, with the clips of each class:", "")
    yield from (f"* {escape(sentence)}." for sentence in mappings(rows))


def spread(matrix: Matrix) -> str:
    """Return the smallest and the largest UAR of a matrix, in per cent."""
    values = sorted(f"{100 * value:.1f}" for value in matrix.values) or [NOTHING]
    ends = dict.fromkeys((values[0], values[-1]))
    return " to ".join(ends) + (" everywhere" if len(ends) == 1 else "")


def matrix_facts(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """Return a line per cell of every matrix for machines: numbers as fractions, None where there is none."""
    return [
        {
            "model": one_line(matrix.name),
            "trained_on": one_line("+".join(row.dataset.trained_on)),
            "tested_on": one_line(row.dataset.tested_on),
            "line": one_line(line),
            "column": one_line(column),
            "is_diagonal": line == column,
            "is_complete": row.is_complete,
            "uar": row.uar.value,
            "uar_low": row.interval.low,
            "uar_high": row.interval.high,
            "adjusted_uar": row.adjusted_uar.value,
            "utterances": row.utterances,
            "speakers": row.speakers,
            "seeds": len(row.seeds),
            "task": row.task,
        }
        for matrix in make_matrices(rows)
        for (line, column), row in sorted(matrix.cells.items())
    ]


__all__ = [
    "ALL_OTHERS",
    "LEGEND",
    "Matrix",
    "corpus_names",
    "identity_of",
    "is_crossed",
    "make_matrices",
    "mappings",
    "matrix_facts",
    "matrix_lines",
    "spread",
]
