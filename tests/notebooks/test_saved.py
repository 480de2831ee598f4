"""What is saved of a tutorial can be looked at without a kernel, a script or a player."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

from cmrclip_lite.study import Study
from cmrclip_lite.viewer import CineViewer, watch
from tests.notebooks.test_address import load

saved = load("save")


@pytest.fixture
def study() -> Study:
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 3, 16, 16))
    return Study.from_array(pixels, (8, 1, 1))


def draw(_figure: dict) -> tuple[str, str]:
    return "image/png", "drawn"


def test_a_moving_picture_is_saved_as_its_still(study):
    kept = saved.still_saved(watch(*study.series)._repr_mimebundle_(), draw)
    assert set(kept) == {"image/jpeg", "text/plain"}


def test_a_widget_is_saved_as_what_it_shows_without_a_kernel(study):
    kept = saved.still_saved(CineViewer(study)._repr_mimebundle_(), draw)
    assert set(kept) == {"image/jpeg", "text/plain"}


def test_moving_pictures_within_a_page_stop(study):
    page = {"text/html": f"<p>{watch(*study.series).page}</p>"}
    kept = saved.still_saved(page, draw)["text/html"]
    assert "webp" not in kept
    picture = base64.b64decode(kept.partition("base64,")[2].partition('"')[0])
    assert Image.open(io.BytesIO(picture)).format == "JPEG"


def test_a_plot_is_saved_as_a_picture_of_itself():
    figure = json.loads(go.Figure(go.Scatter(y=[1, 2])).to_json())
    kept = saved.still_saved({saved.PLOTLY: figure, "text/html": "<script>"}, draw)
    assert kept == {"image/png": "drawn", "text/plain": "A plot"}


@pytest.mark.browser
def test_a_plot_of_pictures_is_saved_as_a_photograph():
    noise = np.random.default_rng(0).integers(0, 255, (400, 700, 3))
    figure = json.loads(go.Figure(go.Image(z=noise)).to_json())
    with saved.Plots() as plots:
        kind, picture = plots(figure)
    assert kind == "image/jpeg"
    assert Image.open(io.BytesIO(base64.b64decode(picture))).format == "JPEG"


@pytest.mark.browser
def test_a_plot_is_drawn_in_few_colours():
    bars = go.Figure(go.Bar(y=[1, 2, 3], marker_color="red"))
    bars.update_layout(paper_bgcolor="rgba(0,0,0,0)")  # as the package's own figures have it
    figure = json.loads(bars.to_json())
    with saved.Plots() as plots:
        kind, picture = plots(figure)
    picture = Image.open(io.BytesIO(base64.b64decode(picture)))
    assert kind == "image/png"
    assert picture.width == saved.PLOT_WIDTH and picture.mode == "P"
    red = np.asarray(picture.convert("RGB")) == (255, 0, 0)
    assert red.all(axis=-1).mean() > 0.1
    assert picture.convert("RGB").getpixel((2, 2)) == (255, 255, 255)
