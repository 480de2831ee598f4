"""Make what comes with the package from a training run: checkpoint, sample exams, case library.

    python -m cmrclip_lite.training.bundle runs/fourth

All cases are synthetic, of seeds that training does not draw from. Rendering them costs the most
and does not need the weights, so it is kept in the run's folder and may be done while training
goes on (`--render-only`). `--held-out` renders cases beyond the library's for the benchmarks.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ..bundled import checkpoint_folder, library_folder
from ..frames import study_to_clip
from ..hub import load, save
from ..library import Acquisition, CaseLibrary, CaseRecord, age_band
from ..library.thumbnail import thumbnail
from ..model import CMRCLIP
from ..phantom import make_case, write_dicom
from ..phantom.cohort import DIAGNOSES, draw_truth
from ..phantom.truth import ALL_IMAGED, Truth
from ..prompts import CONDITIONS
from ..views import ordered
from .cases import truth_from_dict
from .facts import answers
from .settings import bundled_config

logger = logging.getLogger(__name__)

# Training draws from its settings' seed times a million, and far fewer cases than that.
SAMPLE_SEED = 700_000_000
LIBRARY_SEED = 800_000_000
SAMPLE_SEEDS = 100_000  # that one sample may search through
MARKS = "<!-- made: begin -->", "<!-- made: end -->"


@dataclass(frozen=True)
class Sample:
    """A sample exam: its diagnosis group of the cohort, and conditions that it must show."""

    diagnosis: str
    shows: tuple[str, ...]


SAMPLES = {
    "normal": Sample("normal", ("normal_study",)),
    "dilated-cardiomyopathy": Sample(
        "dcm", ("dilated_cardiomyopathy", "lv_dilation", "severe_lv_systolic_dysfunction")
    ),
    "hypertrophic-cardiomyopathy": Sample(
        "hcm", ("hypertrophic_cardiomyopathy", "lv_hypertrophy", "late_gadolinium_enhancement")
    ),
    "previous-infarction": Sample(
        "infarct",
        (
            "prior_infarct",
            "regional_wall_motion_abnormality",
            "late_gadolinium_enhancement",
            "lv_thrombus",
        ),
    ),
    "right-ventricular-disease": Sample("rv", ("rv_dilation", "rv_systolic_dysfunction")),
    "cardiac-amyloidosis": Sample(
        "amyloid",
        (
            "cardiac_amyloidosis",
            "lv_hypertrophy",
            "late_gadolinium_enhancement",
            "left_atrial_enlargement",
        ),
    ),
    "myocarditis": Sample("myocarditis", ("myocarditis", "late_gadolinium_enhancement")),
    "effusion-and-aorta": Sample(
        "other", ("pericardial_effusion", "pleural_effusion", "aortic_dilation")
    ),
}


@dataclass(frozen=True)
class Rendered:
    """One rendered case, as a model sees it and as a person reads it."""

    id: str
    clip: torch.Tensor
    picture: bytes
    impression: str
    truth: Truth
    acquisition: Acquisition
    content: tuple[str, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, help="folder of a training run")
    parser.add_argument("--cases", type=int, default=320, help="cases in the library")
    parser.add_argument(
        "--held-out", type=int, default=0, help="cases to render in all, the library's first"
    )
    parser.add_argument("--workers", type=int, default=2, help="processes that render")
    parser.add_argument("--render-only", action="store_true", help="stop before embedding")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    total = max(arguments.cases, arguments.held_out)
    rendered = render(arguments.run / "library", total, arguments.workers)
    if arguments.render_only:
        return
    # In 16 bits, for half the download; `load` computes in 32, as with every checkpoint.
    save(load(arguments.run / "checkpoint", dtype="float16"), checkpoint_folder())
    sample_data = library_folder().parent
    samples = make_samples(sample_data / "studies")
    make_library(library_folder(), load(), rendered[: arguments.cases])
    write_datasheet(sample_data / "README.md", samples, arguments.cases)


def render(folder: Path, total: int, workers: int) -> list[Path]:
    """Render held-out cases, balanced over the diagnoses; those already there are kept."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"synthetic-{i:04d}.npz" for i in range(total)]
    missing = [i for i, file in enumerate(files) if not file.exists()]
    with ProcessPoolExecutor(workers) as pool:
        for done, _ in enumerate(pool.map(_render, [files[i] for i in missing], missing), 1):
            if done % 20 == 0:
                logger.info("library: %d of %d cases rendered", done, len(missing))
    return files


