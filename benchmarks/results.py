"""Write docs/evaluation.md: everything that is measured of the bundled checkpoint, on one page.

    python benchmarks/results.py --cache FOLDER                  # all of it, some two hours
    python benchmarks/results.py --cache FOLDER --only Robustness # a part again, the rest as it was

The folder keeps rendered exams, and each part once it is measured; `--only` measures a part anew.
What each part is, and how to run it alone, is said in the benchmark that it comes from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import (  # noqa: E402
    calibration,
    evaluation,
    explanations,
    outliers,
    reading_aid,
    robustness,
)
from benchmarks.cohorts import ROOT, held_out, write_results  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.library import default_library  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402

PAGE = ROOT / "docs" / "evaluation.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--exams", type=int, default=96, help="phantoms rendered again as studies")
    parser.add_argument("--only", action="append", choices=PARTS, help="parts to measure anew")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    model = load()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    written = []
    for title, measure in PARTS.items():
        kept = arguments.cache / f"{title.lower().replace(' ', '-')}.md"
        if title in (arguments.only or ()) or not kept.exists():
            print(f"{title} ...", file=sys.stderr)
            kept.write_text(measure(model, arguments), encoding="utf-8")
        written.append(f"## {title}\n\n{kept.read_text(encoding='utf-8')}")
    write_results(PAGE, "\n\n".join(written))


def _calibration(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    return calibration.section(model, held_out(model, None))


def _outliers(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    exams = outliers.synthetic_exams(arguments.exams, first=outliers.EXAMS)
    return outliers.section(model, default_library(model), exams)


def _robustness(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    return robustness.section(model, arguments.cache / "shifted", arguments.exams)


def _explanations(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    return explanations.section(model, phantoms=min(64, arguments.exams))


PARTS: dict[str, Callable[[CMRCLIP, argparse.Namespace], str]] = {
    "Scores": lambda model, arguments: evaluation.section(model),
    "Calibration": _calibration,
    "Unfamiliar studies": _outliers,
    "Robustness": _robustness,
    "Explanations": _explanations,
    "Reading aid": lambda model, arguments: reading_aid.section(model),
}


if __name__ == "__main__":
    main()
