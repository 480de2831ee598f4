"""The commands `cmrclip library export` and `cmrclip library load`."""

from __future__ import annotations

import argparse
import sys
from typing import Any


def add_sharing(actions: Any) -> None:
    """Add both to the subparsers of `cmrclip library`."""
    sub = actions.add_parser("export", help=export.__doc__, description=export.__doc__)
    sub.set_defaults(run=export)
    sub.add_argument("library", metavar="LIB", help="folder or address of a case library")
    sub.add_argument("--out", required=True, metavar="DIR", help="a new folder")
    sub.add_argument("--licence", help="as the Hub names it, such as cc-by-4.0")
    sub.add_argument(
        "--source", default="", help="what every case says of where it comes from (default: none)"
    )
    sub.add_argument(
        "--reviewed",
        action="store_true",
        help="you have looked through the cases, and they tell of no person",
    )
    sub.add_argument(
        "--keep-ids", action="store_true", help="keep ids and order (default: new ones, shuffled)"
    )

    sub = actions.add_parser("load", help=load.__doc__, description=load.__doc__)
    sub.set_defaults(run=load)
    sub.add_argument(
        "name", metavar="NAME", help="Hub id[@revision] of a dataset, or a folder of its files"
    )
    sub.add_argument("--out", required=True, metavar="LIB", help="a new folder, or an address")
    sub.add_argument("--revision", help="branch, tag or commit of a Hub id (default: the newest)")


def export(arguments: argparse.Namespace) -> None:
    """Write a case library as a folder to share as a dataset on the Hugging Face Hub."""
    from .library import CaseLibrary
    from .library.sharing import export_library

    library = CaseLibrary.open(arguments.library)
    folder = export_library(
        library,
        arguments.out,
        licence=arguments.licence,
        source=arguments.source,
        reviewed=arguments.reviewed,
        keep_ids=arguments.keep_ids,
        progress=True,
    )
    print(f"{_cases(len(library))} of {library.name!r} in {folder}")
    print(
        f"Read {folder / 'README.md'}; then `hf upload OWNER/NAME {folder} --repo-type dataset` "
        "shares it.",
        file=sys.stderr,
    )


def load(arguments: argparse.Namespace) -> None:
    """Make a case library of one that was shared as a dataset on the Hugging Face Hub."""
    from .library.sharing import load_library

    library = load_library(
        arguments.name, arguments.out, revision=arguments.revision, progress=True
    )
    print(
        f"{_cases(len(library))} of {library.name!r}, embedded by {library.model_name!r}, "
        f"in {arguments.out}"
    )


def _cases(count: int) -> str:
    return "1 case" if count == 1 else f"{count} cases"