def _render(file: Path, i: int) -> None:
    torch.set_num_threads(1)
    case = make_case(LIBRARY_SEED + i, DIAGNOSES[i % len(DIAGNOSES)], size="small")
    case.study.series = ordered(case.study.series)  # as every reader does
    clip = study_to_clip(case.study, bundled_config(vocab_size=1)).tensor.numpy()
    facts = {
        "impression": case.impression,
        "truth": asdict(case.truth),
        "acquisition": asdict(Acquisition.of(case.study)),
        "content": case.study.content,
    }
    partial = file.with_suffix(".partial.npz")
    picture = np.frombuffer(thumbnail(case.study), np.uint8)
    np.savez(partial, clip=clip, picture=picture, facts=json.dumps(facts))
    os.replace(partial, file)


def make_samples(folder: Path) -> dict[str, Truth]:
    """Write each sample as a zip of DICOM files; returns what is true of them, by name."""
    shutil.rmtree(folder, ignore_errors=True)
    truths = {}
    for name, sample in SAMPLES.items():
        seed = sample_seed(name)
        case = make_case(seed, sample.diagnosis, size="small", imaged=ALL_IMAGED)
        write_dicom(case.study, folder / f"{name}.zip", seed=seed, scout=True)
        truths[name] = case.truth
        logger.info("sample %s: %s", name, ", ".join(sorted(case.truth.findings)))
    return truths


def sample_seed(name: str) -> int:
    """The first seed of a sample's own range whose patient clearly shows what the sample is for."""
    sample = SAMPLES[name]
    first = SAMPLE_SEED + SAMPLE_SEEDS * list(SAMPLES).index(name)
    for seed in range(first, first + SAMPLE_SEEDS):
        # The patient only, as `make_case` draws it: images cost seconds.
        truth = draw_truth(np.random.default_rng([seed, 11]), sample.diagnosis)
        known = answers(replace(truth, imaged=ALL_IMAGED))
        if all(known[key] for key in sample.shows):
            return seed
    raise RuntimeError(f"No patient shows what the sample {name!r} is for.")


def make_library(folder: Path, model: CMRCLIP, rendered: Sequence[Path]) -> None:
    """Embed rendered cases with `model` and write them as a new library."""
    shutil.rmtree(folder, ignore_errors=True)
    cases = (embed_rendered(model, read_rendered(file)) for file in rendered)
    library = CaseLibrary.create(folder, "bundled synthetic cases", model, cases)
    logger.info("library: %d cases embedded", len(library))


def read_rendered(file: Path) -> Rendered:
    """A case that `render` left."""
    with np.load(file) as stored:
        facts = json.loads(str(stored["facts"]))
        return Rendered(
            file.stem,
            torch.from_numpy(stored["clip"]),
            stored["picture"].tobytes(),
            facts["impression"],
            truth_from_dict(facts["truth"]),
            Acquisition(**facts["acquisition"] | {"views": tuple(facts["acquisition"]["views"])}),
            tuple(facts["content"]),
        )


@torch.inference_mode()
def embed_rendered(model: CMRCLIP, case: Rendered) -> CaseRecord:
    """One rendered case as the library stores it."""
    return CaseRecord(
        id=case.id,
        embedding=model.encode_clip(case.clip[None])[0].cpu().numpy(),
        impression=case.impression,
        findings=tuple(sorted(case.truth.findings)),
        picture=case.picture,
        source="synthetic (made by this project)",
        acquisition=case.acquisition,
        sex={"F": "female", "M": "male"}[case.truth.sex],
        age_band=age_band(case.truth.age_years),
        content=case.content,
    )


def write_datasheet(file: Path, samples: dict[str, Truth], cases: int) -> None:
    """Put what was made between the marks of the sample data's README."""
    rows = [
        f"| `{name}` | "
        + ", ".join(CONDITIONS[key].label for key in CONDITIONS if key in truth.findings)
        + " |"
        for name, truth in samples.items()
    ]
    share = f"{cases // len(DIAGNOSES)}" if cases % len(DIAGNOSES) == 0 else "about equally many"
    text = (
        f"{len(samples)} exams in `studies/`:\n\n| exam | what is true of it |\n| --- | --- |\n"
        + "\n".join(rows)
        + f"\n\n{cases} cases in `library/`, {share} of each of {len(DIAGNOSES)} groups: "
        + ", ".join(DIAGNOSES)
        + "."
    )
    before, _, rest = file.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    file.write_text(f"{before}{MARKS[0]}\n{text}\n{MARKS[1]}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
