"""Which cases a search may find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import LibraryError
from ..prompts import find_condition
from ..study import View

# Scanners write 1.494 or 2.89 for what everyone calls 1.5 and 3 T.
NEAR_TESLA = 0.25


@dataclass(frozen=True)
class Filters:
    """What a case must be; an empty field does not matter.

    Attributes:
        findings: all of these hold: keys or labels of known conditions, or names the library uses.
        without: none of these holds.
        views: it shows all of these.
        vendors: its scanner is of one of these.
        field_strengths_t: its scanner has one of these, within 0.25 T.
        sexes: one of these.
        age_bands: one of these.
    """

    findings: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    vendors: tuple[str, ...] = ()
    field_strengths_t: tuple[float, ...] = ()
    sexes: tuple[str, ...] = ()
    age_bands: tuple[str, ...] = ()

    def sql(self) -> str | None:
        """As a condition on the table; None if everything may be found.

        Raises:
            LibraryError: for a view that does not exist.
        """
        parts = []
        if self.findings:
            parts.append(f"array_has_all(findings, {_list(map(finding_key, self.findings))})")
        if self.without:
            parts.append(f"NOT array_has_any(findings, {_list(map(finding_key, self.without))})")
        if self.views:
            parts.append(f"array_has_all(views, {_list(map(_view, self.views))})")
        if self.vendors:
            parts.append(f"lower(vendor) IN ({_comma(v.lower() for v in self.vendors)})")
        if self.field_strengths_t:
            near = (
                f"field_strength_t BETWEEN {float(t) - NEAR_TESLA} AND {float(t) + NEAR_TESLA}"
                for t in self.field_strengths_t
            )
            parts.append(f"({' OR '.join(near)})")
        if self.sexes:
            parts.append(f"sex IN ({_comma(self.sexes)})")
        if self.age_bands:
            parts.append(f"age_band IN ({_comma(self.age_bands)})")
        return " AND ".join(parts) or None


def finding_key(name: str) -> str:
    """The key of a known condition, or the name as it is."""
    known = find_condition(name)
    return known.key if known else name


def _view(name: str) -> str:
    for view in View:
        if name.casefold() == view.casefold():
            return str(view)
    raise LibraryError(f"There is no view {name!r}; the views are {', '.join(View)}.")


def _list(values: Iterable[str]) -> str:
    return f"[{_comma(values)}]"


def _comma(values: Iterable[str]) -> str:
    return ", ".join(quoted(value) for value in values)


def id_among(ids: Iterable[str]) -> str:
    """That the id is one of these, as a condition on a table."""
    return f"id IN ({_comma(ids)})"


def quoted(text: str) -> str:
    """As a string literal of SQL."""
    return "'" + str(text).replace("'", "''") + "'"
