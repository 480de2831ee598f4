"""The map of a library: every case a dot, the study a star, and its limits said."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.figures import Dot, Projection, library_map

RNG = np.random.default_rng(3)
EMBEDDINGS = RNG.normal(size=(12, 6)) * [5, 3, 1, 1, 0.5, 0.5]
HOSTILE = "<img src=x onerror=alert(1)> <b>%{x}</b>"


def dots(n: int = 12) -> list[Dot]:
    has = [True, False, None]
    return [Dot(f"case-{i}", ("LV dilated",), f"Impression {i}", has[i % 3]) for i in range(n)]


def drawn(**changes):
    given = {
        "projection": Projection.fit(EMBEDDINGS),
        "embeddings": EMBEDDINGS,
        "dots": dots(),
        "study": EMBEDDINGS[0] + 0.1,
        "nearest": ["case-0", "case-3", "elsewhere"],
        "names": ("LV dilated", "the others"),
    }
    return library_map(**(given | changes))


def test_the_two_directions_hold_the_most_variance_and_say_how_much():
    projection = Projection.fit(EMBEDDINGS)
    centred = EMBEDDINGS - EMBEDDINGS.mean(axis=0)
    spread = projection.place(EMBEDDINGS).var(axis=0).sum() / centred.var(axis=0).sum()
    assert spread == pytest.approx(sum(projection.shares))
    assert projection.shares[0] > projection.shares[1] > 0
    assert np.allclose(projection.directions @ projection.directions.T, np.eye(2))


def test_the_same_library_gives_the_same_map_whatever_its_order():
    one, other = Projection.fit(EMBEDDINGS), Projection.fit(EMBEDDINGS[::-1])
    assert np.allclose(one.place(EMBEDDINGS), other.place(EMBEDDINGS))


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_cases_make_a_flat_map_and_no_error(n):
    projection = Projection.fit(EMBEDDINGS[:n])
    places = projection.place(EMBEDDINGS[:n])
    assert np.isfinite(places).all() and np.allclose(places[:, 1], 0)
    drawn(projection=projection, embeddings=EMBEDDINGS[:n], dots=dots(n))


def test_every_case_is_a_dot_and_the_study_a_star():
    points = [trace for trace in drawn().data if trace.mode == "markers"]
    assert sum(len(trace.x) for trace in points) == 12 + 1
    assert [trace.name for trace in points] == [
        "LV dilated", "the others", "not certain", "the open study",
    ]  # fmt: skip
    assert points[-1].marker.symbol == "star"
    assert len({trace.marker.symbol for trace in points}) == 4


def test_lines_go_to_the_nearest_by_similarity_that_are_on_the_map():
    (line,) = [trace for trace in drawn().data if trace.mode == "lines"]
    places = Projection.fit(EMBEDDINGS).place(EMBEDDINGS)
    assert list(line.x).count(None) == 2
    assert line.x[1] == pytest.approx(places[0, 0]) and line.x[4] == pytest.approx(places[3, 0])


def test_the_axes_say_what_they_hold_and_warn():
    figure = drawn(note="Shown are 12 of 99 cases.")
    below = figure.layout.xaxis.title.text.replace("<br>", " ")
    assert "% of the variance" in below and "not near by similarity" in below
    assert "12 of 99" in below
    assert "% of the variance" in figure.layout.yaxis.title.text


def test_a_hover_shows_id_findings_and_impression_as_plain_text():
    figure = drawn(dots=[Dot(HOSTILE, (HOSTILE,), HOSTILE * 9, True)] * 12)
    (shown,) = [t for t in figure.data if t.name == "LV dilated"]
    text = shown.customdata[0]
    assert "<img" not in text and "&lt;img" in text and " …" in text
    assert shown.hovertemplate == "%{customdata}<extra></extra>"


def test_without_a_study_there_is_the_library_alone():
    figure = drawn(study=None)
    assert all(trace.name != "the open study" and trace.mode == "markers" for trace in figure.data)
