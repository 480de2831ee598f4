"""Write docs/evaluation.md: everything that is measured of the bundled checkpoint, on one page.

    python benchmarks/results.py --cache FOLDER                  # all of it, some three hours
    python benchmarks/results.py --cache FOLDER --only Robustness # a part again, the rest as it was

The folder keeps rendered exams; a part is on the page as soon as it is measured, with the identity
of its checkpoint. What each part is, and how to run it alone, is said in the benchmark that it
comes from.
"""

from __future__ import annotations

import argparse
import re
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
from benchmarks.cohorts import ROOT, held_out, results_of, write_results  # noqa: E402
from cmrclip_lite import load  # noqa: E402
from cmrclip_lite.library import default_library  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402

PAGE = ROOT / "docs" / "evaluation.md"
DIGITS = 12  # of a checkpoint's identity
EXPLAINED = 24  # phantoms; each takes many hundred encodings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, required=True, help="folder for what is made")
    parser.add_argument("--exams", type=int, default=96, help="phantoms rendered again as studies")
    parser.add_argument("--only", action="append", choices=PARTS, help="parts to measure anew")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    model = load()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    for title in arguments.only or PARTS:
        print(f"{title} ...", file=sys.stderr)
        write_part(title, PARTS[title](model, arguments), model.identity[:DIGITS])


def write_part(title: str, text: str, checkpoint: str) -> None:
    """Replace a part of the page; every part says of which checkpoint it is."""
    parts = parts_of(results_of(PAGE)) | {title: f"Of checkpoint `{checkpoint}`.\n\n{text}"}
    known = (f"## {name}\n\n{_dated(parts[name], checkpoint)}" for name in PARTS if name in parts)
    write_results(PAGE, "\n\n".join(known))


def _dated(part: str, checkpoint: str) -> str:
    """A part of which the first line says so where it is of another checkpoint."""
    if part.startswith(f"Of checkpoint `{checkpoint}`."):
        return part
    return re.sub(r"^Of checkpoint (`\w+`)\.", r"**Of an earlier checkpoint**, \1.", part)


def parts_of(results: str) -> dict[str, str]:
    """What stands below each title of the page."""
    pieces = re.split(r"^## (.+)\n", results, flags=re.MULTILINE)
    return {title: text.strip() for title, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def _calibration(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    return calibration.section(model, held_out(model, None))


def _outliers(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    exams = outliers.synthetic_exams(arguments.exams, first=outliers.EXAMS)
    return outliers.section(model, default_library(model), exams)


def _robustness(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    return robustness.section(model, arguments.cache / "shifted", arguments.exams)


def _explanations(model: CMRCLIP, arguments: argparse.Namespace) -> str:
    return explanations.section(model, phantoms=EXPLAINED, randomised_phantoms=EXPLAINED)


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
