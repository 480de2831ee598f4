"""Exams rendered again as whole studies, and cohorts embedded before and after every shift.

Both are kept in a folder, so that a run that was stopped goes on. `benchmarks/robustness.py` prints
what follows.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.cohorts import ROOT
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.phantom import make_case
from cmrclip_lite.phantom.cohort import DIAGNOSES
from cmrclip_lite.robustness import Embedded, embed_shifted, join
from cmrclip_lite.study import Study
from cmrclip_lite.training.bundle import LIBRARY_SEED
from cmrclip_lite.views import ordered


def render(cache: Path, count: int, workers: int) -> list[Path]:
    """Held-out phantoms as whole studies, balanced over the diagnoses; those at hand are kept."""
    cache.mkdir(parents=True, exist_ok=True)
    files = [cache / f"exam-{i:04d}.pickle" for i in range(count)]
    missing = [i for i, file in enumerate(files) if not file.exists()]
    with ProcessPoolExecutor(workers) as pool:
        made = pool.map(_render, [files[i] for i in missing], missing)
        for _ in tqdm(made, "rendered", len(missing), disable=not missing):
            pass
    return files


def _render(file: Path, i: int) -> None:
    torch.set_num_threads(1)
    case = make_case(LIBRARY_SEED + i, DIAGNOSES[i % len(DIAGNOSES)], size="small")
    case.study.series = ordered(case.study.series)  # as every reader does
    partial = file.with_suffix(".partial")
    partial.write_bytes(pickle.dumps(case))
    os.replace(partial, file)


def embed_cohort(
    model: CMRCLIP,
    name: str,
    studies: Sequence[Study],
    shifts: tuple[str, ...],
    cache: Path,
) -> Embedded:
    """Every study before and after every shift; those embedded before are read."""
    state = _state(model, shifts)
    parts = []
    for i, study in enumerate(tqdm(studies, f"{name} shifted")):
        file = cache / f"{name}-{i:04d}-{state}.npz"
        if not file.exists():
            part = embed_shifted(model, study, shifts, seed=i)
            partial = file.with_suffix(".partial.npz")
            np.savez(partial, before=part.before, after=part.after)
            os.replace(partial, file)
        with np.load(file) as stored:
            parts.append(Embedded(stored["before"], stored["after"]))
    return join(parts)


def _state(model: CMRCLIP, shifts: tuple[str, ...]) -> str:
    """A digest of all that an embedding follows from: model, shifts, and the code of both."""
    package = ROOT / "cmrclip_lite"
    names = ["frames", "heart", "heart_layout"]
    names += [f"robustness/{m}" for m in ("acquired", "each", "greys", "held", "placed", "shifts")]
    digest = hashlib.blake2b(f"{model.identity} {shifts}".encode(), digest_size=6)
    for name in names:
        digest.update((package / f"{name}.py").read_bytes())
    return digest.hexdigest()
