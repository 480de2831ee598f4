"""The files of a shared library, and how its rows stand in them.

    README.md                            the card
    library.json                         which model, how many rows in which file, their digests
    data/train-00000-of-00002.parquet    the rows, as `datasets` and the Hub's viewer read them

A row is as in the library, but its picture is an image of `datasets` (bytes and a path), and the
digest of the files that it was built from is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ...errors import LibraryError
from ...whole_folder import beside, place
from ..records import FORMAT, schema

INDEX = "library.json"
CARD = "README.md"
BATCH = 256  # rows in memory at once, and in a row group
FACTS = ("format", "name", "model_identity", "model_name", "layout")
_NOT_SHARED = "fingerprint"
_LAST = ("embedding", "impression_embedding")  # of the columns: a viewer shows the first


@dataclass(frozen=True)
class DataFile:
    """One Parquet file: how many rows it holds, and the SHA-256 of its bytes."""

    rows: int
    sha256: str


@dataclass(frozen=True)
class Index:
    """What `library.json` says.

    Attributes:
        facts: of the library, by the names in `FACTS`.
        width: D, the number of values of an embedding.
        files: in the order of their names.
    """

    facts: dict[str, str]
    width: int
    files: tuple[DataFile, ...]

    @property
    def cases(self) -> int:
        return sum(file.rows for file in self.files)

    @property
    def names(self) -> list[str]:
        """Of the data files, from the top of the dataset."""
        return [file_name(i, len(self.files)) for i in range(len(self.files))]

    def write(self, folder: Path) -> None:
        content = self.facts | {"width": self.width, "files": [asdict(f) for f in self.files]}
        (folder / INDEX).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path, shown: str) -> Index:
        """Of the dataset that messages call `shown`.

        Raises:
            LibraryError: if it is none, or of a library that this version does not read.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise LibraryError(
                    f"{shown} holds a case library of format {content['format']}, and this "
                    f"version of cmrclip-lite reads {FORMAT}; use the version that it was "
                    "exported with, or ask for a new export."
                )
            facts = {name: content[name] for name in FACTS}
            files = tuple(DataFile(int(f["rows"]), str(f["sha256"])) for f in content["files"])
            width = int(content["width"])
            if not (files and width > 0 and all(isinstance(v, str) for v in facts.values())):
                raise ValueError(content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LibraryError(
                f"The {INDEX} of {shown} is damaged, or of no case library; export it again."
            ) from error
        return cls(facts, width, files)


def file_name(number: int, total: int) -> str:
    return f"data/train-{number:05d}-of-{total:05d}.parquet"


def shared_schema(width: int) -> pa.Schema:
    """Columns of the Parquet files, with the features that `datasets` reads in their metadata."""
    picture = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    kinds = {f.name: f.type for f in schema(width, {}) if f.name != _NOT_SHARED}
    kinds |= {"picture": picture}
    first = [n for n in ("id", "picture") if n in kinds]
    names = [*first, *(n for n in kinds if n not in (*first, *_LAST)), *_LAST]
    columns = pa.schema([(name, kinds[name]) for name in names])
    features = {"info": {"features": {f.name: _feature(f.type) for f in columns}}}
    return columns.with_metadata({"huggingface": json.dumps(features)})


def card_features(columns: pa.Schema) -> list[dict[str, Any]]:
    """The same features as a dataset's card lists them."""
    listed = []
    for column in columns:
        feature = _feature(column.type)
        if feature["_type"] == "Image":
            kind: dict[str, Any] = {"dtype": "image"}
        elif feature["_type"] == "Value":
            kind = {"dtype": feature["dtype"]}
        else:
            kind = {"sequence": feature["feature"]["dtype"]}
            kind |= {"length": feature["length"]} if feature["length"] > 0 else {}
        listed.append({"name": column.name} | kind)
    return listed


def to_shared(rows: pa.Table, columns: pa.Schema) -> pa.Table:
    """Rows of a library as rows of its dataset."""
    found = pc.fill_null(rows["picture"].combine_chunks(), b"")
    empty = pc.equal(pc.binary_length(found), 0)
    picture = pa.StructArray.from_arrays(
        [found, pa.nulls(len(rows), pa.string())],
        fields=list(columns.field("picture").type),
        mask=empty,
    )
    arrays = [picture if name == "picture" else rows[name] for name in columns.names]
    return pa.table(arrays, schema=columns)


def to_library(shared: pa.Table, columns: pa.Schema) -> pa.Table:
    """Rows of a dataset as rows of a library; what was not shared is empty.

    Raises:
        ValueError: if a column is of another type.
    """
    other = {
        _NOT_SHARED: pa.array([""] * len(shared), pa.string()),
        "picture": pc.fill_null(pc.struct_field(shared["picture"], "bytes"), b""),
    }
    arrays = [other[name] if name in other else shared[name] for name in columns.names]
    return pa.table(arrays, names=columns.names).cast(columns)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `out` when all went well and is gone when it did not.

    Raises:
        LibraryError: if there is something at `out`, or it cannot be written.
    """
    require_free(out)
    with _writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with beside(out) as work:
            (work / "new").mkdir()
            yield work / "new"
            place(work / "new", out)


def require_free(out: Path) -> None:
    """Refuse a place for a new folder where something is already.

    Raises:
        LibraryError: if there is anything but an empty folder, or it cannot be looked at.
    """
    if not out.name:
        raise LibraryError(f"The folder {str(out)!r} has no name; give a new one.")
    with _writing(out):
        if out.is_dir() and any(out.iterdir()):
            raise LibraryError(f"The folder {out.name!r} is not empty; give a new one.")
        if out.is_symlink() or (out.exists() and not out.is_dir()):
            raise LibraryError(f"{out.name!r} is there already; give a new name.")


@contextmanager
def _writing(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror if error.errno is None else os.strerror(error.errno)
        raise LibraryError(
            f"The folder {out.name!r} cannot be written: {(reason or 'an error').lower()}."
        ) from error


def _feature(kind: pa.DataType) -> dict[str, Any]:
    """As `datasets` writes it; "Sequence" is understood by its versions 3 to 5."""
    if pa.types.is_struct(kind):
        return {"_type": "Image"}
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        length = kind.list_size if pa.types.is_fixed_size_list(kind) else -1
        return {"feature": _feature(kind.value_type), "length": length, "_type": "Sequence"}
    return {"dtype": "float32" if pa.types.is_float32(kind) else str(kind), "_type": "Value"}
