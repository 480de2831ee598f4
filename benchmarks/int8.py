"""What 8-bit integers change in what the bundled checkpoint says; `encoder.py` has their speed.

    python -m cmrclip_lite.training.bundle runs/held-out --held-out 320 --render-only
    python benchmarks/int8.py --rendered runs/held-out/library

The same studies embedded exactly and by `load(quantize="int8")`: held-out phantoms and, where they
are beside the repository, 40 real patients of ACDC. The cosine of the two embeddings of a study;
each condition's zero-shot AUC by both; and how far percentiles in the bundled library move. Exit
code 1 says that an AUC moved by more than 0.01.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.checkpoint import area, ask  # noqa: E402
from benchmarks.cohorts import ACDC, acdc_patients, embed, held_out  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.library import default_library  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402
from cmrclip_lite.zeroshot import percentile  # noqa: E402

ALLOWED = 0.01
Pair = tuple[np.ndarray, np.ndarray]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rendered", type=Path, required=True, help="folder of rendered cases")
    arguments = parser.parse_args()
    exact, rounded = (load(device="cpu", quantize=way, cache=False) for way in (None, "int8"))
    cohorts = [held_out(model, arguments.rendered) for model in (exact, rounded)]
    phantoms = cohorts[0].embeddings, cohorts[1].embeddings
    keys = exact.config.conditions
    moved = [told(exact, "held-out phantoms", phantoms, keys, cohorts[0].known)]
    patients = acdc_patients()
    if patients is None:
        print("The real patients are not at hand (../shared/real).")
    else:
        studies, labels = patients
        pair = embed(exact, studies), embed(rounded, studies)
        moved.append(
            told(
                exact,
                "ACDC patients",
                pair,
                ACDC,
                lambda key: np.array([float(label in ACDC[key]) for label in labels]),
            )
        )
    return int(max(moved) > ALLOWED)


def told(
    model: CMRCLIP, who: str, pair: Pair, keys: Iterable[str], known: Callable[[str], np.ndarray]
) -> float:
    """Print a table; the largest change of an AUC."""
    cosines = (pair[0] * pair[1]).sum(1)
    print(
        f"{len(cosines)} {who}: cosine to float32 {np.median(cosines):.5f} at the median, "
        f"{cosines.min():.5f} at least; {_percentiles(model, pair, keys)}\n\n"
        "| condition | AUC, float32 | AUC, int8 | change |\n| --- | --- | --- | --- |"
    )
    changes = []
    for key in keys:
        labels = known(key)
        if not {0.0, 1.0} <= set(labels):
            continue
        prompts = CONDITIONS[key].prompts
        before, after = (area(ask(model, vectors, prompts), labels) for vectors in pair)
        changes.append(after - before)
        print(f"| {CONDITIONS[key].label} | {before:.4f} | {after:.4f} | {changes[-1]:+.4f} |")
    largest = max(map(abs, changes))
    print(f"| mean | | | {np.mean(changes):+.4f} |\n\nLargest change: {largest:.4f}.\n")
    return largest


def _percentiles(model: CMRCLIP, pair: Pair, keys: Iterable[str]) -> str:
    """How far the percentiles that a person sees move."""
    others = default_library(model).embeddings
    moved = []
    for key in keys:
        prompts = CONDITIONS[key].prompts
        reference = ask(model, others, prompts)
        before, after = (
            [percentile(value, reference) for value in ask(model, vectors, prompts)]
            for vectors in pair
        )
        moved.append(np.abs(np.subtract(before, after)))
    return f"percentiles move by {np.mean(moved):.2f} on average, {np.max(moved):.1f} at most"


if __name__ == "__main__":
    sys.exit(main())
