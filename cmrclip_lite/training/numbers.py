"""Measured numbers as people write them: "EF 25%", "LVEDVi > 110 ml/m2", "septum 19 mm"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..phantom import wording


@dataclass(frozen=True)
class NumberPhrase:
    """A text and the range of values, ends included, for which it is true."""

    text: str
    low: float
    high: float


@dataclass(frozen=True)
class Measure:
    """One measured quantity.

    Attributes:
        key: as in `facts.values`.
        names: patterns of its name.
        units: patterns of what follows the number, the leading space included.
        plausible: range of values in a cohort, for statements of no particular case.
        tolerance: a statement of a value holds within this, in its unit or, with `relative`,
            as a share of the value.
        limits: what people compare it with ("EF < 30").
        weight: how often it is drawn against the others.
    """

    key: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    plausible: tuple[float, float]
    tolerance: float
    limits: tuple[int, ...]
    weight: float = 1.0
    relative: bool = False

    def reach(self, value: float) -> float:
        """How far the truth may lie from a stated value."""
        return self.tolerance * value if self.relative else self.tolerance

    def slack(self, value: float) -> float:
        """How far beyond that a statement is not yet called wrong."""
        return self.reach(value) * 0.8

    def say(self, value: float, rng: np.random.Generator) -> NumberPhrase:
        """A phrase that is true of `value`: a number near it, a range around it, or a limit."""
        name = wording.expand(self.names[rng.integers(len(self.names))], rng)
        unit = wording.expand(self.units[rng.integers(len(self.units))], rng).rstrip()
        unit = (" " if rng.random() < 0.5 and unit else "") + unit
        if self.key in GRADED and rng.random() < 0.15:
            return self._graded(value, name, unit, rng)
        kind = rng.random()
        reach = self.reach(value)
        if kind < 0.6:
            stated = max(1, round(value + rng.uniform(-0.4, 0.4) * reach))
            text = _pick(EXACT, rng).format(name=name, v=stated, u=unit)
            allowed = max(self.reach(stated), reach)
            return NumberPhrase(text, stated - allowed, stated + allowed)
        far = [limit for limit in self.limits if abs(limit - value) > 0.3 * reach]
        if kind < 0.85 and far:
            limit = far[rng.integers(len(far))]
            frames = ABOVE if value > limit else BELOW
            text = _pick(frames, rng).format(name=name, v=limit, u=unit)
            ends = (limit, np.inf) if value > limit else (-np.inf, limit)
            return NumberPhrase(text, *ends)
        step = 5 if self.key in ("lvef", "rvef") else 2 if reach < 3 else 20
        low = int(value // step) * step
        high = low + step
        text = _pick(BETWEEN, rng).format(name=name, a=low, b=high, u=unit)
        return NumberPhrase(text, low - 0.3 * reach, high + 0.3 * reach)

    def _graded(self, value: float, name: str, unit: str, rng: np.random.Generator) -> NumberPhrase:
        """The number and the word for it, true where both are."""
        stated = max(1, round(value + rng.uniform(-0.3, 0.3) * self.tolerance))
        for low, high, words in GRADED[self.key]:
            if low <= stated < high and low <= value < high:
                text = _pick(WITH_GRADE, rng).format(
                    name=name, v=stated, u=unit, grade=_pick(words, rng)
                )
                reach = self.tolerance
                return NumberPhrase(text, max(stated - reach, low), min(stated + reach, high))
        text = _pick(EXACT, rng).format(name=name, v=stated, u=unit)
        return NumberPhrase(text, stated - self.tolerance, stated + self.tolerance)


# Grades of the ejection fractions, as in `grading`, and the words for them.
GRADED: dict[str, tuple[tuple[float, float, tuple[str, ...]], ...]] = {
    "lvef": (
        (0, 30, ("severely reduced", "severely impaired", "severe LV dysfunction", "very poor")),
        (30, 41, ("moderately reduced", "moderate dysfunction", "reduced", "impaired")),
        (41, 50, ("mildly reduced", "slightly impaired", "mild dysfunction", "slightly low")),
        (50, 70, ("normal", "preserved", "good", "within normal limits")),
        (70, 100, ("hyperdynamic", "vigorous", "normal to high", "not reduced")),
    ),
    "rvef": (
        (0, 25, ("severely reduced", "severely impaired", "very poor")),
        (25, 45, ("reduced", "impaired", "depressed")),
        (45, 100, ("normal", "preserved", "not reduced")),
    ),
}
WITH_GRADE = (
    "{name} {v}{u}, {grade}",
    "{name} {v}{u} ({grade})",
    "{name} {grade} at {v}{u}",
    "{name} {grade}, {v}{u}",
    "{name} {grade} ({v}{u})",
    "{grade} {name} of {v}{u}",
    "{name} is {grade}: {v}{u}",
)
EXACT = (
    "{name} {v}{u}",
    "{name} {v}{u}",
    "{name} {v}{u}",
    "{name} of {v}{u}",
    "{name} = {v}{u}",
    "{name}: {v}{u}",
    "{name} is {v}{u}",
    "{name} ~{v}{u}",
    "{name} ~ {v}{u}",
    "{name} about {v}{u}",
    "{name} around {v}{u}",
    "{name} approximately {v}{u}",
    "{name} measured at {v}{u}",
    "{name} ({v}{u})",
    "{name}={v}{u}",
    "{name} estimated at {v}{u}",
    "{v}{u} {name}",
)
ABOVE = (
    "{name} > {v}{u}",
    "{name} >{v}{u}",
    "{name} above {v}{u}",
    "{name} over {v}{u}",
    "{name} greater than {v}{u}",
    "{name} more than {v}{u}",
    "{name} not below {v}{u}",
    "{name} higher than {v}{u}",
    "{name} exceeds {v}{u}",
)
BELOW = (
    "{name} < {v}{u}",
    "{name} <{v}{u}",
    "{name} below {v}{u}",
    "{name} under {v}{u}",
    "{name} less than {v}{u}",
    "{name} not above {v}{u}",
    "{name} lower than {v}{u}",
)
BETWEEN = (
    "{name} {a}-{b}{u}",
    "{name} {a} to {b}{u}",
    "{name} between {a} and {b}{u}",
    "{name} in the range {a}-{b}{u}",
)

_LV = "[LV|left ventricular]"
_RV = "[RV|right ventricular]"
_PER_CENT = ("%", "%", " percent", " per cent", "")
_ML = (" ml", " mL", "")
_MLI = (" ml/m2", " mL/m2", "", " ml/m^2")
_MM = (" mm", "mm", " millimetres", " millimeters")

MEASURES: tuple[Measure, ...] = (
    Measure(
        "lvef",
        ("EF", "EF", "LVEF", "LVEF", "LV EF", "[left ventricular |]ejection fraction", "ef",
         "LV ejection fraction", "pump function", "heart pumping"),
        _PER_CENT, (12, 75), 5.0, (20, 25, 30, 35, 40, 45, 50, 55, 60), 7.0,
    ),
    Measure(
        "rvef",
        ("RVEF", "RVEF", "RV EF", f"{_RV} ejection fraction", "EF of the [RV|right ventricle]"),
        _PER_CENT, (12, 70), 5.0, (25, 30, 35, 40, 45, 50, 55), 2.0,
    ),
    Measure(
        "lvedvi",
        ("LVEDVi", "LV EDVi", f"indexed {_LV} end-diastolic volume", f"{_LV} EDV index", "LVEDVI",
         f"{_LV} end-diastolic volume index"),
        _MLI, (45, 220), 0.1, (80, 100, 110, 120, 140, 160), 1.5, True,
    ),
    Measure(
        "rvedvi",
        ("RVEDVi", "RV EDVi", f"indexed {_RV} end-diastolic volume", f"{_RV} EDV index", "RVEDVI",
         f"{_RV} end-diastolic volume index"),
        _MLI, (45, 240), 0.1, (80, 100, 110, 125, 140, 160), 1.5, True,
    ),
    Measure(
        "lvedv", ("LVEDV", "LV EDV", f"{_LV} end-diastolic volume", f"{_LV} volume in diastole"),
        _ML, (80, 420), 0.1, (120, 150, 180, 200, 220, 250, 300), 1.0, True,
    ),
    Measure(
        "lvesv", ("LVESV", "LV ESV", f"{_LV} end-systolic volume"),
        _ML, (20, 350), 0.12, (50, 80, 100, 150, 200), 0.7, True,
    ),
    Measure(
        "rvedv", ("RVEDV", "RV EDV", f"{_RV} end-diastolic volume"),
        _ML, (80, 450), 0.1, (120, 150, 180, 200, 220, 250, 300), 0.8, True,
    ),
    Measure(
        "rvesv", ("RVESV", "RV ESV", f"{_RV} end-systolic volume"),
        _ML, (20, 350), 0.12, (50, 80, 100, 150, 200), 0.5, True,
    ),
    Measure(
        "wall",
        ("[maximal|maximum|max|max.|peak] [LV |][wall|myocardial] thickness", "MWT", "max WT",
         "thickest segment", "[LV |]wall thickness", "LVWT"),
        _MM, (6, 30), 1.5, (11, 12, 13, 15, 18, 20), 1.5,
    ),
    Measure(
        "septum",
        ("septum", "septum", "IVS", "septal thickness", "interventricular septum", "IVSd",
         "septal wall"),
        _MM, (6, 30), 1.5, (10, 11, 12, 13, 15, 18, 20), 1.5,
    ),
    Measure(
        "lavi",
        ("LAVi", "LA volume index", "indexed [LA|left atrial] volume", "LAVI",
         "left atrial volume index",
         "LA vol index"),
        _MLI, (25, 120), 0.12, (40, 50, 56, 60, 70, 90), 1.3, True,
    ),
    Measure(
        "ravi",
        ("RAVi", "RA volume index", "indexed [RA|right atrial] volume", "RAVI",
         "right atrial volume index"),
        _MLI, (30, 180), 0.12, (50, 70, 85, 100, 130), 0.9, True,
    ),
    Measure(
        "aortic_root",
        ("aortic root", "aortic root diameter", "sinuses of Valsalva", "root diameter",
         "aortic sinus"),
        _MM, (22, 60), 2.0, (30, 35, 40, 45, 50), 1.2,
    ),
    Measure(
        "ascending_aorta",
        ("ascending aorta", "ascending aorta", "ascending aortic diameter", "asc aorta", "AAo",
         "ascending aorta diameter"),
        _MM, (20, 60), 2.0, (30, 35, 40, 45, 50), 1.3,
    ),
    Measure(
        "pericardial_effusion_depth",
        ("pericardial effusion", "effusion", "pericardial effusion depth", "pericardial fluid",
         "pericardial effusion up to"),
        _MM, (5, 32), 2.5, (10, 15, 20), 1.5,
    ),
)  # fmt: skip


def _pick(frames: tuple[str, ...], rng: np.random.Generator) -> str:
    return frames[rng.integers(len(frames))]
