"""What a case library stores of a case, and what a search gives back of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import LibraryError
from ..study import Study, View

if TYPE_CHECKING:
    import pyarrow as pa

# Part of the table's metadata; a change of columns raises it.
FORMAT = "2"
OLDEST_BAND = 90  # the ages above are one band: rare enough to point at a person
_VECTORS = ("embedding", "impression_embedding")
# What `to_case` needs of a row, but for its picture.
CASE_COLUMNS = (
    "id",
    "impression",
    "findings",
    "source",
    "views",
    "vendor",
    "field_strength_t",
    "slices",
    "phases",
    "enhancement",
    "sex",
    "age_band",
)


@dataclass(frozen=True)
class Acquisition:
    """How a study was acquired.

    Attributes:
        views: the views it holds, such as "SAX" and "4CH".
        vendor: of the scanner, under one name such as "SIEMENS"; empty if unknown.
        field_strength_t: tesla, or None.
        slices: short-axis cine slices.
        phases: of a short-axis cine slice, the median.
        enhancement: whether it holds late gadolinium enhancement.
    """

    views: tuple[str, ...] = ()
    vendor: str = ""
    field_strength_t: float | None = None
    slices: int = 0
    phases: int = 0
    enhancement: bool = False

    @classmethod
    def of(cls, study: Study) -> Acquisition:
        """Of a study that was read."""
        vendors = Counter(v for s in study.series if (v := s.tags.get("Manufacturer")))
        strengths = Counter(
            v
            for s in study.series
            if (v := _tesla(s.tags.get("MagneticFieldStrength"))) is not None
        )
        stack = study.cines(View.SAX)
        return cls(
            views=tuple(str(view) for view in study.views),
            vendor=_commonest(vendors) or "",
            field_strength_t=_commonest(strengths),
            slices=len(stack),
            phases=int(np.median([len(s.pixels) for s in stack])) if stack else 0,
            enhancement=any(s.sequence == "LGE" for s in study.series),
        )


@dataclass(frozen=True, eq=False)
class CaseRecord:
    """What is stored of a case.

    Attributes:
        id: unique in its library.
        embedding: `(D,)` unit vector.
        impression: the summary section of its report; empty if there is none.
        findings: keys of `prompts.CONDITIONS` that hold for it, or names of your own; with a
            question mark behind, one of which nobody can tell whether it holds.
        picture: a small moving picture, as an animated WebP; empty for none.
        source: where the case comes from, in words.
        impression_embedding: `(D,)` unit vector; None lets the library embed the impression.
        acquisition: how it was acquired.
        sex: "female", "male", "other", or empty if unknown.
        age_band: ten years, such as "60-69", or "90+"; empty if unknown. Nothing else of a person
            is stored.
        content: a digest of each series' pixels, by which the same exam is known again.
        fingerprint: of the files and the report it was built from, if whoever built it gave one.
    """

    id: str
    embedding: np.ndarray
    impression: str
    findings: tuple[str, ...]
    picture: bytes = b""
    source: str = ""
    impression_embedding: np.ndarray | None = None
    acquisition: Acquisition = field(default_factory=Acquisition)
    sex: str = ""
    age_band: str = ""
    content: tuple[str, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True)
class Case:
    """A case that a search found.

    Attributes:
        similarity: cosine, or mean cosine over several prompts, of what was asked and what was
            searched by: the case's images or its impression.
        words: whether its impression holds words that were searched for.
        folded: ids of near-duplicates of this case that were found with it and left out.

    The others are as in `CaseRecord`.
    """

    id: str
    similarity: float
    impression: str
    findings: tuple[str, ...]
    picture: bytes
    source: str
    acquisition: Acquisition = field(default_factory=Acquisition)
    sex: str = ""
    age_band: str = ""
    words: bool = False
    folded: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, without the picture."""
        return {k: v for k, v in asdict(self).items() if k != "picture"}


