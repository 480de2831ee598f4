"""The tables of explanations come out of a tiny model as they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import explanations
from benchmarks.explanation_tables import (
    Asked,
    Faithful,
    Placed,
    faithful_table,
    placed_table,
)
from cmrclip_lite.study import Study


def table_is_whole(text: str) -> None:
    lines = text.splitlines()
    for i, line in enumerate(lines):
        if line.startswith("| ---"):
            for row in [lines[i - 1], *lines[i + 1 :]]:
                if not row.startswith("|"):
                    break
                assert row.count("|") == line.count("|"), row


def test_each_patient_counts_once_and_leads_are_paired():
    def one(places):
        return Faithful(np.array(places, float), np.zeros((4, 2)), 0.25)

    first = [one([[1, 5], [2, 3], [4, 3]]), one([[3, 5], [2, 3], [4, 3]])]
    second = [one([[0, 9], [2, 3], [4, 3]])]
    text = faithful_table("title", [first, second])
    table_is_whole(text)
    assert "| the map | +1.000 (+0.000 to +2.000) | +7.000 (+5.000 to +9.000) |" in text
    assert "| the map, less random | -3.000 (-4.000 to -2.000) |" in text
    assert "0.250 (0.250 to 0.250)" in text


def test_a_finding_without_its_structure_is_not_judged():
    true = Faithful(np.zeros((3, 2)), np.zeros((4, 2)), 0.0)
    seen = Placed(0.2, 0.5, 0.1, 0.6, 0.3)
    asked = [
        Asked(0, "rv_dilation", true, seen),
        Asked(0, "lv_dilation", true, replace(seen, mass=0.3)),
        Asked(1, "lv_thrombus", true, Placed(0.2, *[float("nan")] * 4)),
        Asked(2, "normal_study", true, None),
    ]
    text = placed_table(asked)
    table_is_whole(text)
    assert "| RV dilated | 1 | +0.200 | 0.500 | 0.100 | 5.00 | 2.00 |" in text
    assert "| all findings | 1 | +0.200 | 0.400 |" in text
    assert "thrombus" not in text
    many = placed_table([Asked(i, "rv_dilation", true, seen) for i in range(5)])
    assert "| 5.00 (5.00 to 5.00) | 2.00 (2.00 to 2.00) |" in many


@pytest.mark.slow
def test_all_tables_come_out_of_a_phantom_and_a_patient(tiny_model, monkeypatch):
    rng = np.random.default_rng(0)
    pair = rng.normal(100, 20, (4, 2, 60, 60))
    studies = [Study.from_array(pair, (8.0, 2.0, 2.0))]
    monkeypatch.setattr(explanations, "acdc_patients", lambda: (studies, ["DCM"]))
    text = explanations.section(tiny_model, phantoms=1, findings=1, randomised_phantoms=1)
    table_is_whole(text)
    assert text.count("| the map |") == 2 and "| projection |" in text
    assert "nan" not in text
