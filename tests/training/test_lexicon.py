"""Training sentences are true of their case, judged rightly of others, and not the benchmark's."""

from __future__ import annotations

import csv
import pickle
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.phantom import wording
from cmrclip_lite.phantom.truth import Truth
from cmrclip_lite.prompts import CONDITIONS, find_condition
from cmrclip_lite.training.facts import KEYS, answers, values
from cmrclip_lite.training.lexicon import (
    Statement,
    both_sides,
    canonical_statements,
    sample_sentences,
    sample_statements,
    statement_bank,
    truth_matrix,
)
from cmrclip_lite.training.numbers import MEASURES
from cmrclip_lite.training.phrases import PHRASES
from tests.truths import draw_truth, random_truths

PARAPHRASES = Path(__file__).parents[2] / "benchmarks" / "paraphrases.csv"


@pytest.fixture(scope="module")
def truths() -> list[Truth]:
    return random_truths(11, 500)


@pytest.fixture(scope="module")
def drawn(truths: list[Truth]) -> list[tuple[Truth, Statement]]:
    rng = np.random.default_rng(12)
    return [(t, s) for t in truths for s in sample_statements(t, rng, 8)]


def test_every_drawn_statement_holds_for_its_case(drawn: list[tuple[Truth, Statement]]) -> None:
    for truth, statement in drawn:
        assert statement.holds(truth) and not statement.unsure(truth), statement


def test_sentences_are_whole(drawn: list[tuple[Truth, Statement]]) -> None:
    for _, statement in drawn:
        text = statement.text
        assert text.isascii() and text == text.strip() and 1 < len(text) < 250
        assert not re.search(r"[\[\]{}|]|  ", text), text


def test_the_lexicon_is_wide(truths: list[Truth], drawn: list[tuple[Truth, Statement]]) -> None:
    assert len({s.text for _, s in drawn}) > 0.9 * len(drawn)
    keys = Counter(s.key for _, s in drawn if not s.parts)
    measures = {m.key for m in MEASURES}
    assert measures <= set(keys)
    for condition in set(CONDITIONS) & set(KEYS):
        assert keys[condition] > 20, condition
    denied = sum(not s.polarity for _, s in drawn)
    assert 0.2 < denied / len(drawn) < 0.6
    single = dict.fromkeys(sample_sentences(truths[1], np.random.default_rng(1), 1000))
    assert len(single) > 850


def test_facts_agree_with_the_findings_wherever_they_answer(truths: list[Truth]) -> None:
    for truth in truths:
        facts = answers(truth)
        assert set(facts) == set(KEYS)
        for key in set(CONDITIONS) & set(KEYS) - {"normal_study"}:
            if facts[key] is not None:
                assert facts[key] == (key in truth.findings), key
        if facts["normal_study"]:
            assert truth.findings == {"normal_study"}
    unsure = np.mean([a is None for t in truths for a in answers(t).values()])
    assert unsure < 0.15


