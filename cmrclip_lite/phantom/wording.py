"""A very small grammar, for saying one thing in many ways.

A pattern is text with alternatives in square brackets, nested as deep as wanted:
`"[LV|left ventricle] [is |]dilated"` says four things. Curly braces are left alone, so that
numbers are put in afterwards with `str.format`.
"""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

# A parsed pattern: a list of pieces, each a literal or a list of alternative parsed patterns.
_Parsed = list["str | list[_Parsed]"]


def expand(pattern: str, rng: np.random.Generator) -> str:
    """One of the texts a pattern stands for, with single spaces."""
    return " ".join(_draw(_parse(pattern), rng).split())


def count(pattern: str) -> int:
    """How many ways through a pattern there are."""
    return _count(_parse(pattern))


def to_regex(pattern: str, slots: dict[str, str] | None = None) -> str:
    """A regular expression matching every text of a pattern, any white space for a space.

    Args:
        pattern: a pattern.
        slots: for each name in braces, the expression that stands for its value; a number by
            default.
    """
    return _regex(_parse(pattern), slots or {})


@lru_cache(maxsize=4096)
def _parse(pattern: str) -> _Parsed:
    parsed, rest = _parse_until(pattern, 0, "")
    if rest != len(pattern):
        raise ValueError(f"unbalanced brackets in {pattern!r}")
    return parsed


def _parse_until(text: str, at: int, stop: str) -> tuple[_Parsed, int]:
    """Read pieces from `at` up to one of `stop` (or the end), and say where that is."""
    pieces: _Parsed = []
    literal = ""
    while at < len(text) and text[at] not in stop:
        if text[at] == "[":
            pieces.append(literal)
            literal = ""
            options: list[_Parsed] = []
            while True:
                option, at = _parse_until(text, at + 1, "|]")
                options.append(option)
                if at >= len(text):
                    raise ValueError(f"unbalanced brackets in {text!r}")
                if text[at] == "]":
                    break
            pieces.append(options)
        else:
            literal += text[at]
        at += 1
    pieces.append(literal)
    return [p for p in pieces if p != ""], at


def _draw(parsed: _Parsed, rng: np.random.Generator) -> str:
    return "".join(
        piece if isinstance(piece, str) else _draw(piece[rng.integers(len(piece))], rng)
        for piece in parsed
    )


def _count(parsed: _Parsed) -> int:
    ways = 1
    for piece in parsed:
        if not isinstance(piece, str):
            ways *= sum(_count(option) for option in piece)
    return ways


def _regex(parsed: _Parsed, slots: dict[str, str]) -> str:
    def literal(text: str) -> str:
        parts = re.split(r"\{(\w+)\}", text)
        out = []
        for i, part in enumerate(parts):
            if i % 2:
                out.append(slots.get(part, r"\d+(?:\.\d+)?"))
            else:
                out.append(re.sub(r"(?:\\ )+", r"\\s*", re.escape(part)))
        return "".join(out)

    return "".join(
        literal(piece)
        if isinstance(piece, str)
        else "(?:" + "|".join(_regex(option, slots) for option in piece) + ")"
        for piece in parsed
    )
