"""Searching a library of a thousand to a million cases: time, recall, memory and disk.

Vectors of 512 values are drawn with the mean and the spectrum of the bundled model's embeddings of
held-out phantoms, turned at random: they crowd as real ones do, and an index must tell them apart.
Vectors of random directions, which no trained model gives, are the hardest case for an index; they
are measured once beside. Every case has an impression and findings, and a picture of a few bytes
(real ones are about 20 kB, on disk only). A bare search is one matrix product and a top-k in torch
over the same vectors, held in memory and timed in turns with the library's.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from benchmarks.drawing import write_svg
from cmrclip_lite.library import CaseLibrary, Filters
from cmrclip_lite.library.indexing import fits_memory
from cmrclip_lite.library.records import FORMAT, schema
from cmrclip_lite.library.store import create_table

WIDTH, K, QUERIES = 512, 10, 60
BATCH = 50_000
HEIGHT = 500  # of the figure, pixels
FINDINGS = ("lv_dilation", "lv_hypertrophy", "rv_dilation", "normal_study", "prior_infarct")
WORDS = ("dilated", "hypertrophic", "akinetic", "effusion", "thrombus", "normal", "scar")
COLUMNS = (
    "| cases | how | bare product (ms) | search (ms) | ratio | with a filter (ms) | with words (ms)"
    " | recall@10 | first search (s) | indexing (s) | disk (MB) | memory (MB) |"
)


@dataclass(frozen=True)
class Row:
    """What was measured at one size; times are medians over `QUERIES` searches."""

    cases: int
    exact: bool
    bare_ms: float
    search_ms: float
    ratio: float
    filtered_ms: float
    words_ms: float
    recall: float
    first_s: float
    index_s: float
    disk_mb: float
    memory_mb: float

    def __str__(self) -> str:
        how = "all compared" if self.exact else "index"
        return (
            f"| {self.cases:,} | {how} | {self.bare_ms:.2f} | {self.search_ms:.2f} | "
            f"{self.ratio:.2f} | {self.filtered_ms:.1f} | {self.words_ms:.1f} | {self.recall:.3f} "
            f"| {self.first_s:.2f} | {self.index_s:.0f} | {self.disk_mb:,.0f} | "
            f"{self.memory_mb:,.0f} |"
        )


class Crowd:
    """Draws unit vectors `(n, WIDTH)` as a model's embeddings lie, or of random directions."""

    def __init__(self, embeddings: np.ndarray | None, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        if embeddings is None:
            self.mean, self.scale = np.zeros(WIDTH, np.float32), np.ones(WIDTH, np.float32)
            self.turn = np.eye(WIDTH, dtype=np.float32)
            return
        mean = embeddings.mean(0)
        spread = np.linalg.svd(embeddings - mean, compute_uv=False) / np.sqrt(len(embeddings))
        turn, _ = np.linalg.qr(rng.standard_normal((WIDTH, WIDTH)))
        self.turn = turn[: len(mean)].astype(np.float32)
        self.mean = (mean @ self.turn).astype(np.float32)
        self.scale = np.resize(spread, len(mean)).astype(np.float32)

    def draw(self, count: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        spread = rng.standard_normal((count, len(self.scale)), dtype=np.float32) * self.scale
        vectors = spread @ self.turn + self.mean
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def growth(sizes: list[int], crowd: Crowd) -> Iterator[Row]:
    """Grow one library from size to size, and measure it at each."""
    folder = Path(tempfile.mkdtemp(prefix="library-"))
    try:
        path, held = folder / "library", []
        for size in sizes:
            have = sum(map(len, held))
            for start in range(have, size, BATCH):
                vectors = crowd.draw(min(BATCH, size - start), seed=start + 1)
                held.append(vectors)
                fill(path, vectors, start)
            yield measure(path, np.concatenate(held), crowd)
    finally:
        shutil.rmtree(folder)


def fill(path: Path, vectors: np.ndarray, start: int) -> None:
    """Write cases of these vectors, without the checks and checksums of `CaseLibrary.add`."""
    facts = {
        "format": FORMAT,
        "name": "benchmark",
        "model_identity": "none",
        "model_name": "none",
        "layout": "heart",
    }
    columns = schema(WIDTH, facts)
    count = len(vectors)
    numbers = range(start, start + count)
    array = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), WIDTH)
    values = {
        "id": [f"case-{i:07d}" for i in numbers],
        "embedding": array,
        "impression_embedding": array,
        "impression": [f"1. {WORDS[i % 7]} {WORDS[i % 5]}, EF {20 + i % 50} %." for i in numbers],
        "findings": [[FINDINGS[i % 5], FINDINGS[i % 3]] for i in numbers],
        "picture": [b"RIFF"] * count,
        "views": [["SAX", "4CH"] if i % 4 else ["SAX"] for i in numbers],
        "vendor": [("SIEMENS", "GE", "Philips")[i * i % 3] for i in numbers],
        "field_strength_t": [3.0 if i % 3 else 1.5 for i in numbers],
        "slices": [8 + i * i % 7 for i in numbers],
        "phases": [20 + i * i % 11 for i in numbers],
        "enhancement": [i * i % 5 > 1 for i in numbers],
        "sex": [("female", "male")[i * i % 2] for i in numbers],
        "age_band": [f"{i * i % 9}0-{i * i % 9}9" for i in numbers],
        "content": [[f"{j * 7919:012x}" for j in range(3 * i, 3 * i + 3)] for i in numbers],
    }
    for field in columns:
        empty = 0 if pa.types.is_integer(field.type) else ""
        empty = False if pa.types.is_boolean(field.type) else empty
        values.setdefault(field.name, [empty] * count)
    rows = pa.table({name: values[name] for name in columns.names}, schema=columns)
    if start == 0:
        create_table(path, rows)
    else:
        CaseLibrary.open(path)._table.add(rows)


