"""A typed condition becomes a number that says what it is measured against."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from cmrclip_lite.errors import ConditionError, LibraryError, StudyError
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.zeroshot import MAX_CONDITIONS, score, text_query

WIDTH = 16  # of the tiny model


@pytest.fixture(scope="module")
def study() -> np.ndarray:
    return _unit_vectors(seed=1, n=1)[0]


@pytest.fixture(scope="module")
def library(tiny_model: CMRCLIP, tmp_path_factory: pytest.TempPathFactory) -> CaseLibrary:
    """Forty cases, every fourth of them normal."""
    cases = [
        CaseRecord(
            id=f"case-{i}",
            embedding=vector.astype(np.float32),
            impression="Made up.",
            findings=("normal_study",) if i % 4 == 0 else ("lv_dilation",),
        )
        for i, vector in enumerate(_unit_vectors(seed=2, n=40))
    ]
    return CaseLibrary.create(tmp_path_factory.mktemp("library"), "forty", tiny_model, cases)


def _unit_vectors(seed: int, n: int) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(n, WIDTH))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_a_known_condition_scores_the_mean_cosine_of_its_prompts(
    tiny_model: CMRCLIP, study: np.ndarray
) -> None:
    (result,) = score(tiny_model, study, ["LV dilation"])
    prompts = CONDITIONS["lv_dilation"].prompts
    cosines = [float(tiny_model.encode_text([p])[0].numpy() @ study) for p in prompts]
    assert result.key == "lv_dilation"
    assert result.prompts == prompts
    assert result.similarity == pytest.approx(np.mean(cosines), abs=1e-5)


def test_a_study_scores_the_same_as_tensor_array_or_unscaled(
    tiny_model: CMRCLIP, study: np.ndarray
) -> None:
    expected = score(tiny_model, study, ["EF 25%"])[0].similarity
    for other in (torch.tensor(study), 3 * study, torch.tensor(study, dtype=torch.float32)):
        assert score(tiny_model, other, ["EF 25%"])[0].similarity == pytest.approx(expected)


def test_percentiles_count_library_cases_below(
    tiny_model: CMRCLIP, study: np.ndarray, library: CaseLibrary
) -> None:
    (result,) = score(tiny_model, study, ["weak pump"], library)
    text = tiny_model.encode_text(result.prompts).double().numpy()
    of_cases = (library.embeddings @ text.T).mean(axis=1)
    below = of_cases < result.similarity
    assert result.percentile == pytest.approx(100 * below.mean())
    assert result.percentile_normal == pytest.approx(100 * below[library.normal].mean())
    assert (result.cases, result.normal_cases) == (40, 10)
    assert "40 cases" in result.reference and "'forty'" in result.reference


def test_where_the_normal_and_the_positive_cases_lie_among_all(
    tiny_model: CMRCLIP, study: np.ndarray, library: CaseLibrary
) -> None:
    (result,) = score(tiny_model, study, ["LV dilated"], library)
    text = tiny_model.encode_text(result.prompts).double().numpy()
    of_cases = (library.embeddings @ text.T).mean(axis=1)
    has = np.array(["lv_dilation" in found for found in library.findings])
    for quartiles, which in (
        (result.normal_quartiles, library.normal),
        (result.positive_quartiles, has),
    ):
        values = np.quantile(of_cases[which], (0.25, 0.5, 0.75))
        below = (of_cases[:, None] < values).mean(0)
        # A quartile that is itself a case counts half of that case.
        assert quartiles == pytest.approx(100 * below, abs=100 * 0.5 / len(of_cases) + 1e-6)
    assert result.positive_cases == has.sum()
    (own,) = score(tiny_model, study, ["floppy heart"], library)
    assert own.positive_quartiles is None and own.normal_quartiles is not None


def test_one_may_ask_by_prompts_of_ones_own(
    tiny_model: CMRCLIP, study: np.ndarray, library: CaseLibrary
) -> None:
    sentences = ["The ventricle is large.", "Big heart.", "Big heart."]
    asked = {"LV dilated": sentences}
    own, usual = score(tiny_model, study, ["LV dilated", "HCM"], library, asked)
    assert own.prompts == tuple(sentences[:2]) and own.key == "lv_dilation"
    text = tiny_model.encode_text(own.prompts).double().numpy()
    assert own.similarity == pytest.approx(float((text @ study).mean()), abs=1e-5)
    assert "Asked by 2 prompts of your own." in own.notes
    alone = score(tiny_model, study, ["HCM"], library)[0]
    assert usual.similarity == pytest.approx(alone.similarity) and usual.prompts == alone.prompts
    with pytest.raises(ConditionError, match="has 0 prompts"):
        score(tiny_model, study, ["HCM"], library, {"HCM": []})


def test_a_case_of_the_library_takes_the_middle_of_its_own_rank(
    tiny_model: CMRCLIP, library: CaseLibrary
) -> None:
    percentiles = [
        score(tiny_model, vector, ["normal"], library)[0].percentile
        for vector in library.embeddings
    ]
    assert sorted(percentiles) == pytest.approx([100 * (i + 0.5) / 40 for i in range(40)])


def test_without_a_library_the_score_says_so(tiny_model: CMRCLIP, study: np.ndarray) -> None:
    (result,) = score(tiny_model, study, ["HCM"])
    assert result.percentile is None and result.percentile_normal is None
    assert result.reference.startswith("Not measured against anything")
    assert result.sentence().endswith("not measured against anything.")


def test_a_score_reads_as_a_sentence(
    tiny_model: CMRCLIP, study: np.ndarray, library: CaseLibrary
) -> None:
    (result,) = score(tiny_model, study, ["LV dilated"], library)
    result = replace(result, similarity=0.3123, percentile=88.2, percentile_normal=99.4)
    assert result.sentence() == (
        "'LV dilated': similarity 0.31, higher than 88 % of the 40 cases of the library 'forty' "
        "and higher than 99 % of its normal cases."
    )


def test_a_score_is_json_ready(
    tiny_model: CMRCLIP, study: np.ndarray, library: CaseLibrary
) -> None:
    data = score(tiny_model, study, ["no LV dilation"], library)[0].as_dict()
    assert json.loads(json.dumps(data)) == data
    assert "probability" not in json.dumps(data)


def test_a_library_of_another_model_is_refused(
    tiny_model: CMRCLIP, study: np.ndarray, library: CaseLibrary
) -> None:
    tiny_model.identity, mine = "another", tiny_model.identity
    try:
        with pytest.raises(LibraryError, match="embed its cases again"):
            score(tiny_model, study, ["HCM"], library)
    finally:
        tiny_model.identity = mine


def test_the_same_condition_in_other_words_is_scored_once(
    tiny_model: CMRCLIP, study: np.ndarray
) -> None:
    results = score(tiny_model, study, ["DCM", "dilated cardiomyopathy", "EF 25%", "ef 25%", "DCM"])
    assert [r.condition for r in results] == ["DCM", "EF 25%"]
    assert any("'dilated cardiomyopathy' means the same" in note for note in results[0].notes)
    assert any("more than once" in note for note in results[0].notes)


def test_a_condition_outside_the_training_is_flagged(
    tiny_model: CMRCLIP, study: np.ndarray
) -> None:
    mine = tiny_model.config
    tiny_model.config = replace(mine, conditions=("lv_dilation",))
    try:
        trained, untrained = score(tiny_model, study, ["LV dilated", "amyloid"])
    finally:
        tiny_model.config = mine
    assert not trained.notes
    assert any("not trained on cardiac amyloidosis" in note for note in untrained.notes)


def test_a_denial_is_scored_as_typed_and_flagged(tiny_model: CMRCLIP, study: np.ndarray) -> None:
    (result,) = score(tiny_model, study, ["no LV dilation"])
    assert result.key is None
    assert all("no LV dilation" in prompt for prompt in result.prompts)
    assert any("denies" in note for note in result.notes)


def test_what_the_model_cannot_read_is_said(tiny_model: CMRCLIP, study: np.ndarray) -> None:
    long = "the left ventricle is dilated and " * 14
    results = score(tiny_model, study, [long, "<b>thick walls</b>", "左心室扩大"])
    assert any("tokens" in note for note in results[0].notes)
    assert results[1].key == "lv_hypertrophy"
    assert any("HTML" in note for note in results[1].notes)
    assert any("unknown to the model" in note for note in results[2].notes)
    assert any("English" in note for note in results[2].notes)


@pytest.mark.parametrize("conditions", [[], [""], ["  \n"], ["LV dilated", "<br>"], ["x1"] * 51])
def test_what_cannot_be_scored_is_refused(
    tiny_model: CMRCLIP, study: np.ndarray, conditions: list[str]
) -> None:
    assert len(conditions) <= MAX_CONDITIONS + 1
    with pytest.raises(ConditionError):
        score(tiny_model, study, conditions)


@pytest.mark.parametrize("vector", [np.zeros(WIDTH), np.ones(WIDTH + 1), np.full(WIDTH, np.nan)])
def test_an_embedding_of_no_study_is_refused(tiny_model: CMRCLIP, vector: np.ndarray) -> None:
    with pytest.raises(StudyError, match="16 finite numbers"):
        score(tiny_model, vector, ["HCM"])


def test_a_text_query_finds_the_cases_that_score_highest(
    tiny_model: CMRCLIP, library: CaseLibrary
) -> None:
    query = text_query(tiny_model, "HOCM")
    found = library.search_text(tiny_model, "HOCM", k=3)
    best = np.sort(library.embeddings @ query)[::-1][:3]
    assert [case.similarity for case in found] == pytest.approx(best, abs=1e-5)
    index = [f"case-{i}" for i in range(40)].index(found[0].id)
    (same,) = score(tiny_model, library.embeddings[index], ["HOCM"])
    assert same.similarity == pytest.approx(found[0].similarity, abs=1e-5)
