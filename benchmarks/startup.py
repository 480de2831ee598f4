"""How long until the package can be used, and until `cmrclip score` has answered?

    python benchmarks/startup.py                      # 7 rounds of four processes; two minutes
    python benchmarks/startup.py --study exam.zip --rounds 3

In turn, each in a process of its own: `import torch`; `import cmrclip_lite`; `cmrclip score` on a
sample, from the start of the process to its end; and that command's parts, `import torch`, reading
the study and encoding it, each timed apart, with what the first use of each imports. The models'
weights are loaded between, and not counted. Printed are medians and the medians of the ratios
within a round, beside the most that was asked for. Nothing is taken from the cache of embeddings,
and Python may keep its bytecode, as an installed package's is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_data" / "studies" / "normal.zip"
IMPORT_LIMIT = 1.15  # times `import torch`
SCORE_LIMIT = 1.5  # times the sum of the parts
IMPORT = """
import json, time
start = time.perf_counter()
import {module}
print(json.dumps({{"import": time.perf_counter() - start}}))
"""
PARTS = """
import json, sys, time
laps = [time.perf_counter()]
import torch
laps.append(time.perf_counter())
import cmrclip_lite
laps.append(time.perf_counter())
study = cmrclip_lite.read_study(sys.argv[1])
laps.append(time.perf_counter())
model = cmrclip_lite.load()
laps.append(time.perf_counter())
model.encode_study(study)
laps.append(time.perf_counter())
took = [after - before for before, after in zip(laps, laps[1:])]
print(json.dumps({"import torch": took[0], "read": took[2], "encode": took[4]}))
"""


def told(code: str, *words: str) -> dict[str, float]:
    """Seconds that a process of its own measured and printed."""
    return json.loads(started([sys.executable, "-c", code, *words]))


def started(command: list[str]) -> str:
    """What a process printed; started in the repository, so that it imports this checkout."""
    environment = {**os.environ, "CMRCLIP_CACHE": "off"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def measured(study: Path) -> dict[str, float]:
    """One round, in seconds."""
    row = {
        "import torch": told(IMPORT.format(module="torch"))["import"],
        "import cmrclip_lite": told(IMPORT.format(module="cmrclip_lite"))["import"],
    }
    start = time.perf_counter()
    started([sys.executable, "-m", "cmrclip_lite.cli", "score", str(study)])
    row["cmrclip score"] = time.perf_counter() - start
    parts = told(PARTS, str(study))
    row |= {f"{name}, apart": seconds for name, seconds in parts.items()}
    row["the three"] = sum(parts.values())
    row["import"] = row["import cmrclip_lite"] / row["import torch"]
    row["score"] = row["cmrclip score"] / row["the three"]
    return row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=SAMPLE)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    study = arguments.study.resolve()
    measured(study)  # so that bytecode is kept and files lie in the system's cache
    rows = [measured(study) for _ in range(arguments.rounds)]
    median = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    ratios = {"import": IMPORT_LIMIT, "score": SCORE_LIMIT}
    threads = os.environ.get("OMP_NUM_THREADS", "as is")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, OMP_NUM_THREADS {threads}")
    for name, seconds in median.items():
        if name not in ratios:
            print(f"{name}: {seconds:.2f} s")
    print(f"import cmrclip_lite / import torch: {median['import']:.2f}, asked {IMPORT_LIMIT}")
    print(f"cmrclip score / the three: {median['score']:.2f}, asked {SCORE_LIMIT}")


if __name__ == "__main__":
    main()
