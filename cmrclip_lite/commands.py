"""What the commands share: loading, printing, the options of a model."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .library import Case, CaseLibrary
    from .model import CMRCLIP
    from .study import Study

STUDY = "a folder, archive or file: DICOM, NIfTI, NRRD, NumPy or video"
NOTICE = "For research and education, never for diagnosis."


def add_model_options(sub: argparse.ArgumentParser) -> None:
    """--model, --library and --json."""
    sub.add_argument("--model", help="a folder or Hub id[@revision]; the bundled one if absent")
    sub.add_argument("--library", help="folder or address of a case library that it embedded")
    sub.add_argument("--json", action="store_true", help="one JSON object on stdout")


def load_both(arguments: argparse.Namespace) -> tuple[CMRCLIP, CaseLibrary | None]:
    """The model asked for, and the library asked for or the model's own."""
    from .hub import load
    from .library import CaseLibrary, default_library

    model = load(arguments.model)
    if arguments.library is None:
        return model, default_library(model)
    library = CaseLibrary.open(arguments.library)
    library.require(model)
    return model, library


def embed_study(model: CMRCLIP, study: Study) -> tuple[list[str], Any]:
    """The notes of turning the study into a clip, and its embedding."""
    import torch

    from .frames import study_to_clip

    clip = study_to_clip(study, model.config)
    with torch.inference_mode():
        return list(clip.notes), model.encode_clip(clip.tensor[None])[0]


def library_facts(library: CaseLibrary | None) -> dict[str, Any] | None:
    """JSON-ready: what was searched or measured against, and how it is searched."""
    if library is None:
        return None
    return {"name": library.name, "cases": len(library), "search": library.search_method}


def print_cases(cases: Sequence[Case]) -> None:
    """Cases that were found, for a person."""
    for rank, case in enumerate(cases, 1):
        findings = ", ".join(name.replace("_", " ") for name in case.findings)
        words = ", holds the words" if case.words else ""
        print(f"\n{rank}. {case.id}, similarity {case.similarity:.3f}{words} ({findings})")
        for line in case.impression.splitlines():
            print(f"   {line}")
        if case.folded:
            print(f"   near-duplicates of it: {', '.join(case.folded)}")
    if cases:
        print()


def print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def positive(text: str) -> int:
    """A number of an option, which must be 1 or more."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {number}")
    return number
