"""The tables of benchmarks/evaluation.py are whole, and the paper stands in its own rows."""

from __future__ import annotations

import pytest

from benchmarks import evaluation as benchmark
from cmrclip_lite.evaluate.cohort import of_records
from cmrclip_lite.evaluate.evaluation import evaluate
from cmrclip_lite.evaluate.few_shot import SHOTS
from tests.evaluate import cohorts
from tests.test_retrieval_benchmark import cells, whole


@pytest.fixture(scope="module")
def found(tiny_model):
    cohort = of_records("made up", cohorts.cases(tiny_model, 60), tiny_model)
    return evaluate(cohort, classes=("normal_study", "lv_dilation"))


def test_every_table_is_whole(found):
    for part in ("zero_shot", "few_shot", "diagnosis", "retrieval", "subgroups"):
        assert whole(getattr(benchmark, part)(found)).count("\n| ---") == 1, part


def test_the_papers_figures_stand_beside_and_never_among_ours(found):
    zero_shot = benchmark.zero_shot(found)
    assert cells(zero_shot, "LV dilated")[-2:] == ["0.831", "0.835"]
    assert cells(zero_shot, "own scar")[-2:] == ["", ""]
    few_shot = benchmark.few_shot(found)
    assert cells(few_shot, "*LV dilated, paper*")[1:4] == ["*0.831*", "*0.665*", "*0.734*"]
    assert cells(few_shot, "LV dilated")[-3] == "too few"  # of 32 there are not enough
    assert "another cohort" in zero_shot and "another cohort" in few_shot
    assert all(len(row) == len(SHOTS) for row in benchmark.PUBLISHED_FEW_SHOT.values())
    assert benchmark.PUBLISHED_FEW_SHOT.keys() == benchmark.PUBLISHED_ZERO_SHOT.keys()


@pytest.mark.slow
def test_real_patients_have_the_findings_of_their_class(tiny_model, real_folder):
    cohort = benchmark.real_patients(tiny_model)
    assert len(cohort) == 40 and set(cohort.labels) == set(benchmark.ACDC)
    assert cohort.labels["lv_systolic_dysfunction"].sum() == 16
    assert all(cohort.measurable(name) for name in benchmark.PUBLISHED_ACDC)
