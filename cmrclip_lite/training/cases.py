"""The training set: synthetic hearts as label maps, made once and kept on disk.

Geometry is the costly part and is cached; contrast, crop and phases are drawn anew each time a
case is seen (`augment.py`). Files are shards, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import json
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from ..phantom import training_labels
from ..phantom.truth import Truth

logger = logging.getLogger(__name__)

SHARD = 250


class Cases:
    """`len(cases)` synthetic hearts: `labels[i]` is `(7, 3, 96, 96)` uint8, `truths[i]` its facts.

    The frames are those of `phantom.fastpath`.
    """

    def __init__(self, folder: Path, count: int, seed: int, workers: int = 2) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        starts = range(0, count, SHARD)
        missing = [start for start in starts if not _truths_file(folder, seed + start).exists()]
        with ProcessPoolExecutor(workers) as pool:
            jobs = [
                pool.submit(_make_shard, folder, seed + start, min(SHARD, count - start))
                for start in missing
            ]
            for done, job in enumerate(jobs, 1):
                job.result()
                logger.info("cases: %d of %d shards made", done, len(missing))
        self.labels: list[np.ndarray] = []
        self.truths: list[Truth] = []
        for start in starts:
            self.labels += list(np.load(_labels_file(folder, seed + start), mmap_mode="r"))
            rows = json.loads(_truths_file(folder, seed + start).read_text())
            self.truths += [truth_from_dict(row) for row in rows]

    def __len__(self) -> int:
        return len(self.truths)


def truth_from_dict(row: dict) -> Truth:
    """The inverse of `dataclasses.asdict`, after JSON has made lists of the tuples."""
    return Truth(**{key: tuple(v) if isinstance(v, list) else v for key, v in row.items()})


def _make_shard(folder: Path, seed: int, count: int) -> None:
    labels, rows = [], []
    for i in range(count):
        case = training_labels(seed + i)
        labels.append(case.labels)
        rows.append(asdict(case.truth))
    target = _labels_file(folder, seed)
    np.save(partial := target.with_suffix(".partial.npy"), np.stack(labels))
    os.replace(partial, target)
    # Written last: its presence says that the shard is whole.
    target = _truths_file(folder, seed)
    (partial := target.with_suffix(".partial")).write_text(json.dumps(rows))
    os.replace(partial, target)


def _labels_file(folder: Path, seed: int) -> Path:
    return folder / f"labels-{seed}.npy"


def _truths_file(folder: Path, seed: int) -> Path:
    return folder / f"truths-{seed}.json"
