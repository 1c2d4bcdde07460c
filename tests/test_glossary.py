"""The glossary against the views: every heading, tag, mark, protocol and key that they show is defined there."""

from __future__ import annotations

import ast
import csv
import html
import itertools
import re
from dataclasses import replace
from pathlib import Path

import pytest

from serbench.board.columns import COLUMNS, Table, column_of, columns_of, metric_label
from serbench.board.leaderboard import Leaderboard
from serbench.board.ranking.matrix import is_crossed, make_matrices
from serbench.board.remarks import remarks_of
from serbench.board.site.rows import TAGS
from serbench.board.views import make_views
from serbench.board.wording import ALTERED, PART, marks_of, subject_of
from serbench.cli import compare, console, inflate, listing, profile, scores
from serbench.cost.efficiency import FIGURES
from serbench.plugin.registry import load_registry
from serbench.protocol.protocols import PROTOCOLS
from serbench.results.summary import summarise
from tests.board.conftest import full
from tests.board.ranking.test_adaptation import add_adapted
from tests.board.ranking.test_matrix import add, rows
from tests.results.conftest import cells, store

#: Fixtures that those below ask for.
__all__ = ["add", "add_adapted", "cells", "full", "rows", "store"]

TOP = Path(__file__).parents[1]
GLOSSARY = (TOP / "docs" / "glossary.md").read_text(encoding="utf-8")
#: Signs of plain prose.
PUNCTUATION = set("“”\N{RIGHT SINGLE QUOTATION MARK}…·")


def terms_of(text):
    """Return what the first cells of the tables of a page define, several in a cell with a dot between them."""
    first = [re.split(r"(?<!\\)\|", line)[1].strip() for line in text.splitlines() if line.startswith("| ")]
    found = {_bare(term) for cell in first for term in cell.split(" · ")}
    return {line for line in found if line}


def _bare(term):
    return re.sub(r"\\(.)", r"\1", term.replace("`", "")).strip()


TERMS = terms_of(GLOSSARY)


def undefined(shown, terms=TERMS):
    """Return which of the words that a view shows are not defined, sorted."""
    return sorted(set(shown) - set(terms))


@pytest.fixture
def board(full, rows, add_adapted):
    """Return a board with every kind of row: floors, incomplete, crossed, pretrained, of text, of reduced precision."""
    for speakers in (0, 1):
        add_adapted("logreg", speakers)
    found = summarise(full)
    good = next(row for row in found if row.label == "good" and row.dataset.name == "tess")
    first = next(number for number, row in enumerate(found) if is_crossed(row) and row.features)
    found[first] = replace(found[first], problems=("a fold is missing",))
    return Leaderboard.of(
        [
            *found,
            _declaring(good, "heard", pretrained_on=("librispeech",), uses_test_statistics=True),
            _declaring(good, "saw", pretrained_on=("tess",)),
            _declaring(good, "reads", text="transcripts"),
            _declaring(good, "prompted", text="prompts"),
            replace(_declaring(good, "untrained"), untrained="3 of 3 cells may have learned nothing"),
            replace(good, label="half", model=replace(good.model, settings={"recipe": {"precision": "bf16"}})),
            replace(
                good, label="other", model=replace(good.model, name="other", settings={"recipe": {"precision": "bf16"}})
            ),
            replace(good, label="claimed", model=replace(good.model, name="claimed"), has_predictions=False),
            _of_part(good),
        ]
    )


def _declaring(row, name, **declared):
    standing = replace(row.standing, declared=replace(row.standing.declared, **declared))
    return replace(row, label=name, model=replace(row.model, name=name), standing=standing)


def _of_part(row):
    standing = replace(row.standing, headline=False, parts={"savee": "part of the corpus: sad 0 of 60 clips"})
    dataset = replace(row.dataset, name="savee", audio="a-part")
    return replace(row, label="part", model=replace(row.model, name="part"), dataset=dataset, standing=standing)


def _data(board):
    """Return the names that come from the rows: of datasets, of what is tested, of classes."""
    return {name for each in board.boards for name in (each.dataset, subject_of(each), *each.first.classes)}


def _words(board, headings):
    """Yield the headings less what the rows call their data."""
    data = _data(board)
    for heading in headings:
        heading = heading if heading == ALTERED else heading.removesuffix(PART).removesuffix(ALTERED)
        name, _, rest = heading.partition(" (")
        if heading.endswith(", trained on"):  # after the name of a system
            yield "trained on"
        elif name in data and rest:  # emodb (UAR %)
            yield rest.removesuffix(")")
        elif heading not in data and heading:
            yield heading


def columns(board):
    return [column.heading for column in columns_of(None, board.boards) if not column.key.startswith("recall:")]


def keys(board):
    return map(_as_defined, [column.key for column in columns_of(None, board.boards)] + list(FIGURES))


def _as_defined(key):
    """Return a key as the glossary has it: of a class, of a place where a model is timed, of a spread."""
    key = re.sub("^recall:.*", "recall:<class>", key)
    return re.sub("_(all_threads|gpu)_(?!memory)", "_", key).removesuffix("_sd")


