"""Several processes write to one library at once, and every case is there once."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.library import CaseLibrary, CaseRecord

WRITERS, ROUNDS = 3, 8


def record(name: str) -> CaseRecord:
    vector = np.random.default_rng(sum(name.encode())).normal(size=16).astype(np.float32)
    return CaseRecord(name, vector / np.linalg.norm(vector), f"1. Case {name}.", ())


def write(folder: Path, writer: int, model, ready) -> None:
    library = CaseLibrary.open(folder)
    ready.wait()
    for i in range(ROUNDS):
        library.add(model, [record(f"shared-{i}"), record(f"own-{writer}-{i}")])


@pytest.mark.slow
def test_writers_at_once_lose_and_double_no_case(tiny_model, tmp_path):
    folder = tmp_path / "library"
    CaseLibrary.create(folder, "t", tiny_model, [record("first")])
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(WRITERS)
    writers = [
        context.Process(target=write, args=(folder, i, tiny_model, ready)) for i in range(WRITERS)
    ]
    for process in writers:
        process.start()
    for process in writers:
        process.join(120)
    assert [process.exitcode for process in writers] == [0] * WRITERS
    library = CaseLibrary.open(folder)
    expected = ["first", *(f"shared-{i}" for i in range(ROUNDS))]
    expected += [f"own-{w}-{i}" for w in range(WRITERS) for i in range(ROUNDS)]
    assert sorted(library.ids) == sorted(expected)
    assert library.verify().ok
