"""What the commands share: loading, printing, the options of a model."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from .library import Case, CaseLibrary
    from .model import CMRCLIP
    from .study import Study

STUDY = "a folder, archive or file: DICOM, NIfTI, NRRD, NumPy or video"
NOTICE = "For research and education, never for diagnosis."


def add_model_options(sub: argparse.ArgumentParser) -> None:
    """--model, --library, how it is to be computed, and --json."""
    sub.add_argument("--model", help="a folder or Hub id[@revision]; the bundled one if absent")
    sub.add_argument("--library", help="folder or address of a case library that it embedded")
    sub.add_argument(
        "--no-cache", action="store_true", help="neither take nor keep embeddings (`cmrclip cache`)"
    )
    add_tuning_options(sub)
    sub.add_argument("--json", action="store_true", help="one JSON object on stdout")


def add_tuning_options(sub: argparse.ArgumentParser, exact: bool = False) -> None:
    """--max-memory, --skip-padding and, unless results have to be `exact`, --quantize."""
    sub.add_argument(
        "--max-memory",
        type=positive,
        metavar="MB",
        help="what encoding a study on a CPU may take beside weights and images; less is slower",
    )
    sub.add_argument(
        "--skip-padding",
        action="store_true",
        help="do not fill short studies up with empty frames; quicker, and other embeddings",
    )
    if not exact:
        sub.add_argument(
            "--quantize",
            choices=["int8"],
            help="on a CPU, large models: about twice as fast, not exact",
        )


def tuning(arguments: argparse.Namespace) -> dict[str, Any]:
    """What `add_tuning_options` found, as `load` takes it."""
    most = arguments.max_memory
    return {
        "max_memory": None if most is None else most * 1_000_000,
        "skip_padding": arguments.skip_padding,
        "quantize": getattr(arguments, "quantize", None),
    }


def load_both(arguments: argparse.Namespace) -> tuple[CMRCLIP, CaseLibrary | None]:
    """The model asked for, and the library asked for or the model's own."""
    from .hub import load
    from .library import CaseLibrary, default_library

    model = load(arguments.model, cache=not arguments.no_cache, **tuning(arguments))
    if arguments.library is None:
        return model, default_library(model)
    library = CaseLibrary.open(arguments.library)
    library.require(model)
    return model, library


def embed_study(model: CMRCLIP, study: Study) -> tuple[list[str], np.ndarray]:
    """The notes of turning the study into a clip, and its embedding `(D,)`."""
    from .frames import study_to_clip

    clip = study_to_clip(study, model.config)
    notes = list(clip.notes)
    if model.quantized:
        notes.append(
            f"Encoded in {model.quantized}: similarities are near those of float32, not the same."
        )
    return notes, model.embed_clips([clip.tensor])[0]


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
