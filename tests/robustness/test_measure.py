"""What is measured over a cohort, against scikit-learn, scipy, and answers known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from cmrclip_lite.evaluate import auc
from cmrclip_lite.robustness import (
    MIDDLE,
    SHIFTS,
    STRENGTHS,
    Embedded,
    embed_shifted,
    join,
    respond,
    shifted,
)
from tests.robustness.exams import exam

KEYS = ("noise", "turned")
PATIENTS, WIDTH, CONDITIONS = 60, 8, 3


@pytest.fixture(scope="module")
def cohort() -> tuple[Embedded, np.ndarray, np.ndarray]:
    """Random patients who move further the stronger the shift; queries, and labels with gaps."""
    rng = np.random.default_rng(3)
    before = unit(rng.normal(size=(PATIENTS, WIDTH)))
    queries = unit(rng.normal(size=(CONDITIONS, WIDTH)))
    labels = (before @ queries.T + rng.normal(0, 0.3, (PATIENTS, CONDITIONS)) > 0.3).astype(float)
    labels[rng.random(labels.shape) < 0.1] = np.nan
    noise = rng.normal(size=(PATIENTS, len(KEYS), len(STRENGTHS), WIDTH))
    steps = 0.15 * np.array(STRENGTHS)[:, None] * np.array([1, 2])[:, None, None]
    return Embedded(before, unit(before[:, None, None] + steps * noise)), queries, labels


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_areas_cosines_drifts_and_ranks_are_those_of_scikit_learn_and_scipy(cohort):
    embedded, queries, labels = cohort
    found = respond(embedded, queries, labels, KEYS)
    for k in range(CONDITIONS):
        judged = ~np.isnan(labels[:, k])
        truth = labels[judged, k] == 1
        scores = embedded.before @ queries[k]
        assert found.auc_before[k] == pytest.approx(roc_auc_score(truth, scores[judged]))
        for s in range(len(KEYS)):
            for t in range(len(STRENGTHS)):
                after = embedded.after[:, s, t] @ queries[k]
                assert found.auc[s, t, k] == pytest.approx(roc_auc_score(truth, after[judged]))
                expected = spearmanr(scores.round(6), after.round(6)).statistic
                assert found.stability[s, t, k] == pytest.approx(expected)
                drift = (after - scores) / scores.std()
                assert np.allclose(found.drift[s, t, :, k], drift)
    alone = float(embedded.before[7] @ embedded.after[7, 1, 3])
    assert found.cosine[1, 3, 7] == pytest.approx(alone)
    assert found.cosine.shape == (len(KEYS), len(STRENGTHS), PATIENTS)


def test_the_summary_is_the_mean_loss_at_the_middle_or_over_five_ways(cohort):
    embedded, queries, labels = cohort
    found = respond(embedded, queries, labels, KEYS)
    lost = (found.auc_before - found.auc).mean(-1)
    expected = [lost[0, MIDDLE - 1], lost[1].mean()]
    assert [one.value for one in found.middles] == pytest.approx(expected)
    assert found.summary.value == pytest.approx(np.mean(expected))
    assert found.summary.low < found.summary.value < found.summary.high
    assert [[e.value for e in row] for row in found.losses] == pytest.approx(lost)


def test_the_interval_is_of_paired_patients():
    """A shift that does nothing loses nothing, surely; and one AUC's interval is `auc`'s."""
    rng = np.random.default_rng(0)
    labels = (rng.random((80, 1)) < 0.4).astype(float)
    before = np.column_stack([labels[:, 0] + rng.normal(0, 1, 80), np.ones(80)])
    same = np.repeat(before[:, None, None], len(STRENGTHS), axis=2)
    found = respond(Embedded(before, same), np.array([[1.0, 0.0]]), labels, KEYS[:1])
    assert (found.summary.value, found.summary.low, found.summary.high) == (0, 0, 0)
    assert np.allclose(found.drift, 0) and np.allclose(found.stability, 1)
    # After a shift by which all score alike the AUC is a half, so that the loss is AUC - 0.5.
    blind = np.zeros_like(same)
    found = respond(Embedded(before, blind), np.array([[1.0, 0.0]]), labels, KEYS[:1])
    whole = auc(before[:, 0], labels[:, 0] == 1)
    assert found.summary.value == pytest.approx(whole.value - 0.5)
    # Patients are drawn here, positives and negatives apart there.
    assert found.summary.low == pytest.approx(whole.low - 0.5, abs=0.02)
    assert found.summary.high == pytest.approx(whole.high - 0.5, abs=0.02)
    assert np.isnan(found.stability).all()


def test_a_condition_that_nobody_has_cannot_be_measured(cohort):
    embedded, queries, labels = cohort
    with pytest.raises(ValueError, match="positives and negatives"):
        respond(embedded, queries, np.zeros_like(labels), KEYS)


def test_a_model_sees_the_study_before_and_after(tiny_model):
    study = exam(slices=3, phases=4)
    parts = [embed_shifted(tiny_model, study, KEYS, seed) for seed in (1, 2)]
    both = join(parts)
    assert both.before.shape == (2, 16) and both.after.shape == (2, len(KEYS), 5, 16)
    for i, seed in enumerate((1, 2)):
        assert np.allclose(both.before[i], tiny_model.encode_study(study))
        for s, key in enumerate(KEYS):
            after = tiny_model.encode_study(shifted(study, key, 4, seed))
            assert np.allclose(both.after[i, s, 3], after)
    assert not np.allclose(parts[0].after[0, 0], parts[1].after[0, 0])  # other noise


@pytest.mark.parametrize("key", SHIFTS)
def test_a_study_can_be_embedded_after_the_strongest_of_every_shift(tiny_model, key):
    found = tiny_model.encode_study(shifted(exam(slices=3, phases=4), key, 5))
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-5)