def age_band(years: float | None) -> str:
    """The band of ten years that an age falls into; empty if unknown or no age of a person."""
    if years is None or not 0 <= years < 130:
        return ""
    if years >= OLDEST_BAND:
        return f"{OLDEST_BAND}+"
    low = int(years // 10) * 10
    return f"{low}-{low + 9}"


def id_field() -> pa.Field:
    """The column of ids: by this key two processes that add the same row at once are told apart."""
    import pyarrow as pa

    key = {"lance-schema:unenforced-primary-key": "true"}
    return pa.field("id", pa.string(), nullable=False, metadata=key)


def schema(width: int, metadata: dict[str, str]) -> pa.Schema:
    """Columns of the table for vectors of `width` values."""
    import pyarrow as pa

    texts = pa.list_(pa.string())
    return pa.schema(
        [
            id_field(),
            pa.field("embedding", pa.list_(pa.float32(), width)),
            pa.field("impression", pa.string()),
            pa.field("impression_embedding", pa.list_(pa.float32(), width)),
            pa.field("findings", texts),
            pa.field("picture", pa.binary()),
            pa.field("source", pa.string()),
            pa.field("views", texts),
            pa.field("vendor", pa.string()),
            pa.field("field_strength_t", pa.float32()),
            pa.field("slices", pa.int32()),
            pa.field("phases", pa.int32()),
            pa.field("enhancement", pa.bool_()),
            pa.field("sex", pa.string()),
            pa.field("age_band", pa.string()),
            pa.field("content", texts),
            pa.field("fingerprint", pa.string()),
            pa.field("model_identity", pa.string()),
            pa.field("model_name", pa.string()),
            pa.field("layout", pa.string()),
            pa.field("checksum", pa.string()),
        ]
    ).with_metadata(metadata)


def to_row(record: CaseRecord, provenance: dict[str, str]) -> dict[str, Any]:
    """A record as a row of the table; `provenance` says which model embedded it."""
    row = {f.name: getattr(record, f.name) for f in fields(record) if f.name != "acquisition"}
    row |= {f.name: getattr(record.acquisition, f.name) for f in fields(Acquisition)}
    row |= {key: provenance[key] for key in ("model_identity", "model_name", "layout")}
    return row | {"checksum": checksum(row)}


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Rows of the table as `to_case` and `to_record` take them, their vectors as arrays."""
    vectors = [name for name in _VECTORS if name in table.column_names]
    columns = {
        name: table[name].combine_chunks().to_numpy(zero_copy_only=False) for name in vectors
    }
    rows = table.drop_columns(vectors).to_pylist()
    for i, row in enumerate(rows):
        row |= {name: column[i] for name, column in columns.items()}
    return rows


def to_case(row: dict[str, Any], similarity: float, words: bool, folded: tuple[str, ...]) -> Case:
    """A row of `CASE_COLUMNS` and its picture as a search gives it back."""
    return Case(
        id=row["id"],
        similarity=similarity,
        impression=row["impression"],
        findings=tuple(row["findings"]),
        picture=row["picture"],
        source=row["source"],
        acquisition=_acquisition(row),
        sex=row["sex"],
        age_band=row["age_band"],
        words=words,
        folded=folded,
    )


def to_record(row: dict[str, Any]) -> CaseRecord:
    """A row as the record it was made from."""
    values = {f.name: row[f.name] for f in fields(CaseRecord) if f.name != "acquisition"}
    for name in _VECTORS:
        values[name] = None if row[name] is None else np.asarray(row[name], np.float32)
    values |= {name: tuple(row[name]) for name in ("findings", "content")}
    return CaseRecord(**values, acquisition=_acquisition(row))


def checksum(row: dict[str, Any]) -> str:
    """Of everything a row says, so that a damaged one is known."""
    digest = hashlib.blake2b(digest_size=8)
    for name in sorted(set(row) - {"checksum"}):
        value = row[name]
        if name in _VECTORS:
            value = b"" if value is None else np.asarray(value, np.float32).tobytes()
        elif name == "field_strength_t":
            value = b"" if value is None else np.float32(value).tobytes()
        elif isinstance(value, list | tuple):
            value = "\x1f".join(value).encode()
        elif not isinstance(value, bytes):
            value = str(value).encode()
        digest.update(f"{name}\x1e{len(value)}\x1e".encode() + value)
    return digest.hexdigest()


def check(records: Iterable[CaseRecord], width: int) -> None:
    """Refuse records that a library of vectors of `width` values cannot hold.

    Raises:
        LibraryError: naming the case.
    """
    seen = set()
    for record in records:
        if not record.id:
            raise LibraryError("A case has no id; give each its own.")
        if record.id in seen:
            raise LibraryError(f"Two cases have the same id, {record.id!r}; give each its own.")
        seen.add(record.id)
        for name in _VECTORS:
            value = getattr(record, name)
            if value is None and name == "impression_embedding":
                continue
            vector = np.asarray(value)
            if vector.shape != (width,) or not np.isclose(np.linalg.norm(vector), 1, atol=1e-3):
                raise LibraryError(
                    f"Case {record.id!r} needs a unit vector of {width} values as its "
                    f"{name.replace('_', ' ')}."
                )


def _acquisition(row: dict[str, Any]) -> Acquisition:
    values = {f.name: row[f.name] for f in fields(Acquisition)}
    values["views"] = tuple(values["views"])
    if values["field_strength_t"] is not None:
        values["field_strength_t"] = round(values["field_strength_t"], 2)
    return Acquisition(**values)


def _tesla(value: str | None) -> float | None:
    """A field strength in tesla; some scanners write gauss."""
    try:
        number = float(value or "")
    except ValueError:
        return None
    if number > 100:
        number /= 10_000
    return round(number, 2) if 0 < number < 30 else None


def _commonest(counts: Counter) -> Any:
    return counts.most_common(1)[0][0] if counts else None
