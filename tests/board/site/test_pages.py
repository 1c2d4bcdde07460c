"""The pages as text: the same bytes, nothing that runs, nothing from elsewhere, every link to something."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import pytest

from serbench.board.ranking.boards import make_boards
from serbench.board.site.pages import SITE, make_environment
from serbench.protocol.protocols import INFLATION_STYLES
from serbench.results.row import Score
from serbench.results.summary import summarise
from serbench.scoring.figure import Figure
from serbench.scoring.metric import MetricCard
from tests.board.conftest import make_site, make_views, model
from tests.board.ranking.test_matrix import crossed
from tests.board.site.conftest import HOSTILE, SHOWN


class Reader(HTMLParser):
    """Collects tags with their attributes, and texts."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def named(self, *names):
        return [facts for tag, facts in self.tags if tag in names]

    @property
    def anchors(self):
        return [facts["id"] for _, facts in self.tags if "id" in facts]


@pytest.fixture(scope="module")
def site(board_rows):
    return make_site(board_rows)


@pytest.fixture(scope="module")
def readers(site):
    return {name: Reader(text) for name, text in site.items() if name.endswith(".html")}


def test_there_is_an_index_and_a_page_per_protocol_and_dataset(site, board_rows):
    pages = {name.removeprefix(f"{SITE}/") for name in site}
    assert {"index.html", "inflation.html", "si-emodb.html", "si-tess.html", "random-emodb.html"} < pages
    assert len([name for name in pages if name.endswith(".html")]) == len(make_boards(board_rows)) + 2


def test_the_page_of_inflation_has_the_legend_of_every_protocol(site):
    page = site["site/inflation.html"]
    assert [name for name, style in INFLATION_STYLES.items() if f"<b>{name}</b>: {style.sentence}." not in page] == []


def test_the_order_of_rows_changes_no_byte(site, board_rows):
    assert make_site(board_rows[::-1]) == site


def test_no_rows_still_make_an_index():
    texts = make_site([])
    assert "There is no result yet." in texts[f"{SITE}/index.html"]
    assert f"{SITE}/inflation.html" not in texts


def test_every_page_has_a_policy_without_remote_sources(readers):
    for reader in readers.values():
        (policy,) = [each["content"] for each in reader.named("meta") if each.get("http-equiv")]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert set(re.findall(r"[a-z]+:", policy)) == {"file:", "data:"}
        assert "*" not in policy


def test_scripts_and_styles_are_files_and_no_attribute_runs(readers):
    for reader in readers.values():
        assert [each.get("src") for each in reader.named("script")] == ["vendor/datatables.js", "site.js"]
        assert reader.named("style", "iframe", "object", "embed", "img", "base") == []
        names = {name for _, facts in reader.tags for name in facts}
        assert [name for name in names if name.startswith("on") or name in {"style", "srcdoc", "formaction"}] == []


def test_every_link_leads_to_a_file_or_an_anchor_that_is_there(readers, board_rows):
    files = {*make_views(board_rows), f"{SITE}/vendor/datatables.js"}
    for page, reader in readers.items():
        links = [each["href"] for each in reader.named("a", "link")] + [each["src"] for each in reader.named("script")]
        for link in links:
            parts = urlsplit(link)
            if parts.scheme == "data":
                continue
            assert (parts.scheme, parts.netloc) == ("", ""), link
            here = PurePosixPath(SITE) / unquote(parts.path)
            target = page if not parts.path else here.as_posix().replace(f"{SITE}/../", "")
            assert target in files
            if parts.fragment:
                assert parts.fragment in readers[target].anchors


def test_anchors_are_unlike(readers):
    for reader in readers.values():
        assert len(set(reader.anchors)) == len(reader.anchors)


def test_labels_name_anchors_that_are_there(readers):
    for reader in readers.values():
        for _, facts in reader.tags:
            assert {facts[name] for name in ("aria-labelledby", "data-copy") if name in facts} <= {*reader.anchors}


def test_a_hostile_name_is_text_wherever_it_stands(readers):
    reader = readers[f"{SITE}/si-emodb.html"]
    heading = [text for text in reader.texts if text == SHOWN]
    assert len(heading) >= 4  # the table, recalls, speakers, its card
    every = " ".join(reader.texts)
    assert f"Audio {SHOWN}" in every or SHOWN in every
    assert "\u202e" not in every
    assert "49" not in re.findall(r"txt\.exe (\S+)", every)
    assert HOSTILE not in " ".join(value or "" for _, facts in reader.tags for value in facts.values())


