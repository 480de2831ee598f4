"""Pictures that do not flicker or lie about shape, and bars that always say against what."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import pytest

from cmrclip_lite import figures
from cmrclip_lite.errors import StudyError
from cmrclip_lite.study import Series

Image = pytest.importorskip("PIL.Image", reason="moving pictures need Pillow")


@dataclass(frozen=True)
class FakeScore:
    """As much of a `zeroshot.Score` as a figure looks at."""

    condition: str
    similarity: float
    percentile: float | None = None
    percentile_normal: float | None = None
    reference: str = ""
    key: str | None = None
    normal_quartiles: tuple[float, ...] | None = None
    positive_quartiles: tuple[float, ...] | None = None
    positive_cases: int = 0


def beating(phases: int = 6, rows: int = 40, columns: int = 60) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    radii = 8 + 4 * np.cos(2 * np.pi * np.arange(phases) / phases)
    return np.stack([900.0 * (np.hypot(y - 20, x - 30) < r) for r in radii])


def open_webp(data: bytes):
    return Image.open(io.BytesIO(data))


def test_a_cine_becomes_an_endless_animation_of_all_its_phases():
    picture = open_webp(figures.moving_picture(beating(), size=60))
    assert picture.format == "WEBP"
    assert picture.n_frames == 6
    assert picture.info["loop"] == 0
    assert picture.size == (60, 40)


def test_pixels_that_are_not_square_keep_the_shape_of_the_body():
    picture = open_webp(figures.moving_picture(beating(), spacing_mm=(3.0, 1.0), size=120))
    assert picture.size == (60, 120)  # 60 mm across, 120 mm down


def test_brightness_is_scaled_over_the_whole_series_so_that_nothing_flickers():
    pixels = np.stack([np.full((8, 8), value, float) for value in (0, 100, 200)])
    grey = figures.to_grey(pixels)
    assert grey[0].max() < grey[1].max() < grey[2].max()


@pytest.mark.parametrize("dtype", [">i2", np.uint16, np.float64, bool])
def test_any_kind_of_number_can_be_shown(dtype):
    assert figures.to_grey(beating().astype(dtype)).dtype == np.uint8


def test_a_blank_or_broken_picture_is_shown_and_does_not_fail():
    assert figures.to_grey(np.zeros((2, 4, 4))).max() == 0
    assert figures.to_grey(np.full((2, 4, 4), np.nan)).max() == 0
    dot = np.zeros((1, 50, 50))
    dot[0, 3, 3] = 7
    assert figures.to_grey(dot).max() == 255


def test_a_volume_is_no_cine():
    with pytest.raises(StudyError, match=r"\(T, H, W\)"):
        figures.moving_picture(np.zeros((4, 4)))
    with pytest.raises(StudyError, match="no series"):
        figures.moving_grid([], spacing_mm=[])


def test_slices_of_different_size_and_length_beat_in_step_in_one_grid():
    small = beating(phases=3, rows=20, columns=30)
    picture = open_webp(
        figures.moving_grid(
            [beating(), small, beating()], spacing_mm=[(1, 1), (2, 2), (1, 1)], columns=2, size=60
        )
    )
    assert picture.n_frames == 6
    assert picture.size == (2 * 60 + figures.GAP, 2 * 40 + figures.GAP)


def test_a_cine_lasts_one_heartbeat():
    pixels = beating(phases=25)
    assert figures.heart_rate_fps(Series(pixels, (1, 1), rr_ms=1000)) == pytest.approx(25)
    trigger = np.arange(25) * 40.0
    assert figures.heart_rate_fps(Series(pixels, (1, 1), trigger_ms=trigger)) == pytest.approx(25)
    assert figures.heart_rate_fps(Series(pixels, (1, 1))) == pytest.approx(25)
    assert figures.heart_rate_fps(Series(pixels, (1, 1), rr_ms=1.0)) == 40


def test_a_data_uri_holds_the_picture():
    assert figures.picture_data_uri(b"abc") == "data:image/webp;base64,YWJj"


REFERENCE = "Measured against the 120 cases of the library Synthetic hearts, 30 of them normal."


def test_percentile_bars_say_against_what_and_where_normals_and_positives_lie():
    normal, positive = (20.0, 30.0, 45.0), (80.0, 90.0, 95.0)
    scores = [
        FakeScore("LV dilated", 0.31, 92.0, 99.0, REFERENCE, "lv_dilation", normal, positive, 17),
        FakeScore("Normal study", 0.05, 12.0, 3.0, REFERENCE, "normal_study", positive, positive),
        FakeScore("my own words", 0.05, 12.0, 3.0, REFERENCE, None, normal),
    ]
    figure = figures.score_bars(scores)
    bars, normals, medians, positives, positive_medians = figure.data
    assert list(bars.x) == [92.0, 12.0, 12.0]
    assert list(normals.x) == [20, 45, None, 80, 95, None, 20, 45, None]
    assert list(medians.x) == [30, 90, 30]
    # Of being normal, the cases that have it are the normal ones.
    assert list(positives.x) == [80, 95, None] and list(positive_medians.x) == [90]
    assert "similarity 0.310" in bars.customdata[0]
    assert "percentile 99 among normal cases" in bars.customdata[0]
    assert "the 17 cases with it: 80 to 95" in bars.customdata[0]
    assert "120 cases" in figure.layout.xaxis.title.text.replace("<br>", " ")
    labels = [annotation.text for annotation in figure.layout.annotations]
    assert labels[0].startswith("<b>LV dilated</b>") and "similarity 0.31" in labels[0]
    assert labels[1].startswith("<b>Normal study</b>")


def test_without_a_library_the_axis_says_that_nothing_is_measured():
    figure = figures.score_bars([FakeScore("LV dilated", 0.31), FakeScore("RV dilated", -0.1)])
    assert list(figure.data[0].x) == [0.31, -0.1]
    assert "not measured against anything" in figure.layout.xaxis.title.text
    assert len(figure.data) == 1


def test_nothing_is_called_a_probability():
    figure = figures.score_bars([FakeScore("LV dilated", 0.31, 92.0, 99.0, REFERENCE)])
    assert "probab" not in figure.to_json().lower()


def test_typed_mark_up_stays_text():
    figure = figures.score_bars([FakeScore('<a href="x">EF <30 & low</a>', 0.3, 50.0, 50.0, "")])
    assert "&lt;a href" in figure.layout.annotations[0].text
    assert "<a" not in figure.data[0].customdata[0]


def test_the_same_condition_twice_and_none_at_all_can_be_drawn():
    twice = figures.score_bars([FakeScore("LV dilated", 0.3, 50.0, 50.0, REFERENCE)] * 2)
    assert len(twice.data[0].x) == 2
    assert figures.score_bars([]).data[0].x == ()
