"""The words that several notes share."""

from __future__ import annotations


def share(count: int, total: int, what: str, verb: str, plural_verb: str) -> str:
    """The beginning of a sentence on some of several things.

    >>> share(1, 12, "slice", "has", "have")
    '1 of 12 slices has'
    >>> share(12, 12, "slice", "has", "have")
    'All 12 slices have'
    """
    if total == 1:
        return f"The only {what} {verb}"
    if count == total:
        return f"All {total} {what}s {plural_verb}"
    return f"{count} of {total} {what}s {verb if count == 1 else plural_verb}"
