"""A case library finds what is similar, and only for the model that it belongs to."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary, CaseRecord


def records(model, count=20, seed=0):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, model.config.projection_dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        CaseRecord(
            id=f"case-{i:03d}",
            embedding=vector,
            impression=f"1. Impression {i}.",
            findings=("normal_study",) if i % 4 == 0 else ("lv_dilation",),
            picture=bytes([i]),
            source="a test",
        )
        for i, vector in enumerate(vectors)
    ]


@pytest.fixture
def library(tiny_model, tmp_path):
    return CaseLibrary.create(tmp_path / "library", "test", tiny_model, records(tiny_model))


def test_search_agrees_with_a_plain_product(library, tiny_model):
    query = records(tiny_model, 1, seed=1)[0].embedding
    found = library.search(query, k=5)
    similarities = library.embeddings @ query
    best = np.argsort(-similarities)[:5]
    assert [case.id for case in found] == [f"case-{i:03d}" for i in best]
    np.testing.assert_allclose([c.similarity for c in found], similarities[best], atol=1e-5)


def test_an_embedding_may_be_a_tensor_of_any_type(library):
    query = torch.tensor(library.embeddings[3]).to(torch.bfloat16).requires_grad_()
    assert library.search(query, k=1)[0].id == "case-003"


def test_a_case_comes_back_whole(library, tiny_model):
    record = records(tiny_model)[7]
    case = library.search(record.embedding, k=1)[0]
    assert case.similarity == pytest.approx(1, abs=1e-5)
    assert (case.id, case.impression, case.findings, case.picture, case.source) == (
        record.id,
        record.impression,
        record.findings,
        record.picture,
        record.source,
    )
    assert "picture" not in case.as_dict()


def test_reopened_library_knows_its_model_and_its_normals(library, tiny_model, tmp_path):
    again = CaseLibrary.open(tmp_path / "library")
    assert len(again) == 20 and again.name == "test"
    assert again.normal.sum() == 5 and again.findings[1] == ("lv_dilation",)
    again.require(tiny_model)


def test_text_search_ranks_by_the_text_embedding(library, tiny_model):
    text = "an entirely new phrase that nobody listed as a condition"
    cases = library.search_text(tiny_model, text, k=3)
    assert len(cases) == 3
    assert cases[0].similarity >= cases[1].similarity >= cases[2].similarity


def test_asking_for_more_cases_than_there_are_gives_all(library):
    assert len(library.search(library.embeddings[0], k=100)) == 20


def test_another_model_is_refused(library, tiny_model, monkeypatch):
    monkeypatch.setattr(tiny_model, "identity", "someone-else")
    with pytest.raises(LibraryError, match="embed its cases again"):
        library.search_text(tiny_model, "LV dilation")


@pytest.mark.parametrize("query", [np.zeros(3, np.float32), np.zeros((2, 16), np.float32)])
def test_a_vector_of_another_width_is_refused(library, query):
    with pytest.raises(LibraryError, match="16 values"):
        library.search(query)


def test_a_missing_library_is_named_and_not_created(tmp_path):
    with pytest.raises(LibraryError, match="no case library"):
        CaseLibrary.open(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_damaged_library_is_an_error_and_not_a_crash(library, tmp_path):
    for manifest in (tmp_path / "library").rglob("*.manifest"):
        manifest.write_bytes(b"not a manifest")
    with pytest.raises(LibraryError, match="damaged"):
        CaseLibrary.open(tmp_path / "library")


def test_a_library_is_never_overwritten(library, tiny_model, tmp_path):
    with pytest.raises(LibraryError, match="already"):
        CaseLibrary.create(tmp_path / "library", "test", tiny_model, records(tiny_model))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda r: [], "at least one"),
        (lambda r: [r[0], r[0]], "same id"),
        (lambda r: [CaseRecord("x", r[0].embedding * 2, "", ())], "unit vector"),
    ],
)
def test_cases_that_do_not_fit_are_refused(tiny_model, tmp_path, spoil, message):
    with pytest.raises(LibraryError, match=message):
        CaseLibrary.create(tmp_path / "new", "test", tiny_model, spoil(records(tiny_model)))
    assert not (tmp_path / "new").exists()
