"""How much of a finding the planes of the "heart" layout show, to a reader who knows all tissues.

    python benchmarks/readable.py      600 hearts, two minutes on two cores (extra `eval`)

One number is read off the true labels of each heart, in the crop that the bundled model reads: an
area or a width. Its AUC against the finding is what the simplest perfect reader gets; where it is
low, the phantom, a plane or the crop hides the finding, and no training will bring it back. Cases
too near a limit to call are left out.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[1]))

from cmrclip_lite.evaluate import auc  # noqa: E402
from cmrclip_lite.phantom import training_labels  # noqa: E402
from cmrclip_lite.phantom.fastpath import LATE, LONG_ED, LONG_ES, SPACING_MM  # noqa: E402
from cmrclip_lite.phantom.tissue import Tissue  # noqa: E402
from cmrclip_lite.training.facts import Answer, answers  # noqa: E402
from cmrclip_lite.training.settings import bundled_config  # noqa: E402

SEED = 900_000_000  # neither training's nor the library's
SIZE = bundled_config(vocab_size=1).video.image_size  # of the crop
FOUR, TWO, THREE = range(3)  # channels of the long axes


def area(labels: np.ndarray, tissue: Tissue) -> float:
    """mm2."""
    return float((labels == tissue).sum() * SPACING_MM**2)


def width(labels: np.ndarray, tissue: Tissue) -> float:
    """mm across the widest circle that fits into a tissue."""
    inside = np.pad(labels == tissue, 1, mode="edge")  # what the crop cuts goes on
    return float(2 * SPACING_MM * ndimage.distance_transform_edt(inside).max())


# What is read off the labels `(7, 3, H, W)` for each condition.
READINGS: dict[str, Callable[[np.ndarray], float]] = {
    "right_atrial_enlargement": lambda x: area(x[LONG_ES, FOUR], Tissue.RA_BLOOD),
    "left_atrial_enlargement": lambda x: area(x[LONG_ES, [FOUR, TWO]], Tissue.LA_BLOOD),
    "aortic_dilation": lambda x: width(x[LONG_ED, THREE], Tissue.AORTA),
    "pericardial_effusion": lambda x: area(x[:LATE], Tissue.PERICARDIAL_FLUID),
    "pleural_effusion": lambda x: area(x, Tissue.PLEURAL_FLUID),
    "lv_thrombus": lambda x: area(x[[LATE, LONG_ED, LONG_ES]], Tissue.THROMBUS),
    "late_gadolinium_enhancement": lambda x: area(x[LATE], Tissue.SCAR),
}


def read(seed: int) -> tuple[dict[str, float], dict[str, Answer]]:
    """The readings of one heart, and what is true of it."""
    case = training_labels(seed)
    edge = (case.labels.shape[-1] - SIZE) // 2
    labels = case.labels[..., edge : edge + SIZE, edge : edge + SIZE]
    known = answers(case.truth)
    return {key: of(labels) for key, of in READINGS.items()}, {k: known[k] for k in READINGS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hearts", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    seeds = range(SEED, SEED + arguments.hearts)
    with ProcessPoolExecutor(arguments.workers) as pool:
        rows = list(pool.map(read, seeds, chunksize=10))
    print("| condition | positives | AUC of the reading (95 % interval) |\n| --- | --- | --- |")
    for key in READINGS:
        asked = [(got[key], known[key]) for got, known in rows if known[key] is not None]
        readings, holds = (np.array(values) for values in zip(*asked, strict=True))
        print(f"| {key} | {holds.sum()} of {len(holds)} | {auc(readings, holds)} |")


if __name__ == "__main__":
    main()
