"""What of a library is judged: its labels, its groups, and similarities as `score` gives them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.evaluate.cohort import of_library, of_records
from cmrclip_lite.evaluate.evaluation import evaluate
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.zeroshot import score
from tests.evaluate import cohorts


def test_a_finding_holds_does_not_or_is_unknown(first):
    cohort = of_records("made up", cohorts.cases(first, 40), first)
    assert list(cohort.labels) == ["normal_study", "lv_dilation", "lv_hypertrophy", "own_scar"]
    thick = cohort.labels["lv_hypertrophy"]
    assert np.isnan(thick).sum() == 4 and np.nansum(thick) == 8
    assert set(cohort.labels["lv_dilation"]) == {0.0, 1.0}
    assert cohort.measurable("own_scar") and not cohort.measurable("prior_infarct")


def test_the_similarity_to_a_finding_is_the_one_that_a_score_tells(first, shelf):
    library = CaseLibrary.open(shelf)
    cohort = of_library(library, first)
    (record,) = library.get(["case-007"])
    told = score(first, record.embedding, ["LV dilated", "own scar"])
    place = cohort.ids.index("case-007")
    for key, expected in zip(("lv_dilation", "own_scar"), told, strict=True):
        assert cohort.scores(key)[place] == pytest.approx(expected.similarity, abs=1e-6)


def test_groups_are_in_words_and_the_unknown_have_none(first):
    records = cohorts.cases(first, 20)
    records[0] = replace(
        records[0], acquisition=replace(records[0].acquisition, field_strength_t=7.0)
    )
    records[1] = replace(
        records[1], acquisition=replace(records[1].acquisition, field_strength_t=None)
    )
    groups = of_records("made up", records, first).groups
    assert groups["field strength"][:3] == ("7 T", "", "1.5 T")
    assert set(groups["vendor"]) == {"GE", "Philips", "SIEMENS"}
    assert groups["age band"][6] == "" and groups["sex"][:2] == ("male", "female")


def test_cases_are_taken_by_their_ids(first):
    cohort = of_records("made up", cohorts.cases(first, 20), first)
    part = cohort.take(["case-011", "case-003"])
    assert part.ids == ("case-011", "case-003") and len(part) == 2
    assert part.labels["lv_dilation"].tolist() == [0, 1]
    np.testing.assert_array_equal(part.images, cohort.images[[11, 3]])
    np.testing.assert_array_equal(part.first, cohort.first[[11, 3]])


def test_a_library_of_another_model_and_one_without_findings_are_refused(second, first, shelf):
    with pytest.raises(LibraryError, match="was embedded by 'first', not by 'second'"):
        of_library(CaseLibrary.open(shelf), second)
    bare = [replace(record, findings=()) for record in cohorts.cases(first, 3)]
    with pytest.raises(LibraryError, match="No case of 'made up' has a finding"):
        of_records("made up", bare, first)


def test_what_every_case_has_or_none_is_left_out_and_said(first):
    records = [
        replace(record, findings=(*record.findings, "myocarditis"))
        for record in cohorts.cases(first, 24)
    ]
    cohort = of_records("made up", records, first)
    found = evaluate(cohort, findings=["myocarditis", "lv_dilation", "prior_infarct"])
    assert [one.name for one in found.findings] == ["lv_dilation"]
    assert found.left_out == {
        "myocarditis": "no case is known to be without it",
        "prior_infarct": "no case has it",
    }
    with pytest.raises(LibraryError, match="Nothing can be measured in 'made up'"):
        evaluate(cohort, findings=["myocarditis"])
