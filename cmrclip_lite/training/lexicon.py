"""True statements about a case, and whether any statement is true of any other case.

Contrastive training on short sentences meets many cases of which the same sentence is true; what
would be a false negative in a plain pairing is known here, since every statement can be judged
against every truth: `truth_matrix` gives the targets.

    statements = [s for t in truths for s in sample_statements(t, rng, 2)]
    targets = truth_matrix(statements, truths)      # 1 true, 0 not true, -1 too close to call
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..phantom import wording
from ..phantom.truth import Truth
from ..prompts import CONDITIONS, TEMPLATES
from .facts import KEYS, Answer, answers, values
from .frames import AFFIRM, CARRIERS, COLON_CARRIERS, DENY, FRAMED, JOINERS, MIXED_JOINERS
from .numbers import MEASURES, NumberPhrase
from .phrases import PHRASES

# How often each kind of statement is drawn: a finding that is there, one that is not, a number.
_PRESENT, _ABSENT, _NUMBER = 0.46, 0.3, 0.24
_PAIR = 0.22
# What people ask most is drawn more often than the finer facts.
_MAIN_WEIGHT = 4.0
# What few cases have is said more often where it is there.
_RARE_WEIGHT = 2.0
_RARE = frozenset(
    "lv_thrombus pericardial_effusion pleural_effusion aortic_dilation myocarditis "
    "cardiac_amyloidosis normal_study".split()
)
# How often a word of a finding is mistyped.
_SLIP = 0.05
# "No mild LV dilation" is true of a severely dilated ventricle, but nobody says so: a grade is
# denied only where the whole is.
PART_OF = {
    "mild_lv_dysfunction": "lv_systolic_dysfunction",
    "moderate_lv_dysfunction": "lv_systolic_dysfunction",
    "mild_rv_dysfunction": "rv_systolic_dysfunction",
    "mild_lv_dilation": "lv_dilation",
    "mild_rv_dilation": "rv_dilation",
    "mild_hypertrophy": "lv_hypertrophy",
    "septal_hypertrophy": "lv_hypertrophy",
    "apical_hypertrophy": "lv_hypertrophy",
    "concentric_hypertrophy": "lv_hypertrophy",
    "small_pericardial_effusion": "pericardial_effusion",
    "moderate_pericardial_effusion": "pericardial_effusion",
    "large_pericardial_effusion": "pericardial_effusion",
    "large_pleural_effusion": "pleural_effusion",
    "viable_infarct": "prior_infarct",
}


@dataclass(frozen=True)
class Statement:
    """A sentence and what makes it true; plain data, so that it can go between processes.

    Attributes:
        text: what the text encoder reads.
        key: a fact of `facts.KEYS`, a measure such as "lvef", or "a+b" for a pair.
        polarity: False where it denies the fact (of a pair: where any part does).
        low, high: for a measure, between what values it holds; infinite on an open side.
        margin: for a measure, how far outside that range nobody would call it wrong.
        parts: the statements that a pair joins.
    """

    text: str
    key: str
    polarity: bool = True
    low: float = -np.inf
    high: float = np.inf
    margin: float = 0.0
    parts: tuple[Statement, ...] = ()

    def judge(self, truth: Truth) -> Answer:
        """True, False, or None where the case lies too near a limit to say."""
        return self.judge_facts(answers(truth), values(truth))

    def holds(self, truth: Truth) -> bool:
        """Whether the statement is true of a case, beyond doubt."""
        return self.judge(truth) is True

    def unsure(self, truth: Truth) -> bool:
        """Whether the case lies too near a limit to say; mask it in training."""
        return self.judge(truth) is None

    def judge_facts(self, facts: Mapping[str, Answer], measured: Mapping[str, float]) -> Answer:
        """As `judge`, on what `facts.answers` and `facts.values` gave, to judge many at once."""
        if self.parts:
            each = [part.judge_facts(facts, measured) for part in self.parts]
            return False if False in each else None if None in each else True
        if self.key in measured:
            value = measured[self.key]
            if np.isnan(value):
                return None
            if self.low <= value <= self.high:
                return True
            return None if self.low - self.margin <= value <= self.high + self.margin else False
        answer = facts[self.key]
        if answer is None or self.polarity:
            return answer
        if answer is False and self.key in PART_OF and facts[PART_OF[self.key]] is not False:
            return None
        return not answer


def truth_matrix(statements: Sequence[Statement], truths: Sequence[Truth]) -> np.ndarray:
    """Judge every statement against every case.

    Returns:
        int8 `(len(statements), len(truths))`: 1 true, 0 not true, -1 too close to call.
    """
    out = np.empty((len(statements), len(truths)), dtype=np.int8)
    for column, truth in enumerate(truths):
        facts, measured = answers(truth), values(truth)
        for row, statement in enumerate(statements):
            judged = statement.judge_facts(facts, measured)
            out[row, column] = -1 if judged is None else judged
    return out


def sample_statements(truth: Truth, rng: np.random.Generator, n: int) -> list[Statement]:
    """Draw `n` statements that hold for a case: findings, denials, numbers, and pairs of them."""
    facts, measured = answers(truth), values(truth)
    present = [k for k in KEYS if facts[k] is True and _sayable(k, True)]
    absent = [
        k
        for k in KEYS
        if facts[k] is False
        and _sayable(k, False)
        and (k not in PART_OF or facts[PART_OF[k]] is False)
    ]

    numbers = any(value == value for value in measured.values())

    def single() -> Statement:
        draw = rng.random()
        if draw < _NUMBER and numbers:
            return _number(measured, rng)
        affirm = draw < _NUMBER + _PRESENT
        affirm = (affirm and bool(present)) or not absent
        keys = present if affirm else absent
        return _fact(keys[_weighted(keys, affirm, rng)], affirm, rng)

    return [
        _pair(single(), single(), rng) if rng.random() < _PAIR else _carried(single(), rng)
        for _ in range(n)
    ]


def sample_sentences(truth: Truth, rng: np.random.Generator, n: int) -> list[str]:
    """Draw `n` true sentences about a case; `sample_statements` without what makes them true."""
    return [statement.text for statement in sample_statements(truth, rng, n)]


def statement_bank(rng: np.random.Generator, n: int) -> list[Statement]:
    """Draw `n` statements of no particular case, each fact and both its sides equally often."""
    sides = [(k, side) for k in KEYS for side in (True, False) if _sayable(k, side)]
    bank = []
    for _ in range(n):
        if rng.random() < _NUMBER:
            statement = _number(None, rng)
        else:
            statement = _fact(*sides[rng.integers(len(sides))], rng)
        bank.append(_carried(statement, rng))
    return bank


def both_sides(keys: Sequence[str], rng: np.random.Generator) -> list[Statement]:
    """Each fact affirmed once and denied once, in words drawn anew.

    Beside statements drawn from cases, in which what is rare is rarely said.
    """
    sides = [(k, side) for k in keys for side in (True, False) if _sayable(k, side)]
    return [_carried(_fact(k, side, rng), rng) for k, side in sides]


def canonical_statements() -> list[Statement]:
    """Every prompt of every condition the lexicon covers, as statements: what scoring asks."""
    return [
        Statement(prompt, key)
        for key, condition in CONDITIONS.items()
        if key in KEYS
        for prompt in condition.prompts
    ]


def _sayable(key: str, polarity: bool) -> bool:
    phrases = PHRASES[key]
    return bool(phrases.nouns or (phrases.true if polarity else phrases.false))


def _weighted(keys: list[str], affirm: bool, rng: np.random.Generator) -> int:
    weights = [
        (_MAIN_WEIGHT if k in CONDITIONS else 1.0)
        * (_RARE_WEIGHT if affirm and k in _RARE else 1.0)
        for k in keys
    ]
    ends = np.cumsum(weights)
    return int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))


def _fact(key: str, polarity: bool, rng: np.random.Generator) -> Statement:
    """A statement that affirms or denies one fact."""
    phrases = PHRASES[key]
    condition = CONDITIONS.get(key)
    if polarity and condition and rng.random() < 0.2:
        wordings = (*condition.prompts, condition.label, *condition.aliases)
        return Statement(wordings[rng.integers(len(wordings))].rstrip("."), key)
    own = phrases.true if polarity else phrases.false
    # By the number of patterns, so that a rich list is not starved by a short one.
    if rng.random() * (len(own) + len(phrases.nouns)) < len(own):
        return Statement(wording.expand(own[rng.integers(len(own))], rng), key, polarity)
    noun = _slip(wording.expand(phrases.nouns[rng.integers(len(phrases.nouns))], rng), rng)
    frames = AFFIRM if polarity else DENY
    return Statement(frames[rng.integers(len(frames))].format(noun), key, polarity)


def _slip(text: str, rng: np.random.Generator) -> str:
    """Now and then a long word mistyped: two inner letters swapped, or one left out."""
    if rng.random() > _SLIP:
        return text
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) >= 7 and word.isalpha()]
    if not long:
        return text
    at = long[rng.integers(len(long))]
    word, k = words[at], int(rng.integers(2, len(words[at]) - 2))
    swapped = word[k + 1] + word[k] if rng.random() < 0.5 else word[k]
    words[at] = word[:k] + swapped + word[k + 2 :]
    return " ".join(words)


def _number(measured: Mapping[str, float] | None, rng: np.random.Generator) -> Statement:
    """A statement of a number: of a case where `measured` is given, of any plausible one else."""
    known = [m for m in MEASURES if measured is None or measured[m.key] == measured[m.key]]
    ends = np.cumsum([m.weight for m in known])
    measure = known[int(np.searchsorted(ends, rng.random() * ends[-1], side="right"))]
    value = measured[measure.key] if measured else rng.uniform(*measure.plausible)
    phrase: NumberPhrase = measure.say(float(value), rng)
    return Statement(
        phrase.text, measure.key, True, phrase.low, phrase.high, measure.slack(float(value))
    )


def _carried(statement: Statement, rng: np.random.Generator) -> Statement:
    return _with_text(statement, _carry(statement.text, rng))


def _carry(text: str, rng: np.random.Generator) -> str:
    """Put a phrase into a sentence or leave it; sometimes as a person in a hurry types it."""
    if text.split()[0].lower() in FRAMED:
        frames = COLON_CARRIERS
    else:
        frames = TEMPLATES if rng.random() < 0.35 else CARRIERS
    text = frames[rng.integers(len(frames))].format(text)
    return text[:1].upper() + text[1:] if rng.random() < 0.3 else text


def _pair(first: Statement, second: Statement, rng: np.random.Generator) -> Statement:
    if first.key == second.key:
        return _carried(first, rng)
    joiners = JOINERS if first.polarity == second.polarity else MIXED_JOINERS
    text = first.text + joiners[rng.integers(len(joiners))] + second.text
    return Statement(
        _carry(text, rng),
        f"{first.key}+{second.key}",
        first.polarity and second.polarity,
        parts=(first, second),
    )


def _with_text(statement: Statement, text: str) -> Statement:
    return Statement(
        text, statement.key, statement.polarity, statement.low, statement.high,
        statement.margin, statement.parts,
    )  # fmt: skip
