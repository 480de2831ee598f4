"""`cmrclip retrieve`: the cases most similar to a study, or that fit words best."""

from __future__ import annotations

import argparse
from typing import Any

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
from .errors import CmrClipError


def add_retrieve(commands: Any) -> None:
    """Add the command to a parser's sub-commands."""
    sub = commands.add_parser("retrieve", help=retrieve.__doc__, description=retrieve.__doc__)
    sub.set_defaults(run=retrieve)
    sub.add_argument("study", nargs="?", help=STUDY)
    sub.add_argument("--text", help="words to find cases by, instead of a study")
    sub.add_argument("-k", type=int, default=5, help="cases to show (default 5)")
    sub.add_argument(
        "--by", default="image", help="compare with the cases' image (default) or impression"
    )
    sub.add_argument(
        "--words", help="search impressions for these words too, and fuse the two rankings"
    )
    many = {"action": "append", "default": []}
    only = sub.add_argument_group("which cases may be found (each may be repeated)")
    only.add_argument("--finding", **many, help="it has this finding")
    only.add_argument("--without", **many, help="it lacks this finding")
    only.add_argument("--view", **many, help="it shows this view, such as 4CH")
    only.add_argument("--vendor", **many, help="its scanner is of this vendor, or of another given")
    only.add_argument("--field-strength", **many, type=float, help="tesla, within 0.25")
    only.add_argument("--sex", **many, help="female, male or other")
    only.add_argument("--age-band", **many, help="such as 60-69")
    add_model_options(sub)


def retrieve(arguments: argparse.Namespace) -> None:
    """The cases most similar to a study, or that fit a text best."""
    from .familiar import unfamiliar
    from .readers import read_study

    if (arguments.study is None) == (arguments.text is None):
        raise CmrClipError("Give either a study or --text, and not both.")
    study = read_study(arguments.study) if arguments.study else None
    model, library = load_both(arguments)
    if library is None:
        raise CmrClipError(
            f"The model {model.name!r} has no case library here; give one with --library."
        )
    asked = {
        "by": arguments.by,
        "where": _filters(arguments),
        "words": arguments.words,
    }
    if study:
        embedding = embed_study(model, study)[1]
        strange = unfamiliar(model, study, embedding, library)
        # A library may hold this very exam; to find it again tells nothing.
        cases = library.search(embedding, arguments.k, exclude=study.content, **asked)
    else:
        strange = None
        cases = library.search_text(model, arguments.text, arguments.k, **asked)
    if arguments.json:
        print_json(
            {
                "notice": NOTICE,
                "model": model.name,
                "library": library_facts(library),
                "unfamiliar": strange,
                "cases": [case.as_dict() for case in cases],
            }
        )
        return
    if strange:
        print(strange)
    print(f"{library.name}: {library.search_method}")
    print_cases(cases)
    if not cases:
        print("No case of the library fits.")
    print(NOTICE)


def _filters(arguments: argparse.Namespace) -> Any:
    from .library import Filters

    return Filters(
        findings=tuple(arguments.finding),
        without=tuple(arguments.without),
        views=tuple(arguments.view),
        vendors=tuple(arguments.vendor),
        field_strengths_t=tuple(arguments.field_strength),
        sexes=tuple(arguments.sex),
        age_bands=tuple(arguments.age_band),
    )
