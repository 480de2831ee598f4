"""A figure that a person can read: every line named at its end, no name on another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite.evaluate import Estimate
from cmrclip_lite.figures import robustness_lines
from cmrclip_lite.robustness import SHIFTS, STRENGTHS, Response


@pytest.fixture
def response() -> Response:
    """Each shift loses a hundredth a strength, one of them a tenth."""
    count = len(SHIFTS)
    steps = np.array([0.1 if key == "views" else 0.01 for key in SHIFTS])
    losses = [[Estimate(s * k, s * k - 0.01, s * k + 0.01) for k in STRENGTHS] for s in steps]
    shape = (count, len(STRENGTHS))
    return Response(
        shifts=tuple(SHIFTS.values()),
        cosine=np.full((*shape, 20), 0.9),
        drift=np.zeros((*shape, 20, 3)),
        stability=np.ones((*shape, 3)),
        auc_before=np.full(3, 0.9),
        auc=np.full((*shape, 3), 0.88),
        losses=losses,
        middles=[row[2] for row in losses],
        summary=Estimate(0.048, 0.03, 0.06),
    )


def test_every_shift_has_a_line_from_where_it_began_and_its_name_at_the_end(response):
    figure = robustness_lines(response)
    lines = {line.name: line for line in figure.data}
    assert set(lines) == {shift.label for shift in SHIFTS.values()}
    assert list(lines["Missing views"].y) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert list(lines["Missing views"].x) == [0, 1, 2, 3, 4, 5]
    names = [a.text for a in figure.layout.annotations]
    assert all(label in names for label in lines)


def test_what_is_not_graded_is_points_without_a_line(response):
    lines = {line.name: line for line in robustness_lines(response).data}
    for shift in SHIFTS.values():
        assert (lines[shift.label].mode == "markers") == (not shift.graded)
    assert len(lines["Turned, header right"].y) == 5


def test_names_do_not_lie_on_each_other(response):
    figure = robustness_lines(response)
    low, high = figure.layout.yaxis.range
    by_panel: dict[tuple[str, str], list[float]] = {}
    for note in figure.layout.annotations:
        if note.text in {shift.label for shift in SHIFTS.values()}:
            by_panel.setdefault((note.xref, note.yref), []).append(note.y)
    assert len(by_panel) == 4
    for heights in by_panel.values():
        gaps = np.diff(sorted(heights)) / (high - low)
        assert (gaps > 0.06).all()


def test_the_text_says_what_was_measured_and_on_whom(response):
    figure = robustness_lines(response)
    title = figure.layout.title.text
    assert "0.048 (0.030 to 0.060)" in title and "15 shifts" in title
    assert "3 conditions" in title and "20 exams" in title
    hover = next(line for line in figure.data if line.name == "Noise").customdata
    assert hover[0] == "as it was"
    assert "8% of what is bright" in hover[3] and "0.030 (0.020 to 0.040)" in hover[3]


def test_one_group_of_shifts_is_one_panel(response):
    part = [i for i, shift in enumerate(response.shifts) if shift.group == "image"]
    few = replace(
        response,
        shifts=tuple(response.shifts[i] for i in part),
        losses=[response.losses[i] for i in part],
        cosine=response.cosine[part],
    )
    figure = robustness_lines(few, dark=True)
    assert len(figure.data) == 4
    assert figure.layout.font.color == "#e6e6e6"
    assert "yaxis2" not in figure.layout
