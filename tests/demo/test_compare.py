"""Cases beside the study: found, filtered, in step, on the map; and cases found by words."""

from __future__ import annotations

import io

import beside
import cards
import filtering
import gradio as gr
import mapping
import numpy as np
import pytest
import sprites
from cards import Found
from engine import Embedded, Engine
from finding import HYBRID, IMPRESSIONS, PICTURES, by_words, like_study
from PIL import Image

from cmrclip_lite.errors import ConditionError, LibraryError, StudyError
from cmrclip_lite.figures import moving_picture
from cmrclip_lite.library import Filters
from cmrclip_lite.readers import read_study
from tests.demo.served import opened
from tests.demo.test_app import assert_inert

ALERT = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def engine(parts) -> Engine:
    return Engine(*parts[:2])


@pytest.fixture(scope="module")
def opened_study(engine, exam) -> Embedded:
    return engine.embed(read_study(exam))


# --- strips


def test_an_animation_becomes_a_strip_of_its_frames_in_order():
    frames = np.stack([np.full((20, 20), value) for value in (0, 120, 255)])
    shown = sprites.strip(moving_picture(frames, size=20, fps=10))
    assert (shown.frames, shown.ms) == (3, 100)
    strip = np.asarray(Image.open(io.BytesIO(shown.webp)).convert("L"), int)
    assert strip.shape == (20, 60)
    means = [strip[:, x : x + 20].mean() for x in (0, 20, 40)]
    assert means[0] < 20 and 90 < means[1] < 150 and means[2] > 235


def test_a_strip_too_wide_for_a_picture_drops_frames_and_keeps_the_beat():
    frames = np.zeros((100, 2, 400)) + np.arange(100)[:, None, None]
    shown = sprites.strip(moving_picture(frames, size=400, fps=20))
    assert shown.frames * 400 <= sprites.WIDEST
    assert shown.frames * shown.ms == pytest.approx(100 * 50, rel=0.05)


def test_frames_that_last_longer_are_repeated_so_that_the_phase_is_right():
    still = np.zeros((4, 20, 20))
    still[3] = 255
    shown = sprites.strip(moving_picture(still, size=20, fps=10))
    assert (shown.frames, shown.ms) == (4, 100)
    strip = np.asarray(Image.open(io.BytesIO(shown.webp)).convert("L"), int)
    assert [strip[:, x : x + 20].mean() > 128 for x in (0, 20, 40, 60)] == [False] * 3 + [True]


def test_a_missing_or_damaged_picture_is_said_and_no_error():
    assert "No picture" in sprites.beating(b"", "x")
    assert "No picture" in sprites.beating(b"RIFF no picture at all", "x")


# --- cards


def test_a_similarity_says_where_it_lies_among_the_others(engine, opened_study):
    found = like_study(engine, opened_study, 8, PICTURES, None)
    assert cards.place(found.cases[0].similarity, found) == "closer than all of the 7 other cases"
    assert cards.place(found.cases[-1].similarity, found) == "closer than 0 % of the 7 other cases"
    assert cards.place(found.cases[1].similarity, found) == "closer than 85 % of the 7 other cases"
    assert "not measured" in cards.place(0.5, Found((), np.zeros(0)))
    assert "drawn at random" in cards.place(0.5, Found((), np.zeros(9), sampled=True))


def test_cards_of_hostile_reports_are_inert(engine, opened_study):
    found = like_study(engine, opened_study, 5, PICTURES, None)
    assert_inert(cards.cards(found, ALERT, [ALERT, "img onerror"]))
    shown = cards.cards(found, "", ["LV dilated"])
    assert shown.count('class="case"') == 5 and 'class="asked"' in shown


def test_filters_keep_what_does_not_fit_away(engine, opened_study):
    where = Filters(findings=("lv_dilation",))
    found = like_study(engine, opened_study, 8, PICTURES, where)
    assert len(found.cases) == 4 and len(found.among) == 8
    assert {case.findings for case in found.cases} == {("lv_dilation",)}
    nobody = like_study(engine, opened_study, 8, PICTURES, Filters(sexes=("female",)))
    assert "No case of the library fits" in cards.cards(nobody, "", [])


def test_only_filters_that_the_library_has_values_for_are_offered(parts):
    with gr.Blocks():
        assert filtering.add(parts[1], "here").names == ("findings", "without")
        row = filtering.add(parts[1], "there")
        assert filtering.add(None, "nowhere").names == ()
    assert row.read([[], None]) is None
    assert row.read([["lv_dilation"], []]) == Filters(findings=("lv_dilation",))


# --- words


def test_words_find_cases_by_meaning_and_by_wording(engine):
    found, problem = by_words(engine, "Impression 3", 3, HYBRID, None)
    assert problem == "" and any(case.words for case in found.cases)
    for mode in (PICTURES, IMPRESSIONS):
        found, problem = by_words(engine, "LV dilated", 3, mode, None)
        assert problem == "" and len(found.cases) == 3
        assert max(found.among) == pytest.approx(found.cases[0].similarity, abs=1e-6)


