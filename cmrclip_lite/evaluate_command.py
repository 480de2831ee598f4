"""`cmrclip evaluate`: how well a checkpoint does on a cohort, and what that is measured against."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .commands import NOTICE, positive
from .errors import CmrClipError, LibraryError

if TYPE_CHECKING:
    from .evaluate.cohort import Cohort
    from .evaluate.results import Evaluation
    from .library.build import Plan
    from .model import CMRCLIP

_COHORT = (
    "a case library, a folder of exams (with --reports), or such a CSV file itself, whose paths "
    "start from its folder"
)


def add_evaluate(commands: Any) -> None:
    """Add the command to a parser's sub-commands."""
    sub = commands.add_parser("evaluate", help=evaluate.__doc__, description=evaluate.__doc__)
    sub.set_defaults(run=evaluate)
    sub.add_argument("cohort", metavar="COHORT", help=_COHORT)
    sub.add_argument(
        "--reports",
        metavar="CSV",
        help="of a folder of exams: columns id and findings (a;b; unknown ones as a?); also "
        "impression, path, sex, age or age_band, source",
    )
    sub.add_argument("--model", help="a folder or Hub id[@revision]; the bundled one if absent")
    sub.add_argument(
        "--against",
        metavar="MODEL_OR_LIB",
        help="a second checkpoint for the same exams, or a library of the same ids embedded by "
        "another checkpoint",
    )
    sub.add_argument(
        "--against-model", metavar="MODEL", help="the checkpoint that embedded that library"
    )
    sub.add_argument(
        "--tune-on", metavar="LIB", help="choose thresholds on this library, not on the halves"
    )
    sub.add_argument("--external", metavar="LIB", help="another cohort, put beside")
    sub.add_argument(
        "--classes", metavar="A,B,C", type=_names, help="findings that exclude each other"
    )
    sub.add_argument("--findings", metavar="A,B,C", type=_names, help="these alone")
    sub.add_argument("--out", metavar="DIR", help="a new folder for results.html, .json and .csv")
    sub.add_argument("--json", action="store_true", help="one JSON object on stdout")
    sub.add_argument("--workers", type=positive, help="processes that read (default: one per CPU)")


def evaluate(arguments: argparse.Namespace) -> None:
    """How well a checkpoint tells findings, diagnoses and similar cases of a cohort apart."""
    from .evaluate import evaluation
    from .evaluate.tables import json_text
    from .hub import load

    _take_manifest(arguments)
    _check(arguments)
    model = load(arguments.model)
    cohort, against, notes = _cohorts(arguments, model)
    found = evaluation.evaluate(
        cohort,
        findings=arguments.findings or (),
        classes=arguments.classes or (),
        tune_on=_library(arguments.tune_on, model),
        against=against,
        external=_library(arguments.external, model),
        notes=notes,
        tell=_tell,
    )
    if arguments.out:
        _write(found, Path(arguments.out))
    print(json_text(found) if arguments.json else _table(found), end="")
    if arguments.out:
        print(f"The page is {arguments.out}/results.html.", file=sys.stderr)


def _take_manifest(arguments: argparse.Namespace) -> None:
    """A CSV file in the place of the cohort stands for its folder and itself."""
    path = Path(arguments.cohort)
    if path.suffix.lower() != ".csv" or not path.is_file():
        return
    if arguments.reports:
        raise CmrClipError(f"{path.name} is a table of reports itself; leave --reports out.")
    arguments.cohort, arguments.reports = str(path.parent), str(path)


def _check(arguments: argparse.Namespace) -> None:
    """Refuse what cannot go together before anything is embedded."""
    from .library import store
    from .library.sharing.layout import require_free

    if arguments.out:
        require_free(Path(arguments.out))
    a_library = store.open_table(arguments.cohort) is not None
    if a_library and arguments.reports:
        raise CmrClipError("A case library has its findings in it; leave --reports out.")
    if not a_library and not arguments.reports:
        raise CmrClipError(
            f"{store.shown_name(arguments.cohort)!r} is no case library; of a folder of exams give "
            "the findings with --reports."
        )
    if arguments.against_model and not arguments.against:
        raise CmrClipError("--against-model says who embedded the library given by --against.")
    if a_library and arguments.against and store.open_table(arguments.against) is None:
        raise CmrClipError(
            "A case library holds no exams to embed with a second checkpoint; give a folder of "
            "exams, or with --against a second library of the same ids."
        )


