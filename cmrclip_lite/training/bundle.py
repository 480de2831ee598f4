"""Make what comes with the package from a training run: checkpoint, sample exams, case library.

    python -m cmrclip_lite.training.bundle runs/first

All cases are synthetic, of seeds that training does not draw from. Rendering them costs the most
and does not need the weights, so it is kept in the run's folder and may be done while training
goes on (`--render-only`).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from ..bundled import checkpoint_folder, library_folder
from ..figures import moving_picture
from ..frames import study_to_clip
from ..heart import heart_clip
from ..hub import load, save
from ..library import CaseLibrary, CaseRecord
from ..model import CMRCLIP, LayoutConfig
from ..phantom import make_case, write_dicom
from ..study import Study
from .cases import truth_from_dict
from .train import bundled_config

logger = logging.getLogger(__name__)

SAMPLE_SEED = 700_000_000
LIBRARY_SEED = 800_000_000
# Sample exams: file name, diagnosis group of the cohort.
SAMPLES = {
    "normal": "normal",
    "dilated-cardiomyopathy": "dcm",
    "hypertrophic-cardiomyopathy": "hcm",
    "previous-infarction": "infarct",
    "right-ventricular-disease": "rv",
}
GROUPS = tuple(SAMPLES.values())
THUMBNAIL = LayoutConfig(name="heart", spacing_mm=1.75, phases=12)
THUMBNAIL_PIXELS = 88


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training run")
    parser.add_argument("--cases", type=int, default=160, help="cases in the library")
    parser.add_argument("--workers", type=int, default=2, help="processes that render")
    parser.add_argument("--render-only", action="store_true", help="stop before embedding")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    rendered = render(arguments.run / "library", arguments.cases, arguments.workers)
    if arguments.render_only:
        return
    save(load(arguments.run / "checkpoint"), checkpoint_folder())
    make_samples(library_folder().parent / "studies")
    make_library(library_folder(), load(), rendered)


def render(folder: Path, count: int, workers: int) -> list[Path]:
    """Render the cases of the library, balanced over the groups; those already there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"synthetic-{i:04d}.npz" for i in range(count)]
    missing = [i for i, file in enumerate(files) if not file.exists()]
    with ProcessPoolExecutor(workers) as pool:
        for done, _ in enumerate(pool.map(_render, [files[i] for i in missing], missing), 1):
            if done % 20 == 0:
                logger.info("library: %d of %d cases rendered", done, len(missing))
    return files


def _render(file: Path, i: int) -> None:
    torch.set_num_threads(1)
    case = make_case(LIBRARY_SEED + i, GROUPS[i % len(GROUPS)], size="small")
    clip = study_to_clip(case.study, bundled_config(vocab_size=1)).tensor.numpy()
    facts = json.dumps({"impression": case.impression, "truth": asdict(case.truth)})
    partial = file.with_suffix(".partial.npz")
    np.savez(
        partial, clip=clip, picture=np.frombuffer(thumbnail(case.study), np.uint8), facts=facts
    )
    os.replace(partial, file)


def thumbnail(study: Study) -> bytes:
    """The middle short-axis level around the heart, as an animated WebP."""
    clip, _ = heart_clip(study, THUMBNAIL, THUMBNAIL_PIXELS)
    grey = ((clip[:, 1].numpy() + 2) / 4 * 255).round().astype(np.uint8)
    return moving_picture(grey, spacing_mm=(THUMBNAIL.spacing_mm,) * 2, fps=12)


def make_samples(folder: Path) -> None:
    """One small exam of each group, as a zip of DICOM files."""
    shutil.rmtree(folder, ignore_errors=True)
    for i, (name, group) in enumerate(SAMPLES.items()):
        case = make_case(SAMPLE_SEED + i, group, size="small")
        write_dicom(case.study, folder / f"{name}.zip", seed=SAMPLE_SEED + i, scout=True)
        logger.info("sample %s: %s", name, ", ".join(sorted(case.truth.findings)))


def make_library(folder: Path, model: CMRCLIP, rendered: list[Path]) -> None:
    """Embed rendered cases with `model` and write them as a new library."""
    shutil.rmtree(folder, ignore_errors=True)
    library = CaseLibrary.create(
        folder, "bundled synthetic cases", model, (embed_rendered(model, file) for file in rendered)
    )
    logger.info("library: %d cases embedded", len(library))


@torch.inference_mode()
def embed_rendered(model: CMRCLIP, file: Path) -> CaseRecord:
    """One rendered case as the library stores it."""
    with np.load(file) as stored:
        clip = torch.from_numpy(stored["clip"])
        picture = stored["picture"].tobytes()
        facts = json.loads(str(stored["facts"]))
    return CaseRecord(
        id=file.stem,
        embedding=model.encode_clip(clip[None])[0].cpu().numpy(),
        impression=facts["impression"],
        findings=tuple(sorted(truth_from_dict(facts["truth"]).findings)),
        picture=picture,
        source="synthetic (made by this project)",
    )


if __name__ == "__main__":
    main()
