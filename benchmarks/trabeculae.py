"""How much of the LV cavity is dark with muscle, in phantoms and in real hearts.

    python benchmarks/trabeculae.py      8 phantoms of each group, three minutes of one core

Where experts draw the cavity, papillary muscles and trabeculae count as cavity, and at
end-systole they fill half of a normal one. A phantom with fewer teaches a model that whatever is
dark is wall. The share is that of the cavity's pixels nearer in grey to the wall (its median)
than to blood (the cavity's 85th percentile), so the blurred rim counts too, for both alike.
Real hearts are the 40 ACDC patients (see `cohorts.py`); their contours are used here and never
as a model's input.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import acdc_contours, acdc_patients  # noqa: E402
from cmrclip_lite.heart import find_extremes, find_heart, phase_of  # noqa: E402
from cmrclip_lite.heart_layout import LEVELS  # noqa: E402
from cmrclip_lite.phantom import make_case  # noqa: E402
from cmrclip_lite.phantom.tissue import LV_CAVITY, LV_WALL  # noqa: E402
from cmrclip_lite.phantom.truth_images import truth_image  # noqa: E402
from cmrclip_lite.study import View  # noqa: E402
from cmrclip_lite.views import ordered  # noqa: E402

SEED = 910_000_000  # neither training's nor the library's
GROUPS = {"normal": "NOR", "hcm": "HCM", "dcm": "DCM", "infarct": "MINF", "rv": "RV"}
PHASES = ("ED", "ES")
FEWEST_PIXELS = 20  # of cavity and of wall, for a slice to be looked at
WALL, CAVITY = 2, 3  # ACDC's labels
Slice = tuple[np.ndarray, np.ndarray, np.ndarray]  # grey, where the cavity is, where the wall is


def dark_share(picture: np.ndarray, cavity: np.ndarray, wall: np.ndarray) -> float:
    """The share of the cavity's pixels that look like wall; all `(H, W)`, the masks bool."""
    middle = (np.median(picture[wall]) + np.percentile(picture[cavity], 85)) / 2
    return float((picture[cavity] < middle).mean())


def of_levels(stack: Sequence[Slice]) -> list[float]:
    """Dark shares at the layout's three levels of what shows the ventricle, base first."""
    shown = [s for s in stack if min(s[1].sum(), s[2].sum()) > FEWEST_PIXELS]
    return [dark_share(*shown[min(int(f * len(shown)), len(shown) - 1)]) for f in LEVELS]


def phantoms(count: int) -> Iterator[tuple[str, str, list[float]]]:
    """Group, phase and dark shares of each phantom."""
    for number, group in enumerate(GROUPS):
        for i in range(count):
            case = make_case(SEED + 1000 * number + i, group, size="small")
            stack = [s for s in ordered(case.study.series) if s.is_cine and s.view is View.SAX]
            at = find_extremes(stack, find_heart(stack))
            length = len(stack[len(stack) // 2].pixels)
            for name, phase in zip(PHASES, at, strict=True):
                slices = []
                for series in stack:
                    own = phase_of(series, phase, length)
                    truth = truth_image(case.anatomy, series, own)
                    cavity, wall = np.isin(truth, LV_CAVITY), np.isin(truth, LV_WALL)
                    slices.append((series.pixels[own], cavity, wall))
                yield group, name, of_levels(slices)


def patients() -> Iterator[tuple[str, str, list[float]]]:
    """The same of each real patient; of none where the data are absent."""
    if (cohort := acdc_patients()) is None:
        return
    for study, label, contours in zip(*cohort, acdc_contours(), strict=True):
        for at, name in enumerate(PHASES):
            pictures = (series.pixels[at] for series in study.series)
            slices = [
                (picture, drawn == CAVITY, drawn == WALL)
                for picture, drawn in zip(pictures, contours[:, at], strict=True)
            ]
            yield label, name, of_levels(slices)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=8, help="phantoms of each group")
    found: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    rows = [*phantoms(parser.parse_args().count), *patients()]
    for group, phase, shares in rows:
        found[group, phase].append(shares)
    print("Dark share of the LV cavity, median at base, middle and apex:\n")
    print("| group | phase | phantoms | real |\n| --- | --- | --- | --- |")
    for group, label in GROUPS.items():
        for phase in PHASES:
            cells = [
                ", ".join(f"{m:.2f}" for m in np.median(found[key, phase], axis=0))
                for key in (group, label)
                if (key, phase) in found
            ]
            print(f"| {group} | {phase} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
