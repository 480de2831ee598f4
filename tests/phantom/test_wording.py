"""The grammar behind reports and lexicon: brackets hold alternatives, nothing else is special."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cmrclip_lite.phantom import wording

PATTERN = "[LV|left [heart|ventricle]] [is |]dilated"


def test_every_way_is_drawn_and_counted() -> None:
    rng = np.random.default_rng(0)
    drawn = {wording.expand(PATTERN, rng) for _ in range(300)}
    assert len(drawn) == wording.count(PATTERN) == 6
    assert "left ventricle is dilated" in drawn and "LV dilated" in drawn


def test_the_expression_of_a_pattern_matches_what_is_drawn_and_no_more() -> None:
    rng = np.random.default_rng(0)
    expression = re.compile(wording.to_regex(PATTERN + " {v}%"))
    for _ in range(50):
        assert expression.fullmatch(wording.expand(PATTERN + " {v}%", rng).format(v=12))
    assert not expression.fullmatch("left dilated 12%")


@pytest.mark.parametrize("pattern", ["[a|b", "a]b]", "[[a]"])
def test_unbalanced_brackets_are_an_error(pattern: str) -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        wording.count(pattern + "[")
