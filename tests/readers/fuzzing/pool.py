"""Mutants read in worker processes that may crash or hang, and are then replaced."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from pathlib import Path

from .judge import SECONDS, Judge, Verdict
from .mutants import make
from .seeds import Seed

# A worker is killed after this; between `SECONDS` and this it says itself that it took long.
PATIENCE = 2 * SECONDS


@dataclass
class _Worker:
    """A process, this end of its pipe, and what it is at.

    `given` is when it got its mutant; the first one waits for the process to start.
    """

    process: multiprocessing.process.BaseProcess
    pipe: Connection
    number: int | None = None
    deadline: float = 0.0
    folder: tempfile.TemporaryDirectory = field(default_factory=tempfile.TemporaryDirectory)


def judged(run: int, numbers: Iterable[int], seeds: list[Seed], workers: int) -> Iterator[Verdict]:
    """Verdicts on mutants, as they come.

    A worker that is killed by a signal, or by the watchdog after `PATIENCE` seconds, is a verdict
    too, and another takes its place. A hang counts only if it repeats in a fresh worker: a busy
    machine also makes a reader wait.

    Args:
        run: the seed number of the run.
        numbers: of the mutants.
        seeds: what is spoiled.
        workers: processes side by side.
    """
    context = watcher()
    waiting = iter(numbers)
    again: list[int] = []
    hung: set[int] = set()
    team: list[_Worker] = []
    try:
        while True:
            while len(team) < workers:
                number = again.pop() if again else next(waiting, None)
                if number is None:
                    break
                team.append(_start(context, run, seeds, number))
            if not team:
                return
            timeout = max(0.0, min(w.deadline for w in team) - time.monotonic())
            ready = wait([w.pipe for w in team], timeout)
            for worker in list(team):
                if worker.pipe in ready:
                    verdict = _answer(worker, run, seeds)
                elif time.monotonic() > worker.deadline:
                    verdict = _verdict(worker.number, run, seeds, "hangs", "killed")
                else:
                    continue
                ended = verdict.outcome == "hangs" or verdict.outcome.startswith("crashes")
                slow = verdict.outcome in ("hangs", "takes long")
                if slow and verdict.number not in hung:
                    hung.add(verdict.number)
                    again.append(verdict.number)
                else:
                    yield verdict
                # After a finding the worker may not be what it was.
                number = None if ended or not verdict.fine else next(waiting, None)
                if number is None:
                    _stop(worker)
                    team.remove(worker)
                else:
                    _give(worker, number)
    finally:
        for worker in team:
            _stop(worker)


def watcher() -> BaseContext:
    """How workers start: forked from a process that has imported the package, where that works."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"{__package__}.judge"])
    # The server looks for modules in the environment's path only.
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


def _start(context: BaseContext, run: int, seeds: list[Seed], number: int) -> _Worker:
    ours, theirs = context.Pipe()
    folder = tempfile.TemporaryDirectory()
    process = context.Process(target=_work, args=(theirs, folder.name, run, seeds), daemon=True)
    process.start()
    theirs.close()
    worker = _Worker(process, ours, folder=folder)
    _give(worker, number)
    worker.deadline += 60.0  # to start Python and import the package
    return worker


def _give(worker: _Worker, number: int) -> None:
    worker.number, worker.deadline = number, time.monotonic() + PATIENCE
    worker.pipe.send(number)


def _answer(worker: _Worker, run: int, seeds: list[Seed]) -> Verdict:
    try:
        return worker.pipe.recv()
    except EOFError:
        worker.process.join()
        how = f"crashes ({worker.process.exitcode})"
        return _verdict(worker.number, run, seeds, how, "the process ended")


def _verdict(number: int, run: int, seeds: list[Seed], outcome: str, detail: str) -> Verdict:
    mutant = make(run, number, seeds)
    return Verdict(number, mutant.seed.name, "+".join(mutant.kinds), outcome, detail)


def _stop(worker: _Worker) -> None:
    worker.process.kill()
    worker.process.join()
    worker.pipe.close()
    worker.folder.cleanup()


def _work(pipe: Connection, folder: str, run: int, seeds: list[Seed]) -> None:
    judge = Judge(Path(folder))
    while True:
        try:
            number = pipe.recv()
        except EOFError:
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mutant = make(run, number, seeds)
        pipe.send(judge.read(mutant))
