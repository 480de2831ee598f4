"""Small libraries of made-up cases, with all that a case can hold."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np

from cmrclip_lite.figures import moving_picture
from cmrclip_lite.library import Acquisition, CaseLibrary, CaseRecord
from cmrclip_lite.model import CMRCLIP


def cases(model: CMRCLIP, count: int, noise: int = 0) -> list[CaseRecord]:
    """Cases of random vectors. Every fifth has no impression, every seventh no picture.

    Args:
        noise: bytes of noise in place of each picture, to make a library large.
    """
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(count, model.config.projection_dim)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        CaseRecord(
            id=f"ward-7-{i:04d}",
            embedding=vector,
            impression="" if i % 5 == 4 else f"1. Dilated left ventricle, EF {20 + i % 40} %.",
            findings=("normal_study",) if i % 4 == 0 else ("lv_dilation", "own finding"),
            picture=b"" if i % 7 == 6 else rng.bytes(noise) if noise else disc(i % 3),
            source="the archive of a hospital",
            acquisition=Acquisition(("SAX", "4CH"), "SIEMENS", 1.5 if i % 2 else None, 9, 25, True),
            sex="female" if i % 2 else "",
            age_band="60-69" if i % 3 else "",
            content=(f"digest-{i}", f"digest-{i - i % 11}"),
            fingerprint=f"files-{i}",
        )
        for i, vector in enumerate(vectors)
    ]


def library(folder: Path, model: CMRCLIP, count: int = 23) -> CaseLibrary:
    return CaseLibrary.create(folder, "ward round", model, cases(model, count))


@cache
def disc(number: int) -> bytes:
    """A disc that shrinks, brighter the higher the number."""
    rows, columns = np.mgrid[-20:20, -20:20]
    sizes = np.array([16, 12, 9])[:, None, None]
    cine = (np.hypot(rows, columns) < sizes) * (60.0 + 60 * number)
    cine[:, 0, :] = 255  # the same scale for all
    return moving_picture(cine, size=80)
