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
# Atrial volumes at their largest per body surface area: round figures near the upper limits of
# bSSFP studies (LA: Maceira et al., JCMR 12:65, 2010; RA: the same group, 2013).
LAVI_HIGH = 56.0
RAVI_HIGH = 85.0
# Aorta: European guidelines, Mazzolai et al., Eur Heart J 45:3538 (2024): a root or ascending
# aorta over 40 mm in men and over 36 mm in women is dilated.
AORTA_HIGH_MM = {"M": 40.0, "F": 36.0}
# Less fluid between the pericardial layers is found in health (Adler et al., European guidelines
# on pericardial diseases, Eur Heart J 36:2921, 2015, who grade 10 and 20 mm as moderate and large).
PERICARDIAL_EFFUSION_MM = 5.0
PLEURAL_EFFUSION_MM = 5.0
ISCHAEMIC_LVEF = 45.0

# What an exam may hold. A report speaks only of what was imaged.
CINE_SAX, CINE_LAX, LGE = "cine_sax", "cine_lax", "lge"
ALL_IMAGED = (CINE_SAX, CINE_LAX, LGE)


@dataclass(frozen=True)
class Truth:
    """One synthetic patient, as the images show them.

    Attributes:
        diagnosis: the group it was drawn from: "normal", "dcm" (dilated cardiomyopathy), "hcm"
            (hypertrophic), "infarct" (previous myocardial infarction), "rv" (right ventricular
            disease), "amyloid" (cardiac amyloidosis), "myocarditis" (scar of myocarditis), "other"
            (findings without one of these diagnoses).
        sex: "M" or "F". age_years, bsa_m2 (body surface area).
        lvedv_ml, lvesv_ml, rvedv_ml, rvesv_ml: end-diastolic and end-systolic volumes.
        wall_mm: end-diastolic LV wall thickness by AHA segment 1 to 16.
        motion: per AHA segment 1 to 16: "normal", "hypokinetic", "akinetic" or "dyskinetic".
        territory: the infarcted coronary territory, "LAD", "RCA" or "LCX", or None.
        septal_flattening: whether the septum is flat enough to give a D-shaped LV.
        field_tesla: field strength of the simulated scanner.
        lge_pattern: how late enhancement lies in the wall: "subendocardial" or "transmural"
            (an infarct), "mid-wall", "epicardial", "diffuse" (amyloid: subendocardial all round),
            "patchy" (hypertrophic muscle), or None.
        lge: share of the wall's thickness that enhances, by AHA segment 1 to 16; empty if none.
        lavi, ravi: largest volume of the left and right atrium, ml/m2.
        aortic_root_mm, ascending_aorta_mm: diameters.
        atrial_septum_mm, rv_wall_mm: thickness.
        pericardial_effusion_mm, pleural_effusion_mm: greatest depth of fluid.
        thrombus_mm: diameter of a thrombus in the LV apex, 0 if none.
        imaged: which of `ALL_IMAGED` the exam holds; what is not imaged is not known.
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
    lge_pattern: str | None = None
    lge: tuple[float, ...] = ()
    lavi: float = 40.0
    ravi: float = 55.0
    aortic_root_mm: float = 32.0
    ascending_aorta_mm: float = 30.0
    atrial_septum_mm: float = 2.0
    rv_wall_mm: float = 2.7
    pericardial_effusion_mm: float = 0.0
    pleural_effusion_mm: float = 0.0
    thrombus_mm: float = 0.0
    imaged: tuple[str, ...] = ALL_IMAGED

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
    def aorta_mm(self) -> float:
        """The wider of root and ascending aorta."""
        return max(self.aortic_root_mm, self.ascending_aorta_mm)

    @property
    def findings(self) -> frozenset[str]:
        """Keys of `prompts.CONDITIONS` that hold and that the exam shows, diagnoses included."""
        dilated_lv = self.lvedvi > LVEDVI_HIGH[self.sex]
        dilated_rv = self.rvedvi > RVEDVI_HIGH[self.sex]
        thick = max(self.wall_mm) >= WALL_HYPERTROPHY_MM
        regional = any(m != "normal" for m in self.motion) and self.territory is not None
        long_axis, enhanced = CINE_LAX in self.imaged, LGE in self.imaged
        facts = {
            "lv_systolic_dysfunction": self.lvef < LVEF_LOW,
            "severe_lv_systolic_dysfunction": self.lvef < LVEF_SEVERE,
            "rv_systolic_dysfunction": self.rvef < RVEF_LOW,
            "lv_dilation": dilated_lv,
            "rv_dilation": dilated_rv,
            "abnormal_right_ventricle": dilated_rv and self.rvef < RVEF_LOW,
            "lv_hypertrophy": thick,
            "regional_wall_motion_abnormality": regional,
            "dilated_cardiomyopathy": self.diagnosis == "dcm",
            "nonischaemic_cardiomyopathy": self.diagnosis == "dcm",
            "hypertrophic_cardiomyopathy": self.diagnosis == "hcm",
            "cardiac_amyloidosis": self.diagnosis == "amyloid",
            "prior_infarct": self.territory is not None,
            "ischaemic_cardiomyopathy": self.territory is not None and self.lvef < ISCHAEMIC_LVEF,
            "myocarditis": self.diagnosis == "myocarditis" and enhanced,
            "late_gadolinium_enhancement": self.lge_pattern is not None and enhanced,
            "left_atrial_enlargement": self.lavi > LAVI_HIGH and long_axis,
            "right_atrial_enlargement": self.ravi > RAVI_HIGH and long_axis,
            "aortic_dilation": self.aorta_mm > AORTA_HIGH_MM[self.sex] and long_axis,
            "pericardial_effusion": self.pericardial_effusion_mm >= PERICARDIAL_EFFUSION_MM,
            "pleural_effusion": self.pleural_effusion_mm >= PLEURAL_EFFUSION_MM,
            "lv_thrombus": self.thrombus_mm > 0 and (long_axis or enhanced),
        }
        found = {name for name, holds in facts.items() if holds}
        return frozenset(found or {"normal_study"})
