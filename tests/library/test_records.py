"""What a library keeps of a case, and how it knows a row that was tampered with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import Acquisition, CaseLibrary, CaseRecord, age_band, indexing
from cmrclip_lite.study import Sequence, Series, Study, View

AXES = np.array([[1.0, 0, 0], [0, 1, 0]])


def cine(value: int, view: str = "SAX", phases: int = 5, **tags: str) -> Series:
    pixels = np.full((phases, 8, 8), value, np.int16)
    pixels[:, 2, 3] = 7
    return Series(
        pixels, (1.5, 1.5), orientation=AXES, view=View(view), sequence=Sequence.CINE, tags=tags
    )


def record(model, **changes) -> CaseRecord:
    vector = np.zeros(model.config.projection_dim, np.float32)
    vector[0] = 1
    return replace(CaseRecord("a", vector, "1. Normal study.", ("normal_study",)), **changes)


@pytest.mark.parametrize(
    ("years", "band"),
    [(0, "0-9"), (9.9, "0-9"), (60, "60-69"), (89, "80-89"), (90, "90+"), (104, "90+")]
    + [(None, ""), (-1, ""), (999, "")],
)
def test_an_age_becomes_a_band_and_the_oldest_share_one(years, band):
    assert age_band(years) == band


def test_acquisition_is_what_most_series_say():
    series = [
        cine(1, Manufacturer="SIEMENS", MagneticFieldStrength="1.494"),
        cine(2, phases=25, Manufacturer="SIEMENS", MagneticFieldStrength="1.494"),
        cine(3, phases=25, Manufacturer="GE", MagneticFieldStrength="30000"),
        cine(4, view="4CH"),
    ]
    assert Acquisition.of(Study(series)) == Acquisition(
        views=("SAX", "4CH"), vendor="SIEMENS", field_strength_t=1.49, slices=3, phases=25
    )


@pytest.mark.parametrize(
    ("written", "tesla"), [("30000", 3.0), ("1.5", 1.5), ("0", None), ("high", None), ("", None)]
)
def test_a_field_strength_in_gauss_or_nonsense(written, tesla):
    study = Study([cine(1, MagneticFieldStrength=written)])
    assert Acquisition.of(study).field_strength_t == tesla


def test_the_same_pixels_have_the_same_content_whatever_they_came_as():
    study = Study([cine(1), cine(2)])
    again = Study([replace_pixels(s, s.pixels.astype(np.float64)) for s in reversed(study.series)])
    assert study.content == again.content and len(study.content) == 2
    assert set(Study([cine(2)]).content) < set(study.content)
    assert Study([cine(3)]).content[0] not in study.content


def test_a_blank_series_says_nothing_about_which_exam_it_is():
    blank = Series(np.zeros((3, 4, 4), np.int16), (1.0, 1.0))
    assert Study([blank]).content == ()


def replace_pixels(series: Series, pixels: np.ndarray) -> Series:
    return Series(pixels, series.spacing_mm, view=series.view, sequence=series.sequence)


def test_a_record_comes_back_as_it_was_put_in(tiny_model, tmp_path):
    put = record(
        tiny_model,
        picture=b"RIFF",
        source="a test",
        acquisition=Acquisition(("SAX",), "GE", 2.89, 9, 25, True),
        sex="female",
        age_band="60-69",
        content=("abc", "def"),
        fingerprint="f",
    )
    (got,) = CaseLibrary.create(tmp_path / "library", "t", tiny_model, [put]).get(["a", "none"])
    for name in vars(put):
        if "embedding" not in name:
            assert getattr(got, name) == getattr(put, name), name
    assert np.array_equal(got.embedding, put.embedding)
    expected = tiny_model.encode_text([put.impression])[0].numpy()
    np.testing.assert_allclose(got.impression_embedding, expected, atol=1e-6)


def test_every_row_says_which_model_made_it(tiny_model, tmp_path):
    library = CaseLibrary.create(tmp_path / "library", "t", tiny_model, [record(tiny_model)])
    (row,) = library._table.to_arrow().to_pylist()
    assert (row["model_identity"], row["model_name"], row["layout"]) == ("tiny-0", "tiny", "heart")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("impression = 'something else'", "not as it was written"),
        ("vendor = 'GE'", "not as it was written"),
        ("model_identity = 'another'", "not as it was written"),
        ("checksum = ''", "not as it was written"),
    ],
)
def test_verify_tells_a_row_that_was_changed(tiny_model, tmp_path, change, problem):
    library = CaseLibrary.create(tmp_path / "library", "t", tiny_model, [record(tiny_model)])
    assert library.verify().ok and library.verify().cases == 1
    column, _, value = change.partition(" = ")
    library._table.update(values_sql={column: value})
    assert not CaseLibrary.open(tmp_path / "library").verify().ok
    (said,) = CaseLibrary.open(tmp_path / "library").verify().problems
    assert problem in said and "'a'" in said


def test_verify_tells_a_case_that_is_there_twice(tiny_model, tmp_path):
    library = CaseLibrary.create(tmp_path / "library", "t", tiny_model, [record(tiny_model)])
    library._table.add(library._table.to_arrow())
    (said,) = library.verify().problems
    assert "more than once" in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ""}, "no id"),
        ({"embedding": np.full(16, np.nan, np.float32)}, "unit vector"),
        ({"impression_embedding": np.ones(16, np.float32)}, "impression embedding"),
    ],
)
def test_a_case_that_does_not_fit_is_refused(tiny_model, tmp_path, changes, message):
    with pytest.raises(LibraryError, match=message):
        CaseLibrary.create(tmp_path / "new", "t", tiny_model, [record(tiny_model, **changes)])
    assert not (tmp_path / "new").exists()


def test_adding_removing_and_replacing(tiny_model, tmp_path):
    library = CaseLibrary.create(tmp_path / "library", "t", tiny_model, [record(tiny_model)])
    more = [record(tiny_model), record(tiny_model, id="b")]
    assert library.add(tiny_model, more) == 1 and library.ids == ["a", "b"]
    changed = record(tiny_model, impression="1. Dilated left ventricle.")
    assert library.add(tiny_model, [changed]) == 0
    assert library.get(["a"])[0].impression == "1. Normal study."
    assert library.add(tiny_model, [changed], replace=True) == 0 and len(library) == 2
    assert library.get(["a"])[0].impression == "1. Dilated left ventricle."
    assert library.remove(["a", "none"]) == 1 and library.ids == ["b"]
    assert "a" not in library and "b" in library
    library.optimize()
    assert CaseLibrary.open(tmp_path / "library").verify().ok


def test_a_score_of_a_library_too_large_for_memory_is_measured_against_a_sample(
    tiny_model, tmp_path, monkeypatch
):
    from cmrclip_lite.library import reference
    from cmrclip_lite.zeroshot import score

    cases = [
        record(tiny_model, id=f"{i}", findings=("normal_study",) if i % 2 else ())
        for i in range(50)
    ]
    CaseLibrary.create(tmp_path / "library", "fifty", tiny_model, cases)
    monkeypatch.setattr(indexing, "EXACT_BYTES", 0)
    monkeypatch.setattr(reference, "REFERENCE_CASES", 20)
    library = CaseLibrary.open(tmp_path / "library")
    (asked,) = score(tiny_model, cases[0].embedding, ["LV dilation"], library)
    assert asked.cases == 20 and 0 < asked.normal_cases < 20
    assert asked.reference.startswith(
        "Measured against 20 drawn at random from the 50 cases of the library 'fifty'"
    )
