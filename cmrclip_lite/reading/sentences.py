"""A draft out of sentences that similar cases' impressions hold, each with where it comes from.

Nothing is written here: every sentence is quoted. What other cases say alike, or the opposite, and
which condition a sentence affirms or denies, is told by the text encoder, whose own prompts give
the limits of these words: `Limits`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..library import NORMAL
from ..prompts import CONDITIONS
from .evidence import Evidence, Strength
from .topics import Part, speaks_beyond

if TYPE_CHECKING:
    from ..library import Case
    from ..model import CMRCLIP

# How many sentences a draft holds at most; an impression rarely has more.
MOST_SENTENCES = 8
# Two prompts of one condition are this alike in 99 of 100 pairs, a condition and its denial this
# opposite in 95 of 100; a limit counts only if prompts of different conditions rarely pass it.
_ALIKE, _OPPOSITE = 0.01, 0.95
_STRANGERS_ALIKE, _STRANGERS_OPPOSITE = 0.95, 0.01

_MARKER = re.compile(r"^\s*(?:\(?\d{1,2}[.)]\s+|[-*\u2022\u2013]\s*)")
_OPENER = re.compile(
    r"^(?:impression|imp|conclusions?|concl|summary(?: for the patient)?|opinion|findings|c?mri?"
    r"|in plain words)\s*:\s*",
    re.IGNORECASE,
)
# A full stop or semicolon before a space ends a sentence, but not after these or a single letter.
_END = re.compile(
    r"(?<=[.;!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bvs\.)(?<!\bapprox\.)(?<!\bca\.)(?<!\bmax\.)"
    r"(?<!\bmin\.)(?<!\bDr\.)(?<!\bno\.)\s+"
)


@dataclass(frozen=True)
class Quote:
    """A sentence of a similar case's impression.

    Attributes:
        text: as it stands there.
        case: the id of that case.
        similarity: cosine of the sentence and the study's images.
        case_similarity: of that case's images and the study's.
        alike, opposite: ids of other similar cases whose impressions say the same, or the opposite.
        affirms, denies: conditions, by key, of which the evidence says the same.
        numbers: whether it holds numbers, which are measurements of that case, not of the study.
    """

    text: str
    case: str
    similarity: float
    case_similarity: float
    alike: tuple[str, ...]
    opposite: tuple[str, ...]
    affirms: tuple[str, ...]
    denies: tuple[str, ...]
    numbers: bool

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Limits:
    """From what cosine on two sentences say the same, and up to what cosine the opposite."""

    alike: float
    opposite: float

    @classmethod
    def of(cls, model: CMRCLIP) -> Limits | None:
        """The limits of a model's text encoder, from the prompts of the conditions it knows.

        None where it tells neither reliably: where prompts of different conditions are as alike
        as those of one, or a denial is no less alike than a different condition.
        """
        keys = model.config.conditions or tuple(CONDITIONS)
        owners = np.array([key for key in keys for _ in CONDITIONS[key].prompts])
        vectors = _embed(model, [prompt for key in keys for prompt in CONDITIONS[key].prompts])
        cosines = vectors @ vectors.T
        same = owners[:, None] == owners
        pairs = np.triu(np.ones_like(same), 1)
        strangers = cosines[pairs & ~same]
        names = [key.replace("_", " ") for key in keys if key != NORMAL]
        held = _embed(model, [f"{name.capitalize()}." for name in names])
        denied = _embed(model, [f"No {name}." for name in names])
        alike = float(np.quantile(cosines[pairs & same], _ALIKE))
        opposite = float(np.quantile((held * denied).sum(1), _OPPOSITE))
        low, high = np.quantile(strangers, (_STRANGERS_OPPOSITE, _STRANGERS_ALIKE))
        return cls(alike, opposite) if opposite < low and alike > high else None


def sentences(impression: str) -> list[str]:
    """The sentences of an impression, each a part of it as it stands, without list marks."""
    return list(_sentences(impression))


@dataclass(frozen=True, eq=False)
class Spoken:
    """The sentences of one impression: S texts, and their unit vectors `(S, D)`."""

    texts: tuple[str, ...]
    vectors: np.ndarray

    @classmethod
    def of(cls, model: CMRCLIP, impression: str) -> Spoken:
        """Embedded by a model's text encoder."""
        texts = sentences(impression)
        return cls(tuple(texts), _embed(model, texts))


