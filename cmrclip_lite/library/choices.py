"""What a library's cases can be filtered by: the values that occur in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..prompts import CONDITIONS
from ..study import View
from . import store
from .filters import NEAR_TESLA

if TYPE_CHECKING:
    from lancedb.table import Table

_COLUMNS = ["findings", "views", "vendor", "field_strength_t", "sex", "age_band"]


@dataclass(frozen=True)
class Choices:
    """Values that `Filters` of the same names would find at least one case by.

    Attributes:
        findings: keys of known conditions, in the order of `prompts.CONDITIONS`.
        views: in the order of `View`.
        vendors: as the library writes them first; case does not matter to a filter.
        field_strengths_t: each more than the tolerance of a filter above the one before.
        sexes, age_bands: sorted.
    """

    findings: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    field_strengths_t: tuple[float, ...] = ()
    sexes: tuple[str, ...] = ()
    age_bands: tuple[str, ...] = ()


def read_choices(table: Table) -> Choices:
    """The values that occur in a table of cases."""
    found = store.columns(table, _COLUMNS)
    unique = {
        name: set(found[name].combine_chunks().drop_null().unique().to_pylist())
        for name in ("vendor", "field_strength_t", "sex", "age_band")
    }
    several = {
        name: set(found[name].combine_chunks().flatten().unique().to_pylist())
        for name in ("findings", "views")
    }
    return Choices(
        findings=tuple(key for key in CONDITIONS if key in several["findings"]),
        views=tuple(str(view) for view in View if str(view) in several["views"]),
        vendors=tuple({v.lower(): v for v in sorted(unique["vendor"] - {""})}.values()),
        field_strengths_t=_apart(unique["field_strength_t"]),
        sexes=tuple(sorted(unique["sex"] - {""})),
        age_bands=tuple(sorted(unique["age_band"] - {""})),
    )


def _apart(strengths: set[float]) -> tuple[float, ...]:
    """Field strengths in tesla, those within a filter's tolerance of one before left out."""
    kept: list[float] = []
    for strength in sorted(round(float(t), 2) for t in strengths):
        if not kept or strength - kept[-1] > NEAR_TESLA:
            kept.append(strength)
    return tuple(kept)
