"""What benchmarks/library.py measures of a million cases, of a few."""

from __future__ import annotations

import pytest

from benchmarks.library_search import Crowd, growth
from cmrclip_lite.library import CaseLibrary, indexing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def crowd() -> Crowd:
    return Crowd(CaseLibrary.open().embeddings)


def test_comparing_all_misses_nothing(crowd):
    small, larger = growth([500, 1500], crowd)
    assert (small.cases, larger.cases) == (500, 1500)
    assert small.exact and larger.exact
    assert small.recall == larger.recall == 1


def test_an_index_misses_next_to_nothing(crowd, monkeypatch):
    monkeypatch.setattr(indexing, "EXACT_BYTES", 0)
    (row,) = growth([20_000], crowd)
    assert not row.exact
    assert row.recall >= 0.98
