"""The page as a person opens it: without network, on a desk and on a phone, by day and by night."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cmrclip_lite.evaluate.cohort import of_records
from cmrclip_lite.evaluate.evaluation import evaluate
from cmrclip_lite.evaluate.page import Page
from cmrclip_lite.evaluate.report import page_of
from cmrclip_lite.evaluate.results import Evaluation
from cmrclip_lite.evaluate.words import found, not_measured, p_value, plus
from tests.evaluate import cohorts

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
HOSTILE = "<img src=x onerror=\"window.hacked='yes'\"> </script><script>window.hacked=1</script>"


@pytest.fixture(scope="module")
def evaluation(first, second) -> Evaluation:
    """Of a cohort whose every text tries to be mark-up."""
    records = [
        replace(
            record,
            findings=tuple(name.replace("own_scar", HOSTILE) for name in record.findings),
            source=HOSTILE if i % 2 else "a ward",
        )
        for i, record in enumerate(cohorts.cases(first, 60))
    ]
    external = of_records("elsewhere", cohorts.cases(first, 40, 3, "other"), first)
    return evaluate(
        of_records(HOSTILE, records, first),
        classes=["normal_study", "lv_dilation"],
        against=of_records("second look", cohorts.cases(second, 60), second),
        external=external,
        notes=[HOSTILE],
    )


def test_every_text_is_escaped(evaluation):
    page = page_of(evaluation)
    assert "<img" not in page and page.count("<script>window") == 0
    assert "&lt;img src=x onerror=" in page
    assert page.count("<h1>") == 1 and page.count("plotly.js v") == 1


def test_the_page_says_who_was_judged_by_what_and_its_limits(evaluation):
    page = page_of(evaluation)
    for words in (
        "For research and education, never for diagnosis.",
        "first",
        evaluation.facts.identity[:16],
        "60, 54 with an impression",
        "GE: ",
        "Not measured, as no case has it",
        "A similarity is a cosine, not a probability.",
    ):
        assert words in page, words
    assert "http-equiv" in page and "default-src 'none'" in page


def test_what_was_not_asked_for_has_no_section(evaluation):
    bare = replace(evaluation, diagnosis=None, comparison=None, external=None, subgroups=())
    page = page_of(bare)
    assert "Two models" not in page and "An external cohort" not in page
    assert "No attribute of the cases has two known values." in page


def test_figures_in_words():
    assert [plus(x) for x in (0.1234, -0.0004, 0.0004, -0.5)] == [
        "+0.123",
        "0.000",
        "0.000",
        "-0.500",
    ]
    assert [p_value(p) for p in (0.0004, 0.0123, float("nan"))] == [
        "< 0.001",
        "0.012",
        "not defined",
    ]
    left_out = {"lv_dilation": "no case has it", "own_scar": "no case has it"}
    assert not_measured(left_out) == ["Not measured, as no case has it: LV dilated, own scar."]


def test_a_rank_has_no_decimals_and_a_share_three(evaluation):
    told = {one.what: found(one) for one in evaluation.retrieval}
    assert told["image to impression, median rank"][1] == "27.5"
    assert told["image to impression, recall at 5"][1] == "0.093"


def test_an_empty_list_is_no_list():
    assert Page.points([]) == "" and Page.points(["a < b"]) == "<ul><li>a &lt; b</li></ul>"


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not on this machine (expected as `chromium` on the PATH)")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield chromium
        chromium.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [1200, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_figures_are_drawn_and_nothing_is_fetched(evaluation, browser, tmp_path, width, scheme):
    path = tmp_path / "results.html"
    path.write_text(page_of(evaluation), encoding="utf-8")
    tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    errors, asked = [], []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(path.as_uri())
    figures = tab.locator("figure > div[id]")
    tab.wait_for_function("document.querySelectorAll('figure .main-svg').length > 0")
    assert figures.count() >= 6
    for i in range(figures.count()):
        assert figures.nth(i).locator(".main-svg").count() > 0
        # Nothing lies over the edge of its figure.
        inside = figures.nth(i).evaluate(
            """div => { const edge = div.getBoundingClientRect();
              const parts = div.querySelectorAll('.annotation, .legend, .xtick, .ytick');
              return [...parts].every(part => { const at = part.getBoundingClientRect();
                return at.left >= edge.left - 1 && at.right <= edge.right + 1; }); }"""
        )
        assert inside, figures.nth(i).get_attribute("id")
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert tab.evaluate("window.hacked") is None
    colour = "rgb(230, 230, 230)" if scheme == "dark" else "rgb(43, 47, 54)"
    assert tab.locator("figure .xtick text").first.evaluate("e => e.style.fill") == colour

    choice = tab.locator("select").first
    drawn = tab.locator("figure:has(select) .legendtext").first
    before = drawn.text_content()
    choice.select_option(index=1)
    tab.wait_for_function(
        "before => document.querySelector('figure:has(select) .legendtext').textContent !== before",
        arg=before,
    )
    tab.close()
    assert errors == [] and asked == [path.as_uri()]
