"""The table of shifts: what is done to a study, how strongly, and where the range comes from.

Each has five strengths, from hardly seen to hardly read, as is usual (Hendrycks & Dietterich,
ICLR 2019). The third, the middle, is what poor but real exams look like; it is what the summary
rests on.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import CmrClipError
from ..study import Study
from . import acquired, greys, held, placed

STRENGTHS = (1, 2, 3, 4, 5)
MIDDLE = 3

Apply = Callable[[Study, float, np.random.Generator], Study]


@dataclass(frozen=True)
class Shift:
    """One way in which exams from elsewhere differ.

    Attributes:
        key: its name in code and in tables.
        label: what is shown to people.
        group: "image", "grey values", "place" or "coverage".
        apply: makes a shifted study from a study, an amount and a source of randomness; leaves
            the study as it is.
        amounts: of the five strengths, in the unit that `apply` takes.
        meanings: the same in words.
        source: what the range was set by; empty where it is only plausible.
        graded: whether the strengths grow; otherwise they are five ways of one kind, and stand
            for it together.
    """

    key: str
    label: str
    group: str
    apply: Apply
    amounts: tuple[float, ...]
    meanings: tuple[str, ...]
    source: str = ""
    graded: bool = True


def shifted(study: Study, key: str, strength: int, seed: int = 0) -> Study:
    """A study as it would be after a shift, with a note that says so; the study itself stays.

    Args:
        key: of a shift in `SHIFTS`.
        strength: 1 to 5.
        seed: the same seed gives the same study. Other strengths of it share what is drawn.

    Raises:
        CmrClipError: if there is no such shift or strength.
    """
    if key not in SHIFTS:
        raise CmrClipError(f"There is no shift {key!r}; there are {', '.join(SHIFTS)}.")
    if strength not in STRENGTHS:
        raise CmrClipError(f"The strength of a shift is 1 to {len(STRENGTHS)}, not {strength}.")
    shift = SHIFTS[key]
    rng = np.random.default_rng([seed, zlib.crc32(key.encode())])
    result = shift.apply(study, shift.amounts[strength - 1], rng)
    result.notes.append(
        f"Not as acquired: {shift.label.lower()}, strength {strength} of {len(STRENGTHS)} "
        f"({shift.meanings[strength - 1]})."
    )
    return result


def _graded(
    key: str, label: str, group: str, apply: Apply, unit: str, amounts: tuple[float, ...], source=""
) -> Shift:
    meanings = tuple(unit.format(amount) for amount in amounts)
    return Shift(key, label, group, apply, amounts, meanings, source)


def _counted(
    key: str, label: str, group: str, apply: Apply, names: tuple[str, ...], graded: bool, source=""
) -> Shift:
    """A shift whose amounts are places in a list."""
    counts = tuple(range(1, len(names) + 1))
    return Shift(key, label, group, apply, counts, names, source, graded)


_HABITS = [name for _, name in greys.HABITS]
_WAYS = tuple(name for _, name in placed.WAYS)

_ALL = (
    _graded(
        "noise", "Noise", "image", acquired.noise, "{:.0%} of what is bright",
        (0.02, 0.04, 0.08, 0.12, 0.2),
        "in usual cines noise is a 29th of the muscle's signal (PMC8147553), so about 1 % of "
        "blood's; at 0.55 T contrast to noise is half (doi 10.1186/s12968-020-00618-y)",
    ),
    _graded(
        "resolution", "Resolution", "image", acquired.resolution, "pixels of {:g} mm",
        (2.5, 3, 4, 5, 6),
        "protocols ask for 1.5 to 2 mm (SCMR: Kramer et al., JCMR 22:17, 2020)",
    ),
    _graded(
        "breath", "Breathing", "image", acquired.breath, "{:g} mm to either side",
        (1, 2, 4, 6, 10),
        "3 mm of drift in a breath-hold of 20 s, and four times that in quiet breathing, of the "
        "diaphragm (Holland et al. 1998, PMID 9807578)",
    ),
    _graded(
        "jpeg", "JPEG", "image", acquired.jpeg, "quality {:g}",
        (90, 70, 50, 30, 10),
        "Canadian radiologists accept 24:1 for MR (CAR, 2008)",
    ),
    _graded(
        "bias", "Coil shading", "grey values", greys.bias, "{:g} times as bright at one end",
        (1.5, 2, 3, 5, 8),
    ),
    _graded(
        "gamma", "Contrast", "grey values", greys.gamma, "power of {:g} or its inverse",
        (1.15, 1.3, 1.5, 1.75, 2),
        "TorchIO draws powers from 0.74 to 1.35 to train with (Perez-Garcia et al., 2021)",
    ),
    _graded(
        "offset", "Added offset", "grey values", greys.offset, "{:.0%} of what is bright",
        (0.02, 0.05, 0.1, 0.2, 0.4),
    ),
    _counted(
        "vendor", "Vendor habits", "grey values", greys.vendor,
        tuple(", ".join(_HABITS[:count]) for count in STRENGTHS), True,
    ),
    _graded(
        "breath_holds", "Slices misaligned", "place", placed.breath_holds, "by {:g} mm",
        (2, 4, 6, 10, 15),
        "breath-holds that differ move slices (Chandler et al., JCMR 10:13, 2008); how far is "
        "plausible",
    ),
    _graded(
        "field_of_view", "Field of view", "place", placed.field_of_view, "at most {:g} mm",
        (280, 240, 200, 160, 120),
        "usual fields are 300 to 370 mm wide; the bundled model looks at 160 mm",
    ),
    _counted("turned", "Turned, header right", "place", placed.turned, _WAYS, False),
    _counted("turned_unsaid", "Turned, header wrong", "place", placed.turned_unsaid, _WAYS, False),
    _graded(
        "phases", "Fewer phases", "coverage", held.phases, "{:g} phases", (17, 11, 8, 6, 4),
        "at least 11 are needed, and 8 change ejection fractions (PMID 15646887)",
    ),
    _graded(
        "slices", "Fewer slices", "coverage", held.slices, "{:.0%} of the short axis missing",
        (0.2, 0.3, 0.5, 0.7, 0.8),
    ),
    _counted(
        "views", "Missing views", "coverage", held.views,
        ("no 3-chamber view", "no 3- and 2-chamber view", "no long axis",
         "no long axis and no enhancement", "these and every second slice"), True,
    ),
)  # fmt: skip
SHIFTS: dict[str, Shift] = {shift.key: shift for shift in _ALL}
