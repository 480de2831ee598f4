"""How much wall, cavity and right ventricle a training run's convolutions see in real hearts.

    python benchmarks/walls.py runs/fifth

While a checkpoint is trained, a head names the tissues in each patch (`training.eye`); it is kept
in the run's folder and not in the checkpoint. Laid over the contours of the 40 ACDC patients (see
`cohorts.py`), area for area, it says what the synthetic hearts have not taught: 1 would be right.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.cohorts import acdc_contours, acdc_patients  # noqa: E402
from cmrclip_lite.frames import study_to_clip  # noqa: E402
from cmrclip_lite.hub import load  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.study import Study  # noqa: E402
from cmrclip_lite.training.augment import LEVELS, SEEN  # noqa: E402

# Rows of `augment.SEEN`, and ACDC's labels of the same.
TISSUES = {"wall": (1, 2), "cavity": (0, 3), "right ventricle": (2, 1)}
FRAMES = {0: "ED", 2: "ES"}  # of the layout
FEWEST_PIXELS = 40  # of a tissue, for a picture to count


def seen_shares(model: CMRCLIP, head: dict[str, Tensor], clip: Tensor) -> np.ndarray:
    """`(F, len(SEEN), LEVELS)`: the share of each picture of a clip that is each tissue."""
    with torch.inference_mode():
        tokens = model.video_model.patch_embed(clip[None])[0]  # (F, n, width)
        named = torch.sigmoid(tokens @ head["weight"].T + head["bias"])
    return named.unflatten(-1, (len(SEEN), LEVELS, -1)).mean((1, 4)).numpy()


def ratios(
    model: CMRCLIP, head: dict[str, Tensor], study: Study, contours: np.ndarray
) -> Iterator[tuple[str, str, float]]:
    """Phase, tissue, and its area as seen over its area by contours `(Z, 2, H, W)`."""
    clip = study_to_clip(study, model.config)
    shares = seen_shares(model, head, clip.tensor)
    size = model.config.video.image_size
    for tile in clip.tiles:
        if tile.level is None or tile.frame not in FRAMES:
            continue
        z = round(tile.series.position_mm[2] / tile.series.thickness_mm)
        drawn = tile.lay_over_clip(contours[z, tile.frame // 2], size)
        for name, (row, label) in TISSUES.items():
            pixels = int((drawn == label).sum())
            if pixels >= FEWEST_PIXELS:
                seen = shares[tile.frame, row, tile.channels[0]] * size**2
                yield FRAMES[tile.frame], name, float(seen / pixels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training run that has ended")
    run = parser.parse_args().run
    cohort = acdc_patients()
    if cohort is None:
        raise SystemExit("The real patients are not at hand.")
    model = load(run / "checkpoint", cache=False)
    state = torch.load(run / "join.pt", weights_only=True)["learner"]
    head = {name: state[f"tissue.{name}"] for name in ("weight", "bias")}
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for study, label, contours in zip(*cohort, acdc_contours(), strict=True):
        for phase, name, ratio in ratios(model, head, study, contours):
            found[phase, name, label].append(ratio)
    groups = sorted({label for *_, label in found})
    print("Area seen over area drawn, median of all pictures:\n")
    print(f"| phase | tissue | {' | '.join(groups)} |\n| --- | --- |{' --- |' * len(groups)}")
    for phase in FRAMES.values():
        for name in TISSUES:
            cells = [f"{np.median(found[phase, name, group]):.2f}" for group in groups]
            print(f"| {phase} | {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
