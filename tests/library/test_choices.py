"""What a library offers to filter by, and what a similarity is measured against."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import Acquisition, CaseLibrary, Choices, Filters


@pytest.fixture(scope="module")
def library() -> CaseLibrary:
    return CaseLibrary.open()


def test_every_choice_finds_at_least_one_case(library):
    choices = library.choices
    assert choices.findings and choices.views and choices.vendors and choices.sexes
    for name in ("findings", "views", "vendors", "field_strengths_t", "sexes", "age_bands"):
        for value in getattr(choices, name):
            where = Filters(**{name: (value,)})
            assert library.search(library.embeddings[0], 1, where=where), (name, value)


def test_a_field_that_no_case_has_offers_nothing_and_near_tesla_are_one(library, tmp_path):
    record = replace(
        library.get(library.ids[:1])[0], sex="", age_band="", findings=("my own finding",)
    )
    strengths = {"a": 1.494, "b": 1.5, "c": 2.89, "d": None}
    records = [
        replace(record, id=name, acquisition=Acquisition((), vendor, tesla), content=())
        for (name, tesla), vendor in zip(strengths.items(), ("GE", "ge", "", "GE"), strict=True)
    ]

    class Model:
        identity, name = library.model_identity, library.model_name

        class config:  # noqa: N801
            projection_dim = library.width

            class layout:  # noqa: N801
                name = library.layout

    own = CaseLibrary.create(tmp_path / "own", "own", Model, records)
    assert [vendor.lower() for vendor in own.choices.vendors] == ["ge"]
    assert replace(own.choices, vendors=()) == Choices(field_strengths_t=(1.49, 2.89))


def test_a_similarity_is_measured_against_all_cases_but_the_study_itself(library):
    vector = library.embeddings[3]
    everything = library.similarities(vector)
    assert everything.shape == (len(library),) and everything.max() == pytest.approx(1)
    others = library.similarities(vector, exclude=[library.ids[3]])
    assert others.shape == (len(library) - 1,) and others.max() < 0.9999
    by_content = library.get([library.ids[3]])[0].content
    assert len(library.similarities(vector, exclude=by_content)) == len(library) - 1
    words = library.similarities(vector, by="impression")
    best = library.search(vector, 1, by="impression")[0]
    assert words.max() == pytest.approx(best.similarity, abs=1e-6)
    with pytest.raises(LibraryError, match="256 values"):
        library.similarities(np.ones(3))


def test_impressions_come_by_id(library):
    ids = library.ids[5:8]
    assert library.impressions_of([*ids, "nobody"]) == dict(
        zip(ids, library.impressions[5:8], strict=True)
    )
    assert library.impressions_of([]) == {}
