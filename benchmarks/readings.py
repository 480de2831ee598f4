"""What it brings to read a stack several times and take the mean (`LayoutConfig.readings`).

    python benchmarks/readings.py --rendered runs/fifth/library
    python benchmarks/readings.py runs/fifth/checkpoint --rendered runs/fifth/library

Each reading alone, and all together, on held-out phantoms and on the real ACDC patients (see
`cohorts.py`). The last row is their difference to the middle reading, patients resampled for both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.checkpoint import ask  # noqa: E402
from benchmarks.cohorts import ACDC, acdc_patients  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.evaluate import Estimate  # noqa: E402
from cmrclip_lite.evaluate.scores import mean_over_conditions, resampled_aucs  # noqa: E402
from cmrclip_lite.frames import study_to_clip  # noqa: E402
from cmrclip_lite.heart_layout import reading_levels  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.prompts import CONDITIONS  # noqa: E402
from cmrclip_lite.training import facts  # noqa: E402
from cmrclip_lite.training.bundle import read_rendered  # noqa: E402

Cohort = tuple[list[Tensor], dict[str, np.ndarray]]  # clips, and (N,) labels of each condition


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--rendered", type=Path, required=True, help="folder of rendered cases")
    arguments = parser.parse_args()
    model = load(arguments.checkpoint, cache=False)
    columns = {"held-out phantoms": compared(model, *phantoms(model, arguments.rendered))}
    if (real := acdc(model)) is not None:
        columns["ACDC patients"] = compared(model, *real)
    names = list(next(iter(columns.values())))
    print(f"Mean AUC (95 % interval)\n\n| read | {' | '.join(columns)} |")
    print("| --- |" + " --- |" * len(columns))
    for name in names:
        print(f"| {name} | {' | '.join(str(column[name]) for column in columns.values())} |")


def phantoms(model: CMRCLIP, folder: Path) -> Cohort:
    """Rendered cases; labels are NaN where an exam does not show whether a condition holds."""
    cases = [read_rendered(file) for file in sorted(folder.glob("*-????.npz"))]
    if not cases:
        raise SystemExit(f"There are no rendered cases in {folder}.")
    answers = [facts.answers(case.truth) for case in cases]
    labels = {
        key: np.array([np.nan if a[key] is None else float(a[key]) for a in answers])
        for key in model.config.conditions
    }
    return [case.clip for case in cases], labels


def acdc(model: CMRCLIP) -> Cohort | None:
    """The 40 patients, where they are at hand."""
    if (patients := acdc_patients()) is None:
        return None
    studies, classes = patients
    labels = {key: np.array([float(c in ACDC[key]) for c in classes]) for key in ACDC}
    return [study_to_clip(study, model.config).tensor for study in studies], labels


def compared(
    model: CMRCLIP, clips: Sequence[Tensor], labels: dict[str, np.ndarray]
) -> dict[str, Estimate]:
    """Mean AUC by what is read."""
    layout = model.config.layout
    ways = {
        f"at {', '.join(f'{level:.1f}' for level in levels)} of the stack": part
        for levels, part in zip(
            reading_levels(layout.readings), range(layout.readings), strict=True
        )
    }
    found = {
        name: aucs(
            model, (clip.unflatten(0, (layout.readings, -1))[part] for clip in clips), labels
        )
        for name, part in ways.items()
    }
    middle = list(found)[layout.readings // 2]
    found["mean of all"] = aucs(model, clips, labels)
    told = {
        name: Estimate.of(values.mean(), mean_over_conditions(resampled))
        for name, (values, resampled) in found.items()
    }
    (all_values, all_resampled), (values, resampled) = found["mean of all"], found[middle]
    told["less the middle one"] = Estimate.of(
        all_values.mean() - values.mean(),
        mean_over_conditions(all_resampled) - mean_over_conditions(resampled),
    )
    return told


@torch.inference_mode()
def aucs(
    model: CMRCLIP, clips: Iterable[Tensor], labels: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """As `resampled_aucs`, over the conditions of which both answers occur."""
    embeddings = torch.cat([model.encode_clip(clip[None]) for clip in clips]).numpy()
    both = {key: known for key, known in labels.items() if {0.0, 1.0} <= set(known)}
    return resampled_aucs(
        [(ask(model, embeddings, CONDITIONS[key].prompts), known) for key, known in both.items()]
    )


if __name__ == "__main__":
    main()
