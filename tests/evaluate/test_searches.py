"""Retrieval within a cohort: chance beside each figure, and cases without an impression apart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cmrclip_lite.evaluate.cohort import of_records
from cmrclip_lite.evaluate.searches import searches
from tests.evaluate import cohorts


def test_impressions_that_lie_on_their_images_are_all_found(first):
    records = [
        replace(record, impression="words", impression_embedding=record.embedding)
        for record in cohorts.cases(first, 20)
    ]
    records[3] = replace(records[3], impression="", impression_embedding=None)
    told = {one.what: one for one in searches(of_records("made up", records, first))}
    for what in ("image to impression", "impression to image"):
        recall, rank = told[f"{what}, recall at 1"], told[f"{what}, median rank"]
        assert recall.estimate.value == 1 and recall.chance == pytest.approx(1 / 19)
        assert rank.estimate.value == 1 and rank.chance == 10


def test_without_impressions_only_cases_are_searched_for(first):
    bare = [replace(record, impression="") for record in cohorts.cases(first, 20)]
    (alike,) = searches(of_records("made up", bare, first))
    assert "nDCG at 5" in alike.what and alike.estimate.value > alike.chance
    assert searches(of_records("made up", bare[:5], first)) == []
