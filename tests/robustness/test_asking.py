"""One study before and after a shift, and one question in several wordings."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.errors import CmrClipError
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.robustness import scores_before_and_after, shifted, wording_spread
from tests.robustness.exams import exam

ASKED = ["LV dilated", "a heart like a boot"]


@pytest.fixture(scope="module")
def embeddings() -> np.ndarray:
    vectors = np.random.default_rng(0).normal(size=(40, 16)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def library(tiny_model, embeddings, tmp_path) -> CaseLibrary:
    cases = [
        CaseRecord(f"case-{i}", e, "Normal study.", ("normal_study",), b"", "made up")
        for i, e in enumerate(embeddings)
    ]
    return CaseLibrary.create(tmp_path / "library", "made-up cases", tiny_model, cases)


def test_scores_of_one_study_before_and_after(tiny_model, library, embeddings):
    study = exam(slices=3, phases=4)
    changes = scores_before_and_after(tiny_model, study, "noise", 5, ASKED, library, seed=2)
    before = tiny_model.score(study, ASKED, library)
    after = tiny_model.score(shifted(study, "noise", 5, seed=2), ASKED, library)
    assert [c.before for c in changes] == before and [c.after for c in changes] == after
    for change in changes:
        mean = tiny_model.encode_text(change.before.prompts).numpy().mean(0)
        moved = change.after.similarity - change.before.similarity
        assert change.drift == pytest.approx(moved / (embeddings @ mean).std(), rel=1e-4)
        assert change.drift != 0


def test_without_a_library_there_is_no_drift(tiny_model):
    study = exam(slices=3, phases=4)
    changes = scores_before_and_after(tiny_model, study, "jpeg", 5, ASKED)
    assert [c.drift for c in changes] == [None, None]
    assert changes[0].before.similarity != changes[0].after.similarity
    with pytest.raises(CmrClipError, match="no shift"):
        scores_before_and_after(tiny_model, study, "fog", 1, ASKED)


def test_the_same_words_spread_by_nothing_and_others_by_something(tiny_model, embeddings):
    key = "lv_dilation"
    own = embeddings @ tiny_model.encode_text(CONDITIONS[key].prompts).numpy().mean(0)
    labels = {key: (own > np.median(own)).astype(float)}
    (same,) = wording_spread(tiny_model, embeddings, labels, {key: ["big LV", "big LV"]})
    assert same.spread == pytest.approx(0, abs=1e-5)
    assert same.auc_lowest == same.auc_median and same.auc_own == 1
    # Two sentences that rank patients in opposite orders lie as far apart as can be.
    texts = ["big LV", "the scan came back clean", "thick walls"]
    (other,) = wording_spread(tiny_model, embeddings, labels, {key: texts})
    assert other.wordings == 3 and 0 < other.spread < 2
    assert other.auc_lowest <= other.auc_median
    assert -1 <= other.stability < 1
    (own_words,) = wording_spread(
        tiny_model, embeddings, labels, {key: [CONDITIONS[key].prompts[0]] * 2}
    )
    assert own_words.stability > 0.5
