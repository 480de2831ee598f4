"""What in a report tells of a person is seen, and what only looks like it is let through."""

from __future__ import annotations

import numpy as np
import pytest

from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.sharing.personal import personal_details
from cmrclip_lite.training.lexicon import statement_bank


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Seen on 12/03/2021.", "a date"),
        ("Compared with 2021-03-12: unchanged.", "a date"),
        ("Prior study 12.3.21.", "a date"),
        ("Stable since 5 May 2023.", "a date"),
        ("Stable since May 5th, 2023.", "a date"),
        ("Compared with the scan of 14 June.", "a date"),
        ("Infarct in March 2019.", "a date"),
        ("Prior 03/2019.", "a date"),
        ("Study 12345678.", "a long number"),
        ("Case AB123456.", "a long number"),
        ("Number 943 476 5919.", "a long number"),
        ("Call +44 20 7946 0958.", "a telephone number"),
        ("Reached at (020) 7946 0958.", "a telephone number"),
        ("Bleep 4471.", "a telephone number"),
        ("Mail jane.doe@ward.example.org.", "an e-mail or web address"),
        ("See www.example.org.", "an e-mail or web address"),
        ("Mr Smith has a dilated LV.", "a title and a name"),
        ("Discussed with Dr. Jane O'Neill.", "a title and a name"),
        ("Discussed with Prof. J. Müller.", "a title and a name"),
        ("Frau Özdemir wurde untersucht.", "a title and a name"),
        ("Reported by: Alice Jones", "a signature"),
        ("Electronically signed.", "a signature"),
        ("DOB unknown.", "a mark of a birth date or a record"),
        ("MRN 4455", "a mark of a birth date or a record"),
        ("Patient: see above", "a mark of a birth date or a record"),
        ("Hospital no. 3", "a mark of a birth date or a record"),
        ("A 93-year-old man.", "an age above 89"),
        ("Aged 101.", "an age above 89"),
        ("Scanned at Mercy Hospital.", "the name of an institution"),
    ],
)
def test_it_is_seen(text, kind):
    assert kind in personal_details(f"1. Dilated LV, EF 30 %. {text}" if ":" not in text else text)


@pytest.mark.parametrize(
    "text",
    [
        "Severe MR with flail P2, mild MS. MR angiography at 1.5 T.",
        "LVEDVi 112 mL/m2, EF 35 %, T1 1032 ms, ECV 28.5%, gradient 64/32 mmHg, Qp:Qs 1.5:1.",
        "Hypokinetic segments 7-12-13; LGE in segments 1/7/13. EF 55-60 %.",
        "Aorta 4.1 x 4.0 x 3.9 cm; walls 10-12-14 mm.",
        "A 64-year-old with a scar since 2019. May represent myocarditis. Reviewed by two readers.",
        "Summary for the patient: the heart is normal.",
        "",
    ],
)
def test_it_is_let_through(text):
    assert personal_details(text) == ()


def test_nothing_is_seen_in_reports_of_people_who_never_were():
    texts = CaseLibrary.open().impressions
    texts += [s.text for s in statement_bank(np.random.default_rng(0), 2000)]
    assert [t for t in texts if personal_details(t)] == []
