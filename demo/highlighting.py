"""Which words of an impression speak of what was asked, and whether they affirm or deny it.

By wording alone, within one clause: a help for the eye that can be wrong, as the page says. The
rules are those of NegEx (Chapman et al., J Biomed Inform 2001) cut down to short report sentences:
what follows "no" up to the next comma is denied, and what stands right before "absent".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from concepts import Token, tokens
from page import escape

from cmrclip_lite.prompts import find_condition, has_negation

_BEFORE = frozenset(
    "no not without non absence neither nor never none denies free isn't aren't doesn't isnt arent "
    "doesnt".split()
)
_AFTER = frozenset("absent negative neg none excluded no not".split())
# "Effusion not seen": such a "not" denies what stands before it.
_SEEN = frozenset("seen present identified evident demonstrated detected visible".split())
_LISTED = frozenset(("or", "nor"))
_STOP = frozenset(
    "the a an is are was were of in on at to with and or for by there this that shows show showing "
    "has have from around up as it its be been but cardiac heart mri cmr study case image "
    "patient finding impression consistent keeping".split()
)
# Said of a part of the heart as often as of the whole, they do not speak of a normal study.
_OF_PARTS = frozenset(("normal", "wnl", "healthy", "unremarkable", "within normal limits"))
_CHAMBERS = frozenset(("lv", "rv", "la", "ra"))
_ROOM = 2  # words that may stand between those of a name
_REACH = 3  # words from a match to the "absent" behind it


@dataclass(frozen=True)
class Mark:
    """`text[start:end]` speaks of what was asked.

    Attributes:
        asked: what was asked, as typed.
        denied: whether the sentence denies it.
    """

    start: int
    end: int
    asked: str
    denied: bool


def marks(text: str, asked: Sequence[str]) -> list[Mark]:
    """Places of a text that speak of what was asked, in order, none over another."""
    words = tokens(text)
    clauses = _clauses(words)
    denying = _denied_clauses(clauses)
    found: dict[Token, Mark] = {}
    for condition in asked:
        names, single, chamber = _names(condition)
        flip = has_negation(condition) and find_condition(condition) is None
        hits = list(_hits(clauses, names, chamber)) or list(_hits(clauses, single, None))
        for number, matched in hits:
            denied = denying[number] or _denied(clauses[number], matched)
            for token in matched:
                mark = Mark(token.start, token.end, condition, denied is not flip)
                found.setdefault(token, mark)
    return _joined(text, sorted(found.values(), key=lambda mark: mark.start))


def marked(text: str, asked: Sequence[str]) -> str:
    """The text as inert HTML, what speaks of the asked marked, and what denies it struck."""
    out, at = [], 0
    for mark in marks(text, asked):
        out.append(escape(text[at : mark.start]))
        inside = escape(text[mark.start : mark.end])
        if mark.denied:
            title = escape(f"Says the opposite of “{mark.asked}”")
            out.append(
                f'<span class="denied" title="{title}"><span class="unseen">(denied) </span>'
                f"<s>{inside}</s></span>"
            )
        else:
            out.append(f'<mark title="{escape(f"Speaks of “{mark.asked}”")}">{inside}</mark>')
        at = mark.end
    return "".join([*out, escape(text[at:])])


@lru_cache(maxsize=512)
def _names(
    condition: str,
) -> tuple[tuple[frozenset[str], ...], tuple[frozenset[str], ...], str | None]:
    """Sets of concepts, any of which is the condition; single ones to fall back on; its chamber.

    A text that is no known condition falls back on its single words.
    """
    known = find_condition(condition)
    if known is None:
        means = _content(condition)
        return (means,) if means else (), tuple(frozenset([one]) for one in sorted(means)), None
    wordings = [known.label, *known.aliases, *known.prompts]
    usable = [
        wording
        for wording in wordings
        if wording.lower() not in _OF_PARTS
        and not has_negation(wording)
        and not any(letter.isdigit() for letter in wording)
    ]
    # "Fluid around the heart" must not come down to any fluid.
    names = [
        means
        for wording, means in zip(usable, map(_content, usable), strict=True)
        if len(means) > 1 or (means and len(tokens(wording)) == 1)
    ]
    chambers = _content(known.label) & _CHAMBERS
    return tuple(dict.fromkeys(names)), (), next(iter(chambers), None)


def _content(text: str) -> frozenset[str]:
    return frozenset(
        concept
        for token in tokens(text)
        if token.word not in _STOP | _BEFORE | _AFTER
        for concept in token.means
    )


def _clauses(words: Sequence[Token]) -> list[list[Token]]:
    clauses: dict[int, list[Token]] = {}
    for token in words:
        clauses.setdefault(token.segment, []).append(token)
    return list(clauses.values())


def _denied_clauses(clauses: Sequence[Sequence[Token]]) -> list[bool]:
    """Which clauses are denied by one before: "no dilation, hypertrophy, or effusion"."""
    denied = [False] * len(clauses)
    for last, clause in enumerate(clauses):
        if clause[0].word not in _LISTED:
            continue
        first = last
        while first and clauses[first - 1][0].sentence == clause[0].sentence:
            first -= 1
            if any(token.word in _BEFORE for token in clauses[first]):
                denied[first + 1 : last + 1] = [True] * (last - first)
                break
    return denied


def _hits(
    clauses: Sequence[Sequence[Token]], names: Sequence[frozenset[str]], chamber: str | None
) -> Iterator[tuple[int, list[Token]]]:
    """Of each clause, by number, the words that together make up one of the names.

    A clause that names no chamber speaks of the one that its sentence named last.
    """
    sentence, last = -1, frozenset()
    for number, clause in enumerate(clauses):
        spoken = frozenset().union(*(token.means for token in clause))
        if clause[0].sentence != sentence:
            sentence, last = clause[0].sentence, frozenset()
        last = spoken & _CHAMBERS or last
        if chamber is not None and last and chamber not in last:
            continue
        for name in names:
            bare = name - {chamber}
            if last == {chamber} and len(bare) > 1:
                name = bare
            for hit in _windows(clause, name) if name <= spoken else ():
                yield number, hit


def _windows(clause: Sequence[Token], name: frozenset[str]) -> Iterator[list[Token]]:
    for start, first in enumerate(clause):
        if not first.means & name:
            continue
        lacking, matched = set(name), []
        for token in clause[start : start + len(name) + _ROOM]:
            if token.means & lacking:
                matched.append(token)
                lacking -= token.means
            if not lacking:
                yield matched
                break


def _denied(clause: Sequence[Token], matched: Sequence[Token]) -> bool:
    first, last = clause.index(matched[0]), clause.index(matched[-1])
    for i, token in enumerate(clause[:last]):
        before = clause[i + 1].word
        if token.word == "non":  # of the next word alone
            if clause[i + 1] in matched:
                return True
        elif token.word in _BEFORE and not (i < first and before in _SEEN):
            return True
    behind = clause[last + 1 : last + 1 + _REACH]
    for i, token in enumerate(behind):
        if token.word not in _AFTER:
            continue
        following = clause[last + 2 + i : last + 3 + i]
        if token.word not in ("no", "not") or any(t.word in _SEEN for t in following):
            return True
    return False


def _joined(text: str, found: Sequence[Mark]) -> list[Mark]:
    """Neighbours that say the same of the same as one."""
    joined: list[Mark] = []
    for mark in found:
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.asked, last.denied) == (mark.asked, mark.denied)
            and not text[last.end : mark.start].strip(" -")
        ):
            joined[-1] = Mark(last.start, mark.end, mark.asked, mark.denied)
        else:
            joined.append(mark)
    return joined
