"""What keeps a ventricle company: atria, aorta, fluid in pericardium and pleura, thrombus.

How often each goes with a disease is set so that every finding is met with and without every
other, not to match a clinic's numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .truth import (
    AORTA_HIGH_MM,
    LAVI_HIGH,
    PERICARDIAL_EFFUSION_MM,
    PLEURAL_EFFUSION_MM,
    RAVI_HIGH,
    Truth,
)

# Chance of each finding by diagnosis; a normal study has none.
_CHANCE = {
    "left_atrium": {"dcm": 0.5, "hcm": 0.45, "infarct": 0.25, "rv": 0.1, "amyloid": 0.85,
                    "myocarditis": 0.06, "other": 0.28},
    "right_atrium": {"dcm": 0.25, "hcm": 0.08, "infarct": 0.08, "rv": 0.6, "amyloid": 0.55,
                     "myocarditis": 0.03, "other": 0.2},
    "aorta": {"dcm": 0.08, "hcm": 0.06, "infarct": 0.12, "rv": 0.06, "amyloid": 0.06,
              "myocarditis": 0.05, "other": 0.4},
    "pericardium": {"dcm": 0.1, "hcm": 0.04, "infarct": 0.08, "rv": 0.14, "amyloid": 0.55,
                    "myocarditis": 0.35, "other": 0.22},
    "pleura": {"dcm": 0.16, "hcm": 0.03, "infarct": 0.08, "rv": 0.1, "amyloid": 0.45,
               "myocarditis": 0.08, "other": 0.15},
}  # fmt: skip


def with_company(truth: Truth, rng: np.random.Generator) -> Truth:
    """The same heart with its atria, aorta, fluids and thrombus drawn."""

    def has(what: str) -> bool:
        return bool(rng.random() < _CHANCE[what].get(truth.diagnosis, 0.0))

    high = AORTA_HIGH_MM[truth.sex]
    lavi = np.clip(rng.normal(40, 7), 22, LAVI_HIGH - 4)
    ravi = np.clip(rng.normal(55, 11), 28, RAVI_HIGH - 6)
    root = np.clip(rng.normal(0.82, 0.07) * high, 24, high - 2)
    ascending = np.clip(root * rng.normal(0.95, 0.06), 21, high - 2)
    if has("left_atrium"):
        lavi = LAVI_HIGH + 4 + rng.gamma(1.7, 13)
    if has("right_atrium"):
        ravi = RAVI_HIGH + 6 + rng.gamma(1.7, 20)
    if has("aorta"):
        wide = high + 1.5 + rng.gamma(1.6, 4)
        kind = rng.integers(3)
        root = wide if kind != 0 else root
        ascending = wide * rng.uniform(0.9, 1.0) if kind == 2 else ascending
        ascending = wide if kind == 0 else ascending
    fluid = rng.uniform(0, 2.5) if rng.random() < 0.3 else 0.0
    if has("pericardium"):
        fluid = PERICARDIAL_EFFUSION_MM + 1 + rng.gamma(1.4, 5)
    pleural = PLEURAL_EFFUSION_MM + 8 + rng.gamma(1.8, 11) if has("pleura") else 0.0
    septum = rng.uniform(1.4, 3.0)
    rv_wall = np.clip(rng.normal(2.7, 0.5), 1.6, 4)
    if truth.diagnosis == "amyloid":
        septum, rv_wall = rng.uniform(4.5, 9), rng.uniform(4.5, 8.5)
    elif truth.diagnosis == "rv" and rng.random() < 0.6:
        rv_wall = rng.uniform(3.5, 7.0)
    elif truth.diagnosis == "hcm" and rng.random() < 0.25:
        rv_wall = rng.uniform(3.5, 6.0)
    return replace(
        truth,
        lavi=_round(min(lavi, 130)),
        ravi=_round(min(ravi, 200)),
        aortic_root_mm=_round(min(root, 62)),
        ascending_aorta_mm=_round(min(ascending, 62)),
        atrial_septum_mm=_round(septum),
        rv_wall_mm=_round(rv_wall),
        pericardial_effusion_mm=_round(min(fluid, 32)),
        pleural_effusion_mm=_round(min(pleural, 60)),
        thrombus_mm=_round(_thrombus(truth, rng)),
    )


def _thrombus(truth: Truth, rng: np.random.Generator) -> float:
    """Clots form where blood stands still: at an apex that does not move, in a failing pump."""
    still = sum(truth.motion[s - 1] in ("akinetic", "dyskinetic") for s in (13, 14, 15, 16))
    chance = 0.5 if still >= 2 else 0.25 if truth.diagnosis == "dcm" and truth.lvef < 30 else 0.0
    return rng.uniform(9, 24) if rng.random() < chance else 0.0


def _round(value: float) -> float:
    return round(float(value), 1)
