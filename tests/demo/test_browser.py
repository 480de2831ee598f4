"""The page as a person meets it, in headless Chromium."""

from __future__ import annotations

import sys

import pytest

from cmrclip_lite.bundled import checkpoint_folder
from tests.demo.served import REPOSITORY, all_loaded, opened, serving

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"window.hacked='typed'\"> thick ${window.hacked=1} septum {{value}}"


def test_upload_a_zip_type_two_conditions_and_see_both_bars_and_five_cases(tab, exam):
    assert "research and education only" in tab.locator("#notice").inner_text()
    tab.locator("#conditions textarea").fill("LV dilated\nthick septum")
    tab.locator("#upload input[type=file]").set_input_files(exam)
    tab.wait_for_selector("#similar .case")
    assert tab.locator("#similar .case").count() == 5
    assert all_loaded(tab, "#similar .case img")
    assert tab.locator("#study .tile canvas").count() == 4
    tab.wait_for_selector("#plot .bars .point")
    assert tab.locator("#plot .bars .point").count() == 2
    shown = tab.locator("#plot").text_content()
    assert "LV dilated" in shown and "thick septum" in shown and "8 cases" in shown
    assert tab.locator("#sentences li").count() == 2
    assert "not an image" not in tab.locator("#facts").inner_text()
    assert "Set aside" in tab.locator("#facts").inner_text()


def test_a_sample_and_another_question_score_without_opening_it_again(tab):
    tab.locator("button.sample").first.click()
    tab.wait_for_selector("#plot .bars .point")
    assert tab.locator("#plot .bars .point").count() == 3
    tab.get_by_role("button", name="Pick from the vocabulary").click()
    tab.locator(".suggestions button", has_text="LV hypertrophy").click()
    tab.locator("#conditions textarea").fill("EF 25%")
    tab.locator("#score").click()
    tab.wait_for_function("document.querySelectorAll('#plot .bars .point').length === 1")
    assert "EF 25%" in tab.locator("#sentences").inner_text()


def test_a_suggestion_joins_the_list_and_is_scored(tab):
    tab.locator("button.sample").first.click()
    tab.wait_for_selector("#plot .bars .point")
    tab.locator("#conditions textarea").fill("thin wall")
    tab.get_by_role("button", name="Pick from the vocabulary").click()
    tab.locator(".suggestions button", has_text="LV hypertrophy").click()
    tab.wait_for_function("document.querySelectorAll('#plot .bars .point').length === 2")
    assert tab.locator("#conditions textarea").input_value() == "thin wall\nLV hypertrophy"


def test_the_sentences_behind_a_condition_can_be_changed_and_put_back(tab):
    tab.locator("button.sample").first.click()
    tab.wait_for_selector("#plot .bars .point")
    tab.locator("#conditions textarea").fill("LV hypertrophy\nthin wall")
    tab.locator("#score").click()
    tab.wait_for_function("document.querySelectorAll('#plot .bars .point').length === 2")
    tab.get_by_role("button", name="The sentences behind a condition").click()
    tab.wait_for_selector("#prompts textarea")
    box = tab.locator("#prompts textarea")
    tab.wait_for_function("document.querySelector('#prompts textarea').value.includes('\\n')")
    ours = box.input_value()
    before = tab.locator("#sentences").inner_text()
    box.fill("A very thick wall.")
    tab.locator("#use-prompts").click()
    tab.wait_for_function(
        "document.querySelector('#sentences').innerText.includes('Asked by one prompt of your own')"
    )
    box.fill(" ")
    tab.locator("#use-prompts").click()
    tab.wait_for_selector("#wording-problem .problem")
    tab.locator("#reset-prompts").click()
    tab.wait_for_function("(b) => document.querySelector('#sentences').innerText === b", arg=before)
    assert box.input_value() == ours


def test_scripts_in_conditions_and_in_reports_are_only_text(tab):
    tab.locator("button.sample").first.click()
    tab.wait_for_selector("#similar .case")
    tab.locator("#conditions textarea").fill(HOSTILE)
    tab.locator("#score").click()
    tab.wait_for_function("document.querySelector('#sentences').innerText.includes('septum')")
    tab.get_by_role("tab", name="Search by words").click()
    tab.locator("#query input, #query textarea").first.fill(HOSTILE)
    tab.locator("#find").click()
    tab.wait_for_selector("#found .case")
    assert "${alert(1)} {{value}}" in tab.locator("#found").inner_text()
    assert tab.evaluate("window.hacked") is None
    assert tab.locator("#found .impression img, #similar .impression img").count() == 0


def test_a_broken_upload_is_explained_and_the_next_one_works(tab, exam, tmp_path, server):
    letter = tmp_path / "letter-of-Wintergreen.dcm"
    letter.write_bytes(b"%PDF-1.7 nothing to see here\n" * 50)
    tab.locator("button.sample").first.click()
    tab.wait_for_selector("#similar .case")
    tab.locator("#upload input[type=file]").set_input_files(letter)
    tab.wait_for_selector("#status .problem")
    assert "letter-of-Wintergreen.dcm" in tab.locator("#status").inner_text()
    # What was shown of the study before must not pass for an answer to this upload.
    assert tab.locator("#similar .case:visible").count() == 0
    assert tab.locator("#sentences li").count() == 0
    assert server.left() == []
    tab.locator("#upload input[type=file]").set_input_files(exam)
    tab.wait_for_selector("#similar .case:visible")
    assert "Wintergreen" not in server.log.read_text()


def test_words_find_cases(tab):
    tab.get_by_role("tab", name="Search by words").click()
    tab.locator("#query input, #query textarea").first.fill("dilated left ventricle")
    tab.locator("#query input, #query textarea").first.press("Enter")
    tab.wait_for_selector("#found .case")
    assert tab.locator("#found .case").count() == 5


def test_a_phone_shows_it_all_without_scrolling_sideways(browser, server):
    page = opened(browser, server, width=390, height=844)
    page.locator("button.sample").first.click()
    page.wait_for_selector("#similar .case")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.mouse.wheel(0, 3000)
    page.wait_for_timeout(300)
    assert page.evaluate("document.querySelector('#notice').getBoundingClientRect().top") >= 0
    page.close()


def test_the_page_of_the_bundled_checkpoint_as_a_space_serves_it(browser, tmp_path):
    if not (checkpoint_folder() / "model.safetensors").is_file():
        pytest.skip("there is no bundled checkpoint yet")
    for server in serving(tmp_path, [sys.executable, str(REPOSITORY / "demo" / "app.py")]):
        page = opened(browser, server)
        page.locator("button.sample").first.click()
        page.wait_for_selector("#similar .case")
        page.wait_for_selector("#plot .bars .point")
        assert page.locator("#similar .case").count() == 5
        assert page.errors == []
        page.close()
