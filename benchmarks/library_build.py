"""Building a library: what a study costs, step by step, and how much slower than its model it is.

Exams are phantoms of clinical size, a DICOM file per image. The model is the bundled one, or one of
the published shape with random weights: time does not depend on what the weights are. The model
alone embeds the same clips in the same batches with the same threads; it and the builds are timed
in turns in one run, and a figure is the ratio of the two.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from cmrclip_lite import load
from cmrclip_lite.frames import study_to_clip
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.library.build import Means, Plan, build_library, plan_exams
from cmrclip_lite.library.build.prepare import Item, Prepared, embed, fingerprint_of, prepare
from cmrclip_lite.library.build.ray_cluster import cluster
from cmrclip_lite.library.rows import with_impressions
from cmrclip_lite.library.thumbnail import thumbnail
from cmrclip_lite.model import CMRCLIP, ModelConfig
from cmrclip_lite.phantom import make_cohort
from cmrclip_lite.readers import read_study

WORKERS = 2
BATCHES = {"bundled": 8, "published": 4}


@dataclass(frozen=True)
class Turn:
    """Seconds per study of the model alone, of a build by local processes, and of one on Ray."""

    alone: float
    local: float
    ray: float

    def __str__(self) -> str:
        return (
            f"| {self.alone:.2f} | {self.local:.2f} | {self.local / self.alone:.2f} | "
            f"{self.ray:.2f} | {self.ray / self.alone:.2f} |"
        )


def exams(folder: Path, count: int) -> Plan:
    """A plan of phantom exams, which are made in the folder if it is not there yet."""
    if not folder.exists():
        make_cohort(count, folder, workers=WORKERS, progress=True)
    plan = plan_exams(folder, folder / "cases.csv")
    return replace(plan, items=plan.items[:count])


def model_of(name: str) -> CMRCLIP:
    """ "bundled", or of the "published" shape, which gets the vocabulary of the bundled one."""
    bundled = load(device="cpu", cache=False)
    if name == "bundled":
        return bundled
    torch.manual_seed(0)
    model = CMRCLIP(ModelConfig(), bundled.tokenizer).eval()
    model.name = model.identity = "published shape"
    return model


def costs(plan: Plan, model: CMRCLIP, batch: int) -> Iterator[str]:
    """Rows of a Markdown table: CPU seconds of each step for one study, on one thread.

    CPU time, so that a machine with other work to do gives the same.
    """
    steps: dict[str, list[float]] = {}

    def time_step(name: str, function: Callable, *arguments: object) -> object:
        started = time.process_time()
        result = function(*arguments)
        steps.setdefault(name, []).append(time.process_time() - started)
        return result

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for item in plan.items:
        time_step("looking at its files", fingerprint_of, item)
        study = time_step("reading it", read_study, item.path)
        time_step("laying out the clip", study_to_clip, study, model.config)
        time_step("moving thumbnail", thumbnail, study)
    prepared = [_prepared(item, model) for item in plan.items[:batch]]
    silent = [replace(one, case=replace(one.case, impression="")) for one in prepared]
    steps["embedding its images"] = _each(embed, model, silent)
    steps["embedding its impression"] = _each(with_impressions, [p.case for p in prepared], model)
    torch.set_num_threads(threads)
    yield "| CPU time of | median | most |"
    yield "| --- | --- | --- |"
    for name, seconds in steps.items():
        yield f"| {name} | {median(seconds):.3f} s | {max(seconds):.3f} s |"
    sizes = [_bytes(item.path) / 1e6 for item in plan.items]
    yield f"| files | {median(sizes):.0f} MB | {max(sizes):.0f} MB |"
    yield f"| clip in memory | {prepared[0].clip.nbytes / 1e6:.1f} MB | |"
    yield f"| work of the image encoder | {_flops(model) / 1e9:,.0f} GFLOP | |"


def commits(plan: Plan, model: CMRCLIP, most: int = 1024) -> Iterator[str]:
    """Rows of a Markdown table: what it costs to store cases, by how many there are to a commit."""
    cases = embed(model, [_prepared(item, model) for item in plan.items[:16]])
    rng = np.random.default_rng(0)
    yield "| cases to a commit | of a library of | ms a case | kB a case |"
    yield "| --- | --- | --- | --- |"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library"
        library = CaseLibrary.create(path, "costs", model, [replace(cases[0], id="first")])
        for size in (16, 256, most):
            before, there = _bytes(path), len(library)
            some = [_another(cases[i % len(cases)], f"{size}-{i}", rng) for i in range(size)]
            started = time.perf_counter()
            library.add(model, some)
            seconds = time.perf_counter() - started
            grown = (_bytes(path) - before) / size
            yield f"| {size} | {there} | {1e3 * seconds / size:.2f} | {grown / 1e3:.1f} |"
        started = time.perf_counter()
        library.optimize()
        yield f"\n`optimize` after these {len(library)}: {time.perf_counter() - started:.1f} s."


def turns(plan: Plan, model: CMRCLIP, batch: int, rounds: int) -> Iterator[Turn]:
    """Whole builds of all exams into a new library, and the model alone, in turns."""
    prepared = [_prepared(item, model) for item in plan.items]
    batches = [prepared[start : start + batch] for start in range(0, len(prepared), batch)]
    embed(model, batches[0])
    count = len(prepared)
    with cluster("local", WORKERS):
        for _ in range(rounds):
            alone = _seconds(lambda: [embed(model, part) for part in batches])
            local = _build(plan, model, Means(WORKERS, batch=batch))
            ray = _build(plan, model, Means(WORKERS, "local", batch=batch))
            yield Turn(alone / count, local / count, ray / count)


def _prepared(item: Item, model: CMRCLIP) -> Prepared:
    prepared = prepare(item, model.config)
    if not isinstance(prepared, Prepared):
        raise RuntimeError(f"A phantom could not be read: {prepared}")
    return prepared


def _build(plan: Plan, model: CMRCLIP, means: Means) -> float:
    """Seconds of a build of a new library, with all that starts and ends for it."""
    folder = Path(tempfile.mkdtemp(prefix="library-"))
    try:
        started = time.perf_counter()
        outcome = build_library(plan, folder / "library", model, means=means)
        seconds = time.perf_counter() - started
    finally:
        shutil.rmtree(folder)
    if outcome.added != len(plan.items):
        raise RuntimeError(f"Of {len(plan.items)} exams only {outcome.added} were stored.")
    return seconds


def _another(case: CaseRecord, name: str, rng: np.random.Generator) -> CaseRecord:
    """A case as large on disk: of vectors and a picture that no other shares."""
    vectors = rng.standard_normal((2, len(case.embedding)), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return replace(
        case,
        id=name,
        embedding=vectors[0],
        impression_embedding=vectors[1],
        picture=rng.bytes(len(case.picture)),
    )


def _seconds(function: Callable) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _each(function: Callable, *arguments: object) -> list[float]:
    """CPU seconds, spread over the studies of a batch."""
    started = time.process_time()
    count = len(function(*arguments))
    return [(time.process_time() - started) / count] * count


def _flops(model: CMRCLIP) -> int:
    """Of one clip through the image encoder, counted on the shapes alone."""
    with torch.device("meta"):
        shapes = CMRCLIP(model.config)
        video = model.config.video
        clip = torch.empty(1, video.num_frames, 3, video.image_size, video.image_size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        shapes.encode_clip(clip)
    return counter.get_total_flops()


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
