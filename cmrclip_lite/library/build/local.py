"""Many exams at once on this machine: processes read, this one holds the model.

What is bounded: as many exams are read ahead as keep the readers at work and fill a batch, however
slow the model is.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process

import torch

from ...errors import LibraryError
from ...model import CMRCLIP, ModelConfig
from .prepare import Failure, Item, Passed, Prepared, Result, embed, prepare


def run(
    items: Iterable[Item], model: CMRCLIP, *, workers: int, batch: int = 8, pictures: bool = True
) -> Iterator[Result]:
    """Read and embed exams, one result for each, in any order.

    When a reader dies, what all of them had in hand is missing from the results: whose fault it
    was cannot be told. With `workers=1` and `batch=1` it is the one exam that was being read.

    Args:
        workers: processes that read.
        batch: exams embedded at once, at most.
        pictures: whether cases get a moving thumbnail.

    Raises:
        LibraryError: if the readers die as soon as they start, or the GPU's memory is too small.
    """
    waiting = iter(items)
    ahead = 1 if workers == batch == 1 else 2 * workers + batch
    reading: set[Future] = set()
    ready: list[Prepared] = []
    pool = _pool(workers, model.config, pictures)
    try:
        while True:
            try:
                while len(reading) + len(ready) < ahead and (item := next(waiting, None)):
                    reading.add(pool.submit(_read, item))
                if not reading:
                    break
                done, reading = wait(reading, return_when=FIRST_COMPLETED)
                results = [future.result() for future in done]
            except BrokenProcessPool:
                pool.shutdown()
                pool, reading = _pool(workers, model.config, pictures), set()
                continue
            yield from (result for result in results if not isinstance(result, Prepared))
            ready += (result for result in results if isinstance(result, Prepared))
            # What is there, not a full batch: the model would wait for the readers, and they for
            # it. Where it is the slower of the two, batches fill by themselves.
            while ready:
                yield from embed(model, ready[:batch])
                del ready[:batch]
    except torch.OutOfMemoryError as error:
        raise LibraryError("The GPU has too little memory; use a smaller --batch.") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(workers: int, config: ModelConfig, pictures: bool) -> ProcessPoolExecutor:
    """Readers, of which one at least has been seen alive."""
    # A fresh interpreter per reader: a forked one may inherit locked threads.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start, (config, pictures))
    try:
        pool.submit(os.getpid).result()
    except BrokenProcessPool as error:
        pool.shutdown()
        raise LibraryError(
            "The processes that read exams die as soon as they start, perhaps for want of memory; "
            "use fewer (--workers)."
        ) from error
    return pool


def _start(config: ModelConfig, pictures: bool) -> None:
    """What a reader does first."""
    global _config, _pictures
    _config, _pictures = config, pictures
    torch.set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it sees to the end
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A reader whose parent was killed would wait for work for ever."""
    connection.wait([parent_process().sentinel])
    os._exit(1)


def _read(item: Item) -> Prepared | Failure | Passed:
    return prepare(item, _config, _pictures)


def usable_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