def test_words_that_no_impression_holds_are_said_to_have_done_nothing(engine):
    found, problem = by_words(engine, "zyzzyva", 3, HYBRID, None)
    assert len(found.cases) == 3 and "holds a word of the text" in problem


def test_what_cannot_be_searched_by_wording_is_said_and_searched_by_meaning(engine, monkeypatch):
    search = engine.library.search

    def refusing(*args, words=None, **kwargs):
        if words is not None:
            raise LibraryError("The words cannot be searched for.")
        return search(*args, **kwargs)

    monkeypatch.setattr(engine.library, "search", refusing)
    found, problem = by_words(engine, "LV dilated", 3, HYBRID, None)
    assert len(found.cases) == 3 and "meaning alone" in problem


def test_punctuation_alone_and_no_library_are_explained(engine):
    with pytest.raises(ConditionError, match="empty"):
        by_words(engine, "?!", 3, HYBRID, None)
    with pytest.raises(LibraryError, match="no case library"):
        by_words(Engine(engine.model, None), "LV dilated", 3, HYBRID, None)


# --- beside the study, and on the map


def test_a_case_beside_the_study_shows_both_scores_and_against_what(engine, opened_study, exam):
    shown = beside.beside(
        engine, opened_study, read_study(exam), "case-0", ["LV dilated", ALERT], {}
    )
    assert shown.count('class="beat"') == 2
    assert shown.count('scope="row"') == 2 and "8 cases" in shown
    assert "other cases" in shown and "not a probability" in shown
    assert_inert(shown)


def test_pictures_no_longer_in_memory_are_said_and_the_rest_is_shown(engine, opened_study):
    shown = beside.beside(engine, opened_study, StudyError("Open it again."), "case-0", [], {})
    assert "Open it again." in shown and shown.count('class="beat"') == 1
    with pytest.raises(LibraryError, match="no longer in the library"):
        beside.beside(engine, opened_study, StudyError(""), "' OR 'a' = 'a", [], {})


def test_the_map_holds_every_case_and_the_study_but_not_the_same_exam_twice(engine, opened_study):
    figure = mapping.study_map(engine.library, opened_study, "lv_dilation")
    counted = sum(len(trace.x) for trace in figure.data if trace.mode == "markers")
    assert counted == 8 + 1
    assert mapping.atlas(engine.library) is mapping.atlas(engine.library)


def test_a_large_library_is_mapped_by_a_sample_that_is_said(engine, opened_study, monkeypatch):
    monkeypatch.setattr(mapping, "MOST_DOTS", 3)
    monkeypatch.setattr(mapping, "LINES", 8)
    monkeypatch.setattr(mapping, "_atlases", type(mapping._atlases)())
    figure = mapping.study_map(engine.library, opened_study, "lv_dilation")
    counted = sum(len(trace.x) for trace in figure.data if trace.mode == "markers")
    assert counted == 8 + 1  # three drawn, the nearest besides
    assert "3 of 8 cases" in figure.layout.xaxis.title.text.replace("<br>", " ")


# --- in a browser

BEAT = (
    "([fraction, playing]) => document.dispatchEvent("
    "new CustomEvent('cmrclip:beat', {detail: {fraction, playing}}))"
)
FRAMES = (
    "(s) => [...document.querySelectorAll(s + ' .beat')].map((b) => "
    "[b.dataset.frame, b.firstElementChild.style.transform])"
)


@pytest.fixture
def tab(browser, server):  # noqa: F811
    page = opened(browser, server)
    page.locator("button.sample").first.click()
    page.wait_for_selector("#similar .case")
    yield page
    assert page.evaluate("window.hacked") is None
    assert page.errors == []
    page.close()


def hold_at(page, fraction: float) -> None:
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('cmrclip:seek', {detail: {fraction: 0}}))"
    )
    page.evaluate(BEAT, [fraction, False])
    page.wait_for_timeout(200)


@pytest.mark.slow
@pytest.mark.browser
def test_all_cases_show_the_phase_that_the_viewer_tells(tab):
    for fraction, frame in ((0.0, "0"), (0.4, "1"), (0.99, "2")):
        hold_at(tab, fraction)
        shown = tab.evaluate(FRAMES, "#similar")
        assert len(shown) == 5 and {one for one, _ in shown} == {frame}
    assert shown[0][1] == "translateX(-66.6667%)"
    tab.locator("#similar .beat-hold").click()
    hold_at(tab, 0.0)
    assert {one for one, _ in tab.evaluate(FRAMES, "#similar")} == {"2"}
    assert "Play" in tab.locator("#similar .beat-hold").inner_text()


