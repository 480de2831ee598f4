"""A search finds by images, impressions and words, within filters, each exam once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import Acquisition, CaseLibrary, CaseRecord, Filters, indexing

IMPRESSIONS = (
    "1. Severely dilated left ventricle, LVEF 21 %.",
    "1. Asymmetric septal hypertrophy. No pericardial effusion.",
    "1. Large pericardial effusion.",
    "1. Normal study.",
    "1. Dilated right ventricle, impaired systolic function.",
)
FINDINGS = (
    ("lv_dilation", "lv_systolic_dysfunction"),
    ("lv_hypertrophy",),
    ("pericardial_effusion",),
    ("normal_study",),
    ("rv_dilation", "lv_dilation"),
)


def unit(rng: np.random.Generator, width: int) -> np.ndarray:
    vector = rng.normal(size=width).astype(np.float32)
    return vector / np.linalg.norm(vector)


def records(width: int, count: int = 60) -> list[CaseRecord]:
    rng = np.random.default_rng(0)
    return [
        CaseRecord(
            id=f"case-{i:02d}",
            embedding=unit(rng, width),
            impression=IMPRESSIONS[i % 5],
            findings=FINDINGS[i % 5],
            picture=bytes([i]),
            acquisition=Acquisition(
                views=("SAX", "4CH") if i % 2 else ("SAX",),
                vendor="SIEMENS" if i % 3 else "GE",
                field_strength_t=2.89 if i % 4 else 1.494,
                slices=10,
                phases=25,
                enhancement=bool(i % 2),
            ),
            sex="female" if i % 2 else "male",
            age_band="60-69",
            content=(f"{i:012x}",),
        )
        for i in range(count)
    ]


HOW = ("in memory", "without an index", "by an index")


@pytest.fixture(scope="module", params=HOW)
def library(request, tiny_model, tmp_path_factory):
    """The same library as a small one, and as one that is too large for memory."""
    folder = tmp_path_factory.mktemp("library") / "library"
    with pytest.MonkeyPatch.context() as patch:
        some = records(tiny_model.config.projection_dim)
        yield searched(request.param, tiny_model, folder, some, patch)


def searched(how: str, model, folder, some: list[CaseRecord], patch) -> CaseLibrary:
    made = CaseLibrary.create(folder, "test", model, some)
    if how == "in memory":
        return made
    patch.setattr(indexing, "EXACT_BYTES", 0)
    if how == "by an index":
        made.optimize()
    return CaseLibrary.open(folder)


@pytest.fixture
def query(tiny_model) -> np.ndarray:
    return unit(np.random.default_rng(5), tiny_model.config.projection_dim)


def best(query: np.ndarray, which=lambda record: True) -> list[str]:
    fitting = [r for r in records(len(query)) if which(r)]
    return [r.id for r in sorted(fitting, key=lambda r: -float(r.embedding @ query))]


def ids(cases) -> list[str]:
    return [case.id for case in cases]


def test_the_same_cases_are_found_however_they_are_searched(library, query):
    found = library.search(query, 10)
    assert ids(found) == best(query)[:10]
    by_id = {r.id: r for r in records(len(query))}
    for case in found:
        record = by_id[case.id]
        assert case.similarity == pytest.approx(float(record.embedding @ query), abs=1e-5)
        assert (case.picture, case.acquisition.vendor) == (
            record.picture,
            record.acquisition.vendor,
        )
        assert (case.sex, case.age_band) == (record.sex, record.age_band)


def test_a_library_says_how_it_is_searched(library, request):
    how = request.node.callspec.params["library"]
    said = {
        "in memory": "Exact: all 60 cases are compared.",
        "without an index": "Exact, read from the store each time: all 60 cases are compared.",
        "by an index": "Approximate: an index (IvfRq) over 60 cases",
    }[how]
    assert library.search_method.startswith(said)


@pytest.mark.parametrize(
    ("where", "which"),
    [
        (Filters(findings=("LV dilation",)), lambda r: "lv_dilation" in r.findings),
        (
            Filters(findings=("lv_dilation", "rv_dilation")),
            lambda r: {"lv_dilation", "rv_dilation"} <= set(r.findings),
        ),
        (Filters(without=("lv_dilation",)), lambda r: "lv_dilation" not in r.findings),
        (Filters(views=("4ch",)), lambda r: "4CH" in r.acquisition.views),
        (Filters(vendors=("ge",)), lambda r: r.acquisition.vendor == "GE"),
        (
            Filters(field_strengths_t=(1.5,)),
            lambda r: r.acquisition.field_strength_t == 1.494,
        ),
        (
            Filters(field_strengths_t=(3,), sexes=("female",), age_bands=("60-69",)),
            lambda r: r.acquisition.field_strength_t == 2.89 and r.sex == "female",
        ),
    ],
)
def test_filters_leave_the_best_of_what_fits(library, query, where, which):
    assert ids(library.search(query, 7, where=where)) == best(query, which)[:7]


def test_a_filter_that_nothing_fits_finds_nothing(library, query):
    assert library.search(query, 5, where=Filters(vendors=("'; DROP TABLE cases",))) == []


def test_a_view_that_does_not_exist_is_named(library, query):
    with pytest.raises(LibraryError, match="no view '5CH'"):
        library.search(query, 5, where=Filters(views=("5CH",)))


def test_impressions_are_searched_by_an_impression(library, tiny_model):
    sought = tiny_model.encode_text([IMPRESSIONS[2]])[0]
    found = library.search(sought, 12, by="impression")
    assert {case.impression for case in found} == {IMPRESSIONS[2]}
    assert found[0].similarity == pytest.approx(1, abs=1e-5)


def test_words_lift_the_cases_that_hold_them(library, query):
    found = library.search(query, 12, words="hypertrophy")
    assert {"lv_hypertrophy"} <= {f for case in found for f in case.findings}
    holding = [case for case in found if case.words]
    assert holding and all("hypertrophy" in case.impression for case in holding)
    similarities = {r.id: float(r.embedding @ query) for r in records(len(query))}
    for case in found:
        assert case.similarity == pytest.approx(similarities[case.id], abs=1e-5)


def test_a_phrase_in_quotes_is_searched_as_it_stands(library, query):
    found = library.search(query, 60, words='"no pericardial effusion"')
    assert {case.impression for case in found if case.words} == {IMPRESSIONS[1]}


def test_words_and_filters_go_together(library, query):
    where = Filters(vendors=("GE",))
    found = library.search(query, 30, words="effusion", where=where)
    assert found and {case.acquisition.vendor for case in found} == {"GE"}


def test_a_study_does_not_find_itself(library):
    record = records(library.width)[8]
    assert library.search(record.embedding, 1)[0].id == "case-08"
    for own in (record.content, (record.id,)):
        found = library.search(record.embedding, 60, exclude=own)
        assert len(found) == 59 and "case-08" not in ids(found)


@pytest.mark.parametrize("how", HOW)
def test_the_same_exam_under_other_names_is_found_once(tiny_model, tmp_path, monkeypatch, how):
    some = records(tiny_model.config.projection_dim, 20)
    part = replace(some[3], id="part", embedding=some[9].embedding, content=("x", *some[3].content))
    nudged = some[4].embedding + np.float32(0.003) * some[5].embedding
    close = replace(
        some[4], id="compressed", embedding=nudged / np.linalg.norm(nudged), content=("y",)
    )
    some = [*some, part, close]
    library = searched(how, tiny_model, tmp_path / "library", some, monkeypatch)
    found = library.search(some[4].embedding, 20)
    assert found[0].id == "case-04" and found[0].folded == ("compressed",)
    assert len(found) == 20 and len({*ids(found)} & {"part", "case-03"}) == 1
    assert len(library.search(some[4].embedding, 22, fold=False)) == 22


@pytest.mark.parametrize("how", HOW)
def test_cases_without_an_impression_are_found_by_their_images_alone(
    tiny_model, tmp_path, monkeypatch, how
):
    some = [replace(r, impression="") for r in records(tiny_model.config.projection_dim, 6)]
    some[2] = replace(some[2], impression="1. Normal study.")
    library = searched(how, tiny_model, tmp_path / "library", some, monkeypatch)
    assert len(library.search(some[0].embedding, 6)) == 6
    sought = tiny_model.encode_text(["1. Normal study."])[0]
    for asked in (sought, -sought):  # no case is found before one whose cosine is negative
        assert ids(library.search(asked, 6, by="impression")) == ["case-02"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"by": "report"}, "by image or impression"),
        ({"words": "  "}, "no words"),
        ({"k": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_asked_is_said(library, query, asked, message):
    with pytest.raises(LibraryError, match=message):
        library.search(query, **asked)


def test_what_is_indexed_is_not_indexed_again_and_new_cases_are_found(
    tiny_model, tmp_path, monkeypatch
):
    monkeypatch.setattr(indexing, "EXACT_BYTES", 0)
    some = records(tiny_model.config.projection_dim)
    library = CaseLibrary.create(tmp_path / "library", "t", tiny_model, some[:50])
    library.optimize()
    made: list[str] = []
    monkeypatch.setattr(
        type(library._table), "create_index", lambda _, name, **__: made.append(name)
    )
    library.optimize()
    assert made == []
    library.add(tiny_model, some[50:])
    assert library.search(some[55].embedding, 1)[0].id == "case-55"
    library.optimize()
    assert library.search(some[55].embedding, 1)[0].id == "case-55"


def test_a_large_library_without_impressions_is_indexed_too(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr(indexing, "EXACT_BYTES", 0)
    some = [replace(r, impression="") for r in records(tiny_model.config.projection_dim)]
    library = CaseLibrary.create(tmp_path / "library", "t", tiny_model, some)
    library.optimize()
    assert library.search_method.startswith("Approximate")
    assert library.search(some[5].embedding, 1)[0].id == "case-05"


def test_an_index_is_asked_once_for_all_that_is_shown(tiny_model, tmp_path, monkeypatch):
    some = records(tiny_model.config.projection_dim)
    library = searched("by an index", tiny_model, tmp_path / "library", some, monkeypatch)
    assert library.search_method.startswith("Approximate")
    asked: list[str] = []
    for name in ("search", "take_row_ids"):
        plain = getattr(type(library._table), name)

        def counted(*given, plain=plain, name=name, **named):
            asked.append(name)
            return plain(*given, **named)

        monkeypatch.setattr(type(library._table), name, counted)
    assert library.search(some[7].embedding, 5)[0].picture == some[7].picture
    assert asked == ["search"]
