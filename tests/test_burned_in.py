"""Text drawn into pixels is found, and anatomy is not taken for text."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from benchmarks.burned_in import STYLES, covered, draw_text, glyphs
from cmrclip_lite.burned_in import Box, find_burned_in, joined
from cmrclip_lite.phantom import make_case
from cmrclip_lite.readers import read_study
from cmrclip_lite.strokes import runs_of


@pytest.fixture(scope="module")
def clean() -> list[np.ndarray]:
    """Single images of two synthetic exams."""
    studies = [make_case(seed, size="small").study for seed in (31, 32)]
    return [series.pixels[0] for study in studies for series in study.series]


def written(image: np.ndarray, text: str, top: int, left: int, grey: float) -> np.ndarray:
    cover = glyphs(text, 12, "outline", smooth=True) > 0.5
    drawn = image.copy()
    drawn[top : top + cover.shape[0], left : left + cover.shape[1]][cover] = grey
    return drawn


def test_drawn_text_is_found_and_clean_images_are_not_flagged(clean: list[np.ndarray]) -> None:
    assert not any(find_burned_in(image) for image in clean)
    rng = np.random.default_rng(3)
    drawn = [draw_text(clean[rng.integers(len(clean))], rng) for _ in range(120)]
    found = {style: [covered(d) >= 0.9 for d in drawn if d.style == style] for style in STYLES}
    assert all(len(hits) > 20 and np.mean(hits) >= 0.93 for hits in found.values()), found


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_every_type_of_pixel(clean: list[np.ndarray], dtype: str) -> None:
    image = clean[0].astype(np.float64)
    image = (200 * (image - image.min()) / np.ptp(image)).astype(dtype)
    (box,) = find_burned_in(written(image, "SMITH 1950", 3, 4, 220))
    assert box.top <= 3 and box.left <= 4 and box.bottom < 25 and box.right < 110


def test_a_counter_that_changes_with_the_phase(clean: list[np.ndarray]) -> None:
    cine = np.stack([written(clean[0], f"PHASE {t:02d}", 100, 8, clean[0].max()) for t in range(6)])
    (box,) = find_burned_in(cine)
    assert box.top <= 100 < box.bottom and box.left <= 8


def test_text_in_two_places_gives_two_boxes_in_order(clean: list[np.ndarray]) -> None:
    high = clean[0].max()
    image = written(written(clean[0], "07/03/1961", 108, 40, high), "GARCIA", 4, 60, high)
    first, second = find_burned_in(image)
    assert first.bottom < 30 and second.top > 90


def test_images_without_anything() -> None:
    assert find_burned_in(np.zeros((64, 64))) == []
    assert find_burned_in(np.zeros((3, 3), np.uint8)) == []
    assert find_burned_in(np.zeros((0, 64, 64), np.int16)) == []
    noise = np.random.default_rng(0).normal(size=(2, 128, 128))
    assert find_burned_in(noise) == []
    with pytest.raises(ValueError, match=r"\(H, W\)"):
        find_burned_in(np.zeros(5))


def test_pieces_are_those_that_a_flood_fill_finds() -> None:
    mask = np.random.default_rng(5).random((40, 50)) < 0.35
    runs = runs_of(mask)
    labels = np.full(mask.shape, -1)
    for row, start, end, piece in zip(runs.row, runs.start, runs.end, runs.piece, strict=True):
        labels[row, start:end] = piece
    assert ((labels >= 0) == mask).all()
    unseen, pieces = set(zip(*np.nonzero(mask), strict=True)), 0
    while unseen:
        reached = pending = {unseen.pop()}
        while pending:
            around = {(y + i, x + j) for y, x in pending for i in (-1, 0, 1) for j in (-1, 0, 1)}
            pending = around & unseen
            unseen -= pending
            reached = reached | pending
        assert len({labels[at] for at in reached}) == 1
        pieces += 1
    assert pieces == labels.max() + 1 == len(runs.boxes())


def test_boxes_that_overlap_become_one() -> None:
    chain = {Box(0, 0, 5, 5), Box(4, 4, 9, 9), Box(8, 8, 12, 12), Box(20, 0, 25, 5)}
    assert joined(chain) == [Box(0, 0, 12, 12), Box(20, 0, 25, 5)]


def test_real_images_are_not_flagged_and_text_on_them_is_found(real_folder: Path) -> None:
    study = read_study(real_folder / "sunnybrook" / "SCD0000101.zip")
    images = [series.pixels[t] for series in study.series for t in (0, 7)]
    start = time.perf_counter()
    assert not any(find_burned_in(image) for image in images)
    # Measured 5 ms; the bound leaves room for a machine that does other things as well.
    assert (time.perf_counter() - start) / len(images) < 0.05
    rng = np.random.default_rng(4)
    assert np.mean([covered(draw_text(image, rng)) >= 0.9 for image in images * 2]) >= 0.95


def test_volumes_of_other_scanners(real_folder: Path) -> None:
    with np.load(real_folder / "acdc_dev.npz") as volumes:
        images = [image for name in volumes.files[:24:4] for image in volumes[name]]
    assert not any(find_burned_in(image) for image in images)


@pytest.mark.parametrize("name", ["examples_jpeg2k", "examples_palette", "examples_rgb_color"])
def test_screens_of_real_scanners(name: str) -> None:
    """Ultrasound screens that come with pydicom, full of text that nobody here has drawn."""
    path = get_testdata_file(f"{name}.dcm", download=False)
    if path is None:
        pytest.skip(f"{name}.dcm does not come with this pydicom")
    pixels = pydicom.dcmread(path).pixel_array
    assert len(find_burned_in(pixels if pixels.ndim == 2 else pixels.mean(axis=-1))) >= 6


@pytest.mark.parametrize("name", ["MR_small", "CT_small", "emri_small", "693_J2KR"])
def test_other_images_that_come_with_pydicom_are_not_flagged(name: str) -> None:
    path = get_testdata_file(f"{name}.dcm", download=False)
    if path is None:
        pytest.skip(f"{name}.dcm does not come with this pydicom")
    assert find_burned_in(pydicom.dcmread(path).pixel_array) == []
