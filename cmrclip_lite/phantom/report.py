"""An impression for a synthetic study, the way clinicians write them, from its ground truth.

A report is a voice (formal, terse, lay), a layout (numbered, bullets, telegram, prose), house
habits (units, the per cent sign, which numbers are quoted) and an order of sections. What it
says is fixed by the truth; which of the normal findings it troubles to deny is chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import grading, wording
from .report_phrases import NUMBERS, OPENERS, SECTIONS
from .truth import CINE_LAX, CINE_SAX, LGE, LVEDVI_HIGH, RVEDVI_HIGH, Truth

_ADVERBS = {"normal": "not", "mild": "mildly", "moderate": "moderately", "severe": "severely"}
_VOICE_WEIGHTS = {"formal": 0.62, "terse": 0.28, "lay": 0.10}
_LAYOUTS = {
    "formal": ("numbered", "numbered", "bullets", "prose", "prose", "semicolons"),
    "terse": ("telegram", "telegram", "semicolons", "numbered", "bullets"),
    "lay": ("prose",),
}
_ARTERIES = {
    "LAD": "left anterior descending artery",
    "RCA": "right coronary artery",
    "LCX": "circumflex artery",
}
_MOVES = {
    "normal": "moves little",
    "hypokinetic": "moves less than it should",
    "akinetic": "does not move",
    "dyskinetic": "bulges outwards when the heart contracts",
}


@dataclass(frozen=True)
class _Style:
    """How one report is written; drawn once, so that a report is of one piece."""

    voice: str
    layout: str
    pct: str
    ml: str
    mli: str
    lower: bool


def write_impression(truth: Truth, rng: np.random.Generator) -> str:
    """Write one impression of a case.

    Args:
        truth: what the images show.
        rng: which of the many wordings.

    Returns:
        Plain ASCII text, one line or several.
    """
    style = _draw_style(rng)
    sections = _sections(truth, rng)
    values = _values(truth, style)
    lines = []
    for section, state in sections:
        pattern = SECTIONS[section][state][style.voice]
        text = wording.expand(pattern, rng).format(**values | _graded(section, truth))
        if section in NUMBERS and (state != "normal" or rng.random() < 0.9):
            # A pattern's leading space parts the numbers from the words; `expand` strips it.
            tail = wording.expand("_" + NUMBERS[section][style.voice], rng)[1:]
            text += tail.format(**values)
        lines.append(" ".join(text.split()))
    opener = wording.expand("_" + OPENERS[style.voice], rng)[1:].strip()
    report = _lay_out(lines, style, f"{opener} " if opener else "")
    return report.lower() if style.lower else report


def _draw_style(rng: np.random.Generator) -> _Style:
    voices = list(_VOICE_WEIGHTS)
    voice = voices[rng.choice(len(voices), p=list(_VOICE_WEIGHTS.values()))]
    layouts = _LAYOUTS[voice]
    millilitre = ("ml", "mL")[rng.integers(2)]
    return _Style(
        voice=voice,
        layout=layouts[rng.integers(len(layouts))],
        pct=("%", "%", " %", " percent")[rng.integers(4)],
        ml=millilitre,
        mli=f"{millilitre}/m2" if rng.random() < 0.8 else f"{millilitre}/m^2",
        lower=voice == "terse" and rng.random() < 0.2,
    )


def _sections(truth: Truth, rng: np.random.Generator) -> list[tuple[str, str]]:
    """What is said, in which order: findings always, normal findings often."""
    found = truth.findings
    said = _ventricles(truth) if CINE_SAX in truth.imaged else []
    said += _beyond(truth)
    chances = dict(_CHANCES)
    if grading.infarct_thinned(truth):
        chances["wall"] = 0.0  # "walls ok" beside a thinned one would contradict it
    if any(state == "infarct" for _, state in said):
        chances["thrombus"] = 0.35
    kept = [(s, state) for s, state in said if state != "normal" or rng.random() < chances[s]]
    kept = kept or said[:1]
    if rng.random() < 0.35:
        first, rest = kept[0], kept[1:]
        kept = [first, *(rest[i] for i in rng.permutation(len(rest)))]
    if (diagnosis := _diagnosis(truth, found, rng)) and rng.random() < 0.85:
        # Some sites open with the diagnosis, some close with it.
        kept.insert(0 if rng.random() < 0.5 else len(kept), ("diagnosis", diagnosis))
    return kept


# How often a normal finding is mentioned.
_CHANCES = {
    "lv": 1.0, "wall": 0.4, "motion": 0.4, "rv": 0.85, "septum": 0.06, "lge": 0.75,
    "atria": 0.6, "aorta": 0.5, "pericardium": 0.3, "pleura": 0.1, "thrombus": 0.07,
}  # fmt: skip


def _ventricles(truth: Truth) -> list[tuple[str, str]]:
    wall = grading.hypertrophy_pattern(truth)
    return [
        ("lv", _lv_state(truth)),
        ("wall", wall if wall != "none" else "normal"),
        ("motion", _motion_state(truth)),
        ("rv", _chamber_state("rv", truth)),
        ("septum", "flat" if truth.septal_flattening else "normal"),
    ]


def _beyond(truth: Truth) -> list[tuple[str, str]]:
    """Sections of what only some exams hold; fluid shows on any."""
    found = truth.findings
    said = []
    if LGE in truth.imaged:
        said.append(("lge", truth.lge_pattern or "normal"))
    if CINE_LAX in truth.imaged:
        left = "left_atrial_enlargement" in found
        right = "right_atrial_enlargement" in found
        said.append(("atria", _either(left, right, ("left", "right"))))
        root, ascending = grading.aorta_dilated(truth)
        said.append(("aorta", _either(root, ascending, ("root", "ascending"))))
    septum = CINE_LAX in truth.imaged and grading.atrial_septum_thick(truth)
    thick = _either(septum, grading.rv_thick(truth), ("septum", "rv"))
    if thick != "normal":
        said.append(("thick", thick))
    said.append(("pericardium", "effusion" if "pericardial_effusion" in found else "normal"))
    said.append(("pleura", "effusion" if "pleural_effusion" in found else "normal"))
    if CINE_LAX in truth.imaged or LGE in truth.imaged:
        said.append(("thrombus", "present" if truth.thrombus_mm else "normal"))
    return said


def _either(first: bool, second: bool, names: tuple[str, str]) -> str:
    if first and second:
        return "both"
    return names[0] if first else names[1] if second else "normal"


def _lv_state(truth: Truth) -> str:
    state = _chamber_state("lv", truth)
    small = truth.lvedvi < 0.57 * LVEDVI_HIGH[truth.sex]
    return "vigorous" if state == "normal" and truth.lvef > 70 and small else state


def _chamber_state(side: str, truth: Truth) -> str:
    if side == "lv":
        size, function = grading.lv_size_grade(truth), grading.lvef_grade(truth)
    else:
        size, function = grading.rv_size_grade(truth), grading.rvef_grade(truth)
    names = (["dilated"] if size != "normal" else []) + (["weak"] if function != "normal" else [])
    return "_".join(names) or "normal"


def _motion_state(truth: Truth) -> str:
    if grading.abnormal_segments(truth):
        return "infarct"
    return "normal" if grading.lvef_grade(truth) == "normal" else "global"


def _diagnosis(truth: Truth, found: frozenset[str], rng: np.random.Generator) -> str | None:
    if CINE_SAX not in truth.imaged:
        return None
    if "normal_study" in found:
        quiet = not truth.septal_flattening and not grading.rv_thick(truth)
        return "normal" if quiet else None
    if "ischaemic_cardiomyopathy" in found and rng.random() < 0.6:
        return "icm"
    if truth.territory is not None:
        return "infarct"
    if truth.diagnosis == "dcm":
        return "nicm" if rng.random() < 0.35 else "dcm"
    if truth.diagnosis == "myocarditis":
        return "myocarditis" if LGE in truth.imaged else None
    return truth.diagnosis if truth.diagnosis in ("hcm", "rv", "amyloid") else None


def _values(truth: Truth, style: _Style) -> dict[str, str]:
    """What stands in the braces of the patterns."""
    wall = int(np.argmax(truth.wall_mm))
    motion = grading.worst_motion(truth)
    rv_size = grading.rv_size_grade(truth)
    return {
        "lvef": f"{truth.lvef:.0f}",
        "rvef": f"{truth.rvef:.0f}",
        "lvedv": f"{truth.lvedv_ml:.0f}",
        "lvesv": f"{truth.lvesv_ml:.0f}",
        "rvedv": f"{truth.rvedv_ml:.0f}",
        "rvesv": f"{truth.rvesv_ml:.0f}",
        "lvedvi": f"{truth.lvedvi:.0f}",
        "rvedvi": f"{truth.rvedvi:.0f}",
        "lvmax": f"{LVEDVI_HIGH[truth.sex]:.0f}",
        "rvmax": f"{RVEDVI_HIGH[truth.sex]:.0f}",
        "pct": style.pct,
        "ml": style.ml,
        "mli": style.mli,
        "wall": f"{max(truth.wall_mm):.0f}",
        "segment": grading.SEGMENT_NAMES[wall],
        "territory": truth.territory or "",
        "artery": _ARTERIES.get(truth.territory or "", ""),
        "motion": motion,
        "Motion": motion.capitalize(),
        "moves": _MOVES[motion],
        "thinned": ", thinned" if grading.infarct_thinned(truth) else "",
        "place": _place(truth),
        "rvgrade": rv_size if rv_size != "normal" else "no",
    } | _values_beyond(truth)


def _values_beyond(truth: Truth) -> dict[str, str]:
    depth = max(truth.lge, default=0.0)
    enhanced = {i + 1 for i, share in enumerate(truth.lge) if share > 0}
    fluid, pleural = truth.pericardial_effusion_mm, truth.pleural_effusion_mm
    amount = "small" if fluid < 10 else "moderate" if fluid <= 20 else "large"
    water = "small" if pleural < 15 else "moderate" if pleural <= 30 else "large"
    return {
        "walls": _walls(enhanced),
        "depth": f"{5 * round(20 * depth):.0f}",
        "count": str(len(enhanced)),
        "viable": ", viable" if depth < 0.5 else "",
        "lavi": f"{truth.lavi:.0f}",
        "ravi": f"{truth.ravi:.0f}",
        "root": f"{truth.aortic_root_mm:.0f}",
        "asc": f"{truth.ascending_aorta_mm:.0f}",
        "ao": f"{truth.aorta_mm:.0f}",
        "fluid": f"{fluid:.0f}",
        "pleural": f"{pleural:.0f}",
        "amount": amount,
        "Amount": amount.capitalize(),
        "water": water,
        "Water": water.capitalize(),
        "clot": f"{truth.thrombus_mm:.0f}",
        "ias": f"{truth.atrial_septum_mm:.0f}",
        "rvwall": f"{truth.rv_wall_mm:.0f}",
    }


def _graded(section: str, truth: Truth) -> dict[str, str]:
    """The grade a section speaks of; where size and function both count, `size` is the former."""
    if section == "atria":
        grade = grading.atria_grade(truth)
        words = {"grade": grade, "gradely": _ADVERBS[grade]}
        return words | {key.capitalize(): value.capitalize() for key, value in words.items()}
    size = {"lv": grading.lv_size_grade, "rv": grading.rv_size_grade}.get(section)
    function = {"rv": grading.rvef_grade, "wall": grading.wall_grade}.get(
        section, grading.lvef_grade
    )
    size_grade = size(truth) if size else "normal"
    grade = function(truth)
    if grade == "normal":
        grade = size_grade
    words = {"grade": grade, "gradely": _ADVERBS[grade]}
    words |= {"size": size_grade, "sizely": _ADVERBS[size_grade]}
    return words | {key.capitalize(): value.capitalize() for key, value in words.items()}


def _place(truth: Truth) -> str:
    """The walls that an infarct takes, in words."""
    return _walls(set(grading.abnormal_segments(truth)))


def _walls(abnormal: set[int]) -> str:
    names = [
        "apex" if name == "apical" else "septum" if name == "septal" else f"{name} wall"
        for name, segments in grading.WALLS.items()
        if len(abnormal & set(segments)) >= 0.5 * len(segments)
    ]
    if not names:
        names = [f"{grading.SEGMENT_NAMES[s - 1]} segment" for s in sorted(abnormal)][:2]
    if not names:
        return ""
    return names[0] if len(names) < 2 else ", ".join(names[:-1]) + " and " + names[-1]


def _lay_out(lines: list[str], style: _Style, opener: str) -> str:
    def sentence(line: str) -> str:
        return line[:1].upper() + line[1:] + "."

    if style.layout == "numbered":
        body = "\n".join(f"{i}. {sentence(line)}" for i, line in enumerate(lines, 1))
    elif style.layout == "bullets":
        body = "\n".join(f"- {line}" for line in lines)
    elif style.layout == "semicolons":
        body = "; ".join(lines) + "."
    elif style.layout == "telegram":
        body = ". ".join(lines)
    else:
        body = " ".join(sentence(line) for line in lines)
    if opener and "\n" in body:
        opener = opener.strip() + "\n"
    return opener + body
