"""What people type is cleaned, and taken for a known condition only where it names one exactly."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmrclip_lite.errors import ConditionError
from cmrclip_lite.prompts import (
    CONDITIONS,
    MAX_CHARACTERS,
    clean_condition,
    find_condition,
    has_negation,
    templates,
)

# Letters, and everything that cleaning has a rule for.
HOSTILE = st.text(
    alphabet=st.sampled_from(list("ab LV<>&;/!?#x123lgtmp\"'=\t\n\x00\u200b\u202e＜²éж心"))
    | st.characters()
)


@given(st.text() | HOSTILE)
def test_cleaned_text_is_short_single_spaced_visible_and_opens_no_tag(text: str) -> None:
    try:
        cleaned, notes = clean_condition(text)
    except ConditionError:
        return
    assert 0 < len(cleaned) <= MAX_CHARACTERS
    assert cleaned == " ".join(cleaned.split())
    assert cleaned.isprintable()
    assert not re.search(r"<[a-zA-Z/!?]", cleaned)
    assert all(note.endswith(".") for note in notes)


@given(st.text() | HOSTILE)
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    try:
        cleaned, _ = clean_condition(text)
    except ConditionError:
        return
    again, _ = clean_condition(cleaned)
    assert again == cleaned


@given(st.text(alphabet=" abcdefghijklmnopqrstuvwxyzABCXYZ0123456789%.,-", min_size=1))
def test_plain_text_keeps_every_word(text: str) -> None:
    words = text.split()
    if any(c.isalnum() for c in text) and len(text) <= MAX_CHARACTERS:
        assert clean_condition(text)[0].split() == words


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("<b>LV</b> dilated", "LV dilated"),
        ("<script>alert(1)</script>HCM", "alert(1) HCM"),
        ("&lt;img src=x onerror=alert(1)&gt; HCM", "HCM"),
        ("EF <30 and RVEF >40", "EF <30 and RVEF >40"),
        ("LVEF &lt; 30", "LVEF < 30"),
        ("LVEDVi 140 ml/m²", "LVEDVi 140 ml/m2"),
        ("thick\u200b\u202e\x07 walls\r\n", "thick walls"),
        ("HCM <img src=x onerror=alert(1)", "HCM img src=x onerror=alert(1)"),
    ],
)
def test_cleaning_by_example(typed: str, expected: str) -> None:
    assert clean_condition(typed)[0] == expected


def test_what_cleaning_did_is_said() -> None:
    assert clean_condition("LV dilated") == ("LV dilated", ())
    assert "HTML" in clean_condition("<i>HCM</i>")[1][0]
    cut, (note,) = clean_condition("dilated " * 100)
    assert cut.endswith("dilated") and len(cut) <= MAX_CHARACTERS
    assert str(len(cut)) in note and str(MAX_CHARACTERS) in note


@pytest.mark.parametrize("text", ["", "   ", "\x00\n", "<br>", "?!", "❤️"])
def test_nothing_to_ask_is_an_error(text: str) -> None:
    with pytest.raises(ConditionError, match="empty"):
        clean_condition(text)


@pytest.mark.parametrize("text", ["左心室扩大", "дилатация", "linker Ventrikel erweitert",
                                  "ventrículo izquierdo dilatado"])  # fmt: skip
def test_other_languages_are_noted(text: str) -> None:
    assert any("English" in note for note in clean_condition(text)[1])


def test_every_condition_is_complete_and_found_by_all_its_names() -> None:
    assert len(CONDITIONS) == 23
    for key, condition in CONDITIONS.items():
        assert condition.key == key
        assert 3 <= len(condition.prompts) <= 6
        assert condition.group in ("chamber", "diagnosis")
        for name in (key, condition.label, *condition.aliases, *condition.prompts):
            for form in (name, name.upper(), f"  {name}?"):
                assert find_condition(form) is condition


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("HOCM", "hypertrophic_cardiomyopathy"),
        ("left ventricle is dilated", "lv_dilation"),
        ("LV-dilatation", "lv_dilation"),
        ("big right heart", "rv_dilation"),
        ("LVEF<30%", "severe_lv_systolic_dysfunction"),
        ("non-ischemic cardiomyopathy", "nonischaemic_cardiomyopathy"),
        ("nonischaemic cardiomyopathy", "nonischaemic_cardiomyopathy"),
        ("fluid around the heart", "pericardial_effusion"),
        ("a clot in the LV apex", "lv_thrombus"),
        ("Big left atrium", "left_atrial_enlargement"),
        ("LA dilatation", "left_atrial_enlargement"),
        ("fluid on the lungs", "pleural_effusion"),
    ],
)
def test_common_spellings(typed: str, key: str) -> None:
    found = find_condition(typed)
    assert found is not None and found.key == key


@pytest.mark.parametrize(
    "frame",
    ["no {}", "not {}", "without {}", "{} absent", "{}: no", "- {}", "{} -", "!{}", "¬{}",
     "negative for {}", "mild {}", "possible {}", "{} excluded", "(-) {}", "{} (-)", "-{}"],
)  # fmt: skip
def test_a_denied_or_qualified_condition_is_not_taken_for_the_condition(frame: str) -> None:
    for condition in CONDITIONS.values():
        if condition.key == "normal_study":
            continue
        for name in (condition.label, *condition.aliases, *condition.prompts):
            found = find_condition(frame.format(name))
            # "not reduced LVEF" is no name; "non-" and "mild" are never dropped either.
            assert found is not condition, frame.format(name)


def test_templates_say_neither_more_nor_less() -> None:
    for text in ("EF 25%", "no LV dilation", "the heart pumps badly", "septum 19 mm."):
        prompts = templates(text)
        assert 3 <= len(prompts) <= 4
        assert text.rstrip(".") in prompts[0]
        assert all(text.rstrip(".") in prompt for prompt in prompts)
    assert "Cardiac MRI shows EF 25%." in templates("EF 25%")
    # A sentence is not put behind "There is".
    assert not any(p.startswith("There is") for p in templates("the left ventricle is big"))


def test_braces_in_a_text_are_only_text() -> None:
    assert templates("EF {0} {}")[0] == "EF {0} {}"


def test_denials_are_noticed() -> None:
    assert has_negation("No wall motion abnormality") and has_negation("isn’t dilated")
    assert has_negation("thrombus was ruled out") and has_negation("anything  but normal")
    assert has_negation("free of effusion") and has_negation("the LV hasn't dilated")
    assert not has_negation("normal study") and not has_negation("nodular")
    assert not has_negation("a pale rule, out of place")


def test_every_way_to_deny_that_training_holds_is_noticed():
    from cmrclip_lite.training.frames import AFFIRM, DENY

    assert [frame for frame in DENY if not has_negation(frame.format("LV dilation"))] == []
    assert [frame for frame in AFFIRM if has_negation(frame.format("LV dilation"))] == []