@pytest.mark.parametrize("imaged", [("cine_sax",), ("cine_sax", "lge"), ("cine_sax", "cine_lax")])
def test_what_was_not_imaged_is_neither_said_nor_judged(
    truths: list[Truth], imaged: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(7)
    for truth in truths[:150]:
        short = replace(truth, imaged=imaged)
        facts = answers(short)
        if "lge" not in imaged:
            assert facts["late_gadolinium_enhancement"] is facts["myocarditis"] is None
        if "cine_lax" not in imaged:
            assert facts["aortic_dilation"] is facts["left_atrial_enlargement"] is None
            assert Statement("", "lavi", True, 0, 100).unsure(short)
        if facts["normal_study"]:
            assert short.findings == {"normal_study"}
        for statement in sample_statements(short, rng, 3):
            assert statement.holds(short), statement


def test_every_fact_has_phrases_and_occurs_both_ways(truths: list[Truth]) -> None:
    assert set(PHRASES) == set(KEYS)
    for key in KEYS:
        found = {answers(truth)[key] for truth in truths}
        assert {True, False} <= found, key


def test_a_statement_and_its_denial_are_never_both_true(truths: list[Truth]) -> None:
    for key in KEYS:
        yes, no = Statement("", key, True), Statement("", key, False)
        for truth in truths[:100]:
            assert not (yes.holds(truth) and no.holds(truth))


def test_a_grade_is_denied_only_with_the_whole() -> None:
    """ "No mild LV dilation" of a huge ventricle is logic, not language."""
    rng = np.random.default_rng(0)
    denial = Statement("no mild LV dilation", "mild_lv_dilation", False)
    huge = next(
        t for t in (draw_truth(rng, "dcm") for _ in range(100)) if answers(t)["severe_lv_dilation"]
    )
    normal = next(
        t for t in (draw_truth(rng, "normal") for _ in range(100)) if answers(t)["lv_normal"]
    )
    assert denial.unsure(huge)
    assert denial.holds(normal)


def test_a_number_holds_for_cases_near_it(truths: list[Truth]) -> None:
    statement = Statement("EF 25%", "lvef", True, 20, 30, 4)
    for truth in truths:
        ef = truth.lvef
        assert statement.holds(truth) == (20 <= ef <= 30)
        assert statement.unsure(truth) == (16 <= ef < 20 or 30 < ef <= 34)


def test_what_a_sentence_says_of_a_number_is_what_is_judged(
    drawn: list[tuple[Truth, Statement]],
) -> None:
    """Read the sentence as a person would and compare with the case itself."""
    read = 0
    for truth, statement in drawn:
        if statement.parts or statement.key not in ("lvef", "rvef"):
            continue
        value = values(truth)[statement.key]
        numbers = [float(n) for n in re.findall(r"\d+", statement.text)]
        below = re.search(r"<|below|under|less|lower|not above", statement.text)
        above = re.search(r">|above|over|greater|more|not below|higher|exceeds", statement.text)
        if re.search(r"not (above|below)", statement.text):
            above = re.search("not below", statement.text)
        if above:
            assert value > numbers[0], statement
        elif below:
            assert value < numbers[0], statement
        else:
            assert min(numbers) - 5 <= value <= max(numbers) + 5, statement
        read += 1
    assert read > 200


def test_the_matrix_is_the_judgement_of_each_pair(truths: list[Truth]) -> None:
    rng = np.random.default_rng(2)
    some = truths[:25]
    statements = [s for t in some for s in sample_statements(t, rng, 2)]
    matrix = truth_matrix(statements, some)
    assert matrix.shape == (50, 25) and matrix.dtype == np.int8
    assert all(matrix[i, i // 2] == 1 for i in range(50))
    for i, j in ((3, 7), (20, 1), (49, 24), (10, 22)):
        judged = statements[i].judge(some[j])
        assert matrix[i, j] == (-1 if judged is None else judged)
    assert 0.1 < (matrix == 1).mean() < 0.7


def test_statements_travel_between_processes() -> None:
    statement = statement_bank(np.random.default_rng(0), 1)[0]
    assert pickle.loads(pickle.dumps(statement)) == statement


def test_the_bank_covers_every_fact_and_canonical_prompts_are_statements() -> None:
    bank = statement_bank(np.random.default_rng(3), 6000)
    assert {s.key for s in bank} >= set(KEYS)
    texts = {s.text for s in canonical_statements()}
    assert set(CONDITIONS["lv_dilation"].prompts) <= texts


def test_both_sides_of_a_rare_condition_are_said_as_often_as_a_common_one() -> None:
    said = both_sides(("lv_thrombus", "lv_dilation"), np.random.default_rng(5))
    sides = {(key, side) for key in ("lv_thrombus", "lv_dilation") for side in (True, False)}
    assert {(s.key, s.polarity) for s in said} == sides and len(said) == len(sides)


def test_the_same_seed_draws_the_same(truths: list[Truth]) -> None:
    first, again = (sample_sentences(truths[0], np.random.default_rng(5), 20) for _ in range(2))
    assert first == again


def _paraphrases() -> list[dict[str, str]]:
    with PARAPHRASES.open(newline="") as file:
        return list(csv.DictReader(file))


@cache
def _phrase_expression() -> re.Pattern[str]:
    """Everything the lexicon can say of a fact, before frames and carriers."""
    patterns = [p for f in PHRASES.values() for p in (*f.nouns, *f.true, *f.false)]
    return re.compile("|".join(wording.to_regex(p.lower()) for p in patterns))


def test_the_held_out_paraphrases_cover_all_conditions() -> None:
    rows = _paraphrases()
    assert len(rows) == len({row["text"].lower() for row in rows}) >= 300
    per_key = Counter(row["key"] for row in rows)
    assert set(per_key) == set(CONDITIONS) <= set(KEYS)
    assert min(per_key.values()) >= 5
    assert {row["polarity"] for row in rows} == {"affirmed", "denied"}
    assert {row["style"] for row in rows} == {"clinical", "abbreviated", "lay", "negated"}


def test_the_lexicon_cannot_say_a_held_out_paraphrase() -> None:
    known = {name.lower().rstrip(".") for c in CONDITIONS.values()
             for name in (c.label, *c.prompts, *c.aliases)}  # fmt: skip
    frame = re.compile(
        r"^(?:there is |evidence of |signs? of |no |not |without |consistent with |impression: )*"
    )
    said = []
    for row in _paraphrases():
        text = " ".join(row["text"].lower().rstrip(".").split())
        assert find_condition(text) is None, text
        for bare in {text, frame.sub("", text)}:
            if bare in known or _phrase_expression().fullmatch(bare):
                said.append(row["text"])
    assert not said


def test_no_drawn_sentence_holds_a_held_out_paraphrase(
    drawn: list[tuple[Truth, Statement]],
) -> None:
    texts = {statement.text.lower().rstrip(".") for _, statement in drawn}
    assert not texts & {row["text"].lower().rstrip(".") for row in _paraphrases()}
