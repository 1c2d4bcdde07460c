"""The site in a browser: opened from the disk, it asks nobody for anything, and does what it shows."""

from __future__ import annotations

import pytest

from serbench.board.site.pages import SITE
from serbench.results.store import Store
from serbench.results.summary import summarise
from tests.board.conftest import build, make_site
from tests.board.site.conftest import SHOWN

pytestmark = pytest.mark.browser

TABLE = "table.results"


@pytest.fixture(scope="module")
def context(chromium):
    """Return a window of one browser, started once for the module."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no browser is driven")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser.new_context(viewport={"width": 1280, "height": 900}, offline=True, reduced_motion="reduce")
        browser.close()


@pytest.fixture(scope="module")
def opened(context):
    """Return the module's page, and what it said and asked for."""
    page, said, asked = context.new_page(), [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.set_default_timeout(45_000)
    return page, said, asked


@pytest.fixture
def visit(opened, board):
    """Return a function that opens a page of the site; fail a test after which it has complained or asked a host."""
    page, said, asked = opened

    def visit(name="si-emodb.html"):
        page.goto("about:blank")
        said.clear()
        asked.clear()
        page.goto((board / SITE / name).as_uri())
        return page

    yield visit
    assert said == []
    assert [url for url in asked if not url.startswith((board / SITE).as_uri())] == []


def models(page, table=TABLE):
    return page.locator(f"{table} tbody th bdi").all_inner_texts()


def settled(page, read, wanted):
    """Return what is read once it is what is wanted, or after ten seconds: tables are drawn anew in their own time."""
    for _ in range(200):
        if read() == wanted:
            break
        page.wait_for_timeout(50)
    return read()


def shown(page, wanted, table=TABLE):
    """Return the models of a table, sorted, once they are those that are wanted."""
    return settled(page, lambda: sorted(models(page, table)), sorted(wanted))


def order(page, column):
    return [
        float(each)
        for each in page.locator(f"{TABLE} tbody td:nth-child({column})").evaluate_all(
            "cells => cells.map(cell => cell.dataset.order)"
        )
    ]


@pytest.mark.parametrize("name", ["index.html", "si-emodb.html", "si-tess.html", "inflation.html"])
def test_a_page_loads_without_a_word_or_a_request(visit, name):
    page = visit(name)
    assert page.locator("h1").count() == 1
    assert page.locator(".no-vendor").is_hidden()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["index.html", "si-emodb.html"])
def test_nothing_runs_out_of_the_page(visit, name, width):
    page = visit(name)
    page.set_viewport_size({"width": width, "height": 900})
    page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert wide == 0


def test_a_heading_sorts_the_best_first_and_then_the_other_way(visit):
    page = visit()
    ranked = models(page)
    heading = page.locator(f"{TABLE} th", has_text="params")
    params = order(page, 8)
    assert params not in (sorted(params), sorted(params, reverse=True))
    heading.click()
    assert settled(page, lambda: order(page, 8), sorted(params)) == sorted(params)
    assert models(page)[0] == "majority"
    assert heading.get_attribute("aria-sort") == "ascending"
    heading.click()
    backwards = sorted(params, reverse=True)
    assert settled(page, lambda: order(page, 8), backwards) == backwards
    assert models(page) != ranked


def test_what_is_not_known_comes_after_the_worst(visit):
    page = visit()
    page.locator(f"{TABLE} th", has_text="MACs").click()
    assert settled(page, lambda: models(page)[-1], SHOWN) == SHOWN


def test_budgets_tags_and_words_filter_rows_and_dim_their_marks(visit):
    page = visit()
    form = page.locator("form.filters")
    form.get_by_label("parameters at most").fill("50k")
    assert shown(page, ["majority", "logreg", "good", SHOWN]) == sorted(["majority", "logreg", "good", SHOWN])
    form.get_by_label("latency p50 at most").fill("5")
    assert shown(page, ["majority", "logreg", "good"]) == ["good", "logreg", "majority"]
    assert form.locator("output").inner_text() == "3 of 5 rows"
    assert page.locator(".mark.dim[data-tip^=slow]").count() == page.locator(".mark[data-tip^=slow]").count() > 0
    assert page.locator(".mark.dim[data-tip^=good]").count() == 0
    form.get_by_label("Rows").select_option("-floor")
    assert shown(page, ["good"]) == ["good"]
    form.get_by_label("Find").fill("nothing like it")
    assert settled(page, lambda: page.locator(f"{TABLE} tbody").inner_text(), "No row fits.") == "No row fits."
    form.get_by_role("button", name="Clear").click()
    output = form.locator("output")
    assert settled(page, output.inner_text, "5 rows") == "5 rows"
    assert len(models(page)) == 5


def test_a_budget_that_is_no_number_is_marked_and_filters_nothing(visit):
    page = visit()
    field = page.get_by_label("MACs for 3 s at most")
    field.fill("many")
    assert field.get_attribute("aria-invalid") == "true"
    assert len(models(page)) == 5


def test_all_rows_are_filtered_by_protocol_and_dataset(visit):
    page = visit("index.html")
    page.get_by_label("Protocol", exact=True).select_option("si")
    page.get_by_label("Dataset", exact=True).select_option("tess")
    assert shown(page, ["good"], "#rows-t") == ["good"]


def test_a_mark_says_its_name_when_pointed_at(visit):
    page = visit()
    mark = page.locator(".mark[data-tip^=good]").first
    mark.locator(".halo").hover()
    said = mark.get_attribute("aria-label")
    assert settled(page, page.locator("#tip").inner_text, said) == said
    page.locator("h1").hover()
    assert settled(page, page.locator("#tip").is_hidden, wanted=True)


