"""Words that several parts of an evaluation's page share."""

from __future__ import annotations

import math
from collections.abc import Mapping

from .cohort import spoken
from .intervals import Estimate
from .results import Found

INTERVALS = "Intervals are 95 % bootstraps over the cases."


def counted(values: Mapping[str, int]) -> str:
    """How many cases have each value, such as "GE: 78, Philips: 87"."""
    known = sorted((value, count) for value, count in values.items() if value)
    told = [f"{value}: {count}" for value, count in known]
    if unknown := values.get("", 0):
        told.append(f"unknown: {unknown}")
    return ", ".join(told)


def plus(value: float) -> str:
    """With its sign, and none for what rounds to nothing."""
    text = f"{value:+.3f}"
    return "0.000" if text in ("+0.000", "-0.000") else text


def signed(difference: Estimate) -> str:
    """A difference with its sign and interval."""
    return f"{plus(difference.value)} ({plus(difference.low)} to {plus(difference.high)})"


def found(one: Found) -> tuple[str, str]:
    """A figure of retrieval and what chance gives: ranks as they are, shares in decimals."""
    value, low, high = one.estimate.value, one.estimate.low, one.estimate.high
    if one.what.endswith("rank"):
        return f"{value:g} ({low:g} to {high:g})", f"{one.chance:g}"
    return str(one.estimate), f"{one.chance:.3f}"


def p_value(p: float) -> str:
    """A p in three decimals."""
    if math.isnan(p):
        return "not defined"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def not_measured(left_out: Mapping[str, str]) -> list[str]:
    """A sentence for each reason for which findings were left out."""
    reasons: dict[str, list[str]] = {}
    for name, why in left_out.items():
        reasons.setdefault(why, []).append(spoken(name))
    return [f"Not measured, as {why}: {', '.join(names)}." for why, names in reasons.items()]
