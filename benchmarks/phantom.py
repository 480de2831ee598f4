"""How fast synthetic exams are imaged, and a contact sheet of what they look like.

    python benchmarks/phantom.py                       frames per second on one core
    python benchmarks/phantom.py --figure sheet.png    one row per condition

A frame is 224 x 224 pixels: three sub-slices of labels, their signals, k-space, noise. Figures
are the best of several runs. The sheet needs Pillow.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported: the figure is for one core

import numpy as np  # noqa: E402

sys.path.insert(0, str(Path(__file__).parents[1]))

from cmrclip_lite.phantom.anatomy import draw_heart  # noqa: E402
from cmrclip_lite.phantom.body import draw_body  # noqa: E402
from cmrclip_lite.phantom.cohort import draw_truth  # noqa: E402
from cmrclip_lite.phantom.enhancement import draw_enhancement, enhancement_scanner  # noqa: E402
from cmrclip_lite.phantom.imaging import draw_scanner, tissue_signals  # noqa: E402
from cmrclip_lite.phantom.planes import long_axes, short_axis  # noqa: E402
from cmrclip_lite.phantom.render import render  # noqa: E402

MATRIX, PHASES = 224, 20
# Title of a row, diagnosis, and the seed of `make_case` whose patient it shows.
ROWS = (
    ("normal", "normal", 10),
    ("dilated,\nmid-wall scar", "dcm", 1),
    ("hypertrophic,\npatchy scar", "hcm", 7),
    ("infarct,\nsubendocardial", "infarct", 2),
    ("infarct,\nthrombus", "infarct", 8),
    ("amyloid,\neffusions", "amyloid", 6),
    ("myocarditis,\nepicardial scar", "myocarditis", 11),
    ("right heart", "rv", 13),
)
COLUMNS = ("cine, ED", "cine, ES", "4CH", "2CH", "3CH", "LGE", "LGE 4CH")


def speed(runs: int) -> dict[str, float]:
    """Frames per second of a cine slice, a cine long axis and late stills."""
    rng = np.random.default_rng(0)
    truth = draw_truth(rng, "infarct")
    heart = draw_heart(truth, rng)
    body = draw_body(heart, rng)
    cine = replace(draw_scanner(1.5, rng), matrix=MATRIX, rows_share=1.0)
    late = replace(enhancement_scanner(cine, "full", rng), matrix=MATRIX)
    contrast = draw_enhancement(truth, late, 900.0, rng)
    signals = tissue_signals(cine, rng)
    slices, line = short_axis(heart, cine, "full", 0.0, rng), long_axes(heart, rng)[0]
    phases = np.arange(PHASES) / PHASES

    def stills() -> int:
        for plane in slices:
            still = np.array([0.75])
            render(heart, body, late, contrast.signals, plane, still, rng, True)
        return len(slices)

    work = {
        "cine, short axis": lambda: len(render(heart, body, cine, signals, slices[4], phases, rng)),
        "cine, long axis": lambda: len(render(heart, body, cine, signals, line, phases, rng)),
        "late enhancement": stills,
    }
    return {name: max(_rate(function) for _ in range(runs)) for name, function in work.items()}


def _rate(function) -> float:
    start = time.perf_counter()
    return function() / (time.perf_counter() - start)


def contact_sheet(path: Path, cell: int = 132) -> None:
    """One row per condition: what the exams look like, side by side."""
    from PIL import Image, ImageDraw

    label = 96
    sheet = Image.new("L", (label + cell * len(COLUMNS), 18 + cell * len(ROWS)), 255)
    draw = ImageDraw.Draw(sheet)
    for column, title in enumerate(COLUMNS):
        draw.text((label + column * cell + 4, 3), title, fill=0)
    for row, (title, diagnosis, seed) in enumerate(ROWS):
        top = 18 + row * cell
        draw.text((4, top + cell // 2 - 12), title, fill=0)
        for column, image in enumerate(_cells(diagnosis, seed)):
            picture = Image.fromarray(image).resize((cell - 2, cell - 2), Image.Resampling.BICUBIC)
            sheet.paste(picture, (label + column * cell, top))
    sheet.quantize(48, dither=Image.Dither.NONE).save(path, optimize=True)


def _cells(diagnosis: str, seed: int) -> list[np.ndarray]:
    """Grey images of the patient of `make_case(seed, diagnosis)`, only those that are shown."""
    rng = np.random.default_rng([seed, 11])
    truth = draw_truth(rng, diagnosis)
    heart = draw_heart(truth, rng)
    body = draw_body(heart, rng)
    cine = replace(draw_scanner(truth.field_tesla, rng), rows_share=1.0)
    late = enhancement_scanner(cine, "full", rng)
    signals = tissue_signals(cine, rng)
    contrast = draw_enhancement(truth, late, 900.0, rng)
    stack = short_axis(heart, cine, "full", 0.0, rng)
    four, two, three = long_axes(heart, rng)
    # Near the base or in the middle, wherever more of the wall enhances.
    rings = [sum(truth.lge[part]) for part in (slice(6), slice(6, 12))]
    share = 0.25 if rings[0] > rings[1] else 0.5
    level = min(stack, key=lambda plane: abs(plane.middle[2] - share * heart.length_mm))

    def cines(plane, *phases: float) -> list[np.ndarray]:
        return [*render(heart, body, cine, signals, plane, np.array(phases), rng)]

    def still(plane) -> np.ndarray:
        phase, sign = np.array([0.75]), contrast.phase_sensitive
        image = render(heart, body, late, contrast.signals, plane, phase, rng, sign)[0]
        return np.maximum(image - contrast.floor, 0)

    shown = cines(level, 0.0, heart.es_time)
    shown += [cines(plane, 0.0)[0] for plane in (four, two, three)]
    return [_grey(image) for image in [*shown, still(level), still(four)]]


def _grey(image: np.ndarray) -> np.ndarray:
    """The middle, square, as 8-bit grey."""
    height, width = image.shape
    half = int(0.31 * width)
    part = image[
        max(height // 2 - half, 0) : height // 2 + half, width // 2 - half : width // 2 + half
    ].astype(float)
    low, high = np.percentile(part, [1, 99])
    grey = np.clip((part - low) / max(high - low, 1), 0, 1) * 255
    square = np.zeros((2 * half, 2 * half), np.uint8)
    top = (2 * half - len(grey)) // 2
    square[top : top + len(grey)] = grey
    return square


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--figure", type=Path, help="write a contact sheet here instead")
    given = parser.parse_args()
    if given.figure:
        contact_sheet(given.figure)
        return
    for name, rate in speed(given.runs).items():
        print(f"{name:18} {rate:6.1f} frames/s at {MATRIX} x {MATRIX}, one core")


if __name__ == "__main__":
    main()