def _cohorts(
    arguments: argparse.Namespace, model: CMRCLIP
) -> tuple[Cohort, Cohort | None, list[str]]:
    """The cohort, what it is compared with, and what was left out of them."""
    from .hub import load
    from .library import store
    from .library.build import plan_exams

    if not arguments.reports:
        cohort = _library(arguments.cohort, model)
        return cohort, _second_library(arguments) if arguments.against else None, []
    planned = plan_exams(arguments.cohort, arguments.reports)
    notes = list(planned.notes)
    cohort = _exams(arguments, planned, model, notes)
    against = None
    if arguments.against and store.open_table(arguments.against) is not None:
        against = _second_library(arguments)
    elif arguments.against:
        against = _exams(arguments, planned, load(arguments.against), notes)
    return cohort, against, notes


def _exams(
    arguments: argparse.Namespace, planned: Plan, model: CMRCLIP, notes: list[str]
) -> Cohort:
    """A folder of exams, embedded or taken from the cache."""
    from .cache_folder import cache_folder
    from .evaluate.cached import embed_exams
    from .evaluate.cohort import of_records
    from .library import store

    folder = cache_folder()
    kept = f"; kept for the next time in {folder}" if folder else ""
    _tell(f"embedding with {model.name}{kept}")
    exams = embed_exams(planned, model, workers=arguments.workers, progress=True)
    for failure in exams.failed:
        notes.append(f"{failure.id} could not be embedded by {model.name}: {failure.reason}")
    return of_records(store.shown_name(arguments.cohort), exams.records, model)


def _library(path: str | None, model: CMRCLIP) -> Cohort | None:
    from .evaluate.cohort import of_library
    from .library import CaseLibrary

    return of_library(CaseLibrary.open(path), model) if path else None


def _second_library(arguments: argparse.Namespace) -> Cohort:
    """A library of another checkpoint, which it names unless the user does."""
    from .errors import CheckpointError
    from .evaluate.cohort import of_library
    from .hub import load
    from .library import CaseLibrary

    library = CaseLibrary.open(arguments.against)
    try:
        model = load(arguments.against_model or library.model_name)
    except CheckpointError as error:
        if arguments.against_model:
            raise
        raise LibraryError(
            f"The library {library.name!r} was embedded by {library.model_name!r}, which was not "
            "found; say where it is with --against-model."
        ) from error
    return of_library(library, model)


def _write(found: Evaluation, out: Path) -> None:
    """The three files, in a folder that is there whole or not at all."""
    from .evaluate.report import page_of
    from .evaluate.tables import csv_text, json_text
    from .library.sharing.layout import new_folder

    with new_folder(out) as folder:
        for name, text in (
            ("results.html", page_of(found)),
            ("results.json", json_text(found)),
            ("results.csv", csv_text(found)),
        ):
            (folder / name).write_text(text, encoding="utf-8", newline="")


def _table(found: Evaluation) -> str:
    """The chief figures, for a person."""
    from .evaluate.words import not_measured

    width = max(len(finding.label) for finding in found.findings)
    lines = [
        f"{found.facts.model} on {found.facts.name}, {found.facts.cases} cases; 95 % intervals",
        f"{'finding':<{width}}  {'cases':>12}  {'AUC, by prompts':<22}  sensitivity  specificity",
    ]
    for one in found.findings:
        cases = f"{one.positives} of {one.positives + one.negatives}"
        line = f"{one.label:<{width}}  {cases:>12}  {one.auc!s:<22}"
        if one.at_threshold:
            at = one.at_threshold
            line += f"  {at.sensitivity.value:<11.3f}  {at.specificity.value:.3f}"
        lines.append(line)
    lines.append(f"{'mean':<{width}}  {'':>12}  {found.mean_auc}")
    if told := found.diagnosis:
        lines.append(
            f"{len(told.classes)} diagnoses: balanced accuracy {told.balanced_accuracy}, by "
            f"chance {told.chance:.3f}"
        )
    if beside := found.comparison:
        lines.append(
            f"{beside.facts.model} on the same {beside.cases} cases: mean AUC "
            f"{beside.mean.second:.3f}, difference {beside.mean.difference}, p {beside.mean.p:.3f}"
        )
    if other := found.external:
        lines.append(
            f"on {other.facts.name}, {other.facts.cases} cases: mean AUC over "
            f"{len(other.findings)} findings {other.mean}, difference {other.difference}"
        )
    lines += [f"note: {note}" for note in (*not_measured(found.left_out), *found.notes)]
    return "\n".join([*lines, NOTICE]) + "\n"


def _tell(step: str) -> None:
    print(f"{step} ...", file=sys.stderr)


def _names(text: str) -> list[str]:
    """Findings between commas, under the names that a library uses."""
    from .library.filters import finding_key

    names = [finding_key(name.strip()) for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("must name a finding")
    return list(dict.fromkeys(names))
