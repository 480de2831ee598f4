"""The cine viewer: what it is sent, and what a person can do with it."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
import viewer
from PIL import Image

from cmrclip_lite.readers import read_study
from cmrclip_lite.study import Sequence, Series, Study, View
from tests.demo.served import opened


def beating(size: int = 96, phases: int = 5) -> np.ndarray:
    y, x = np.mgrid[:size, :size]
    radii = 14 + 6 * np.cos(2 * np.pi * np.arange(phases) / phases)
    return np.stack([900.0 * (np.hypot(y - size / 2, x - size / 2) < r) + 50 for r in radii])


def frame(tile: dict, phase: int) -> np.ndarray:
    """A phase as the browser cuts it out of the sheet."""
    data = base64.b64decode(tile["sheet"].split(",")[1])
    sheet = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    row, column = divmod(phase, tile["columns"])
    top, left = row * tile["height"], column * tile["width"]
    return sheet[top : top + tile["height"], left : left + tile["width"]]


# --- what it is sent


def test_every_phase_of_every_slice_lies_in_a_sheet():
    pixels = beating()
    study = Study.from_array(np.stack([pixels] * 3), (8, 2.5, 2.5))
    (group,) = viewer.sheets(study)["groups"]
    assert [tile["label"] for tile in group["tiles"]] == ["1/3", "2/3", "3/3"]
    tile = group["tiles"][0]
    assert (tile["phases"], tile["width"], tile["height"]) == (5, 96, 96)
    for phase in range(5):
        bright = frame(tile, phase) > 128
        assert bright.sum() == pytest.approx((pixels[phase] > 500).sum(), rel=0.05)


def test_pixels_that_are_not_square_keep_the_shape_of_the_body_and_large_ones_are_reduced():
    series = Series(np.zeros((1, 100, 200), np.int16), (2.0, 1.0))
    big = Series(np.zeros((1, 1000, 500), np.int16), (0.5, 0.5))
    tiles = [viewer.sheets(Study([s]))["groups"][0]["tiles"][0] for s in (series, big)]
    assert [(t["width"], t["height"]) for t in tiles] == [(200, 200), (128, 256)]
    assert tiles[1]["mm"] == pytest.approx(500 / 256)


def test_the_window_at_first_shows_muscle_and_more_was_sent_beyond_it():
    pixels = np.random.default_rng(0).normal(500, 100, (4, 64, 64))
    pixels[:, 0, 0] = 10_000
    (group,) = viewer.sheets(Study([Series(pixels, (1.5, 1.5))]))["groups"]
    window = group["tiles"][0]["window"]
    assert 0 < window["low"] < window["high"] < 255
    blank = viewer.sheets(Study([Series(np.zeros((2, 8, 8)), (1, 1))]))["groups"][0]["tiles"][0]
    assert blank["window"]["high"] >= blank["window"]["low"]


def test_it_looks_at_the_heart_first_and_its_motion_peaks_when_the_heart_is_small():
    study = Study.from_array(np.stack([beating(phases=8)] * 5), (8, 2.5, 2.5))
    tile = viewer.sheets(study)["groups"][0]["tiles"][2]
    heart = tile["heart"]
    middle = heart["left"] + heart["side"] / 2
    assert middle == pytest.approx(0.5, abs=0.05)
    assert heart["side"] * tile["width"] * tile["mm"] == pytest.approx(190)
    assert tile["motion"][0] == 0 and np.argmax(tile["motion"]) == 4


def test_stills_do_not_move_and_a_long_stack_is_thinned():
    still = Series(beating()[:1], (2, 2), view=View.SAX, sequence=Sequence.LGE)
    (group,) = viewer.sheets(Study([still]))["groups"]
    assert group["title"] == "Short axis, late enhancement"
    assert group["tiles"][0]["motion"] is None and "still" in group["tiles"][0]["name"]
    long = Study.from_array(np.ones((60, 2, 8, 8)), (2, 2, 2))
    (group,) = viewer.sheets(long)["groups"]
    assert group["note"] == "24 of 60 slices shown" and len(group["tiles"]) == 24


def test_a_heartbeat_lasts_as_long_as_the_study_says():
    slow = Series(beating(), (2, 2), sequence=Sequence.CINE, rr_ms=1200.0)
    times = Series(beating(), (2, 2), sequence=Sequence.CINE, trigger_ms=np.arange(5) * 160.0)
    untold = Series(beating(), (2, 2), sequence=Sequence.CINE)
    beats = [viewer.sheets(Study([s]))["beat_ms"] for s in (slow, times, untold)]
    assert beats == [1200, 800, 1000]


def test_what_is_sent_is_plain_data(exam):
    json.dumps(viewer.sheets(read_study(exam)))


# --- what a person can do with it


@pytest.fixture
def opened_tab(tab, exam):
    tab.locator("#upload input[type=file]").set_input_files(exam)
    tab.wait_for_selector("#plot .bars .point")
    tab.wait_for_function("document.querySelectorAll('#study .tile canvas').length === 4")
    tab.wait_for_function(f"{BRIGHT}(0) > 0")
    return tab


# The sum of a tile's pixels.
BRIGHT = """((i) => {
  const canvas = document.querySelectorAll('#study .tile canvas')[i];
  const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0; for (let k = 0; k < data.length; k += 4) sum += data[k]; return sum; })"""
PHASE = "Number(document.querySelector('.cine-viewer').dataset.phase)"


@pytest.mark.browser
@pytest.mark.slow
def test_it_beats_stops_and_steps(opened_tab):
    tab = opened_tab
    seen = tab.evaluate(
        "async () => { const seen = new Set(); for (let i = 0; i < 40; i += 1) {"
        f"seen.add({PHASE}); await new Promise((r) => setTimeout(r, 50)); }} return seen.size }}"
    )
    assert seen == 6
    tab.locator(".cine-viewer .play").click()
    stopped = tab.evaluate(PHASE)
    before = tab.evaluate(f"{BRIGHT}(0)")
    tab.wait_for_timeout(400)
    assert tab.evaluate(PHASE) == stopped and tab.evaluate(f"{BRIGHT}(0)") == before
    tab.locator(".cine-viewer").focus()
    tab.keyboard.press("Home")
    assert tab.evaluate(PHASE) == 0
    for _ in range(2):
        tab.keyboard.press("ArrowRight")
    assert tab.evaluate(PHASE) == 2
    for _ in range(3):
        tab.keyboard.press("ArrowLeft")
    assert tab.evaluate(PHASE) == 5
    tab.get_by_label("Phase", exact=True).fill("3")
    assert tab.evaluate(PHASE) == 3
    assert "phase 4/6" in tab.locator(".cine-viewer .count").inner_text()
    tab.locator(".cine-viewer").focus()
    tab.keyboard.press("Space")
    assert tab.locator(".cine-viewer").get_attribute("data-playing") == "true"


@pytest.mark.browser
@pytest.mark.slow
def test_a_drag_sets_the_window_and_reset_takes_it_back(opened_tab):
    tab = opened_tab
    tab.locator(".cine-viewer").focus()
    tab.keyboard.press("Home")
    tab.wait_for_timeout(200)
    before = tab.evaluate(f"{BRIGHT}(1)")
    box = tab.locator("#study .tile").nth(1).bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 10, y - 60, steps=4)
    tab.mouse.up()
    tab.wait_for_timeout(200)
    assert "level -" in tab.locator(".cine-viewer .readout").inner_text()
    assert tab.evaluate(f"{BRIGHT}(1)") != before
    assert tab.locator("#study .tile.large").count() == 0  # a drag is no click
    tab.get_by_role("button", name="Window, zoom and place as at first").click()
    tab.wait_for_timeout(200)
    assert tab.evaluate(f"{BRIGHT}(1)") == before


@pytest.mark.browser
@pytest.mark.slow
def test_it_zooms_shows_the_whole_and_one_alone(opened_tab):
    tab = opened_tab
    tab.locator(".cine-viewer").focus()
    tab.keyboard.press("Home")
    tab.wait_for_timeout(200)
    close = tab.evaluate(f"{BRIGHT}(1)")
    tab.get_by_role("button", name="Zoom in").click()
    tab.wait_for_timeout(200)
    assert tab.evaluate(f"{BRIGHT}(1)") != close
    tab.locator("#study .tile").nth(2).click()
    assert tab.locator("#study .tile:visible").count() == 1
    tab.keyboard.press("Escape")
    assert tab.locator("#study .tile:visible").count() == 4
    tab.locator("#study .tile").nth(1).focus()
    tab.keyboard.press("Enter")
    assert tab.locator("#study .tile.large").count() == 1


@pytest.mark.browser
@pytest.mark.slow
def test_others_follow_its_clock_and_set_it(opened_tab):
    tab = opened_tab
    told = tab.evaluate(
        "() => new Promise((done) => document.addEventListener('cmrclip:beat',"
        "(e) => done(e.detail), {once: true}))"
    )
    assert 0 <= told["fraction"] < 1 and told["playing"] is True
    tab.evaluate(
        "document.dispatchEvent(new CustomEvent('cmrclip:seek', {detail: {fraction: 0.6}}))"
    )
    assert tab.evaluate(PHASE) == 3
    assert tab.locator(".cine-viewer").get_attribute("data-playing") == "false"
    place = tab.locator(".motion svg").bounding_box()
    tab.mouse.click(place["x"] + 0.9 * place["width"], place["y"] + 20)
    assert tab.evaluate(PHASE) == 5
    tab.get_by_role("tab", name="See why").click()
    tab.locator("#explain").click()
    tab.wait_for_selector("#curve .js-plotly-plot .xaxislayer-above")
    lefts = []
    for fraction in (0.1, 0.7):
        seek = f"new CustomEvent('cmrclip:seek', {{detail: {{fraction: {fraction}}}}})"
        tab.evaluate(f"document.dispatchEvent({seek})")
        lefts.append(tab.locator("#curve .beat-cursor").bounding_box()["x"])
    assert lefts[1] > lefts[0] + 20


@pytest.mark.browser
@pytest.mark.slow
def test_calm_eyes_are_not_made_to_watch_it_move(browser, server, exam):
    page = opened(browser, server, reduced_motion="reduce")
    page.locator("#upload input[type=file]").set_input_files(exam)
    page.wait_for_selector("#study .tile canvas")
    assert page.locator(".cine-viewer").get_attribute("data-playing") == "false"
    page.close()
