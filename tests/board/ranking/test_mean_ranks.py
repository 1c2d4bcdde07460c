from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from serbench.board.pages.diagram import mean_ranks_svg
from serbench.board.ranking.boards import make_boards
from serbench.board.ranking.mean_ranks import MeanRanks
from serbench.board.ranking.overall import make_overall
from serbench.results.facts import Standing
from serbench.results.summary import summarise
from serbench.scoring.figure import Figure
from serbench.scoring.friedman import Ranking, critical_difference
from tests.board.conftest import pages


def ranks(*mean_ranks, names=None, datasets=6):
    names = names or tuple(f"system-{place}" for place in range(len(mean_ranks)))
    ranking = Ranking(mean_ranks, datasets, Figure(9.0), Figure(0.0123), critical_difference(len(mean_ranks), datasets))
    return MeanRanks(names, tuple("abcdef"[:datasets]), ranking)


@pytest.fixture
def three(store, cells):
    """Return rows of three systems on three corpora."""
    for corpus in ("one", "two", "three"):
        for name, skill in (("good", 8.0), ("fair", 1.0), ("poor", -0.4)):
            key = {
                "model": {"name": name, "version": "1", "params": {}},
                "dataset": {"name": corpus, "audio": f"a-{corpus}"},
            }
            cells.add(store, key=key, label=name, skill=skill)
    return summarise(store)


def test_mean_ranks_take_three_datasets_and_three_systems(three):
    (glance,) = make_overall(make_boards(three))
    found = glance.ranks
    assert found.datasets == ("one", "three", "two")
    assert dict(zip(found.names, found.ranking.mean_ranks, strict=True)) == {"good": 1, "fair": 2, "poor": 3}


@pytest.mark.parametrize("lost_on", [None, "one"], ids=["the same model", "refused on one"])
@pytest.mark.parametrize("missing_on", [None, "two"], ids=["beside its original", "without it on one"])
def test_a_model_at_reduced_precision_takes_part_where_its_float32_row_does_not(three, lost_on, missing_on):
    def reduced(row):
        settings = {"recipe": {"precision": "bf16"}}
        found = replace(row, label="fast", model=replace(row.model, settings=settings))
        lower = {name: replace(each, mean=Figure(0.5 * each.mean.value)) for name, each in row.scores.items()}
        return replace(found, scores=lower) if row.dataset.name == lost_on else found

    fair = [row for row in three if row.label == "fair"]
    full = [row for row in three if row.label != "fair" or row.dataset.name != missing_on]
    (glance,) = make_overall(make_boards([*full, *(reduced(row) for row in fair)]))

    assert set(glance.ranks.names) == {"good", "poor", "fair" if missing_on is None else "fast"}


@pytest.mark.parametrize(
    "drop",
    [
        lambda row: row.dataset.name == "two",
        lambda row: row.label == "fair",
        lambda row: (row.label, row.dataset.name) == ("fair", "one"),
    ],
    ids=["two datasets", "two systems", "one incomplete"],
)
def test_with_less_there_is_nothing_to_say(three, drop):
    rows = [row for row in three if not drop(row)]
    (glance,) = make_overall(make_boards(rows))
    assert glance.ranks is None
    assert not [name for name in pages(rows) if name.endswith(".svg")]
    assert "Friedman" not in pages(rows)["README.md"]


def test_diagnostic_corpora_take_no_part(three):
    rows = [replace(row, standing=Standing(diagnostic=True)) if row.dataset.name == "two" else row for row in three]
    (glance,) = make_overall(make_boards(rows))
    assert glance.ranks is None


def test_the_page_has_the_words_and_the_picture(three):
    texts = pages(three)
    assert "![Mean ranks over datasets and their critical difference](tables/si-ranks.svg)" in texts["README.md"]
    assert "Mean rank over 3 datasets (1 is best): good 1.00, fair 2.00, poor 3.00." in texts["README.md"]
    assert "Critical difference of mean ranks (Nemenyi, 5 %): 1.91." in texts["README.md"]
    assert "Not significantly different in mean rank: good, fair; fair, poor." in texts["README.md"]
    assert texts["tables/si-ranks.svg"] == pages(three[::-1])["tables/si-ranks.svg"]


def test_words_say_what_was_found():
    found = ranks(1.2, 3.9, 2.0, 2.9)
    assert found.sentences == [
        "Mean rank over 6 datasets (1 is best): system-0 1.20, system-2 2.00, system-3 2.90, system-1 3.90.",
        "Friedman's test of equal mean ranks: p = 0.012.",
        "Critical difference of mean ranks (Nemenyi, 5 %): 1.91.",
        "Not significantly different in mean rank: system-0, system-2, system-3; system-2, system-3, system-1.",
    ]


def texts_of(picture):
    root = ET.fromstring(picture.partition("-->")[2].strip())
    return [
        (float(each.get("x")), float(each.get("y")), each.get("text-anchor"), each.text)
        for each in root.iter("{http://www.w3.org/2000/svg}text")
    ]


@pytest.mark.parametrize("number", [3, 4, 9, 20])
def test_no_two_labels_overlap_and_all_stand_within_the_picture(number):
    found = ranks(*(1 + place / 50 for place in range(number)), names=tuple(f"{'x' * 60}{i}" for i in range(number)))
    picture = mean_ranks_svg(found)
    width, height = (float(each) for each in re.search(r'viewBox="0 0 (\d+) (\d+)"', picture).groups())
    labels = [each for each in texts_of(picture) if "x" in each[3]]
    assert len(labels) == number
    boxes = []
    for x, y, anchor, text in labels:
        long = 7.9 * len(text)  # the mean advance of a wide typeface at 13 px
        left = x - long if anchor == "end" else x
        assert left >= 0
        assert left + long <= width
        assert 13 <= y <= height - 4
        boxes.append((left, left + long, y))
    for place, (left, right, y) in enumerate(boxes):
        for other_left, other_right, other_y in boxes[:place]:
            assert abs(y - other_y) >= 16 or right < other_left or other_right < left


def test_a_bar_stands_over_each_group_from_its_best_to_its_worst():
    found = ranks(1.0, 2.0, 4.0, 4.0)
    bars = re.findall(r'd="M([\d.]+) [\d.]+L([\d.]+) [\d.]+" stroke="black" stroke-width="5"', mean_ranks_svg(found))

    def x(rank):
        return 490 - (rank - 1) / 3 * 260

    expected = [
        (x(found.ranking.mean_ranks[g[-1]]) - 4, x(found.ranking.mean_ranks[g[0]]) + 4) for g in [(0, 1), (2, 3)]
    ]
    assert [tuple(map(float, bar)) for bar in bars] == [pytest.approx(each, abs=0.06) for each in expected]


def test_hostile_names_are_text():
    picture = mean_ranks_svg(ranks(1.0, 2.0, 3.0, names=("<script>", "a&b", "\n\x00]]>")))
    assert "<script" not in picture
    assert [each[3].rpartition(" ")[0] for each in texts_of(picture)][-3:] == ["<script>", "]]>", "a&b"]
