"""What is true of a synthetic heart: the measurements behind its images and its report."""

from __future__ import annotations

from dataclasses import dataclass

# Limits of normal. Indexed volumes: upper 95 % limits, all ages, of Petersen et al., JCMR 19:18
# (2017), UK Biobank, 1.5 T bSSFP, papillary muscles counted as cavity, as a public implementation
# gives them; the paper's own table was not at hand, so check before you rely on them. Ejection
# fractions: round clinical cut-offs near its lower limits (LV 48 % in men, 51 % in women; RV 45 %
# and 47 %). Wall thickness for hypertrophy: Elliott et al., European guidelines on hypertrophic
# cardiomyopathy, Eur Heart J 35:2733 (2014).
LVEF_LOW = 50.0
LVEF_SEVERE = 30.0
RVEF_LOW = 45.0
LVEDVI_HIGH = {"M": 117.0, "F": 101.0}
RVEDVI_HIGH = {"M": 128.0, "F": 110.0}
WALL_HYPERTROPHY_MM = 13.0


@dataclass(frozen=True)
class Truth:
    """One synthetic patient, as the images show them.

    Attributes:
        diagnosis: the group it was drawn from: "normal", "dcm" (dilated cardiomyopathy), "hcm"
            (hypertrophic), "infarct" (previous myocardial infarction), "rv" (right ventricular
            disease), "other" (findings without one of these diagnoses).
        sex: "M" or "F". age_years, bsa_m2 (body surface area).
        lvedv_ml, lvesv_ml, rvedv_ml, rvesv_ml: end-diastolic and end-systolic volumes.
        wall_mm: end-diastolic LV wall thickness by AHA segment 1 to 16.
        motion: per AHA segment 1 to 16: "normal", "hypokinetic", "akinetic" or "dyskinetic".
        territory: the infarcted coronary territory, "LAD", "RCA" or "LCX", or None.
        septal_flattening: whether the septum is flat enough to give a D-shaped LV.
        field_tesla: field strength of the simulated scanner.
    """

    diagnosis: str
    sex: str
    age_years: int
    bsa_m2: float
    lvedv_ml: float
    lvesv_ml: float
    rvedv_ml: float
    rvesv_ml: float
    wall_mm: tuple[float, ...]
    motion: tuple[str, ...]
    territory: str | None = None
    septal_flattening: bool = False
    field_tesla: float = 1.5

    @property
    def lvef(self) -> float:
        """LV ejection fraction, per cent."""
        return 100 * (1 - self.lvesv_ml / self.lvedv_ml)

    @property
    def rvef(self) -> float:
        """RV ejection fraction, per cent."""
        return 100 * (1 - self.rvesv_ml / self.rvedv_ml)

    @property
    def lvedvi(self) -> float:
        """LV end-diastolic volume per body surface area, ml/m2."""
        return self.lvedv_ml / self.bsa_m2

    @property
    def rvedvi(self) -> float:
        """RV end-diastolic volume per body surface area, ml/m2."""
        return self.rvedv_ml / self.bsa_m2

    @property
    def findings(self) -> frozenset[str]:
        """Keys of `prompts.CONDITIONS` that hold, diagnoses included."""
        dilated_lv = self.lvedvi > LVEDVI_HIGH[self.sex]
        thick = max(self.wall_mm) >= WALL_HYPERTROPHY_MM
        regional = any(m != "normal" for m in self.motion) and self.territory is not None
        facts = {
            "lv_systolic_dysfunction": self.lvef < LVEF_LOW,
            "severe_lv_systolic_dysfunction": self.lvef < LVEF_SEVERE,
            "rv_systolic_dysfunction": self.rvef < RVEF_LOW,
            "lv_dilation": dilated_lv,
            "rv_dilation": self.rvedvi > RVEDVI_HIGH[self.sex],
            "lv_hypertrophy": thick,
            "regional_wall_motion_abnormality": regional,
            "dilated_cardiomyopathy": self.diagnosis == "dcm",
            "hypertrophic_cardiomyopathy": self.diagnosis == "hcm",
            "prior_infarct": self.territory is not None,
        }
        found = {name for name, holds in facts.items() if holds}
        return frozenset(found or {"normal_study"})
