"""Impressions vary in every way but one: what they say is true of the case."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from cmrclip_lite.phantom import grading
from cmrclip_lite.phantom.report import write_impression
from cmrclip_lite.phantom.truth import LVEDVI_HIGH, Truth
from tests.truths import DIAGNOSES, draw_truth, random_truths

# What no image of the phantom shows, and what a report would have to be told.
UNSEEN = re.compile(
    r"valv|regurg|stenos|mitral|tricuspid|history|hypertensi|chest pain|dyspn|symptom|ecg"
    r"|perfusion|stress|oedema|edema|\bt1\b|\bt2\b|strain|year|\bmale|female|patient had|tesla",
    re.IGNORECASE,
)
# What only some views show.
NEEDS = {
    "lge": r"gadolinium|\blge\b|enhancement|\bscar|fibro|myocarditis|contrast|viab",
    "cine_lax": r"aort|\bAo\b|atri|\bLA\b|\bRA\b|[LR]AVi|upper chamber|main artery|\bIAS\b",
}
PER_TRUTH = 4


@pytest.fixture(scope="module")
def reports() -> list[tuple[Truth, str]]:
    rng = np.random.default_rng(5)
    return [(t, write_impression(t, rng)) for t in random_truths(6, 500) for _ in range(PER_TRUTH)]


def test_nothing_is_named_that_the_images_do_not_show(reports: list[tuple[Truth, str]]) -> None:
    for _, report in reports:
        assert not UNSEEN.search(report), report


@pytest.mark.parametrize("view", NEEDS)
def test_nothing_is_named_that_was_not_imaged(view: str) -> None:
    rng = np.random.default_rng(5)
    for truth in random_truths(6, 400):
        short = replace(truth, imaged=tuple(v for v in truth.imaged if v != view))
        report = write_impression(short, rng)
        assert not re.search(NEEDS[view], report, re.IGNORECASE), report


def test_reports_are_whole(reports: list[tuple[Truth, str]]) -> None:
    for _, report in reports:
        assert report.isascii() and report == report.strip() and len(report) > 10
        assert not re.search(r"[\[\]{}|_]|  |\(\)| ,|\.\.|\bnan\b", report), report


def test_every_quoted_number_is_that_of_the_case(reports: list[tuple[Truth, str]]) -> None:
    names = {
        r"\bLVEF (?:of |~)?(\d+)": lambda t: t.lvef,
        r"\bRVEF (\d+)": lambda t: t.rvef,
        r"LVEDVi (\d+)": lambda t: t.lvedvi,
        r"RVEDVi (\d+)": lambda t: t.rvedvi,
        r"LVEDV (\d+)": lambda t: t.lvedv_ml,
        r"RVESV (\d+)": lambda t: t.rvesv_ml,
        r"(?<!effusion, )(?:maximum|max|thickness) (\d+) ?mm": lambda t: max(t.wall_mm),
        r"LAVi (\d+)": lambda t: t.lavi,
        r"RAVi (\d+)": lambda t: t.ravi,
        r"root (\d+)": lambda t: t.aortic_root_mm,
        r"(?:asc|ascending|ascending aorta) (\d+)": lambda t: t.ascending_aorta_mm,
        r"pericardial effusion,? (?:\(|measuring |up to )?(\d+) ?mm": lambda t: (
            t.pericardial_effusion_mm
        ),
        r"pleural eff(?:usion)?,? (?:up to )?(\d+) ?mm": lambda t: t.pleural_effusion_mm,
        r"thrombus,? (\d+) ?mm": lambda t: t.thrombus_mm,
        r"upper limit of normal (\d+)": lambda t: LVEDVI_HIGH[t.sex],
    }
    met = set()
    for truth, report in reports:
        for pattern, value in names.items():
            for stated in re.findall(pattern, report, re.IGNORECASE):
                met.add(pattern)
                assert abs(float(stated) - value(truth)) <= 0.51, (report, pattern)
    assert met == set(names)


# What a report may say only where a finding holds, and what only where it does not.
GRADED = r"(?:mild|moderate|severe)(?:ly)?"
CLAIMS = {
    rf"{GRADED} LV dil|LV {GRADED} (?:dil|enl)|{GRADED} (?:dilated|enlarged) (?:left v|LV)"
    rf"|LV dil\+\+|left ventricle is {GRADED} (?:dilated|enlarged)": "lv_dilation",
    rf"{GRADED} RV dil|RV {GRADED} dil|{GRADED} (?:dilated|enlarged) (?:right v|RV)"
    rf"|right ventricle is {GRADED} dilated": "rv_dilation",
    r"(?<!no )(?<!no left ventricular )(?<!walls )\b(?:LVH \w|ASH\b|LV hypertrophy, m)":
        "lv_hypertrophy",
    r"\bDCM\b|dilated cardiomyopathy": "dilated_cardiomyopathy",
    r"\bHCM\b|hypertrophic cardiomyopathy": "hypertrophic_cardiomyopathy",
    r"infarct|heart attack|\bMI\b|akinetic|dyskinetic|thinned": "prior_infarct",
    r"LVSD|(?:impaired|reduced) LV systolic function|pump is weak": "lv_systolic_dysfunction",
    r"RVSD|RV systolic dysfunction|impaired RV": "rv_systolic_dysfunction",
    r"(?<!no )(?:peric(?:ardial)? eff\w* \d|(?:small|moderate|large) (?:peric|circumf))":
        "pericardial_effusion",
    r"(?<!no )(?:apical thrombus|thrombus in the LV|blood clot of|LV clot \d)": "lv_thrombus",
    r"amyloid": "cardiac_amyloidosis",
    r"myocarditis": "myocarditis",
    r"\bLAE\b|LA \w+ dil|dilated left atrium|biatrial enl": "left_atrial_enlargement",
    r"dilated aortic root|dilated ascending|asc aorta dil": "aortic_dilation",
    r"subendo|transmural|mid-wall|subepi|patchy|diffuse LGE": "late_gadolinium_enhancement",
    r"\bICM\b|(?<!non-)ischa?emic cardiomyopathy": "ischaemic_cardiomyopathy",
    r"normal study|\bNAD\b|structurally normal heart|looks healthy": "normal_study",
}  # fmt: skip
DENIALS = {
    r"no LV dil|LV not dil|LV normal\b|non-dilated left": "lv_dilation",
    r"no RV dil|RV not dil|RV normal\b|RV ok\b": "rv_dilation",
    r"no LVH|no LV hypertrophy|walls ok|not thickened|normal LV wall thickness": "lv_hypertrophy",
    r"no RWMA|no regional wall|no segmental wall|wall motion normal|all parts of the heart wall":
        "regional_wall_motion_abnormality",
    r"no LGE|LGE neg|no scar|no late gad|no myocardial": "late_gadolinium_enhancement",
    r"no peric|normal pericardium|no fluid around the heart": "pericardial_effusion",
    r"no pleural|pleura clear": "pleural_effusion",
    r"no thrombus|no LV clot|no intracardiac": "lv_thrombus",
    r"atria normal|no atrial enl|normal atrial size": "left_atrial_enlargement",
    r"aorta normal|no aortic dil|normal thoracic": "aortic_dilation",
    r"LV size/fn wnl|EF ok|normal LV volumes|pumps well": "lv_systolic_dysfunction",
    r"RV size/fn wnl|normal RV systolic|right ventricular volumes and ejection":
        "rv_systolic_dysfunction",
}  # fmt: skip


@pytest.mark.parametrize("pattern", CLAIMS)
def test_findings_are_claimed_only_where_they_hold(
    pattern: str, reports: list[tuple[Truth, str]]
) -> None:
    said = [(t, r) for t, r in reports if re.search(pattern, r, re.IGNORECASE)]
    assert said
    for truth, report in said:
        assert CLAIMS[pattern] in truth.findings, report


@pytest.mark.parametrize("pattern", DENIALS)
def test_findings_are_denied_only_where_they_do_not_hold(
    pattern: str, reports: list[tuple[Truth, str]]
) -> None:
    said = [(t, r) for t, r in reports if re.search(pattern, r, re.IGNORECASE)]
    assert said
    for truth, report in said:
        assert DENIALS[pattern] not in truth.findings, report


def test_every_main_finding_is_reported(reports: list[tuple[Truth, str]]) -> None:
    words = {
        "lv_dilation": r"dil|enlarge|stretched",
        "rv_dilation": r"dil|enlarged|too big|RV big",
        "lv_hypertrophy": r"hypertroph|LVH|ASH|thick",
        "prior_infarct": r"infarct|\bMI\b|heart attack",
        "lv_systolic_dysfunction": r"reduced|impaired|depressed|LVSD|weak|less than normal|poor"
        r"|dysfunction|down",
    }
    for truth, report in reports:
        for finding in truth.findings & set(words):
            assert re.search(words[finding], report, re.IGNORECASE), (finding, report)


@pytest.mark.parametrize("diagnosis", DIAGNOSES)
def test_one_case_can_be_written_in_a_thousand_ways(diagnosis: str) -> None:
    truth = draw_truth(np.random.default_rng(8), diagnosis)
    rng = np.random.default_rng(9)
    assert len({write_impression(truth, rng) for _ in range(1200)}) > 1000


def test_the_same_seed_writes_the_same_report() -> None:
    truth = random_truths(1, 1)[0]
    first, again = (write_impression(truth, np.random.default_rng(4)) for _ in range(2))
    assert first == again


def test_an_infarct_is_placed_where_it_lies() -> None:
    rng = np.random.default_rng(3)
    for truth in (draw_truth(rng, "infarct") for _ in range(20)):
        report = write_impression(truth, rng)
        assert truth.territory is not None
        others = {"LAD", "RCA", "LCX"} - {truth.territory}
        assert not any(other in report for other in others)


def test_grades_follow_their_limits() -> None:
    base = random_truths(1, 1)[0]

    def with_lvef(percent: float) -> Truth:
        return Truth(**{**vars(base), "lvesv_ml": base.lvedv_ml * (1 - percent / 100)})

    grades = [grading.lvef_grade(with_lvef(ef)) for ef in (60, 45, 35, 20)]
    assert grades == list(grading.GRADES)
