"""LaTeX tables: what they say, what is bold, and that no name breaks them."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from serbench.board.pages.latex import escape
from serbench.board.ranking.boards import make_boards
from serbench.results.summary import summarise
from tests.board.conftest import latex_pages

HOSTILE = 'a_b & 50% $x$ #1 {y} ~ ^ \\end{tabular} <i> |z| "q" `t` it\'s --- naïve ß 文 \u202e\n%rest'


@pytest.fixture
def tables(full):
    return latex_pages(summarise(full))


def test_there_is_a_table_per_page_and_one_of_all(tables):
    pages = ["random-emodb", "si-emodb", "si-emovo", "si-tess"]
    assert sorted(tables) == ["overview.tex", *(f"tables/{page}.tex" for page in pages)]


def test_a_table_has_rules_and_units(tables):
    text = tables["tables/si-emodb.tex"]
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule", r"\hline")] == [1, 1, 1, 0]
    (header,) = re.findall(r"\\toprule\n(.*) \\\\\n", text)
    for unit in (r"UAR \%", r"95 \% CI", "p50 ms", "train s", "MACs 3 s"):
        assert unit in header
    lines = re.search(r"\\midrule\n(.*)\\bottomrule", text, re.DOTALL)[1].splitlines()
    assert len(lines) == 4
    assert {line.count(" & ") for line in (header, *lines)} == {9}


def test_the_best_and_what_does_not_differ_significantly_from_it_are_bold(full, tables):
    board = next(each for each in make_boards(summarise(full)) if each.dataset == "emodb")
    best = board.placements[0]
    expected = {best.name, *best.not_different}
    assert 1 < len(expected) < 4
    assert set(re.findall(r"& \\textbf\{(\w+)\} &", tables["tables/si-emodb.tex"])) == expected


def test_without_a_rank_nothing_is_bold(tables):
    assert r"\textbf" not in tables["tables/random-emodb.tex"]
    (incomplete,) = [line for line in tables["tables/si-emovo.tex"].splitlines() if "slow" in line]
    assert "slow (incomplete)" in incomplete
    assert r"\textbf" not in incomplete


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mfcc-stats", "mfcc-stats"),
        ("a_b&c", r"a\_b\&c"),
        ("50% {x} #1 $", r"50\% \{x\} \#1 \$"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("a--b", "a-{}-b"),
        ("é ç", r"\'{e} \c{c}"),
        ("ß", r"\texttt{U+00DF}"),
        ("文", r"\texttt{U+6587}"),
        ("one\ntwo", "one two"),
    ],
)
def test_text_is_set_as_it_is(text, expected):
    assert escape(text) == expected
    assert escape(text).isascii()


def test_a_hostile_name_ends_neither_table_nor_line(store, cells):
    cells.add(store, key={"model": {"name": HOSTILE, "version": "1", "params": {}}}, label=HOSTILE)
    for text in latex_pages(summarise(store)).values():
        assert text.count(r"\end{tabular}") == 1
        assert re.search(r"(?<!\\)%rest", "\n".join(line for line in text.splitlines() if line[0] != "%")) is None


@pytest.mark.latex
def test_the_tables_compile(store, full, cells, tmp_path):
    """With Debian's texlive: the environment ``latex`` of tox."""
    engine = shutil.which("pdflatex")
    if engine is None:
        pytest.skip("there is no pdflatex here")
    cells.add(full, key={"model": {"name": HOSTILE, "version": "1", "params": {}}}, label=HOSTILE)
    names = []
    for name, text in latex_pages(summarise(full)).items():
        names.append(name.replace("/", "-"))
        (tmp_path / names[-1]).write_text(text, encoding="utf-8")
    inputs = "\n\n".join(rf"\input{{{name}}}" for name in names)
    page = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{inputs}\end{{document}}"
    (tmp_path / "page.tex").write_text(page)
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 0
