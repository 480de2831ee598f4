"""`cmrclip cache`: how many embeddings are kept and where, and how to be rid of them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from .commands import print_json


def add_cache(commands: Any) -> None:
    """Add the command to a parser's sub-commands."""
    sub = commands.add_parser("cache", help=cache.__doc__, description=cache.__doc__)
    sub.set_defaults(run=cache)
    sub.add_argument("--clear", action="store_true", help="forget all of them")
    sub.add_argument("--json", action="store_true", help="one JSON object on stdout")


def cache(arguments: argparse.Namespace) -> None:
    """The embeddings of studies and texts that are kept, so that none is made twice."""
    from .cache_folder import VARIABLE, find_cache

    kept = find_cache()
    if kept is not None and arguments.clear:
        kept.clear()
    facts = None if kept is None else kept.info()
    if arguments.json:
        told = {} if facts is None else asdict(facts) | {"folder": str(facts.folder)}
        print_json({"on": facts is not None} | told)
    elif facts is None:
        print(f"No embeddings are kept ({VARIABLE} is off, or there is no home folder).")
    else:
        size, limit = facts.bytes / 1e6, facts.limit / 1e6
        print(f"{facts.entries} embeddings, {size:.1f} of {limit:.0f} MB, in {facts.folder}")
