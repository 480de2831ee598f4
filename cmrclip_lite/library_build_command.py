"""The commands `cmrclip library build`, `add` and `remove`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from .commands import add_tuning_options, positive, tuning

if TYPE_CHECKING:
    from .library.build import Outcome

_SHOWN = 10  # failures that are told one by one; `cmrclip library info` lists all


def add_building(actions: Any) -> None:
    """Add them to the subparsers of `cmrclip library`."""
    sub = actions.add_parser("build", help=build.__doc__, description=build.__doc__)
    sub.set_defaults(run=build)
    _add_source(sub)
    sub.add_argument("--out", required=True, metavar="LIB", help="a new folder, or an address")
    sub.add_argument("--name", help="what a person calls the library (default: as its folder)")
    _add_means(sub)

    sub = actions.add_parser("add", help=add.__doc__, description=add.__doc__)
    sub.set_defaults(run=add)
    sub.add_argument("library", metavar="LIB", help="folder or address of a case library")
    _add_source(sub)
    _add_means(sub)

    sub = actions.add_parser("remove", help=remove.__doc__, description=remove.__doc__)
    sub.set_defaults(run=remove)
    sub.add_argument("library", metavar="LIB", help="folder or address of a case library")
    sub.add_argument("ids", metavar="ID", nargs="+", help="of a case")


def build(arguments: argparse.Namespace) -> None:
    """Make a case library of a folder of exams and their reports; again, to go on after a stop."""
    _run(arguments, arguments.out, extend=False, name=arguments.name)


def add(arguments: argparse.Namespace) -> None:
    """Add a folder of exams and their reports to a case library."""
    _run(arguments, arguments.library, extend=True)


def remove(arguments: argparse.Namespace) -> None:
    """Remove cases, all of those named or none."""
    from .errors import LibraryError
    from .library import CaseLibrary
    from .library.build import account

    library = CaseLibrary.open(arguments.library)
    unknown = [case_id for case_id in arguments.ids if case_id not in library]
    if unknown:
        raise LibraryError(
            f"There is no case {unknown[0]!r} in {library.name!r}; nothing was removed."
        )
    removed = library.remove(arguments.ids)
    account.release(arguments.library, arguments.ids)
    print(f"Removed {removed}, {len(library)} cases are left.")


def _run(arguments: argparse.Namespace, path: str, **options: Any) -> None:
    from .hub import load
    from .library.build import Means, build_library, plan_exams

    planned = plan_exams(arguments.folder, arguments.reports, arguments.prefix, arguments.source)
    for note in planned.notes:
        print(f"note: {note}", file=sys.stderr)
    outcome = build_library(
        planned,
        path,
        load(arguments.model, **tuning(arguments)),
        means=Means(
            workers=arguments.workers,
            ray=arguments.ray,
            batch=arguments.batch,
            pictures=arguments.pictures,
        ),
        replace_changed=arguments.replace,
        retry=arguments.retry,
        progress=True,
        **options,
    )
    _tell(outcome, path)


def _tell(outcome: Outcome, path: str) -> None:
    """What was done on stdout, what is to be looked at on stderr."""
    from .library import CaseLibrary

    for failure in outcome.failed[:_SHOWN]:
        print(f"quarantined: {failure.id}: {failure.reason}", file=sys.stderr)
    if len(outcome.failed) > _SHOWN:
        more = len(outcome.failed) - _SHOWN
        print(f"{more} more were quarantined; see `cmrclip library info`.", file=sys.stderr)
    if outcome.changed:
        print(
            f"note: {len(outcome.changed)} exams have other files or reports than the case of "
            f"their id ({outcome.changed[0]!r}, ...); --replace puts them in its place, --prefix "
            "gives them other ids.",
            file=sys.stderr,
        )
    print(
        f"{len(CaseLibrary.open(path))} cases in {path}: {outcome.added} stored now, "
        f"{outcome.known} known before, {len(outcome.failed)} quarantined."
    )


def _add_source(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "folder", metavar="DIR", help="each folder or archive in it is one exam, named by its id"
    )
    sub.add_argument(
        "--reports",
        metavar="CSV",
        help="columns id and impression; also path, findings (a;b), sex, age or age_band, source",
    )
    sub.add_argument("--prefix", default="", help="put before every id")
    sub.add_argument("--source", default="", help="where the cases come from, in words")


def _add_means(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--model", help="a folder or Hub id[@revision]; the bundled one if absent")
    add_tuning_options(sub, exact=True)
    sub.add_argument("--workers", type=positive, help="processes that read (default: one per CPU)")
    sub.add_argument(
        "--ray",
        metavar="ADDRESS",
        help="work on a Ray cluster: auto, host:port, or local to start one here",
    )
    sub.add_argument("--batch", type=positive, default=8, help="exams embedded at once (default 8)")
    sub.add_argument(
        "--no-pictures", dest="pictures", action="store_false", help="without moving thumbnails"
    )
    sub.add_argument(
        "--replace", action="store_true", help="exams that have changed replace their cases"
    )
    sub.add_argument("--retry", action="store_true", help="try what was quarantined once more")
