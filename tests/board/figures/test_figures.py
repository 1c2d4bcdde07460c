"""Figures: what stands on the sheet is what the rows say, and a file is the same whenever it is made."""

from __future__ import annotations

import sys
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure as Sheet

from serbench.board.figures import adaptation, confusion, critical_difference, inflation, pareto, speakers
from serbench.board.figures.choose import Wanted, choose, join
from serbench.board.figures.sheet import INCHES, Width, write_figure
from serbench.board.pages.diagram import mean_ranks_svg
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.overall import make_overall
from serbench.board.ranking.pareto import LATENCY, MACS, PARAMETERS
from serbench.errors import UnknownNameError, UsageError
from serbench.results.summary import summarise
from serbench.scoring.figure import Figure
from tests.board.ranking.test_adaptation import adapted_rows, add_adapted

#: Fixtures that those below ask for.
__all__ = ["adapted_rows", "add_adapted"]

EMODB = Wanted(datasets=("emodb",))


@pytest.fixture
def rows(full):
    return summarise(full)


@pytest.fixture
def sheet():
    return Sheet(figsize=(3.5, 3.5), layout="constrained")


@pytest.fixture
def three(store, cells):
    """Return rows of three systems on three corpora, the poorest with a name that is no formula."""
    for corpus in ("one", "two", "three"):
        for name, skill in (("good", 8.0), ("fair", 1.0), ("$x_1$ <b>", -0.4)):
            key = {
                "model": {"name": name, "version": "1", "params": {}},
                "dataset": {"name": corpus, "audio": f"a-{corpus}", "label_map": {"name": "three", "version": "1"}},
            }
            cells.add(store, key=key, label=name, skill=skill)
    return summarise(store)


def leaky(rows):
    """Return the rows with the leaky one on the recordings and labels of the honest ones."""
    honest = next(row for row in rows if row.label == "good" and row.protocol.name == "si")
    return [replace(row, dataset=honest.dataset) if row.protocol.name == "random" else row for row in rows]


def row_of(rows, name, dataset="emodb", protocol="si"):
    (row,) = (row for row in rows if (row.label, row.dataset.name, row.protocol.name) == (name, dataset, protocol))
    return row


def texts(axes):
    return [text.get_text() for text in axes.texts]


DRAWERS = {
    "confusion": lambda rows: lambda sheet: confusion.draw(sheet, rows, Wanted(("good",), ("emodb",))),
    "pareto": lambda rows: lambda sheet: pareto.draw(sheet, rows, EMODB, LATENCY),
    "inflation": lambda rows: lambda sheet: inflation.draw(sheet, rows, Wanted()),
    "speakers": lambda rows: lambda sheet: speakers.draw(sheet, rows, EMODB),
}


@pytest.mark.parametrize("ending", ["pdf", "png", "svg"])
@pytest.mark.parametrize("name", DRAWERS)
def test_a_file_is_the_same_whenever_it_is_made(rows, tmp_path, name, ending):
    draw = DRAWERS[name](rows)
    before = dict(mpl.rcParams)
    captions = {write_figure(tmp_path / f"{time}.{ending}", Width.COLUMN, draw) for time in ("now", "then")}
    assert (tmp_path / f"now.{ending}").read_bytes() == (tmp_path / f"then.{ending}").read_bytes()
    assert len(captions) == 1
    assert dict(mpl.rcParams) == before


def test_whatever_the_user_has_set_the_file_is_the_same(rows, tmp_path):
    draw = DRAWERS["confusion"](rows)
    write_figure(tmp_path / "plain.svg", Width.COLUMN, draw)
    with mpl.rc_context({"font.size": 20, "svg.fonttype": "none", "axes.facecolor": "red"}):
        write_figure(tmp_path / "set.svg", Width.COLUMN, draw)
    assert (tmp_path / "plain.svg").read_bytes() == (tmp_path / "set.svg").read_bytes()


def test_fonts_are_embedded_as_publishers_ask(rows, tmp_path):
    write_figure(tmp_path / "figure.pdf", Width.COLUMN, DRAWERS["confusion"](rows))
    data = (tmp_path / "figure.pdf").read_bytes()
    assert b"/FontFile2" in data
    assert b"/Type3" not in data


@pytest.mark.parametrize("width", Width)
def test_a_figure_is_as_wide_as_a_column_or_the_page(rows, tmp_path, width):
    write_figure(tmp_path / "figure.png", width, DRAWERS["speakers"](rows))
    header = (tmp_path / "figure.png").read_bytes()[16:20]
    assert int.from_bytes(header) == round(300 * INCHES[width])


@pytest.mark.parametrize(
    ("name", "answer"),
    [("figure", "ends in 'nothing'"), ("figure.jpg", "ends in '.jpg'"), ("figure.pd", "did you mean '.pdf'?")],
)
def test_another_ending_is_refused(tmp_path, name, answer):
    with pytest.raises(UsageError) as error:
        write_figure(tmp_path / name, Width.COLUMN, lambda _: "")
    assert answer in str(error.value)
    assert "expected one of ['.pdf', '.png', '.svg']" in str(error.value)


