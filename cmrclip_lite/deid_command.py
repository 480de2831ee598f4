"""The command `cmrclip deidentify`; what it does is in `deidentify.py`."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from .errors import CmrClipError

WORDS = "De-identified copies of DICOM images, after PS3.15's basic profile."


def add_deidentify(commands: Any) -> None:
    """Add the command to the subparsers of `cmrclip`."""
    sub = commands.add_parser("deidentify", help=WORDS, description=WORDS)
    sub.set_defaults(run=deidentify)
    sub.add_argument("study", metavar="IN", help="a DICOM folder, zip or file")
    sub.add_argument("out", metavar="OUT", help="a new folder, or a new .zip")
    # In a file, for arguments show in lists of processes and in the history of a shell.
    sub.add_argument(
        "--key-file",
        metavar="FILE",
        help="holds a secret that gives the same new UIDs in every run (default: a random one)",
    )
    sub.add_argument(
        "--burned-in",
        choices=("refuse", "black"),
        default="refuse",
        help="leave images with text in their pixels out (default), or black the text out",
    )
    sub.add_argument("--json", action="store_true", help="one JSON object on stdout")


def deidentify(arguments: argparse.Namespace) -> None:
    """Write de-identified copies and give an account of them."""
    from . import deidentify as module

    key = _secret(arguments.key_file) if arguments.key_file else None
    account = module.deidentify(
        arguments.study, arguments.out, key=key, burned_in=arguments.burned_in
    )
    if arguments.json:
        print(json.dumps(account.as_dict(), indent=2))
    else:
        print(account.table())
    written_on = sum(s.count for s in account.left_out if s.reason.startswith(module.TEXT))
    if written_on:
        images = "1 image was" if written_on == 1 else f"{written_on} images were"
        print(
            f"warning: {images} left out for text in the pixels; --burned-in black blacks it out.",
            file=sys.stderr,
        )


def _secret(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or "it is no text").lower()
        raise CmrClipError(f"The key file {Path(path).name} cannot be read: {reason}.") from None
