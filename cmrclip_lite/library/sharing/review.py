"""Looking through a library for what tells of a person, before it leaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...burned_in import find_burned_in
from ...errors import CmrClipError, LibraryError
from ...figures import first_pixels
from .. import store
from ..case_library import CaseLibrary
from .layout import BATCH
from .personal import personal_details

_LOOKED_AT = ("id", "impression", "findings", "vendor", "picture")
_SHOWN = 10  # cases that an error names


def refuse_personal(library: CaseLibrary, source: str, keep_ids: bool) -> None:
    """Refuse a library that seems to tell of a person.

    Args:
        source: what is to be shared as every case's source.
        keep_ids: whether ids are shared too.

    Raises:
        LibraryError: naming cases and kinds of detail, never the detail.
        CmrClipError: if pictures cannot be looked at, for want of Pillow.
    """
    for what, text in (("name of the library", library.name), ("source", source)):
        if kinds := personal_details(text):
            raise LibraryError(
                f"The {what} seems to hold {' and '.join(kinds)}; change it, or export with "
                "--reviewed (reviewed=True) if it is fit to share."
            )
    told = []
    count = 0
    for row in _rows(library):
        if kinds := _kinds(row, keep_ids):
            count += 1
            if count <= _SHOWN:
                told.append(f"{row['id']!r} ({', '.join(kinds)})")
    if count:
        more = f" and {count - _SHOWN} more" if count > _SHOWN else ""
        raise LibraryError(
            f"Nothing was exported, for these cases seem to tell of a person: {'; '.join(told)}"
            f"{more}. Look at them and correct them, or export with --reviewed (reviewed=True) if "
            "they are fit to share."
        )


def _rows(library: CaseLibrary) -> Iterator[dict[str, Any]]:
    with store.reading(library.path):
        search = library._table.search().select(list(_LOOKED_AT)).limit(None)
        for batch in search.to_batches(BATCH):
            yield from batch.to_pylist()


def _kinds(row: dict[str, Any], keep_ids: bool) -> list[str]:
    texts = [row["impression"], row["vendor"], *row["findings"], *([row["id"]] if keep_ids else [])]
    kinds = list(personal_details("\n".join(texts)))
    if row["picture"] and _text_in(row["picture"], row["id"]):
        kinds.append("text in the picture")
    return kinds


def _text_in(picture: bytes, case: str) -> bool:
    """In its first phase: what a scanner writes, it writes into all."""
    try:
        return bool(find_burned_in(first_pixels(picture)))
    except CmrClipError as error:
        raise type(error)(f"Case {case!r}: {error}") from error
