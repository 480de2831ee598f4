"""The case library: how fast it searches and is built, and what faults do to it.

    python benchmarks/library.py search [--most N] [--plot docs/library.svg]   # 15 minutes to 1e6
    python benchmarks/library.py faults [--times 20]                           # half an hour
    python benchmarks/library.py build [--model published]                     # up to half an hour

Figures are ratios of what was timed in turns in one run; see `library_search.py`,
`library_faults.py` and `library_build.py`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    actions = parser.add_subparsers(required=True, metavar="WHAT")
    sub = actions.add_parser("search", help="time, recall, memory and disk against size")
    sub.set_defaults(run=search)
    sub.add_argument("--most", type=int, default=SIZES[-1], help="the largest library")
    sub.add_argument("--plot", type=Path, help="write a figure (SVG; needs Chromium)")
    sub = actions.add_parser("faults", help="kills, a full disk and a read-only one")
    sub.set_defaults(run=faults)
    sub.add_argument("--times", type=int, default=20, help="kills of each kind of work")
    sub = actions.add_parser("build", help="time per study, and against the model alone")
    sub.set_defaults(run=build)
    sub.add_argument("--exams", type=int, default=16, help="phantoms of clinical size (default 16)")
    sub.add_argument("--model", choices=("bundled", "published"), default="bundled")
    sub.add_argument("--rounds", type=int, default=3, help="builds of each kind (default 3)")
    sub.add_argument("--folder", type=Path, help="where the exams are, or are made and kept")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    arguments.run(arguments)


def search(arguments: argparse.Namespace) -> None:
    """Grow a library and measure it at each size."""
    from benchmarks import library_search
    from cmrclip_lite.library import CaseLibrary

    sizes = [size for size in SIZES if size <= arguments.most]
    crowd = library_search.Crowd(CaseLibrary.open().embeddings)
    rows = []
    print(library_search.header(), flush=True)
    for row in library_search.growth(sizes, crowd):
        rows.append(row)
        print(row, flush=True)
    print(f"\nRandom directions, {sizes[-1]:,} cases:\n\n{library_search.header()}", flush=True)
    for row in library_search.growth(sizes[-1:], library_search.Crowd(None)):
        print(row, flush=True)
    if arguments.plot:
        library_search.plot(rows, arguments.plot)


def faults(arguments: argparse.Namespace) -> None:
    """Kill what writes, damage its files, take its disk away, and look after each."""
    from benchmarks import library_faults

    for what in library_faults.WORKS:
        kills = library_faults.kill_often(what, arguments.times)
        print(f"{what}: {kills}", flush=True)
    for how, noticed in library_faults.damage_each().items():
        print(f"files {how}: {', '.join(f'{n} {what}' for what, n in noticed.items())}", flush=True)
    told = library_faults.own_disk([])
    if told is None:
        print("No disk of its own could be mounted here; the disk was not tried.")
        return
    for name, words in told.items():
        print(f"{name}: {words or 'none'}")


def build(arguments: argparse.Namespace) -> None:
    """What a study costs, and whole builds against the model alone."""
    from benchmarks import library_build

    with tempfile.TemporaryDirectory() as made:
        folder = arguments.folder or Path(made) / "exams"
        plan = library_build.exams(folder, arguments.exams)
        model = library_build.model_of(arguments.model)
        batch = library_build.BATCHES[arguments.model]
        for row in library_build.costs(plan, model, batch):
            print(row, flush=True)
        print()
        for row in library_build.commits(plan, model):
            print(row, flush=True)
        print(f"\n{len(plan.items)} exams, {batch} to a batch, seconds a study:\n")
        print("| model alone | local processes | ratio | Ray | ratio |")
        print("| --- | --- | --- | --- | --- |")
        for turn in library_build.turns(plan, model, batch, arguments.rounds):
            print(turn, flush=True)


if __name__ == "__main__":
    main()
