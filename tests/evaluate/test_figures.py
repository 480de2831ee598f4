"""Figures of an evaluation draw what they are given, intervals included."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.evaluate.diagnosis import Diagnosis
from cmrclip_lite.evaluate.few_shot import FewShot
from cmrclip_lite.evaluate.intervals import Estimate
from cmrclip_lite.evaluate.roc import Roc
from cmrclip_lite.figures.curves import few_shot_curve, few_shot_means, roc_curve
from cmrclip_lite.figures.evaluation import Row, confusion, forest


def test_a_forest_draws_each_interval_and_says_what_could_not_be_measured():
    rows = [
        Row("LV <dilated>", "9 of 20", (Estimate(0.9, 0.8, 0.95), None), "Sex"),
        Row("own", "3 of 20", (None, None)),
    ]
    figure = forest(rows, ("in the group", "in the rest"), "AUC", 0.5)
    first, second = figure.data
    assert list(first.x) == [0.9] and list(second.x) == []
    assert first.error_x.array[0] == pytest.approx(0.05)
    assert first.error_x.arrayminus[0] == pytest.approx(0.1)
    texts = [annotation.text for annotation in figure.layout.annotations]
    assert "<b>Sex</b>" in texts and any("LV &lt;dilated&gt;" in text for text in texts)
    assert any(text.startswith("own") and "too few to measure" in text for text in texts)
    heading, label = (
        next(a.y for a in figure.layout.annotations if words in a.text) for words in ("Sex", "LV")
    )
    assert label - heading > 0.5  # rows grow downwards; neither lies on the other


def test_a_curve_from_examples_stands_beside_the_prompts_and_the_probes():
    few = [FewShot(k, Estimate(a, a - 0.1, a + 0.05), 0.02) for k, a in ((1, 0.6), (2, 0.7))]
    figure = few_shot_curve(few, 0.9, [("linear probe", 0.95)])
    lines = {trace.name: trace for trace in figure.data if trace.showlegend is not False}
    assert figure.data[0].fill == "toself" and figure.data[0].mode == "lines"  # no dots on it
    assert list(lines["examples of each class"].y) == [0.6, 0.7]
    assert list(lines["zero-shot, by prompts"].y) == [0.9, 0.9]
    assert list(lines["linear probe"].y) == [0.95, 0.95]
    means = few_shot_means([[0.5, 0.7], [0.7, 0.9]], [1, 2], 0.8)
    line = next(trace for trace in means.data if trace.name == "examples of each class")
    assert list(line.y) == pytest.approx([0.6, 0.8])


def test_a_confusion_matrix_has_counts_as_text_and_shares_as_colour():
    some = Estimate(0.75, 0.5, 1)
    told = Diagnosis(
        ("a", "b"), ((3, 1), (0, 2)), (some, some), some, 0.5, some, 0.6, "the other half", {}
    )
    figure = confusion(told, ["Class <a>", "Class b"], dark=True)
    (heat,) = figure.data
    np.testing.assert_allclose(heat.z, [[0.75, 0.25], [0, 1]])
    assert sorted(a.text for a in figure.layout.annotations) == ["0", "1", "2", "3"]
    assert figure.layout.yaxis.ticktext[0] == "1. Class &lt;a&gt;"


def test_a_roc_curve_starts_in_the_corner_inside_its_band():
    curve = Roc((0.0, 0.5, 1.0), (0.4, 0.8, 1.0), (0.2, 0.6, 1.0), (0.5, 0.9, 1.0))
    chance, band, line = roc_curve(curve, "AUC 0.8").data
    assert (line.x[0], line.y[0]) == (0, 0) and list(line.y[1:]) == [0.4, 0.8, 1.0]
    assert list(band.y) == [0.5, 0.9, 1.0, 1.0, 0.6, 0.2]
    assert list(line.customdata) == [1, 1, 0.5, 0]