def test_without_matplotlib_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"^figures need matplotlib .*; pip install 'serbench\[plot\]'$"):
        write_figure(tmp_path / "figure.pdf", Width.COLUMN, lambda _: "")


def test_confusion_shows_shares_and_counts(rows, sheet):
    row = row_of(rows, "good")
    caption = confusion.draw(sheet, rows, Wanted(("good",), ("emodb",)))
    (axes,) = sheet.axes
    counts = np.array(row.confusion)
    shown = axes.images[0].get_array()
    assert np.allclose(shown, counts / counts.sum(axis=1, keepdims=True))
    assert shown.diagonal().mean() == pytest.approx(row.uar.value)
    assert [text for text in texts(axes) if text[0] == "("] == [f"({count})" for count in counts.ravel() if count]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(row.classes)
    assert "Confusions of good on emodb, si" in caption
    assert "summed over 2 seeds" in caption


def test_a_class_without_clips_has_an_empty_line(rows, sheet):
    row = row_of(rows, "good")
    bare = replace(row, confusion=((0, 0, 0), *row.confusion[1:]))
    confusion.draw(sheet, [bare], Wanted())
    assert sheet.axes[0].images[0].get_array()[0].tolist() == [0, 0, 0]


def test_pareto_shows_cost_interval_and_front(rows, sheet):
    caption = pareto.draw(sheet, rows, EMODB, LATENCY)
    (axes,) = sheet.axes
    points = {tuple(line.get_xydata()[0]): line for line in axes.lines if line.get_marker() not in ("None", "")}
    here = [row for row in rows if row.dataset.name == "emodb" and row.protocol.name == "si"]
    expected = {(row.cost_of("latency_p50_ms").value, 100 * row.uar.value) for row in here}
    assert set(points) == expected
    good, slow = ((row_of(rows, name).cost_of("latency_p50_ms").value, name) for name in ("good", "slow"))
    filled = {x for (x, _), line in points.items() if line.get_markerfacecolor() != "white"}
    assert good[0] in filled
    assert slow[0] not in filled
    bars = [line.get_ydata() for line in axes.lines if len(set(line.get_xdata())) == 1 and len(line.get_xdata()) == 2]
    assert any(
        np.allclose(bar, [100 * row_of(rows, "good").interval.low, 100 * row_of(rows, "good").interval.high])
        for bar in bars
    )
    assert sorted(texts(axes)) == ["good", "logreg", "majority", "slow"]
    assert (axes.get_xscale(), axes.get_xlabel()) == ("log", "latency p50, ms")
    assert "Intel Xeon, 2 cores, 2 threads" in caption


def test_pareto_has_a_front_per_machine(rows, sheet):
    here = [row for row in rows if row.dataset.name == "emodb" and row.protocol.name == "si"]
    other = [replace(row, machine={"processor": "another"}) if row.label == "slow" else row for row in here]
    caption = pareto.draw(sheet, other, Wanted(), LATENCY)
    assert sheet.axes[0].get_legend_handles_labels()[1] == ["Intel Xeon, 2 cores, 2 threads", "another"]
    assert "; another." in caption


def test_pareto_has_room_for_what_costs_nothing(rows, sheet):
    free = [
        replace(row, cost={**row.cost, "parameters_total": Figure(0.0)}) if row.label == "majority" else row
        for row in rows
    ]
    pareto.draw(sheet, free, EMODB, PARAMETERS)
    assert sheet.axes[0].get_xscale() == "symlog"


def test_pareto_says_who_is_left_out_and_why(rows, sheet):
    emovo = Wanted(datasets=("emovo",))
    assert "Left out: slow (incomplete, " in pareto.draw(sheet, rows, emovo, LATENCY)
    with pytest.raises(UsageError, match=r"^no row on emodb, si has MACs for 3 s \(good: not measured; .*expected one"):
        pareto.draw(sheet, rows, EMODB, MACS)


def test_inflation_shows_each_protocol(rows, sheet):
    rows = leaky(rows)
    caption = inflation.draw(sheet, rows, Wanted())
    (axes,) = sheet.axes
    points = [
        float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() in "os^D" and len(line.get_xdata())
    ]
    honest, easy = row_of(rows, "good"), row_of(rows, "good", protocol="random")
    assert points == [100 * easy.uar.value, 100 * honest.uar.value]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["emodb"]
    handles, names = axes.get_legend_handles_labels()
    assert names == ["random", "si"]
    assert [handle.get_marker() for handle in handles] == ["s", "o"]
    assert caption.startswith("UAR of good on the same recordings")
    assert "Hollow" not in caption


def test_inflation_needs_two_protocols(rows, sheet):
    with pytest.raises(UsageError, match="no system has rows under si and another protocol"):
        inflation.draw(sheet, rows, Wanted(("slow",)))


