from __future__ import annotations

import csv
import json
import re

import pytest

from serbench.board.facts import json_rows
from serbench.board.ranking.boards import make_boards
from serbench.results.summary import summarise
from tests.board.conftest import build


def read_csv(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def tables(text):
    """Return the cells of every Markdown table line; a cell's escaped bar does not end it."""
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()
        if line.startswith("|")
    ]


@pytest.fixture
def built(full, tmp_path):
    folder = tmp_path / "board"
    build(summarise(full), folder)
    return folder


def test_the_files_are_those_that_were_promised(full, tmp_path):
    files = build(summarise(full), tmp_path / "board", site=False)
    names = [path.relative_to(tmp_path / "board").as_posix() for path in files]
    pages = ["random-emodb", "si-emodb", "si-emovo", "si-tess"]
    tables = [f"tables/{page}.{ending}" for page in pages for ending in ("csv", "md", "tex")]
    assert names == ["README.md", "inflation.md", "leaderboard.json", "overview.tex", *tables]
    assert sorted(path for path in (tmp_path / "board").rglob("*") if path.is_file()) == files


def test_the_same_rows_give_the_same_bytes_in_any_order(full, tmp_path):
    rows = summarise(full)
    first, second = build(rows, tmp_path / "a"), build(rows[::-1], tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    build(rows, tmp_path / "a")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_overall_page_has_a_column_per_headline_corpus_and_the_rest_apart(built):
    text = (built / "README.md").read_text()
    header = next(line for line in tables(text) if line[0] == "model")
    assert header == ["model", "adjusted UAR", "emodb", "emovo†"]
    excluded = text[text.index("Excluded from averages") :]
    assert tables(excluded)[0] == ["model", "tess"]
    assert "* tess: two speakers" in excluded
    assert "† from a lossy or derived copy" in text
    assert "(tables/si-emodb.md)" in text
    assert text.index("## Speaker-independent (`si`)") < text.index("## Protocol random (never ranked)")


def test_an_incomplete_entry_is_shown_as_incomplete_and_its_mean_counts_less(built):
    lines = {line[0]: line for line in tables((built / "README.md").read_text()) if len(line) == 4}
    assert lines["slow"][1].endswith("(1 of 2)")
    assert lines["slow"][3].endswith("(incomplete 4/6)")
    assert "(" not in lines["good"][1]
    names = list(lines)
    assert names.index("slow") > names.index("*majority*")


def test_floors_are_marked_and_a_missing_one_is_named(built):
    text = (built / "README.md").read_text()
    assert "| *majority*" in text
    assert text.count("Floors without a result") == 1
    assert "    serbench run --model prior --protocol si\n" in text


def test_what_was_not_measured_is_said_once_with_its_reason(built):
    text = (built / "tables" / "si-tess.md").read_text()
    columns = "MACs 3 s, bytes, feature RTF, p90 ms, p99 ms, memory"
    assert f"* Not measured: {columns} of good, slow, logreg, majority: not measured" in text


def test_the_front_is_marked_before_the_cost_it_is_of(built):
    lines = [line for line in tables((built / "tables" / "si-emodb.md").read_text()) if len(line) == 11]
    header, body = lines[0], {line[0]: line for line in lines[2:]}
    column = {name: {row: line[header.index(name)] for row, line in body.items()} for name in ("params", "p50 ms")}
    assert column["params"] == {"good": "◆ 46.8k", "slow": "◆ 46.8k", "*logreg*": "46.8k", "*majority*": "46.8k"}
    assert column["p50 ms"] == {"good": "◆ 3", "slow": "9", "*logreg*": "◆ 1", "*majority*": "◆ 0.100"}


def test_the_csv_says_of_every_axis_whether_a_row_stands_on_the_front(built):
    found = {line["model"]: line for line in read_csv(built / "tables" / "si-emovo.csv")}
    assert (found["good"]["pareto_optimal_latency"], found["good"]["pareto_optimal_macs"]) == ("True", "")
    assert found["slow"]["pareto_optimal_latency"] == "", "it is incomplete"


def test_a_partial_row_has_no_rank_and_its_reasons_below(built):
    text = (built / "tables" / "si-emovo.md").read_text()
    lines = {line[1]: line for line in tables(text) if len(line) == 10}
    assert lines["slow"][0] == "–"
    assert lines["slow"][-1] == "4/6"
    assert "* Incomplete: slow: seed 0: 2 of 3 folds are done" in text


def test_the_page_says_what_a_reader_needs(built, cells):
    text = (built / "tables" / "si-emovo.md").read_text()
    assert "72 clips, 6 speakers, 3 classes. Audio: **Opus 16 kHz, lossy**." in text
    assert "* Split: s1, 3 folds, protocol version 1" in text
    assert "* Label map: emovo-3, version 1: angry, calm, sad" in text
    assert "* Manifest digest: `m-emovo`\n* Audio digest: `a-emovo`\n" in text
    assert "* Note: emovo note\n" in text
    assert (
        "A: Intel Xeon, 2 cores, 2 threads (cores 2; processor Intel(R) Xeon(R); system Linux x86\\_64; threads 2)"
        in text
    )
    assert "    serbench run --model good --dataset emovo --protocol si --seeds 2" in text
    assert "torch 2.11.0" in text
    assert ["model", *cells.classes] in tables(text)


def test_main_tables_are_readable_in_a_terminal(built):
    for path in built.rglob("*.md"):
        widest = max(len(line) for line in path.read_text().splitlines() if line.startswith("|"))
        assert widest <= 125, path


def test_the_csv_has_ten_digits(full, built):
    rows = {row.label: row for row in summarise(full) if (row.dataset.name, row.protocol.name) == ("emodb", "si")}
    for line in read_csv(built / "tables" / "si-emodb.csv"):
        row = rows[line["model"]]
        assert float(line["uar"]) == pytest.approx(row.uar.value, rel=1e-9)
        assert float(line["uar_sd"]) == pytest.approx(row.scores["uar"].spread.value, rel=1e-9)
        ends = pytest.approx((row.interval.low, row.interval.high), rel=1e-9)
        assert (float(line["uar_low"]), float(line["uar_high"])) == ends
        assert float(line["recall:sad"]) == pytest.approx(row.recalls["sad"].value, rel=1e-9)
        assert float(line["parameters_total"]) == 46772
        assert line["energy_joules"] == ""
        assert line["audio"] == "FLAC 16 kHz"


def test_a_protocol_that_is_never_ranked_has_no_rank(full, built):
    (line,) = read_csv(built / "tables" / "random-emodb.csv")
    assert line["rank"] == ""
    assert (
        "Excluded from averages: this protocol is never ranked." in (built / "tables" / "random-emodb.md").read_text()
    )


def test_tasks_of_one_corpus_share_a_page_and_are_ranked_apart(full, cells, tmp_path):
    key = {"model": cells.key().model, "dataset": {"name": "emodb", "version": "1", "audio": "other", "manifest": "x"}}
    cells.add(full, key=key)
    build(summarise(full), tmp_path)
    text = (tmp_path / "tables" / "si-emodb.md").read_text()
    assert len(re.findall(r"^## emodb", text, re.MULTILINE)) == 2
    ranks = [(line["task"], line["rank"]) for line in read_csv(tmp_path / "tables" / "si-emodb.csv")]
    assert sum(rank == "1" for _, rank in ranks) >= 2
    assert len({task for task, _ in ranks}) == 2


HOSTILE = "a|b<script>alert(1)</script>`x`\n# head [y](javascript:z) *w*"


def test_hostile_names_are_shown_and_never_obeyed(store, cells, tmp_path):
    for label in (HOSTILE, "=1+1"):
        key = {"model": {"name": label, "version": "1", "params": {}}}
        cells.add(store, key=key, label=label, notes=(HOSTILE,))
    cells.add(store, key={"dataset": {"name": "../../up|<b>", "version": "<i>"}}, audio={"label": HOSTILE})
    folder = tmp_path / "out" / "board"
    files = build(summarise(store), folder)
    assert all(path.is_relative_to(folder) and ".." not in path.name.replace("..%2F", "") for path in files)
    assert not (tmp_path / "out" / "up").exists()
    for path in folder.rglob("*.md"):
        shown = [line for line in path.read_text().splitlines() if not line.startswith(("    ", "<!--"))]
        text = "\n".join(shown)
        assert "<" not in text
        assert re.search(r"(?<!\\)\]\(javascript", text) is None
        assert not any(line.startswith("# head") for line in shown)
        widths = [len(line) for line in tables(text)]
        assert widths, path
    lines = read_csv(folder / "tables" / "si-toy.csv")
    assert {line["model"] for line in lines} == {"'=1+1", HOSTILE.replace("\n", " ")}


def test_tables_have_one_width_each_whatever_the_names(store, cells, tmp_path):
    cells.add(store, key={"model": {"name": "x", "version": "1", "params": {}}}, label=HOSTILE)
    build(summarise(store), tmp_path)
    widths = [len(cells) for cells in tables((tmp_path / "tables" / "si-toy.md").read_text())]
    assert widths == [10] * 3 + [4] * 3 + [11] * 3


def test_a_page_that_has_no_rows_any_more_goes_and_strangers_stay(full, tmp_path):
    rows = summarise(full)
    build(rows, tmp_path)
    (tmp_path / "tables" / "mine.md").write_text("my own notes\n")
    build([row for row in rows if row.dataset.name != "tess"], tmp_path)
    names = {path.name for path in (tmp_path / "tables").iterdir()}
    assert not names & {"si-tess.md", "si-tess.csv", "si-tess.tex"}
    assert {"mine.md", "si-emodb.md", "si-emodb.csv"} <= names


def test_without_rows_there_is_a_page_that_says_so(tmp_path):
    assert build([], tmp_path, site=False) == [tmp_path / "README.md", tmp_path / "leaderboard.json"]
    assert "There is no result yet." in (tmp_path / "README.md").read_text()


def test_a_row_without_any_done_cell_can_be_shown(store, cells, tmp_path):
    store.write(cells.record(status="failed", reason="bad | audio"))
    rows = summarise(store)
    build(rows, tmp_path)
    assert "bad \\| audio" in (tmp_path / "tables" / "si-toy.md").read_text()
    json.dumps(json_rows(make_boards(rows)), allow_nan=False)


def test_json_holds_the_rows_in_full(full):
    rows = summarise(full)
    facts = json.loads(json.dumps(json_rows(make_boards(rows)), allow_nan=False))
    assert len(facts) == len(rows)
    first = make_boards(rows)[0].placements[0]
    assert facts[0]["scores"]["uar"]["mean"]["value"] == first.row.uar.value
    assert facts[0]["rank"] == first.rank
    assert facts[0]["cost"]["energy_joules"] == {"value": None, "reason": "no counter here"}


def test_the_command_names_every_argument(store, cells, tmp_path):
    key = {
        "model": {"name": "logreg", "version": "1", "params": {"c": 0.5, "kind": "l2", "name": "a b"}},
        "features": ({"name": "mfcc-stats", "version": "1", "params": {"n_mfcc": 20, "center": True}},),
        "dataset": {"name": "toy", "version": "1", "params": {"labels": "toy-2"}},
    }
    cells.add(store, key=key, label="logreg[c=0.5,name=a b]+mfcc-stats[n_mfcc=20]")
    build(summarise(store), tmp_path)
    assert (
        "    serbench run --model logreg --dataset toy --protocol si --seeds 1 --set toy.labels=toy-2"
        " --set logreg.c=0.5 --set logreg.kind=l2 --set 'logreg.name=a b'"
        " --set mfcc-stats.center=true --set mfcc-stats.n_mfcc=20\n"
    ) in (tmp_path / "tables" / "si-toy.md").read_text()
