"""The case library: how fast it searches, and in how much memory, to a million cases.

    python benchmarks/library.py search [--most N] [--plot docs/library.svg]   # 15 minutes to 1e6

Figures are ratios of what was timed in turns in one run; see `library_search.py`.
"""

from __future__ import annotations

import argparse
import sys
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


if __name__ == "__main__":
    main()
