"""The robustness benchmark goes on where it was, and judges what can be judged."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import robustness as benchmark
from benchmarks.cohorts import Cohort
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.robustness import SHIFTS, Embedded
from tests.robustness.exams import exam

SHIFTED = ("offset", "turned")
KEYS = ("lv_dilation", "normal_study")


@pytest.fixture(scope="module")
def exams():
    return [exam(slices=3, phases=phases) for phases in (2, 3, 4)]


def test_what_was_embedded_is_read_again_until_the_model_changes(
    tiny_model, exams, tmp_path, monkeypatch
):
    first = benchmark.embed_cohort(tiny_model, "exam", exams[:2], SHIFTED, tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 2 and first.after.shape == (2, 2, 5, 16)
    asked = []
    encode = type(tiny_model).encode_study
    monkeypatch.setattr(
        type(tiny_model), "encode_study", lambda *given: asked.append(1) or encode(*given)
    )
    # One that was lost is made again, and those beyond.
    files[1].unlink()
    again = benchmark.embed_cohort(tiny_model, "exam", exams, SHIFTED, tmp_path)
    assert len(asked) == 2 * (1 + 2 * 5)
    assert np.allclose(again.after[:2], first.after, atol=1e-6)
    monkeypatch.setattr(tiny_model, "identity", "another")
    benchmark.embed_cohort(tiny_model, "exam", exams[:1], SHIFTED, tmp_path)
    assert len(asked) == 3 * (1 + 2 * 5)


def test_only_conditions_with_enough_of_both_are_judged():
    answers = {
        "many": np.array([1.0] * 5 + [0] * 5),
        "few": np.array([1.0] * 4 + [0] * 20),
        "unjudged": np.array([np.nan] * 5 + [0] * 9),
    }
    assert benchmark.judged(answers.__getitem__, list(answers)) == ("many",)


def test_the_table_has_a_row_for_each_shift(tiny_model):
    rng = np.random.default_rng(0)
    embedded = Embedded(rng.normal(size=(12, 16)), rng.normal(size=(12, len(SHIFTED), 5, 16)))
    labels = {key: (np.arange(12) % 2 == i).astype(float) for i, key in enumerate(KEYS)}
    found = benchmark.response(tiny_model, embedded, KEYS, labels.__getitem__, SHIFTED)
    rows = benchmark.table(found, KEYS).splitlines()
    assert len(rows) == 2 + len(SHIFTED)
    assert all(row.count("|") == rows[0].count("|") for row in rows)
    assert rows[2].startswith("| Added offset | 10% of what is bright |")
    assert rows[3].startswith("| Turned, header right | mean of five ways |")
    assert str(found.summary) in benchmark.summary(found)


def test_wordings_are_those_kept_out_of_training(tiny_model):
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 16)).astype(np.float32)
    findings = [("lv_dilation",) if i % 2 else ("normal_study",) for i in range(20)]
    cohort = Cohort(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), findings, [""] * 20)
    text = benchmark.wordings(tiny_model, cohort, KEYS)
    for key in KEYS:
        assert f"| {CONDITIONS[key].label} |" in text
    assert "| mean |" in text


def test_what_a_pair_of_frames_does_not_have_is_not_taken_from_it():
    assert set(SHIFTS) - set(benchmark.PAIRS) == {"phases", "views", "turned_unsaid"}


@pytest.mark.slow
def test_a_rendered_exam_is_kept_and_is_the_librarys(tmp_path):
    files = benchmark.render(tmp_path, 1, workers=1)
    kept = files[0].stat().st_mtime_ns
    assert benchmark.render(tmp_path, 1, workers=1) == files
    assert files[0].stat().st_mtime_ns == kept
    assert [file.name for file in tmp_path.iterdir()] == ["exam-0000.pickle"]
