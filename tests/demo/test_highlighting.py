"""What is marked in an impression speaks of what was asked; what denies it is struck out."""

from __future__ import annotations

import pytest
from highlighting import marked, marks

from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.prompts import CONDITIONS


def told(text: str, *asked: str) -> list[tuple[str, bool]]:
    """Marked words, and whether they are denied."""
    return [(text[mark.start : mark.end], mark.denied) for mark in marks(text, asked)]


@pytest.mark.parametrize(
    ("text", "asked", "expected"),
    [
        ("Large pericardial effusion.", "pericardial effusion", [("pericardial effusion", False)]),
        ("peric eff 10 mm", "Pericardial effusion", [("peric eff", False)]),
        ("Severely dilated LV", "LV dilated", [("dilated LV", False)]),
        ("LEFT VENTRICULAR HYPERTROPHY", "thick septum", [("LEFT VENTRICULAR HYPERTROPHY", False)]),
        ("LVSD, mild", "LV systolic dysfunction", [("LVSD", False)]),
        ("Ischaemic pattern", "ischemic scar", [("Ischaemic", False)]),
    ],
)
def test_abbreviations_and_other_names_of_what_was_asked_are_marked(text, asked, expected):
    assert told(text, asked) == expected


@pytest.mark.parametrize(
    "text",
    [
        "No pericardial effusion.",
        "no evidence of pericardial or pleural effusion",
        "Pericardial effusion absent",
        "Pericardial effusion: none",
        "pericardial effusion is not seen",
        "No LV dilation, hypertrophy, or pericardial effusion",
        "without peric eff",
    ],
)
def test_a_denied_finding_is_struck_and_not_marked(text):
    (_, denied), *_ = told(text, "pericardial effusion")
    assert denied
    shown = marked(text, ["pericardial effusion"])
    assert "<mark" not in shown and "<s>" in shown and "opposite" in shown


@pytest.mark.parametrize(
    ("text", "asked", "denied"),
    [
        ("No LV dilation, RV dilated.", "RV dilated", False),
        ("LV dilated without late enhancement", "LV dilated", False),
        ("LV dilated without late enhancement", "LGE", True),
        ("Non-dilated left ventricle with reduced systolic function", "LV dilated", True),
        (
            "Non-dilated left ventricle with reduced systolic function",
            "LV systolic dysfunction",
            False,
        ),
        ("Diffuse hypokinesia; no LGE. Pleural effusion.", "pleural effusion", False),
        ("Mildly dilated RV, no effusion", "RV dilated", False),
    ],
)
def test_a_denial_reaches_no_further_than_its_clause(text, asked, denied):
    assert {one for _, one in told(text, asked)} == {denied}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("RV hypertrophy, free wall 6 mm", "LV hypertrophy"),
        ("RVEF reduced", "LV systolic dysfunction"),
        ("Dilated left ventricle with normal RV", "RV dilated"),
        ("Moderate pleural effusion", "pericardial effusion"),
        ("Normal RV size", "Normal study"),
        ("Scarcely anything", "scar"),
    ],
)
def test_another_chamber_or_half_a_name_is_not_marked(text, asked):
    assert told(text, asked) == []


def test_who_asks_for_an_absence_finds_the_denial_marked():
    assert told("No pericardial effusion", "no pericardial effusion")[0][1] is False
    assert told("Pericardial effusion", "no pericardial effusion")[0][1] is True


def test_single_words_are_marked_only_where_the_whole_is_not_said():
    assert told("thin septum. thick wall", "thick septum and scars") == [
        ("septum", False),
        ("thick", False),
    ]


def test_everything_around_and_in_a_mark_is_inert():
    hostile = "<img src=x onerror=alert(1)> ${alert(2)} pericardial effusion & \"'"
    shown = marked(hostile, ["pericardial effusion", "<b>img</b> onerror"])
    assert "<img" not in shown and "<b>" not in shown
    assert "&lt;" in shown and "&amp;" in shown and "&quot;" in shown
    assert marked("", ["LV dilated"]) == "" and marked("LV dilated", []) == "LV dilated"
    assert told("LV dilated", "", "???") == []


@pytest.mark.slow
def test_marks_agree_with_what_is_known_of_the_bundled_cases():
    """Of every condition: where it does not hold nothing affirms it, where it does nothing denies.

    An abnormal right ventricle is left out: reports say it of cases that are not labelled so.
    """
    library = CaseLibrary.open()
    wrong, found, held = [], 0, 0
    for key, condition in CONDITIONS.items():
        for findings, text in zip(library.findings, library.impressions, strict=True):
            said = {mark.denied for mark in marks(text, [condition.label])}
            held += key in findings
            found += key in findings and False in said
            if key != "abnormal_right_ventricle" and said == {key in findings}:
                wrong.append((key, text))
    assert wrong == []
    assert found > 0.7 * held
