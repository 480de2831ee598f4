"""What of a description may stay in a de-identified file: the words by which series are told.

A description is free text and may name anyone. The readers tell the kind and the view of a series
by certain words; these stay, each cut to the part that is looked for, and all others go. "Kurzweil
4ch cine" becomes "kurz 4ch cine".
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from itertools import count

from .. import view_words
from ..readers import kinds
from ..readers.headers import plain_words

# Words that say how a series was acquired and are of use to a person who reads the list.
ALSO_KEPT = re.compile(
    r" (cine|bssfp|ssfp|trufi|trufisp|fiesta|lax|stack|bh|retro|magnitude|phase) "
)
# Where a pattern lets anything stand beside the word that counts.
_ANYTHING = re.compile(r"(?:\\w|\[a-z\]|\[a-z0-9\])\*")
# What vendors call a pulse sequence, such as *tfi2d1_15: one word with a digit or an asterisk.
_SEQUENCE_NAME = re.compile(r"(?=.*[0-9*])[*#]?[A-Za-z0-9_+.-]{1,16}")


def technical_words(described: str, never: Collection[str] = ()) -> str:
    """The technical words of a description, in order, in lower case.

    Args:
        described: free text.
        never: words in lower case that are dropped whatever else they mean, such as a name.
    """
    text = plain_words(" ".join(described.split("\\")))
    words = text.split()
    text = f" {' '.join('_' if word in never else word for word in words)} "
    kept = [" "] * len(text)
    for pattern in _patterns():
        found = pattern.search(text)
        while found:
            start, end = found.span()
            kept[start:end] = [
                new if old == " " else old
                for new, old in zip(_without_ends(found), kept[start:end], strict=True)
            ]
            # Neighbouring words share the space between them.
            found = pattern.search(text, start + 1)
    # What is cut out of the middle of a word leaves no gap, which would make two words of it.
    cut = "".join(" " if was == " " else new.strip() for new, was in zip(kept, text, strict=True))
    short = " ".join(cut.split())
    if _read_alike(text, f" {short} "):
        return short
    # Words that now stand side by side mean something else: what stood between them is marked.
    spans = [(word.start(), word.end()) for word in re.finditer(r"\S+", text)]
    pieces = ["".join(kept[start:end]).replace(" ", "") or "x" for start, end in spans]
    return " ".join(pieces)


def _read_alike(one: str, other: str) -> bool:
    """Whether kinds and views are told alike from two descriptions."""
    patterns = [p for p in vars(kinds).values() if isinstance(p, re.Pattern)]
    same_kind = all(bool(p.search(one)) == bool(p.search(other)) for p in patterns)
    return same_kind and view_words.describe(one) is view_words.describe(other)


def sequence_name(stated: str, never: Collection[str] = ()) -> str:
    """A vendor's name of a pulse sequence as it is; of anything else the technical words."""
    if _SEQUENCE_NAME.fullmatch(stated) and stated.lower().strip("*#") not in never:
        return stated
    return technical_words(stated, never)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Every pattern that kinds and views look for, with what a word may end in as groups."""
    sources = [ALSO_KEPT]
    for module in (kinds, view_words):
        for value in vars(module).values():
            several = value.values() if isinstance(value, dict) else (value,)
            sources += [item for item in several if isinstance(item, re.Pattern)]
    # Patterns of words begin and end at a space; others look at other tags.
    starts = (" ", "(?<= )")
    whole = [source.pattern for source in sources if source.pattern.startswith(starts)]
    return tuple(re.compile(_with_named_ends(pattern)) for pattern in whole)


def _with_named_ends(pattern: str) -> str:
    ends = count()
    return _ANYTHING.sub(lambda found: f"(?P<end{next(ends)}>{found[0]})", pattern)


def _without_ends(found: re.Match[str]) -> list[str]:
    text, start = list(found.group()), found.start()
    for name, value in found.groupdict().items():
        if value:
            begin, end = (place - start for place in found.span(name))
            text[begin:end] = " " * (end - begin)
    return text
