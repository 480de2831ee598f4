"""Writing a folder that is there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def beside(out: Path) -> Iterator[Path]:
    """A folder beside `out` to work in, which is gone afterwards whatever happens.

    It has one name, so that the next run clears what a killed one left.

    Raises:
        OSError: if it cannot be made.
    """
    work = out.resolve().parent / f".{out.name}.cmrclip-partial"
    try:
        if work.exists():
            shutil.rmtree(work)
        work.mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def place(folder: Path, out: Path) -> None:
    """Put a finished folder where `out` is to be; there may be an empty one.

    Raises:
        OSError: if it cannot be put there.
    """
    if out.is_dir():
        out.rmdir()
    os.replace(folder, out.resolve())
