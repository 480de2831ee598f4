"""Late gadolinium enhancement: how tissues look a quarter of an hour after contrast.

Contrast stays outside cells. A tissue whose extracellular space is the share ECV of its volume
takes up contrast in proportion to blood plasma, so its relaxation rate R1 = 1/T1 rises by

    dR1 = dR1(blood) ECV / (1 - Hct),

which is the definition of ECV turned around. Blood of 0.3 s at 1.5 T then gives normal
myocardium (ECV 0.26) about 0.46 s; 0.41 to 0.43 s were measured 15 minutes after a high dose (aus
dem Siepen et al., Open Heart 5:e000717, 2018). In cardiac amyloidosis ECV is 0.44 +- 0.12 and
native T1 is longer (Banypersad et al., Eur Heart J 36:244, 2015); subendocardial enhancement
appears at an ECV near 0.4 and transmural near 0.5 (Fontana et al., Circulation 132:1570, 2015).
The ECV of scar and of other tissues are plausible values.

An inversion pulse a time TI before the image, repeated every TR, leaves

    S = M0 (1 - 2 exp(-TI / T1) + exp(-TR / T1))

(the image's own pulses saturate what they read). TI is chosen to null normal myocardium. The
magnitude of S cannot tell tissue below zero from tissue above it; phase-sensitive images can.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .imaging import PROPERTIES, Scanner
from .tissue import BLOODS, N_TISSUES, Tissue
from .truth import Truth

_HAEMATOCRIT = 0.42
_NORMAL_ECV = 0.26
_BRIGHT = 0.3  # signal that is stored as 1, near that of blood
# What blood fills.
_VESSELS = (*BLOODS, Tissue.CORONARY, Tissue.LUNG_VESSEL, Tissue.LIVER_VESSEL)
_ECV = {
    Tissue.ATRIAL_WALL: 0.32,
    Tissue.VALVE: 0.4,
    Tissue.EPICARDIAL_FAT: 0.04,
    Tissue.FAT: 0.04,
    Tissue.SKIN: 0.3,
    Tissue.MUSCLE: 0.14,
    Tissue.DIAPHRAGM: 0.14,
    Tissue.PERICARDIUM: 0.3,
    Tissue.LIVER: 0.28,
    Tissue.SPLEEN: 0.33,
    Tissue.STOMACH: 0.0,
    Tissue.STOMACH_WALL: 0.35,
    Tissue.BOWEL: 0.3,
    Tissue.MARROW: 0.1,
    Tissue.BONE: 0.05,
    Tissue.LUNG: 0.4,
    Tissue.PERICARDIAL_FLUID: 0.01,
    Tissue.PLEURAL_FLUID: 0.02,
    Tissue.THROMBUS: 0.0,
}


@dataclass(frozen=True, eq=False)
class Enhancement:
    """The contrast of one exam's late images.

    Attributes:
        signals: `(N_TISSUES,)` with sign, blood and scar usually near 1.
        inversion_ms: TI. repetition_ms: from one inversion to the next.
        phase_sensitive: whether the images keep the sign.
        floor: the signal that phase-sensitive images store as 0; what is below is cut off.
    """

    signals: np.ndarray
    inversion_ms: float
    repetition_ms: float
    phase_sensitive: bool
    floor: float


def inversion_signal(t1_ms: np.ndarray, inversion_ms: float, repetition_ms: float) -> np.ndarray:
    """Signal with its sign per unit of magnetisation (formula above)."""
    t1 = np.asarray(t1_ms, float)
    return 1 - 2 * np.exp(-inversion_ms / t1) + np.exp(-repetition_ms / t1)


def null_time_ms(t1_ms: float, repetition_ms: float) -> float:
    """The TI at which a tissue has no signal."""
    return float(t1_ms * (np.log(2) - np.log1p(np.exp(-repetition_ms / t1_ms))))


def enhanced_t1_ms(native_ms: float, ecv: float, blood_rise: float) -> float:
    """T1 after contrast, where the R1 of blood has risen by `blood_rise` per ms."""
    return 1 / (1 / native_ms + blood_rise * ecv / (1 - _HAEMATOCRIT))


def draw_enhancement(
    truth: Truth, scanner: Scanner, rr_ms: float, rng: np.random.Generator
) -> Enhancement:
    """How late enhancement looks in one exam: contrast, the choice of TI, the kind of image."""
    high = scanner.field_tesla > 2
    amyloid = truth.diagnosis == "amyloid"
    blood_ms = rng.normal(340, 25) if high else rng.normal(300, 22)
    if amyloid:  # the body takes up what blood loses
        blood_ms *= rng.uniform(1.15, 1.45)
    native = {
        tissue: (high_t[0] if high else low_t[0])
        for tissue, (_, low_t, high_t) in PROPERTIES.items()
    }
    rise = 1 / blood_ms - 1 / native[Tissue.LV_BLOOD]
    heart_ecv = rng.uniform(0.38, 0.5) if amyloid else rng.normal(_NORMAL_ECV, 0.02)
    ecv = dict.fromkeys(PROPERTIES, heart_ecv) | dict.fromkeys(_VESSELS, 1 - _HAEMATOCRIT) | _ECV
    ecv[Tissue.SCAR] = _scar_ecv(truth, heart_ecv, rng)
    longer = 1.1 if amyloid else 1.0
    t1 = {t: enhanced_t1_ms(native[t], ecv[t], rise) for t in PROPERTIES}
    for tissue in (Tissue.LV_MUSCLE, Tissue.PAPILLARY, Tissue.RV_WALL, Tissue.SCAR):
        t1[tissue] = enhanced_t1_ms(native[tissue] * longer, ecv[tissue], rise)
    phase_sensitive = bool(rng.random() < 0.6)
    # The sign is told from a second image, made in the heartbeat that follows.
    beats = 2 if phase_sensitive or rng.random() < 0.4 else 1
    repetition = beats * rr_ms
    # Amyloid and blood pass zero nearly together: there is no normal muscle to null.
    nulled = t1[Tissue.LV_MUSCLE]
    nulled = max(nulled, t1[Tissue.LV_BLOOD]) if amyloid else nulled
    error = rng.normal(1.0, 0.08) if amyloid else rng.normal(1.02, 0.045)
    inversion = null_time_ms(nulled, repetition) * float(np.clip(error, 0.85, 1.2))
    signals = np.zeros(N_TISSUES)
    for tissue, (density, _, _) in PROPERTIES.items():
        signals[tissue] = density * inversion_signal(t1[tissue], inversion, repetition)
    for mixed in (Tissue.LV_TRABECULA, Tissue.RV_TRABECULA):
        signals[mixed] = 0.5 * (signals[Tissue.LV_BLOOD] + signals[Tissue.LV_MUSCLE])
    signals[[Tissue.FAT, Tissue.EPICARDIAL_FAT]] *= rng.uniform(0.8, 1.2)
    signals /= _BRIGHT
    signals[list(_VESSELS)] *= rng.uniform(0.7, 1.0)  # blood moves between inversion and image
    for tissue in (Tissue.RV_BLOOD, Tissue.LA_BLOOD, Tissue.RA_BLOOD, Tissue.AORTA):
        signals[tissue] *= rng.uniform(0.96, 1.04)
    floor = rng.uniform(-0.15, 0.0) if rng.random() < 0.6 else rng.uniform(-1.0, -0.4)
    return Enhancement(
        signals.astype(np.float32),
        round(inversion),
        round(repetition, 1),
        phase_sensitive,
        floor if phase_sensitive else 0.0,
    )


def _scar_ecv(truth: Truth, heart_ecv: float, rng: np.random.Generator) -> float:
    if truth.diagnosis == "amyloid":
        return heart_ecv + rng.uniform(0.12, 0.25)
    # Scar of an infarct is dense; scar in other disease lies among living muscle.
    return rng.uniform(0.55, 0.75) if truth.territory else rng.uniform(0.44, 0.62)


def enhancement_scanner(scanner: Scanner, size: str, rng: np.random.Generator) -> Scanner:
    """The same scanner set for late enhancement: finer pixels, more noise, spoiled echoes."""
    matrix = 160 if size == "small" else int(rng.choice([192, 224, 256]))
    field_mm = scanner.matrix * scanner.pixel_mm * rng.uniform(0.95, 1.05)
    return replace(
        scanner,
        flip_degrees=rng.uniform(15, 25),
        tr_ms=rng.uniform(4.5, 8.5),
        matrix=matrix,
        rows_share=1.0,
        pixel_mm=round(field_mm / matrix, 4),
        acquired_share=rng.uniform(0.75, 0.98),
        phase_share=rng.uniform(0.75, 1.0),
        phases=1,
        noise=rng.uniform(0.025, 0.055) * (0.85 if scanner.field_tesla > 2 else 1),
        ghost=rng.uniform(0, 0.04) if rng.random() < 0.4 else 0.0,
        band=0.0,
    )
