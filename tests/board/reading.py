"""What the views of a leaderboard show, read back from them: of each row a text under each heading.

A reader takes a leaderboard of one protocol, ``si``, whose rows have names of one plain word, and returns from
``(dataset, name)`` to what stands under each heading of one table. Where a table is of systems over all datasets, the
dataset is empty. The lines that readers are made of are read from texts alone. Nothing here knows the columns: headings
and cells are those that stand there.
"""

from __future__ import annotations

import contextlib
import csv
import html
import io
import json
import re

import pytest

import serbench
from serbench.board.export import model_index
from serbench.board.views import make_views
from serbench.cli.scores import print_scores


def markdown(title):
    """Return a reader of the table below a heading of a dataset's Markdown page."""
    return lambda leaderboard: _by_dataset(
        leaderboard, "tables/si-{}.md", lambda text: markdown_lines(text.split(title)[1])
    )


def overview(words):
    """Return a reader of the table below some words of the overall page."""
    return lambda leaderboard: by_name(markdown_lines(make_views(leaderboard)["README.md"].split(words)[1]))


def latex(leaderboard):
    return _by_dataset(leaderboard, "tables/si-{}.tex", latex_lines)


def latex_overview(leaderboard):
    return by_name(latex_lines(make_views(leaderboard)["overview.tex"]))


def terminal(leaderboard):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        print_scores(leaderboard.rows)
    return terminal_lines(out.getvalue())


def site_index(leaderboard):
    """Read the table of all rows; a line knows its dataset by its own cell."""
    lines = html_lines(make_views(leaderboard)["site/index.html"], 'id="rows-t"')
    return {(line["dataset"], _word(line["model"])): {**line, "model": _word(line["model"])} for line in lines}


def site_overview(leaderboard):
    return by_name(html_lines(make_views(leaderboard)["site/index.html"], 'id="p1-t"'))


def site(sign):
    """Return a reader of a table of a dataset's page on the site, by what its tag has."""
    return lambda leaderboard: _by_dataset(leaderboard, "site/si-{}.html", lambda text: html_lines(text, sign))


def site_order(leaderboard):
    """Read what the columns of numbers are sorted by, in place of what they show."""
    return _by_dataset(
        leaderboard, "site/si-{}.html", lambda text: html_lines(text, 'id="t-[^"]*" class="results"', _order)
    )


def site_cards(leaderboard):
    return _by_dataset(leaderboard, "site/si-{}.html", _cards)


def csv_file(leaderboard):
    return _by_dataset(leaderboard, "tables/si-{}.csv", lambda text: list(csv.DictReader(text.splitlines())))


def json_file(leaderboard):
    rows = json.loads(make_views(leaderboard)["leaderboard.json"])["rows"]
    return {(row["columns"]["dataset"], row["name"]): row["columns"] for row in rows}


def frame(leaderboard):
    """Read the frame of rows, whose records need not lie anywhere: ``None`` where something is missing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serbench.board.frames.stored_rows", lambda folder, registry: (leaderboard.rows, []))
        found = serbench.load_results("nowhere")
    lines = found.astype(object).where(found.notna(), None).to_dict("records")
    return {(line["dataset"], line["model"]): line for line in lines}


def model_cards(leaderboard):
    """Read the model-index of every system that has one."""
    complete = {row.label for row in leaderboard.rows if row.is_complete}
    return {
        (result["dataset"]["type"], name): {metric["name"]: metric["value"] for metric in result["metrics"]}
        for name in complete
        for result in model_index(leaderboard.rows, name)["model-index"][0]["results"]
    }


def _by_dataset(leaderboard, path, read):
    views = make_views(leaderboard)
    return {
        (dataset, name): cells
        for dataset in dict.fromkeys(row.dataset.name for row in leaderboard.rows)
        for (_, name), cells in by_name(read(views[path.format(dataset)])).items()
    }


def by_name(lines):
    """Return lines by the row's name, which the first word of its cell is: marks and remarks stand around it."""
    return {("", _word(line["model"])): {**line, "model": _word(line["model"])} for line in lines}


def terminal_lines(text):
    """Return the lines of each dataset's tables, which go on below each other where a line is too short for them."""
    found, header, dataset = {}, None, None
    for line in text.splitlines():
        cells = re.split(" {2,}", line.strip())
        if ", speaker-independent (si)" in line:
            dataset = line.partition(",")[0]
        elif cells[0] == "model":
            header = cells
        elif header and len(cells) == len(header):
            found.setdefault((dataset, _word(cells[0])), {}).update(zip(header, cells, strict=True))
        else:
            header = None
    return {(dataset, name): {**cells, "model": name} for (dataset, name), cells in found.items()}


def _word(cell):
    return re.search("[a-z]+", cell)[0]


def markdown_lines(text):
    """Return the lines of the first table of a Markdown text."""
    table = re.search(r"(?:^\|.*\n)+", text, re.MULTILINE)[0].splitlines()
    header, _, *lines = ([_plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table)
    return [dict(zip(header, line, strict=True)) for line in lines]


def _plain(cell):
    return html.unescape(re.sub(r"\\(.)", r"\1", cell.strip().strip("*")))


def latex_lines(text):
    """Return the lines of the first LaTeX table of a text, bold or not."""
    header, body = re.search(r"\\toprule\n(.*?)\\midrule\n(.*?)\\bottomrule", text, re.DOTALL).groups()
    header, *lines = (
        [_unset(cell) for cell in line.removesuffix(r" \\").split(" & ")]
        for line in [header.strip(), *body.splitlines()]
    )
    return [dict(zip(header, line, strict=True)) for line in lines]


def _unset(cell):
    text = re.sub(r"\\textbf\{(.*?)\}", r"\1", cell).replace(r"$\pm$", "±")
    return re.sub(r"\\(.)", r"\1", "–" if text == "--" else text)


def html_lines(text, sign, read=lambda tag, inside: _bare(inside)):
    """Return the lines of the table whose tag has a sign."""
    table = re.search(rf"<table [^>]*{sign}.*?</table>", text, re.DOTALL)[0]
    header, *lines = re.findall(r"<tr.*?>(.*?)</tr>", table, re.DOTALL)
    header = [_bare(inside) for inside in re.findall(r"<th.*?>(.*?)</th>", header)]
    cells = [re.findall(r"<(t[hd].*?)>(.*?)</t[hd]>", line, re.DOTALL) for line in lines]
    return [dict(zip(header, (read(*cell) for cell in line), strict=True)) for line in cells]


def _order(tag, inside):
    found = re.search('data-order="(.*?)"', tag)
    return _bare(inside) if found is None else float(found[1])


def _bare(inside):
    return html.unescape(re.sub("<.*?>", "", inside)).strip()


def _cards(text):
    """Return what stands in the lists of the rows' cards."""
    cards = re.findall(r'<details class="card" id=.*?<bdi>(.*?)</bdi>.*?<dl>(.*?)</dl>', text, re.DOTALL)
    pairs = [(name, re.findall(r"<dt>(.*?)</dt><dd.*?>(.*?)</dd>", facts)) for name, facts in cards]
    return [{"model": name, **{_bare(term): _bare(fact) for term, fact in facts}} for name, facts in pairs]
