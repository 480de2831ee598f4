"""`cmrclip read`: what scores and similar cases say of a study, with its sources."""

from __future__ import annotations

import argparse
from typing import Any

from .commands import STUDY, add_model_options, load_both, print_json
from .errors import CmrClipError


def add_read(commands: Any) -> None:
    """Add the command to a parser's sub-commands."""
    sub = commands.add_parser("read", help=read.__doc__, description=read.__doc__)
    sub.set_defaults(run=read)
    sub.add_argument("study", help=STUDY)
    add_model_options(sub)


def read(arguments: argparse.Namespace) -> None:
    """A reading aid: evidence per chamber and topic, with its sources; never a diagnosis."""
    from .readers import read_study
    from .reading import Reader, as_markdown

    study = read_study(arguments.study)
    model, library = load_both(arguments)
    if library is None:
        raise CmrClipError(
            f"The model {model.name!r} has no case library here; give one with --library."
        )
    reading = Reader(model, library).read(study)
    if arguments.json:
        print_json(reading.as_dict())
    else:
        print(as_markdown(reading), end="")