@pytest.mark.slow
@pytest.mark.browser
def test_without_a_viewer_pictures_keep_their_own_time_but_not_for_calm_eyes(browser, server):  # noqa: F811
    page = opened(browser, server)
    moved = "() => Number(document.querySelector('#found .beat').dataset.frame) > 0"
    page.get_by_role("tab", name="Search by words").click()
    page.locator("#query input, #query textarea").first.fill("LV dilated")
    page.locator("#find").click()
    page.wait_for_selector("#found .case")
    page.wait_for_function(moved)
    page.close()
    calm = opened(browser, server)
    calm.emulate_media(reduced_motion="reduce")
    calm.reload()
    calm.get_by_role("tab", name="Search by words").click()
    calm.locator("#query input, #query textarea").first.fill("LV dilated")
    calm.locator("#find").click()
    calm.wait_for_selector("#found .case")
    calm.wait_for_timeout(1500)
    assert calm.evaluate(FRAMES, "#found")[0][0] is None
    calm.locator("#found .beat-hold").click()
    calm.wait_for_function(moved)
    calm.close()


@pytest.mark.slow
@pytest.mark.browser
def test_filters_and_the_number_of_cases_change_the_cards(tab):
    tab.locator("#similar-count label", has_text="10").click()
    tab.wait_for_function("document.querySelectorAll('#similar .case').length === 8")
    tab.locator("#similar-filters button").first.click()
    tab.get_by_label("Findings present").click()
    tab.get_by_role("option", name="LV dilated").click()
    tab.wait_for_function("document.querySelectorAll('#similar .case').length === 4")
    assert set(tab.locator("#similar .chips").all_inner_texts()) == {"LV dilated"}


@pytest.mark.slow
@pytest.mark.browser
def test_marks_follow_the_conditions_that_were_asked(tab):
    assert tab.locator("#similar .impression mark").count() == 0
    tab.locator("#conditions textarea").fill("hacked impression\nno onerror")
    tab.locator("#score").click()
    tab.wait_for_selector("#similar .impression mark")
    assert tab.locator("#similar .impression .denied").count() == 5
    assert tab.locator("#similar .impression img").count() == 0


@pytest.mark.slow
@pytest.mark.browser
def test_a_case_opens_beside_the_study_by_keyboard_and_closes_again(tab):
    button = tab.locator("#similar .beside-button").nth(1)
    name = button.get_attribute("data-case")
    button.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("#beside .pair")
    tab.wait_for_function("document.activeElement.matches('#beside h3')")
    assert tab.locator("#beside .beat").count() == 2
    assert tab.locator("#beside tbody tr").count() == 3
    hold_at(tab, 0.5)
    frames = [int(one) for one, _ in tab.evaluate(FRAMES, "#beside")]
    assert frames == [3, 1]  # of six phases, of three
    tab.locator("#beside .close").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("!document.querySelector('#beside .pair')")
    tab.wait_for_function(f"document.activeElement.dataset.case === '{name}'")
    button.click()
    tab.wait_for_selector("#beside .pair")


@pytest.mark.slow
@pytest.mark.browser
def test_the_map_shows_each_case_and_a_hover_is_only_text(tab):
    tab.wait_for_selector("#map .scatterlayer .point")
    assert tab.locator("#map .scatterlayer path.point").count() == 8 + 1
    tab.locator("#map").scroll_into_view_if_needed()
    for i in range(8):
        box = tab.locator("#map .scatterlayer path.point").nth(i).bounding_box()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tab.wait_for_selector("#map .hovertext")
        if "case-" in (text := tab.locator("#map .hoverlayer").text_content()):
            break
    assert "<img src=x" in text and "Impression" in text
    assert tab.locator("#map .hoverlayer img").count() == 0


@pytest.mark.slow
@pytest.mark.browser
def test_a_search_says_what_was_compared_and_marks_the_words(tab):
    tab.get_by_role("tab", name="Search by words").click()
    tab.locator("#query input, #query textarea").first.fill("hacked impression")
    tab.locator("#find").click()
    tab.wait_for_selector("#found .case")
    assert "searched for the words themselves" in tab.locator("#found").inner_text()
    assert tab.locator("#found .impression mark").count() >= 5
    tab.locator("#mode label", has_text="by impressions").click()
    tab.wait_for_function(
        "document.querySelector('#found').innerText.includes(\"that of each case's impression\")"
    )
    tab.locator("#query input, #query textarea").first.fill("?!")
    tab.locator("#find").click()
    tab.wait_for_selector("#found .message.problem")


@pytest.mark.slow
@pytest.mark.browser
def test_on_a_phone_a_pair_and_a_map_need_no_sideways_scroll(browser, server):  # noqa: F811
    page = opened(browser, server, width=390, height=844)
    page.locator("button.sample").first.click()
    page.wait_for_selector("#similar .case")
    page.locator("#similar .beside-button").first.click()
    page.wait_for_selector("#beside .pair")
    page.wait_for_selector("#map .scatterlayer .point")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.close()