@pytest.mark.parametrize("name", ["si-emodb", "index"])
def test_every_row_says_what_filters_ask(readers, name):
    rows = [each for each in readers[f"{SITE}/{name}.html"].named("tr") if "data-tags" in each]
    good = next(each for each in rows if each["data-parameters"] == "46772")
    assert (good["data-latency"], good["data-macs"], good["data-protocol"]) == ("3", "1000", "si")
    assert "verified" in good["data-tags"].split()
    hostile = next(each for each in rows if each["data-parameters"] == "5000")
    assert hostile["data-macs"] == ""


def test_marks_and_evidence_are_tags(readers):
    (row,) = [each for each in readers[f"{SITE}/si-tess.html"].named("tr") if "data-tags" in each]
    assert {"saw-the-test", "test-statistics", "verified"} <= set(row["data-tags"].split())
    (row,) = [each for each in readers[f"{SITE}/replica-2507.03251-emodb.html"].named("tr") if "data-tags" in each]
    assert "replica" in row["data-tags"].split()


def test_an_incomplete_row_is_on_no_plot_and_the_page_says_why(site, readers):
    assert "slow: incomplete, seed 0: 2 of 3 folds are done" in site[f"{SITE}/si-emovo.html"]
    marks = [each for each in readers[f"{SITE}/si-emovo.html"].named("a") if "mark" in each.get("class", "")]
    assert marks
    assert [each["data-tip"] for each in marks if each["data-tip"].startswith("slow")] == []


def test_an_undefined_name_in_a_template_is_an_error():
    with pytest.raises(Exception, match="'nothing' is undefined"):
        make_environment().from_string("{{ nothing }}").render()


def test_templates_escape_whatever_their_name():
    environment = make_environment()
    assert environment.from_string("{{ text }}").render(text="<b> a\nb ") == "&lt;b&gt; a b "


def test_inflation_stands_with_the_protocols_it_is_of(site):
    assert "<h3>Inflation</h3>" in site[f"{SITE}/si-emodb.html"]
    assert "<h3>Inflation</h3>" in site[f"{SITE}/random-emodb.html"]
    assert "<h3>Inflation</h3>" not in site[f"{SITE}/si-emovo.html"]


def test_the_confusion_of_a_row_is_on_its_card(readers, board_rows):
    row = next(row for row in board_rows if row.label == "good" and row.dataset.name == "tess")
    text = "".join(readers[f"{SITE}/si-tess.html"].texts)
    for counts in row.confusion:
        assert "".join(map(str, counts)) in text


def test_the_command_repeats_the_row(readers):
    assert "serbench run --model good --dataset emodb --protocol si --seeds 2" in readers[f"{SITE}/si-emodb.html"].texts


def test_crossed_corpora_are_matrices_and_a_page_per_tested_corpus(store, cells):
    protocol = {"name": "cross", "version": "1", "split": "s1", "folds": 3}
    for trained, tested in ((("east",), "north"), (("north",), "east"), (("west",), "north")):
        key = {"dataset": crossed(trained, tested), "protocol": protocol, "model": model("good")}
        cells.add(
            store,
            key=key,
            label="good",
            audio={"label": "WAV 8 kHz", "corpora": {name: {} for name in (*trained, tested)}},
        )
    site = make_site(summarise(store))
    index = Reader(site[f"{SITE}/index.html"])
    assert {"trained on ↓ tested on →", "east", "north", "west"} <= set(index.texts)
    page = Reader(site[f"{SITE}/cross-north.html"])
    assert {"east-to-north", "west-to-north"} <= set(page.texts)
    assert len(set(page.anchors)) == len(page.anchors)
    assert len(page.named("section")) == 2


def test_a_board_of_failures_has_reasons_and_no_mark(store, cells):
    store.write(cells.record(cells.key(), status="failed", reason="out of <memory>"))
    page = make_site(summarise(store))[f"{SITE}/si-toy.html"]
    assert "1 cell failed: out of &lt;memory&gt;" in page
    assert 'class="mark ' not in page
    assert "Speaker by speaker" not in page


def test_a_claim_says_that_it_is_one(board_rows):
    claims = [replace(row, has_predictions=False, speaker_uars={}) for row in board_rows]
    site = make_site(claims)
    reader = Reader(site[f"{SITE}/si-tess.html"])
    assert "self-reported" in reader.texts
    assert 'class="mark ' not in site[f"{SITE}/si-emodb.html"]


def test_a_metric_of_a_plugin_is_on_the_card(board_rows):
    (row,) = [row for row in board_rows if row.dataset.name == "tess"]
    score = Score(Figure(0.1234), Figure.undefined("one seed"))
    card = MetricCard(name="mine", version="1", summary="mine", better="lower", heading="<mine>")
    scored = replace(row, scores={**row.scores, "mine": score}, metrics={**row.metrics, "mine": card})
    texts = Reader(make_site([scored])[f"{SITE}/si-tess.html"]).texts
    assert texts[texts.index("<mine>", texts.index("Scores and cost")) + 1] == "0.123"
