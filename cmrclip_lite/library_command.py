"""The command `cmrclip library`: build a case library, look into it, check it, share it."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from .commands import library_facts, print_json
from .errors import LibraryError
from .library_build_command import add_building
from .library_share_command import add_sharing

WORDS = "Case libraries: embedded exams with impressions."


def add_library(commands: Any) -> None:
    """Add the command to the subparsers of `cmrclip`."""
    library = commands.add_parser("library", help=WORDS, description=WORDS)
    actions = library.add_subparsers(required=True, metavar="ACTION")
    add_building(actions)
    for name, function in (("info", info), ("verify", verify), ("optimize", optimize)):
        sub = actions.add_parser(name, help=function.__doc__, description=function.__doc__)
        sub.set_defaults(run=function)
        sub.add_argument("library", metavar="LIB", help="folder or address of a case library")
        if name == "info":
            sub.add_argument("--json", action="store_true", help="one JSON object on stdout")
    add_sharing(actions)


def info(arguments: argparse.Namespace) -> None:
    """What a case library holds, what is missing, which model embedded it, how it is searched."""
    from .library import CaseLibrary
    from .library.build import account

    library = CaseLibrary.open(arguments.library)
    findings = Counter(name for found in library.findings for name in found)
    facts = library_facts(library) | {
        "model": library.model_name,
        "model_identity": library.model_identity,
        "layout": library.layout,
        "findings": dict(findings.most_common()),
        "quarantined": {f.id: f.reason for f in account.quarantined(arguments.library).values()},
        "unfinished": [vars(build) for build in account.unfinished(arguments.library)],
    }
    if arguments.json:
        print_json(facts)
        return
    for name in ("name", "cases", "search", "model", "model_identity", "layout"):
        print(f"{name.replace('_', ' '):<15} {facts[name]}")
    for name, count in facts["findings"].items():
        print(f"{count:>7}  {name.replace('_', ' ')}")
    for build in facts["unfinished"]:
        print(
            f"A build of {build['exams']} exams, begun at {build['began']} UTC, has not "
            "ended: if it does not run any more, give the same command again."
        )
    if facts["quarantined"]:
        print(f"Quarantined: {len(facts['quarantined'])}")
    for case_id, reason in facts["quarantined"].items():
        print(f"  {case_id}: {reason}")


def verify(arguments: argparse.Namespace) -> None:
    """Read every row of a case library and say what is wrong with any."""
    from .library import CaseLibrary

    verdict = CaseLibrary.open(arguments.library).verify()
    if not verdict.ok:
        raise LibraryError(" ".join(verdict.problems))
    print(f"{verdict.cases} cases, all as they were written.")


def optimize(arguments: argparse.Namespace) -> None:
    """Join small files, bring indexes up to date, drop versions older than a day."""
    from .library import CaseLibrary

    library = CaseLibrary.open(arguments.library)
    library.optimize()
    print(library.search_method)
