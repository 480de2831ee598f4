"""The command `cmrclip`: inspect, score and evaluate studies, find similar cases, open the app.

Results go to stdout and everything else to stderr; with `--json`, stdout is one JSON object. Exit
code 0 means done and 2 means bad input, told in one line.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import logging
import os
import sys
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .cache_command import add_cache
from .commands import (
    NOTICE,
    STUDY,
    add_model_options,
    embed_study,
    library_facts,
    load_both,
    print_cases,
    print_json,
)
from .deid_command import add_deidentify
from .errors import CmrClipError
from .evaluate_command import add_evaluate
from .library_command import add_library
from .reading_command import add_read
from .retrieve_command import add_retrieve

if TYPE_CHECKING:
    from .model import CMRCLIP
    from .study import Level, Series, Study
    from .zeroshot import Score


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code.

    Args:
        argv: the words after the command's name; None takes those of this process.
    """
    if argv is None:
        # What has been imported stays: the collector need not walk it while more is imported, nor
        # once again when the process ends, which alone takes half a second.
        gc.freeze()
        atexit.register(gc.freeze)
    arguments = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s", force=True)
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except CmrClipError as error:
        print(f"cmrclip: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output has gone, as with `| head`; leave nothing to flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 0


def inspect(arguments: argparse.Namespace) -> None:
    """What was read of a study, and what was set aside."""
    from .readers import read_study

    study = read_study(arguments.study)
    if arguments.json:
        print_json(study_facts(study))
    else:
        print(study_table(study))


def score(arguments: argparse.Namespace) -> None:
    """Zero-shot scores of a study, and its most similar cases."""
    from .familiar import unfamiliar
    from .readers import read_study

    study = read_study(arguments.study)
    model, library = load_both(arguments)
    clip_notes, embedding = embed_study(model, study)
    strange = unfamiliar(model, study, embedding, library)
    scores = model.score(embedding, arguments.condition or known_conditions(model), library)
    similar = []
    if library and arguments.top_k:
        similar = library.search(embedding, arguments.top_k, exclude=study.content)
    if arguments.json:
        print_json(
            {
                "notice": NOTICE,
                "model": model.name,
                "library": library_facts(library),
                "study": study_facts(study),
                "unfamiliar": strange,
                "notes": clip_notes,
                "scores": [s.as_dict() for s in scores],
                "similar": [case.as_dict() for case in similar],
            }
        )
        return
    if strange:
        print(strange)
    _print_scores(scores)
    for note in [*study.notes, *clip_notes]:
        print(f"note: {note}")
    print_cases(similar)
    print(NOTICE)


def demo(arguments: argparse.Namespace) -> None:
    """Serve the app on this machine."""
    import importlib.util
    from pathlib import Path

    app = Path(__file__).parents[1] / "demo" / "app.py"
    if not app.is_file():
        raise CmrClipError("The app is not part of this installation; run it from a clone.")
    if importlib.util.find_spec("gradio") is None:
        raise CmrClipError("The app needs Gradio: pip install 'cmrclip-lite[demo]'.")
    spec = importlib.util.spec_from_file_location("cmrclip_lite_demo", app)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    module.serve(host=arguments.host, port=arguments.port, open_browser=arguments.open)


def make(arguments: argparse.Namespace) -> None:
    """Make synthetic exams with a table of what is true of each."""
    from .phantom.make import TABLE, make_cohort

    folder = make_cohort(
        arguments.n,
        arguments.out,
        seed=arguments.seed,
        form=arguments.format,
        diagnosis=arguments.diagnosis,
        size=arguments.size,
        workers=arguments.workers,
        progress=True,
    )
    exams = "1 exam" if arguments.n == 1 else f"{arguments.n} exams"
    print(f"{exams} in {folder}, described in {folder / TABLE}")


def known_conditions(model: CMRCLIP) -> list[str]:
    """The labels of what the checkpoint was trained on, or of all known conditions."""
    from .prompts import CONDITIONS

    keys = model.config.conditions or tuple(CONDITIONS)
    return [CONDITIONS[key].label for key in keys]


def study_facts(study: Study) -> dict[str, Any]:
    """What a study holds, JSON-ready; technical facts only."""
    return {
        "series": [_series_facts(series) for series in study.series],
        "set_aside": [
            {"what": item.what, "reason": item.reason, "count": item.count}
            for item in study.set_aside
        ],
        "notes": study.notes,
    }


def study_table(study: Study) -> str:
    """What a study holds, for a person."""
    columns = f"{'view':<8} {'kind':<8} {'slices':>6}  {'phases':<7} {'matrix':<10}"
    lines = [f"{columns} {'pixel (mm)':<11}  level"]
    groups: dict[tuple, Counter[Level | None]] = {}
    for series in study.series:
        phases, height, width = series.pixels.shape
        row, column = series.spacing_mm
        key = (series.view, series.sequence, phases, height, width, f"{row:.2f} x {column:.2f}")
        groups.setdefault(key, Counter())[series.level] += 1
    for (view, kind, phases, height, width, spacing), levels in groups.items():
        matrix = f"{height} x {width}"
        told = ", ".join(f"{count} {level}" for level, count in levels.items() if level)
        line = f"{view:<8} {kind:<8} {levels.total():>6}  {phases:<7} {matrix:<10} {spacing}"
        lines.append(f"{line}  {told}".rstrip())
    lines += [f"set aside: {s.count} x {s.what}: {s.reason}" for s in study.set_aside]
    lines += [f"note: {note}" for note in study.notes]
    return "\n".join(lines)


def _series_facts(series: Series) -> dict[str, Any]:
    phases, height, width = series.pixels.shape
    return {
        "view": str(series.view),
        "level": series.level and str(series.level),
        "sequence": str(series.sequence),
        "phases": phases,
        "rows": height,
        "columns": width,
        "spacing_mm": list(series.spacing_mm),
        "thickness_mm": series.thickness_mm,
        "tags": series.tags,
    }


def _print_scores(scores: Sequence[Score]) -> None:
    for item in scores:
        print(item.sentence())
        for note in item.notes:
            print(f"  note: {note}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cmrclip", description=__doc__.splitlines()[0], epilog=NOTICE
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(function: Any, name: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        sub.set_defaults(run=function)
        return sub

    sub = command(inspect, "inspect")
    sub.add_argument("study", help=STUDY)
    sub.add_argument("--json", action="store_true", help="one JSON object on stdout")

    sub = command(score, "score")
    sub.add_argument("study", help=STUDY)
    sub.add_argument("-c", "--condition", action="append", help="what to ask; may be repeated")
    sub.add_argument("--top-k", type=int, default=5, help="similar cases to show (default 5)")
    add_model_options(sub)

    add_retrieve(commands)
    add_read(commands)

    sub = command(demo, "demo")
    sub.add_argument(
        "--host", default="127.0.0.1", help="address to serve on (default: only this machine)"
    )
    sub.add_argument("--port", type=int, default=7860, help="port (default 7860)")
    sub.add_argument("--open", action="store_true", help="open the page in a browser")

    add_deidentify(commands)
    add_library(commands)
    add_evaluate(commands)
    add_cache(commands)
    _add_phantom(commands)
    return parser


def _add_phantom(commands: Any) -> None:
    words = "The synthetic cohort: no patient was imaged."
    phantom = commands.add_parser("phantom", help=words, description=words)
    actions = phantom.add_subparsers(required=True, metavar="ACTION")
    sub = actions.add_parser("make", help=make.__doc__, description=make.__doc__)
    sub.set_defaults(run=make)
    sub.add_argument("--n", type=int, default=1, help="how many exams (default 1)")
    sub.add_argument("--out", required=True, help="a new folder to write to")
    sub.add_argument("--seed", type=int, default=1, help="same seed, same exams (default 1)")
    sub.add_argument(
        "--format", default="dicom", help="dicom (default), nifti or npz; a folder per exam"
    )
    sub.add_argument("--diagnosis", help="such as dcm, hcm, infarct or amyloid; a mix if absent")
    sub.add_argument("--size", default="full", help="full (default), or small for tests")
    sub.add_argument("--workers", type=int, default=1, help="processes side by side (default 1)")


if __name__ == "__main__":
    sys.exit(main())