def test_adaptation_has_a_line_per_system_at_the_shares_of_its_speakers(adapted_rows, sheet):
    caption = adaptation.draw(sheet, adapted_rows, Wanted())
    (axes,) = sheet.axes
    lines = [line for line in axes.lines if line.get_marker() == "None" and len(line.get_xdata()) == 4]
    assert len(lines) == 2
    for line, name, aside in zip(lines, ("net", "logreg"), (-0.25, 0.25), strict=True):
        uars = [100 * row.uar.value for row in adapted_rows if row.label == name]
        assert list(line.get_ydata()) == uars
        assert list(line.get_xdata()) == [share + aside for share in (0.0, 12.5, 25.0, 50.0)]
    assert axes.get_ylabel() == "UAR, % (east)"
    assert [text.get_text() for text in sheet.legends[0].get_texts()] == ["net", "logreg"]
    assert "(east, from north and west)" in caption
    assert "Hollow" not in caption


def test_adaptation_is_of_systems_that_listen(adapted_rows, sheet):
    with pytest.raises(UsageError, match="no adapted row takes features, expected one at least"):
        adaptation.draw(sheet, adapted_rows, Wanted(("majority",)))
    with pytest.raises(UnknownNameError, match=r"unknown target in these records 'eats'.*did you mean 'east'"):
        adaptation.draw(sheet, adapted_rows, Wanted(datasets=("eats",)))


def test_speakers_have_a_dot_each(rows, sheet):
    caption = speakers.draw(sheet, rows, EMODB)
    (axes,) = sheet.axes
    names = [tick.get_text() for tick in axes.get_yticklabels()]
    strips = [line for line in axes.lines if line.get_marker() == "o"]
    assert sorted(names) == ["good", "logreg", "majority", "slow"]
    for name, strip in zip(names, strips, strict=True):
        row = row_of(rows, name)
        assert strip.get_xdata().tolist() == sorted(100 * value for value in row.speaker_uars.values())
    assert "UAR of each of 6 speakers on emodb, si" in caption


def test_models_stand_in_the_order_in_which_they_were_named(rows, sheet):
    speakers.draw(sheet, rows, Wanted(("majority", "good"), ("emodb",)))
    assert [tick.get_text() for tick in sheet.axes[0].get_yticklabels()] == ["majority", "good"]


def test_rows_without_predictions_have_no_speakers(rows, sheet):
    bare = [replace(row, speaker_uars={}) for row in rows]
    with pytest.raises(UsageError, match="no row on emodb, si has predictions"):
        speakers.draw(sheet, bare, EMODB)


def test_critical_difference_is_the_boards_picture(three, sheet):
    caption = critical_difference.draw(sheet, three, Wanted())
    ranks = make_overall(make_boards(three))[0].ranks
    drawn = texts(sheet.axes[0])
    assert "good 1.00" in drawn
    assert "$x_1$ <b> 3.00" in drawn
    assert len(sheet.axes[0].lines) == mean_ranks_svg(ranks).count("<path")
    assert ranks.sentences[-1] in caption


def test_names_are_no_formulas(three, tmp_path):
    for width in Width:
        path = tmp_path / "figure.svg"
        write_figure(path, width, lambda sheet: critical_difference.draw(sheet, three, Wanted()))
        assert "<!-- $x_1$ &lt;b&gt; 3.00 -->" in path.read_text()


def test_critical_difference_needs_three_datasets(three, sheet):
    with pytest.raises(UsageError, match=r"got 2 datasets that are averaged and 3 systems .* expected 3 of each"):
        critical_difference.draw(sheet, three, Wanted(datasets=("one", "two")))


@pytest.mark.parametrize(
    ("wanted", "answer"),
    [
        (Wanted(("god",)), "unknown row 'god', expected one of .*; did you mean 'good'"),
        (Wanted(datasets=("emod",)), "unknown dataset in these records 'emod', .*did you mean 'emodb'"),
        (Wanted(protocol="radnom"), "unknown protocol in these records 'radnom', .*did you mean 'random'"),
    ],
)
def test_unknown_names_are_answered_with_near_ones(rows, wanted, answer):
    with pytest.raises(UnknownNameError, match=f"^{answer}"):
        choose(rows, wanted)


@pytest.mark.parametrize(
    ("draw", "wanted", "answer"),
    [
        (confusion.draw, Wanted(), "confusion shows one dataset, expected --dataset with one of"),
        (confusion.draw, EMODB, "confusion shows one row, expected --model with one of"),
        (speakers.draw, Wanted(), "speakers shows one dataset"),
        (speakers.draw, Wanted(("good",), ("tess",), "random"), "unknown dataset in these records 'tess'"),
    ],
)
def test_a_figure_that_shows_one_thing_asks_which(rows, sheet, draw, wanted, answer):
    with pytest.raises(UsageError, match=f"^{answer}"):
        draw(sheet, rows, wanted)


def test_rows_of_two_folders_are_put_together(rows):
    assert join([rows[:3], rows[2:]]) == rows
    changed = replace(rows[0], seeds=(9,))
    with pytest.raises(UsageError, match=r"two folders have different results of .*serbench leaderboard merge"):
        join([rows, [changed]])
