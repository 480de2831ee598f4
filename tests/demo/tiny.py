"""A page with a random model: `python -m tests.demo.tiny PORT FOLDER` serves it for the browser.

A third argument names more models to choose from, with commas between.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import torch

from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.model import CMRCLIP, LayoutConfig, ModelConfig, TextConfig, VideoConfig
from cmrclip_lite.training.vocabulary import build_tokenizer
from tests import dicom_maker

CASES = 8
HOSTILE = "<img src=x onerror=\"window.hacked='impression'\"> ${alert(1)} {{value}}"


def beating_exam(path: Path, slices: int = 4, phases: int = 6, size: int = 64) -> Path:
    """A zip of DICOM files in which a disc beats in the middle, beside a file that is none."""
    images = dicom_maker.stack(slices, phases)
    y, x = np.mgrid[:size, :size]
    for i, ds in enumerate(images):
        radius = 12 + 5 * np.cos(2 * np.pi * (i % phases) / phases)
        disc = 900 * (np.hypot(y - size / 2, x - size / 2) < radius)
        dicom_maker.set_pixels(ds, (disc + 100 + (x + y) % 7).astype(np.int16))
    with zipfile.ZipFile(path, "w") as archive:
        for i, ds in enumerate(images):
            archive.writestr(f"exam/IM{i:04d}", dicom_maker.encode(ds))
        archive.writestr("exam/readme.txt", "not an image")
    return path


def tiny_parts(folder: Path) -> tuple[CMRCLIP, CaseLibrary, dict[str, Path]]:
    """A random model, a library it embedded, and a sample."""
    tokenizer = build_tokenizer(seed=0, size=1000)
    torch.manual_seed(0)
    config = ModelConfig(
        video=VideoConfig(image_size=32, patch_size=8, width=48, depth=1, heads=3, num_frames=8),
        text=TextConfig(
            vocab_size=tokenizer.get_vocab_size(), hidden=32, layers=1, heads=2, intermediate=64,
            max_positions=64,
        ),
        projection_dim=16,
        layout=LayoutConfig(name="heart", spacing_mm=4.0, phases=4),
        conditions=("normal_study", "lv_dilation", "lv_hypertrophy"),
    )  # fmt: skip
    model = CMRCLIP(config, tokenizer).eval()
    model.name, model.identity = "tiny", "tiny-0"
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(CASES, 16))
    cases = [
        CaseRecord(
            id=f"case-{i}",
            embedding=(vector / np.linalg.norm(vector)).astype(np.float32),
            impression=f"Impression {i}. {HOSTILE}",
            findings=("normal_study",) if i % 2 else ("lv_dilation",),
            picture=_dot(i),
            source="made up",
        )
        for i, vector in enumerate(vectors)
    ]
    library = CaseLibrary.create(folder / "library", "Made-up cases", model, cases)
    return model, library, {"lv_dilation": beating_exam(folder / "lv_dilation.zip")}


def built(model: CMRCLIP, library: CaseLibrary | None, samples: dict[str, Path], trouble: str = ""):
    """The page, not served."""
    from app import build_demo
    from engine import Engine
    from models import Engines
    from sources import Samples

    return build_demo(Engines(Engine(model, library)), Samples(samples), trouble)


def _dot(seed: int) -> bytes:
    from cmrclip_lite.figures import moving_picture

    return moving_picture(np.random.default_rng(seed).random((3, 24, 24)), size=48)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2] / "demo"))
    import app

    model, library, samples = tiny_parts(Path(sys.argv[2]))
    others = sys.argv[3].split(",") if len(sys.argv) > 3 else []
    port = int(sys.argv[1])
    app.serve("127.0.0.1", port, model=model, library=library, samples=samples, others=others)
