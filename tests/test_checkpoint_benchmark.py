"""What the model card's figures rest on: who is judged, and the interval of a mean."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.evaluate import auc
from cmrclip_lite.phantom.cohort import draw_truth
from cmrclip_lite.phantom.truth import CINE_SAX

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "checkpoint.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("checkpoint_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


def test_a_case_that_was_not_imaged_is_not_judged(benchmark):
    truth = draw_truth(np.random.default_rng(0), "amyloid")
    blind = replace(truth, imaged=(CINE_SAX,))
    both = [truth, blind]
    found = [tuple(t.findings) for t in both]
    cohort = benchmark.Cohort(np.eye(2), found, ["", ""], both)
    known = cohort.known("late_gadolinium_enhancement")
    assert known[0] == 1 and np.isnan(known[1])
    # Of a library only the findings are known.
    assert list(replace(cohort, truths=None).known("late_gadolinium_enhancement")) == [1, 0]


def test_the_mean_of_aucs_leaves_out_who_is_not_judged(benchmark):
    rng = np.random.default_rng(0)
    labels = (rng.random(80) < 0.3).astype(float)
    scores = labels + rng.normal(0, 1, 80)
    once = benchmark.mean_auc([(scores, labels)])
    expected = auc(scores, labels == 1)
    assert once.value == pytest.approx(expected.value)
    assert (once.low, once.high) == pytest.approx((expected.low, expected.high), abs=0.03)
    padded = np.append(scores, 99.0), np.append(labels, np.nan)
    assert benchmark.mean_auc([padded]).value == pytest.approx(expected.value)
    perfect = (labels, labels)
    assert benchmark.mean_auc([padded, (np.append(labels, 0), padded[1])]).value == pytest.approx(
        (expected.value + benchmark.area(*perfect)) / 2
    )
