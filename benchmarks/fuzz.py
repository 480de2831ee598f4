"""Whether a file can harm the reader: spoiled exams, each read in a process that is watched.

    python benchmarks/fuzz.py --mutants 20000 --seed 1 [--workers 2] [--out DIR]
    python benchmarks/fuzz.py --seed 1 --only 4711        one mutant again, in the foreground

A mutant is fine if `read_study` gives a sound study or raises a `CmrClipError`. A finding is any
other exception, a crash, more than 5 s, more than 512 MiB above what the process held before, a
warning, log record or print, a temporary file or an open file left behind, or a word of the patient
in a message. DIR keeps `log-SEED.jsonl`, from which an interrupted run goes on, and the files
of each finding. Made-up exams are spoiled, pydicom's test files, and, where they are at hand, those
of the package pydicom-data and the real exams in ../shared/real.

Ends with status 1 if there was a finding. tests/readers/fuzzing/ holds the mutators.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.readers.fuzzing.judge import Judge, Verdict  # noqa: E402
from tests.readers.fuzzing.mutants import make  # noqa: E402
from tests.readers.fuzzing.pool import judged  # noqa: E402
from tests.readers.fuzzing.seeds import Seed, all_seeds  # noqa: E402

REAL = Path(__file__).parents[2] / "shared" / "real" / "sunnybrook"
# A worker's memory is compared after this many mutants, when caches are full, and at its end.
WARM = 500


def run(given: argparse.Namespace, seeds: list[Seed]) -> list[Verdict]:
    """Judge the mutants that the log does not hold yet; returns the verdicts on all."""
    given.out.mkdir(parents=True, exist_ok=True)
    path = given.out / f"log-{given.seed}.jsonl"
    verdicts = []
    if path.exists():
        verdicts = [Verdict(**json.loads(line)) for line in path.read_text().splitlines()]
    done = {verdict.number for verdict in verdicts}
    left = [number for number in range(given.mutants) if number not in done]
    start = time.perf_counter()
    with path.open("a") as log:
        for count, verdict in enumerate(judged(given.seed, left, seeds, given.workers), 1):
            log.write(json.dumps(asdict(verdict)) + "\n")
            log.flush()
            verdicts.append(verdict)
            if not verdict.fine:
                _keep(given.out, given.seed, verdict, seeds)
                print(f"{verdict.number:6} {verdict.outcome}: {verdict.detail[:150]!r}", flush=True)
            if count % 1000 == 0:
                rate = count / (time.perf_counter() - start)
                print(f"{count:6} of {len(left)}, {rate:.0f} a second", flush=True)
    if left:
        print(f"{len(left)} mutants, {len(left) / (time.perf_counter() - start):.0f} a second")
    return verdicts


def summary(verdicts: list[Verdict]) -> None:
    """Print what was found, what was slowest and what took most memory."""
    findings = [verdict for verdict in verdicts if not verdict.fine]
    kinds = Counter(kind for verdict in verdicts for kind in verdict.kinds.split("+"))
    print(f"\n{len(verdicts)} mutants of {len({v.seed for v in verdicts})} seeds")
    print("read or refused:", dict(Counter(v.outcome for v in verdicts if v.fine)))
    print("kinds:", ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    slowest = sorted(verdicts, key=lambda v: -v.seconds)[:3]
    print("slowest:", ", ".join(f"{v.number} {v.seconds:.2f} s" for v in slowest))
    largest = sorted(verdicts, key=lambda v: -v.peak)[:3]
    print("most memory above the start:",
          ", ".join(f"{v.number} {v.peak / 2**20:.0f} MiB" for v in largest))  # fmt: skip
    resident = [v.resident for v in verdicts if v.resident]
    if len(resident) > 2 * WARM:
        growth = (resident[-1] - resident[WARM]) / 2**20
        per = 1000 * growth / (len(resident) - WARM)
        print(f"memory kept: {per:+.1f} MiB per 1,000 mutants, {resident[-1] >> 20} MiB at the end")
    print(f"\n{len(findings)} findings")
    alike: dict[tuple[str, str], list[int]] = {}
    for verdict in findings:
        # Numbers in a message make no other finding of it.
        detail = re.sub(r"-?[0-9.]+(e[+]?[0-9]+)?", "#", verdict.detail.split("\n")[0])
        alike.setdefault((verdict.outcome, detail[:120]), []).append(verdict.number)
    for (outcome, detail), numbers in sorted(alike.items(), key=lambda item: -len(item[1])):
        print(f"{len(numbers):5} {outcome}: {detail!r} in {numbers[:8]}")


def _keep(out: Path, run_number: int, verdict: Verdict, seeds: list[Seed]) -> None:
    folder = out / f"finding-{run_number}-{verdict.number}"
    folder.mkdir(exist_ok=True)
    for name, data in make(run_number, verdict.number, seeds).files.items():
        (folder / name).write_bytes(data)
    (out / f"{folder.name}.json").write_text(json.dumps(asdict(verdict), indent=1))


def _one(run_number: int, number: int, seeds: list[Seed]) -> int:
    mutant = make(run_number, number, seeds)
    shown = os.fdopen(os.dup(sys.stdout.fileno()), "w")  # the judge takes the first one away
    with tempfile.TemporaryDirectory() as folder:
        verdict = Judge(Path(folder)).read(mutant)
    print(json.dumps(asdict(verdict), indent=1), mutant.container, list(mutant.files), file=shown)
    return not verdict.fine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1, help="another number gives other mutants")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-findings")
    parser.add_argument("--only", type=int, help="the number of one mutant to read again")
    given = parser.parse_args()
    seeds = all_seeds(REAL)
    if given.only is not None:
        return _one(given.seed, given.only, seeds)
    verdicts = run(given, seeds)
    summary(verdicts)
    return int(any(not verdict.fine for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main())