def test_a_speaker_that_is_pointed_at_is_shown_in_every_row(visit):
    page = visit()
    page.locator(".strip").last.locator(".dot[data-whose=c]").hover()
    assert settled(page, lambda: page.locator("#tip").inner_text()[:3], "c: ") == "c: "
    assert page.locator(".dot.same").evaluate_all("all => all.map(dot => dot.dataset.whose)") == ["c"] * 5


def test_a_link_opens_the_card_of_its_row(visit):
    page = visit("index.html")
    page.locator("#rows-t tbody tr", has_text="slow").first.locator("a").click()
    page.wait_for_url("**/si-emodb.html#*")
    card = page.locator("details[open]")
    assert card.locator("summary bdi").inner_text() == "slow"
    assert card.locator(".confusion").is_visible()
    page.get_by_role("link", name="All results").click()
    page.wait_for_url("**/index.html")


def test_the_command_is_copied(visit, context):
    page = visit()
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("summary", has_text="good").click()
    page.locator("details[open] button").click()
    button = page.locator("details[open] button")
    assert settled(page, lambda: button.inner_text() != "Copy", wanted=True)
    chosen = page.evaluate("getSelection().toString()") or page.evaluate("navigator.clipboard.readText()")
    assert chosen == "serbench run --model good --dataset emodb --protocol si --seeds 2"


def test_the_keyboard_alone_sorts_filters_points_and_follows(visit):
    page = visit()
    keys = page.keyboard

    def tab_to(words):
        """Press Tab until the element with the focus matches a selector."""
        for _ in range(60):
            keys.press("Tab")
            if page.evaluate("words => document.activeElement.matches(words)", words):
                return
        raise AssertionError(f"60 tabs do not reach {words}")

    tab_to("input[type=search]")
    keys.type("slow")
    assert shown(page, ["slow"]) == ["slow"]
    keys.press("Control+A")
    keys.press("Delete")
    tab_to("th:nth-child(8) .dt-column-order")
    keys.press("Enter")
    assert settled(page, lambda: models(page)[0], "majority") == "majority"
    tab_to(".mark[data-tip^=logreg]")
    assert settled(page, lambda: page.locator("#tip").inner_text()[:11], "logreg: UAR") == "logreg: UAR"
    keys.press("Escape")
    assert settled(page, page.locator("#tip").is_hidden, wanted=True)
    tab_to(".strip")
    keys.press("ArrowRight")
    first = page.locator("#tip").inner_text()
    keys.press("End")
    assert settled(page, lambda: page.locator("#tip").inner_text() != first, wanted=True)
    tab_to("summary")
    keys.press("Enter")
    assert settled(page, page.locator("details[open]").count, 1) == 1


def test_a_hostile_name_is_text(visit):
    page = visit()
    assert SHOWN in models(page)
    assert page.title() == "emodb, speaker-independent (si) – serbench leaderboard"
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0
    mark = page.locator(".mark[data-tip^='<script>']").first
    mark.focus()
    assert page.locator("#tip").inner_text().startswith(SHOWN[:59])
    page.get_by_label("Find").fill("<script>document")
    assert shown(page, [SHOWN]) == [SHOWN]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(visit, scheme):
    page = visit("si-tess.html")
    page.emulate_media(color_scheme=scheme)
    found = page.evaluate(CONTRASTS)
    page.emulate_media(color_scheme="light")
    assert len(found) > 50
    assert [(text, ratio) for text, ratio in found if ratio < 4.5] == []


def test_a_page_without_the_script_still_reads_and_says_why(context, board, tmp_path):
    copy = tmp_path / "si-emodb.html"
    for name in ("si-emodb.html", "site.css", "site.js"):
        (tmp_path / name).write_bytes((board / SITE / name).read_bytes())
    page = context.new_page()
    page.goto(copy.as_uri())
    assert page.locator(".no-vendor").is_visible()
    assert len(models(page)) == 5
    page.locator(".mark[data-tip^=good]").first.focus()
    assert page.locator("#tip").is_visible()
    page.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_published_leaderboard_opens_and_asks_nobody(opened, published, tmp_path):
    rows = summarise(Store(published))
    if not rows:
        pytest.skip("nothing is published yet")
    build(rows, tmp_path)
    page, said, asked = opened
    pages = [name for name in make_site(rows) if name.endswith(".html")]
    # the index, inflation, and a page of each protocol
    chosen = {name.rpartition("-")[0] or name: name for name in pages}.values()
    said.clear()
    asked.clear()
    for name in chosen:
        page.goto((tmp_path / name).as_uri())
        assert page.locator("h1").count() == 1
        assert page.locator("form.filters").first.is_visible() or name.endswith("inflation.html")
    assert said == []
    assert [url for url in asked if not url.startswith((tmp_path / SITE).as_uri())] == []


#: From every visible text to the contrast with what lies behind it, by the formula of WCAG 2.
CONTRASTS = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgb = (ground, colour) => {
    canvas.fillStyle = ground; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data.slice(0, 3);
  };
  const light = (colour) => {
    const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = [...colour].map((v) => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const css = (colour) => `rgb(${colour.join(" ")})`;
  const ground = (element) => element
    ? rgb(css(ground(element.parentElement)), getComputedStyle(element).backgroundColor)
    : rgb("white", "white");
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement, text = node.textContent.trim();
    if (!text || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), behind = ground(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const [one, other] = [light(rgb(css(behind), colour)), light(behind)];
    found.push([text, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)]);
  }
  return found;
}
"""