def metrics(board):
    cards = [load_registry().get("metric", name).card for name in load_registry().metrics]
    return [*(metric_label(card) for card in cards), *(card.name for card in cards)]


def markdown(board):
    for text in _texts(board, ".md"):
        lines = text.splitlines()
        for heading, rule in itertools.pairwise(lines):
            if re.fullmatch(r"\|( :?-+:? \|)+", rule):
                yield from (_bare(cell) for cell in heading.strip("|").split("|"))


def latex(board):
    for text in _texts(board, ".tex"):
        for heading in re.findall(r"\\toprule\n(.*) \\\\\n", text):
            yield from (re.sub(r"\\(.)", r"\1", cell) for cell in heading.split(" & "))


def csv_keys(board):
    for text in _texts(board, ".csv"):
        for key in next(csv.reader(text.splitlines())):
            yield _as_defined(key)


def site(board):
    for text in _texts(board, ".html"):
        for cell in re.findall(r"<th scope=\"col\".*?>(.*?)</th>|<dt>(.*?)</dt>", text):
            yield html.unescape(re.sub("<.*?>", "", "".join(cell)))


def site_tags(board):
    shown = [re.findall(r'<span class="tag[^>]*>(.*?)</span>', text) for text in _texts(board, ".html")]
    return [*TAGS, *TAGS.values(), *(tag for tags in shown for tag in tags)]


def remark_topics(board):
    return [remark.topic for each in board.boards for remark in remarks_of(each)]


def protocols(board):
    return list(PROTOCOLS)


def terminal(board):
    """The tables of scores, matrices and inflation, as they are printed."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "table", lambda headings, *_, **__: found.extend(headings))
        scores.print_scores(board.rows)
        inflate._print(list(board.inflation))
    return found


def terminal_compare(board):
    return compare._COLUMNS


def terminal_profile(board):
    tables = (*profile._PER_MODEL.values(), *profile._PER_PLACE.values())
    return [heading for table in tables for heading in table]


def terminal_list(board):
    return [heading for headings, _ in listing._COLUMNS.values() for heading in headings]


def terminal_others(board):
    """The headings that stand as they are in the calls of ``console.table``, in every command."""
    for path in (TOP / "serbench" / "cli").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        given = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "console.table":
                headings = node.args[0]
                headings = given.get(headings.id) if isinstance(headings, ast.Name) else headings
                cells = headings.elts if isinstance(headings, ast.Tuple) else ()
                yield from (cell.value for cell in cells if isinstance(cell, ast.Constant))


def signs(board):
    """Every sign that is neither a letter nor plain punctuation, on any page; and those of ranks and matrices."""
    texts = "".join(_texts(board, ".md", ".html"))
    found = {sign for sign in texts if not sign.isascii() and not sign.isalpha()} - PUNCTUATION
    placements = [(each, placement) for each in board.boards for placement in each.placements]
    ranks = "".join(column_of("rank").shown(*where) for where in placements)
    marks = "".join(marks_of(placement) for _, placement in placements)
    matrices = "".join(each.text(*where) for each in make_matrices(board.rows) for where in each.cells)
    return found | {sign for sign in ranks + marks + matrices if not sign.isalnum() and sign not in "()."}


def _texts(board, *endings):
    return [text for name, text in make_views(board).items() if name.endswith(endings)]


VIEWS = [
    *(columns, keys, metrics, markdown, latex, csv_keys, site, site_tags, remark_topics, protocols, signs),
    *(terminal, terminal_compare, terminal_profile, terminal_list, terminal_others),
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_the_glossary_defines_every_word_of_a_view(board, view):
    shown = list(_words(board, view(board)))
    assert shown
    assert undefined(shown) == []


@pytest.mark.parametrize(
    "view", [columns, keys, markdown, latex, csv_keys, site, terminal], ids=lambda view: view.__name__
)
def test_a_column_that_nobody_defined_is_found_in_every_view(board, view, monkeypatch):
    made_up = replace(column_of("seeds"), key="sparkle", heading="sparkle", tables=frozenset(Table))
    monkeypatch.setattr("serbench.board.columns.COLUMNS", (*COLUMNS, (made_up,)))
    assert undefined(_words(board, view(board))) == ["sparkle"]


@pytest.mark.parametrize("sign", "§‡¶‖※↓⇓◆†⊂=±*–")
def test_every_mark_is_shown_by_the_rows_that_these_tests_make(board, sign):
    assert sign in signs(board)


@pytest.mark.parametrize(
    ("line", "terms"),
    [
        ("| UAR · `uar` | mean recall |", {"UAR", "uar"}),
        (r"| \| · \* | a bar, a star |", {"|", "*"}),
        ("UAR is the mean recall", set()),
    ],
)
def test_a_term_is_what_the_first_cell_of_a_table_names(line, terms):
    assert terms_of(line) == terms
