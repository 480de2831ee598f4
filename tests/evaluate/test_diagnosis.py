"""Exclusive classes: who counts, what is told, and that a prompt's level is no advantage."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, recall_score

from cmrclip_lite.evaluate.diagnosis import MORE, NONE, diagnose, levels_of_halves

CLASSES = ("normal_study", "dilated_cardiomyopathy", "prior_infarct")


def cohort(seed: int = 0) -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Similarities at other levels for each class, labels, and the classes of 90 cases."""
    rng = np.random.default_rng(seed)
    truth = np.repeat([0, 1, 2], [50, 30, 10])
    similarities = rng.normal(0, 0.1, (90, 3)) + 0.25 * np.eye(3)[truth] + [0.0, 0.5, -0.3]
    labels = {name: (truth == i).astype(float) for i, name in enumerate(CLASSES)}
    return similarities, labels, truth


def test_figures_are_those_of_scikit_learn():
    similarities, labels, truth = cohort()
    levels = np.array([0.0, 0.5, -0.3])
    found = diagnose(similarities, labels, CLASSES, levels, "nothing")
    told = (similarities - levels).argmax(1)
    assert np.array_equal(found.confusion, confusion_matrix(truth, told))
    assert found.balanced_accuracy.value == pytest.approx(balanced_accuracy_score(truth, told))
    assert found.accuracy.value == pytest.approx(accuracy_score(truth, told))
    assert [r.value for r in found.recalls] == pytest.approx(
        recall_score(truth, told, average=None).tolist()
    )
    assert (found.chance, found.largest) == (1 / 3, pytest.approx(50 / 90))
    assert found.balanced_accuracy.low < found.balanced_accuracy.value
    assert found.balanced_accuracy.high > found.balanced_accuracy.value


def test_the_level_of_a_prompt_is_taken_off_so_that_it_decides_nothing():
    similarities, labels, _ = cohort()
    first = np.arange(90) % 2 == 0
    raw = diagnose(similarities, labels, CLASSES, np.zeros(3), "nothing")
    assert raw.balanced_accuracy.value < 0.4  # all are taken for the loudest prompt
    moved = similarities + [5.0, -2.0, 1.0]
    one, other = (
        diagnose(s, labels, CLASSES, levels_of_halves(s, first), "the other half")
        for s in (similarities, moved)
    )
    assert one == other and one.balanced_accuracy.value > 0.7


def test_a_case_is_centred_without_itself():
    similarities, *_ = cohort()
    first = np.arange(90) % 2 == 0
    levels = levels_of_halves(similarities, first)
    np.testing.assert_allclose(levels[0], similarities[~first].mean(0))
    np.testing.assert_allclose(levels[1], similarities[first].mean(0))
    with pytest.raises(ValueError, match="two halves"):
        levels_of_halves(similarities, np.ones(90, bool))


def test_cases_of_no_class_or_of_several_are_left_out_and_counted():
    similarities, labels, _ = cohort()
    labels["prior_infarct"][:4] = 1
    labels["dilated_cardiomyopathy"][79] = np.nan
    found = diagnose(similarities, labels, CLASSES, np.zeros(3), "nothing")
    assert found.left_out == {MORE: 4, NONE: 1}
    assert sum(map(sum, found.confusion)) == 85


def test_a_class_without_a_case_of_its_own_is_refused():
    similarities, labels, _ = cohort()
    labels["prior_infarct"][:] = 0
    with pytest.raises(ValueError, match="No case has prior_infarct"):
        diagnose(similarities, labels, CLASSES, np.zeros(3), "nothing")
