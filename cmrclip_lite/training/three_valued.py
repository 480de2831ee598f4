"""Yes, no, or too close to call: limits with a margin, and their conjunctions."""

from __future__ import annotations

Answer = bool | None


def below(value: float, limit: float, margin: float) -> Answer:
    """Whether a value is under a limit, None within the margin of it."""
    return None if abs(value - limit) < margin else value < limit


def above(value: float, limit: float, margin: float) -> Answer:
    """Whether a value is over a limit, None within the margin of it."""
    return None if abs(value - limit) < margin else value > limit


def within(value: float, low: float, high: float, margin: float) -> Answer:
    """Whether a value is between limits, None within the margin of either."""
    if min(abs(value - low), abs(value - high)) < margin:
        return None
    return low < value < high


def all_of(*parts: Answer) -> Answer:
    """Yes if all are, no if one is not."""
    return False if False in parts else None if None in parts else True


def any_of(*parts: Answer) -> Answer:
    """Yes if one is, no if none is."""
    return True if True in parts else None if None in parts else False


def not_(part: Answer) -> Answer:
    """The other way round."""
    return None if part is None else not part
