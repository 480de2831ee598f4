"""The parts below an open study, and what leads to one, in headless Chromium."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from cmrclip_lite.bundled import checkpoint_folder
from cmrclip_lite.hub import save
from tests.demo.served import REPOSITORY, opened, serving
from tests.demo.tiny import tiny_parts

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def open_sample(tab, conditions: str = "LV dilated\nthick septum") -> None:
    tab.locator("#conditions textarea").fill(conditions)
    tab.locator("button.sample").first.click()
    tab.wait_for_selector("#plot .bars .point")
    tab.wait_for_selector("#similar .case", state="attached")


def go_to(tab, name: str) -> None:
    tab.get_by_role("tab", name=name).click()


def test_why_a_score_is_what_it_is(tab):
    open_sample(tab)
    go_to(tab, "See why")
    tab.locator("#explain").click()
    tab.wait_for_selector("#deletion table")
    told = tab.locator("#explanation").inner_text()
    assert "taken away" in told and "random" in told
    assert tab.locator("#overlay .heatmaplayer image").count() == 2
    assert tab.locator("#curve .lines").count() >= 1
    # Another study does not stand beside this explanation.
    tab.locator("button.sample").first.click()
    tab.wait_for_selector("#deletion table", state="hidden")


def test_a_shift_and_other_words_move_scores_before_everyones_eyes(tab):
    open_sample(tab)
    go_to(tab, "Try to break it")
    tab.locator("#do-shift").click()
    tab.wait_for_selector("#changes .points .point")
    assert tab.locator("#before-after img").count() == 2
    rows = tab.locator("#changes-told tbody tr").all_inner_texts()
    assert len(rows) == 2 and all(row.count("percentile") == 2 for row in rows)
    assert "8 cases" in tab.locator("#changes-told").inner_text()
    tab.locator("#other-words textarea, #other-words input").first.fill("<b>a big</b> ventricle")
    tab.locator("#ask-otherwise").click()
    tab.wait_for_function(
        "document.querySelector('#changes-told').innerText.includes('<b>a big</b> ventricle')"
    )
    assert tab.locator("#changes-told tbody tr").count() == 1
    tab.locator("#other-words textarea, #other-words input").first.fill("")
    tab.locator("#ask-otherwise").click()
    tab.wait_for_selector("#break-problem .problem")


def test_sentences_of_ones_own_are_asked_everywhere_or_it_is_said(tab):
    open_sample(tab, "LV dilated")
    tab.get_by_role("button", name="The sentences behind a condition").click()
    tab.wait_for_selector("#prompts textarea")
    # Those of the condition just typed, not of the page's first one.
    tab.wait_for_function("document.querySelector('#prompts textarea').value.includes('ilat')")
    tab.locator("#prompts textarea").fill("A very thick wall.")
    tab.locator("#use-prompts").click()
    tab.wait_for_function(
        "document.querySelector('#sentences').innerText.includes('one prompt of your own')"
    )
    told = tab.locator("#sentences li").first.inner_text()
    similarity = told.split("similarity ")[1].split(",")[0]
    go_to(tab, "Try to break it")
    tab.locator("#do-shift").click()
    tab.wait_for_selector("#changes-told tbody tr")
    assert f"(similarity {similarity})" in tab.locator("#changes-told td").nth(1).inner_text()
    go_to(tab, "See why")
    tab.locator("#explain").click()
    tab.wait_for_selector("#deletion table")
    assert "by its usual sentences, not by yours" in tab.locator("#deletion").inner_text()


def test_a_report_opens_without_a_network_and_the_data_are_the_same(tab, browser, tmp_path):
    odd = 'a < b & "thick" septum'
    open_sample(tab, f"LV dilated\n{odd}")
    go_to(tab, "Take it away")
    saved = {}
    for button in ("#save-report", "#save-data"):
        with tab.expect_download() as waiting:
            tab.locator(button).click()
        saved[button] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(saved[button])
    data = json.loads(saved["#save-data"].read_text())
    assert [s["condition"] for s in data["scores"]] == ["LV dilated", odd]
    assert len(data["embedding"]) == 16 and len(data["similar"]) == 5
    page = browser.new_context(offline=True).new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(saved["#save-report"].as_uri())
    told = page.locator("body").inner_text()
    assert "research and education only" in told and "8 cases" in told and odd in told
    assert f"{data['scores'][0]['similarity']:.3f}" in told
    assert page.locator("figure img").count() >= 1 and page.locator(".bar").count() == 2
    assert "onerror" in told and page.evaluate("window.hacked") is None  # out of an impression
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    page.context.close()


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not on this machine")
def test_a_shell_gets_the_same_scores(tab, exam, tmp_path):
    tab.locator("#upload input[type=file]").set_input_files(exam)
    tab.locator("#conditions textarea").fill('LV dilated\nit\'s a "thick" septum')
    tab.wait_for_selector("#plot .bars .point")
    tab.locator("#score").click()
    tab.wait_for_function("document.querySelector('#sentences').innerText.includes('thick')")
    go_to(tab, "Take it away")
    assert "not an upload" in tab.locator("#share-link").inner_text()
    lines = tab.locator("#as-curl .cm-line").all_inner_texts()
    script = "\n".join(lines).replace("FILE=exam.zip", f"FILE={exam}")
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    answer = json.loads(ran.stdout.split("data: ")[-1])[0]
    with tab.expect_download() as waiting:
        tab.locator("#save-data").click()
    ours = json.loads(waiting.value.path().read_text())
    for mine, theirs in zip(ours["scores"], answer["scores"], strict=True):
        assert mine["condition"] == theirs["condition"]
        assert mine["similarity"] == pytest.approx(theirs["similarity"], abs=1e-5)


def test_a_link_opens_a_sample_with_its_conditions(tab, browser, server):
    open_sample(tab, "EF 25%\na & b")
    go_to(tab, "Take it away")
    address = tab.locator("#share-link a").get_attribute("href")
    page = opened(browser, server, path=address.removeprefix(server.url))
    page.wait_for_selector("#plot .bars .point")
    assert page.locator("#conditions textarea").input_value() == "EF 25%\na & b"
    assert page.errors == []
    page.close()
    page = opened(browser, server, path="/?sample=<img src=x onerror=window.hacked=1>&ask=x")
    page.wait_for_selector("#status .problem")
    assert "names no sample" in page.locator("#status").inner_text()
    assert page.evaluate("window.hacked") is None
    page.close()


def test_another_model_looks_at_the_same_study(browser, tmp_path_factory):
    """Chosen on the page, loaded then; one that cannot be loaded says why, and the page goes on."""
    folder = tmp_path_factory.mktemp("models")
    other, _, _ = tiny_parts(folder)
    for weight in other.vid_proj.parameters():
        weight.data.neg_()
    save(other, folder / "other")
    names = f"{folder / 'other'},{folder / 'absent'}"
    command = [sys.executable, "-m", "tests.demo.tiny", "{port}", str(folder / "parts"), names]
    (folder / "parts").mkdir()
    for server in serving(folder, command):
        page = opened(browser, server)
        open_sample(page)
        before = page.locator("#sentences").inner_text()
        assert "8 cases" in before
        choose(page, names.split(",")[0])
        page.wait_for_function(
            "document.querySelector('#sentences').innerText.includes('not measured against')"
        )
        choose(page, names.split(",")[1])
        page.wait_for_selector("#status .problem")
        choose(page, "tiny")
        page.wait_for_selector("#status .problem", state="detached")
        assert page.errors == []
        page.close()


def choose(page, name: str) -> None:
    page.locator("#model input").click()
    page.get_by_role("option", name=name).click()


def test_lines_of_python_repeat_a_samples_scores_and_a_tour_opens_three(browser, tmp_path):
    if not (checkpoint_folder() / "model.safetensors").is_file():
        pytest.skip("there is no bundled checkpoint")
    for server in serving(tmp_path, [sys.executable, str(REPOSITORY / "demo" / "app.py")]):
        page = opened(browser, server)
        for number in (1, 2, 3):
            go_to(page, "Learn")
            page.locator(f"#tour-{number}").click()
            page.wait_for_function(
                "(n) => document.querySelectorAll('#sentences li').length === 4", arg=number
            )
            page.wait_for_function(
                "() => document.querySelector('#status').innerText.trim() === ''"
            )
        go_to(page, "Take it away")
        page.wait_for_function(
            "document.querySelector('#as-python').innerText.includes('previous-infarction')"
        )
        program = "\n".join(page.locator("#as-python .cm-line").all_inner_texts())
        told = page.locator("#sentences").inner_text()
        ran = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY
        )
        assert ran.returncode == 0, ran.stderr
        for sentence in ran.stdout.strip().splitlines():
            assert sentence in told
        assert np.all([len(s) > 20 for s in ran.stdout.strip().splitlines()])
        assert page.errors == []
        page.close()