def measure(path: Path, vectors: np.ndarray, crowd: Crowd) -> Row:
    """Time one library against a bare product over the same vectors."""
    started = time.perf_counter()
    CaseLibrary.open(path).optimize()
    index_s = time.perf_counter() - started
    # The versions before are kept for a day; without them the disk holds what is used.
    CaseLibrary.open(path)._table.optimize(cleanup_older_than=timedelta(0), delete_unverified=True)
    library = CaseLibrary.open(path)
    exact = fits_memory(library._table, WIDTH)
    queries = crowd.draw(QUERIES, seed=-1 % 2**32)
    started = time.perf_counter()
    library.search(queries[0], K)
    first_s = time.perf_counter() - started
    matrix = torch.from_numpy(vectors)

    def bare(query: np.ndarray) -> list[int]:
        return torch.topk(torch.mv(matrix, torch.from_numpy(query)), K).indices.tolist()

    def find(query: np.ndarray) -> list[str]:
        return [case.id for case in library.search(query, K)]

    bare_s, search_s, hits = [], [], []
    for query in queries:
        seconds, true = timed(bare, query)
        bare_s.append(seconds)
        seconds, found = timed(find, query)
        search_s.append(seconds)
        hits.append(len({int(i[5:]) for i in found} & set(true)) / K)
    # The first few warm caches that a library in use has warm.
    warm = slice(QUERIES // 6, None)
    ratios = np.array(search_s[warm]) / np.array(bare_s[warm])
    where = Filters(findings=("rv_dilation",), views=("4CH",))
    filtered = [timed(partial(library.search, k=K, where=where), q)[0] for q in queries[:20]]
    words = [timed(partial(library.search, k=K, words="thrombus"), q)[0] for q in queries[:20]]
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        memory_mb = pool.apply(memory_of_searching, (path, queries[:5]))
    return Row(
        cases=len(vectors),
        exact=exact,
        bare_ms=1e3 * float(np.median(bare_s[warm])),
        search_ms=1e3 * float(np.median(search_s[warm])),
        ratio=float(np.median(ratios)),
        filtered_ms=1e3 * float(np.median(filtered)),
        words_ms=1e3 * float(np.median(words)),
        recall=float(np.mean(hits)),
        first_s=first_s,
        index_s=index_s,
        disk_mb=sum(f.stat().st_size for f in path.rglob("*") if f.is_file()) / 1e6,
        memory_mb=memory_mb,
    )


def timed(function: Callable, *arguments: object) -> tuple[float, object]:
    started = time.perf_counter()
    result = function(*arguments)
    return time.perf_counter() - started, result


def memory_of_searching(path: Path, queries: np.ndarray) -> float:
    """How far a process of its own grows, at most, by opening a library and searching it; MB."""
    before = peak_memory()
    library = CaseLibrary.open(path)
    for query in queries:
        library.search(query, K)
    return peak_memory() - before


def peak_memory() -> float:
    """Of this process, MB, as Linux tells it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def header() -> str:
    """The first two lines of a Markdown table of rows."""
    return f"{COLUMNS}\n|{' --- |' * (COLUMNS.count('|') - 1)}"


def plot(rows: list[Row], path: Path) -> None:
    """Time, memory and disk against the number of cases, as an SVG."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    sizes = [row.cases for row in rows]
    figure = make_subplots(1, 2, subplot_titles=("One search (ms)", "Memory and disk (MB)"))
    lines = (
        (1, "bare matrix product and top-k", "#8a8f98", [r.bare_ms for r in rows], "dot"),
        (1, "search", "#b3261e", [r.search_ms for r in rows], "solid"),
        (1, "within a filter", "#c77700", [r.filtered_ms for r in rows], "solid"),
        (1, "with words", "#1f6feb", [r.words_ms for r in rows], "solid"),
        (2, "memory of a process that searches", "#7b3fb5", [r.memory_mb for r in rows], "solid"),
        (2, "disk, without pictures", "#2e7d32", [r.disk_mb for r in rows], "solid"),
    )
    for column, name, colour, values, dash in lines:
        figure.add_trace(
            go.Scatter(
                x=sizes,
                y=values,
                name=name,
                mode="lines+markers",
                line={"color": colour, "dash": dash},
                legend="legend" if column == 1 else "legend2",
            ),
            1,
            column,
        )
    indexed = [row.cases for row in rows if not row.exact]
    if indexed:
        figure.add_vline(min(indexed), line_dash="dash", line_color="#8a8f98", row=1, col="all")
    figure.update_xaxes(type="log", title="cases", dtick=1)
    figure.update_yaxes(type="log", dtick=1)
    figure.update_layout(
        template="plotly_white",
        width=1000,
        height=HEIGHT,
        margin={"t": 40, "b": 150, "l": 60, "r": 20},
        legend={"x": 0.0, "y": -0.2, "yanchor": "top"},
        legend2={"x": 0.55, "y": -0.2, "yanchor": "top"},
    )
    write_svg(figure, path)