def draft(
    limits: Limits,
    embedding: np.ndarray,
    cases: Sequence[Case],
    spoken: Sequence[Spoken],
    parts: frozenset[Part],
    evidence: Sequence[Evidence],
    prompts: np.ndarray,
) -> list[Quote]:
    """Sentences that several similar cases stand for and the evidence agrees with.

    Taken is what at least two cases say, and more than contradict it, and what affirms a condition
    that has strong or moderate evidence or denies one that has evidence against it, and does
    neither of any other. Left out is what the study cannot show, and what a sentence taken before
    says already, or contradicts. At most `MOST_SENTENCES`, those that most cases say; of equals
    the most similar to the study. In the order of `evidence`.

    Args:
        embedding: `(D,)` unit vector of the study.
        cases: what `CaseLibrary.search` found for it.
        spoken: the sentences of each case's impression.
        parts: what the study holds.
        evidence: of each of C conditions.
        prompts: `(C, D)` their mean prompts.
    """
    said = [
        (number, text, vector)
        for number, one in enumerate(spoken)
        for text, vector in zip(one.texts, one.vectors, strict=True)
        if not speaks_beyond(text, parts)
    ]
    if not said:
        return []
    vectors = np.stack([vector for _, _, vector in said])
    owner = np.array([number for number, _, _ in said])
    similarities = vectors @ np.asarray(embedding, np.float64)
    cosines = vectors @ vectors.T
    same, contrary = cosines >= limits.alike, cosines <= limits.opposite
    alike, opposite = _told_by(same, owner), _told_by(contrary, owner)
    affirms, denies = _stances(limits, vectors @ _unit(prompts).T, evidence)
    agrees = _agree(affirms, denies, evidence)
    order = sorted(range(len(said)), key=lambda i: (-len(alike[i]), -similarities[i]))
    taken: list[int] = []
    for i in order:
        # The case itself says it, too.
        supported = alike[i] and len(opposite[i]) < 1 + len(alike[i])
        settled = same[i, taken].any() or contrary[i, taken].any()
        if agrees[i] and supported and not settled:
            taken.append(i)
    taken = sorted(taken[:MOST_SENTENCES], key=lambda i: int((affirms | denies)[i].argmax()))

    def keys(stance: np.ndarray) -> tuple[str, ...]:
        return tuple(one.key for one, holds in zip(evidence, stance, strict=True) if holds)

    return [
        Quote(
            text=said[i][1],
            case=cases[owner[i]].id,
            similarity=float(similarities[i]),
            case_similarity=cases[owner[i]].similarity,
            alike=tuple(cases[number].id for number in alike[i]),
            opposite=tuple(cases[number].id for number in opposite[i]),
            affirms=keys(affirms[i]),
            denies=keys(denies[i]),
            numbers=any(letter.isdigit() for letter in said[i][1]),
        )
        for i in taken
    ]


def _stances(
    limits: Limits, cosines: np.ndarray, evidence: Sequence[Evidence]
) -> tuple[np.ndarray, np.ndarray]:
    """`(S, C)` bool, twice: which conditions each sentence affirms, and which it denies.

    Args:
        cosines: `(S, C)` of sentences and mean prompts.
    """
    # Any finding is opposite to a normal study; that says nothing of its own.
    deniable = np.array([one.key != NORMAL for one in evidence])
    return cosines >= limits.alike, (cosines <= limits.opposite) & deniable


def _agree(affirms: np.ndarray, denies: np.ndarray, evidence: Sequence[Evidence]) -> np.ndarray:
    """`(S,)` bool: a sentence speaks of a condition, and the evidence says the same of all such."""
    stated = np.array([one.strength.is_stated for one in evidence])
    against = np.array([one.strength is Strength.AGAINST for one in evidence])
    wrong = (affirms & ~stated) | (denies & ~against)
    return (affirms | denies).any(1) & ~wrong.any(1)


def _told_by(related: np.ndarray, owner: np.ndarray) -> list[list[int]]:
    """For each sentence the other cases, by number, that have a related `(S, S)` one."""
    return [
        sorted({int(n) for n in owner[row] if n != own})
        for row, own in zip(related, owner, strict=True)
    ]


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _embed(model: CMRCLIP, texts: Sequence[str]) -> np.ndarray:
    """`(len(texts), D)` float64 unit vectors."""
    if not texts:
        return np.zeros((0, model.config.projection_dim))
    return model.embed_texts(texts).astype(np.float64)


def _sentences(impression: str) -> Iterator[str]:
    for line in impression.splitlines():
        for piece in _pieces(_MARKER.sub("", line)):
            bare = _MARKER.sub("", piece).strip()
            while (opened := _OPENER.sub("", bare, count=1)) != bare:
                bare = opened
            bare = bare.rstrip(" ;")
            # "RVEF 58" alone is a measurement of that patient, and says nothing of this one.
            if len(re.findall(r"[^\W\d_]{2,}", bare)) > len(re.findall(r"\d+(?:[.,]\d+)?", bare)):
                yield bare


def _pieces(line: str) -> Iterator[str]:
    """A line cut where a sentence ends, but not between brackets."""
    start = 0
    for end in _END.finditer(line):
        part = line[start : end.start()]
        if part.count("(") <= part.count(")"):
            yield part
            start = end.end()
    yield line[start:]
