"""The tables of unfamiliar studies and of calibration come out of tiny cohorts as they should."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import calibration, foreign, outliers
from benchmarks.cohorts import Cohort
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.study import Study
from cmrclip_lite.zeroshot import text_query
from tests.test_familiar import chest
from tests.test_retrieval_benchmark import cells, whole


@pytest.fixture
def library(tiny_model, tmp_path):
    vectors = np.random.default_rng(0).normal(size=(40, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cases = [CaseRecord(f"c{i}", v.astype(np.float32), "", ()) for i, v in enumerate(vectors)]
    return CaseLibrary.create(tmp_path / "library", "shelf", tiny_model, cases)


def test_still_pictures_are_told_from_hearts_in_every_row(tiny_model, library, monkeypatch):
    heart, still = foreign.cine(chest()), foreign.cine(chest()[:, :1])
    noise = foreign.cine(np.random.default_rng(0).random((6, 64, 64)))
    judged = [(outliers.WHOLE, heart)] * 3 + [("stills", still)] * 2 + [("noise", noise)]
    monkeypatch.setattr(outliers, "studies", lambda exams: iter(judged))
    text = outliers.section(tiny_model, library, [])
    whole(text)
    assert cells(text, outliers.WHOLE)[1:3] == ["3", "0% (0% to 56%)"]
    name, count, called, distance, auroc = cells(text, "stills")
    assert (count, auroc) == ("2", "1.000") and called.startswith("100%")
    assert distance == "none moves (none moves to none moves)"
    assert cells(text, "spread and amount of motion")[1].startswith("1.000")


def test_constants_are_those_of_the_exams_and_do_not_move_when_it_is_run_again(tiny_model, library):
    exams = [foreign.cine(chest(phases=6, slices=1, side=side)) for side in (96, 128)]
    text = outliers.fitted(tiny_model, library, exams)
    names = [line.split(" = ")[0] for line in text.splitlines()]
    assert names == ["USUAL_SPREAD", "USUAL_AMOUNT", "LIMIT"]
    assert outliers.fitted(tiny_model, library, exams) == text


def test_a_worn_exam_lies_where_the_whole_one_did():
    pixels = np.arange(40 * 50, dtype=float).reshape(1, 1, 40, 50)
    exam = Study.from_array(np.repeat(pixels, 2, axis=1), (8.0, 5.0, 4.0))
    (series,) = exam.series
    cut = outliers._cut(series, 60.0, np.array([10.0, -8.0]))
    down, across = (int(mm / s) for mm, s in zip(cut.position_mm[1::-1], (5, 4), strict=True))
    assert cut.pixels[0, 0, 0] == series.pixels[0, down, across]
    assert cut.pixels.shape == (2, 24, 30)  # 120 mm by 120 mm


def test_pairs_have_two_phases_in_256_greys_and_all_series_are_kept():
    exam = foreign.cine(chest())
    worn = [outliers.worn(exam, seed) for seed in range(8)]
    assert {len(study.series) for study in worn} == {4}
    phases = {len(study.series[0].pixels) for study in worn}
    assert phases == {2, 12}
    assert all(s.series[0].pixels.dtype == np.uint8 for s in worn if len(s.series[0].pixels) == 2)


def told_apart(model, count=120):
    """Phantoms whose embeddings lean to the words of the one condition that each has."""
    rng = np.random.default_rng(0)
    keys = calibration.DIAGNOSES
    # The words of a random model all lie close together; what differs between them is leant to.
    words = np.stack([text_query(model, key) for key in keys])
    words -= words.mean(axis=0)
    words /= np.linalg.norm(words, axis=1, keepdims=True)
    has = [keys[i % len(keys)] for i in range(count)]
    vectors = [words[keys.index(key)] + 0.15 * rng.normal(size=16) for key in has]
    vectors = np.stack([v / np.linalg.norm(v) for v in vectors]).astype(np.float32)
    return Cohort(vectors, [(key,) for key in has], [""] * count)


def test_calibration_is_told_for_each_condition_and_for_sets(tiny_model, monkeypatch):
    model = copy(tiny_model)
    model.config = replace(tiny_model.config, conditions=("normal_study", "lv_thrombus"))
    monkeypatch.setattr(calibration, "acdc_patients", lambda: None)
    text = calibration.section(model, told_apart(model))
    whole(text)
    assert "| Normal study | Platt scaling | 120 (18) |" in text
    assert "LV thrombus |" not in text  # nobody has one
    held = float(cells(text, "held-out phantoms, all")[2].split()[0])
    assert held == pytest.approx(0.9, abs=0.08)
    assert "ACDC" not in text
