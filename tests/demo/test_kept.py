"""Open studies live in memory, within a budget, and no longer than they may."""

from __future__ import annotations

import time

import kept
import numpy as np
import pytest
from kept import KeptStudies

from cmrclip_lite.errors import StudyError
from cmrclip_lite.study import Series, Study


def study(kilobytes: int) -> Study:
    return Study([Series(np.zeros((kilobytes, 16, 32), np.int16), (1.0, 1.0))])


def kept_for(store: KeptStudies, session: str | None, opened: Study) -> None:
    """As the page does: begin, then have it."""
    store.begin(session)
    store.put(session, opened)


def test_a_session_gets_its_own_study_and_no_other():
    store, one, other = KeptStudies(), study(1), study(1)
    kept_for(store, "one", one)
    kept_for(store, "other", other)
    assert store.get("one") is one and store.get("other") is other
    with pytest.raises(StudyError, match="no longer in memory"):
        store.get("third")


def test_another_study_takes_the_place_of_the_one_before():
    store, second = KeptStudies(), study(2)
    kept_for(store, "one", study(1))
    kept_for(store, "one", second)
    assert store.get("one") is second and store.bytes == 2048 and len(store) == 1


def test_the_least_recently_used_makes_room():
    store = KeptStudies(budget=3 * 1024)
    for name in ("a", "b", "c"):
        kept_for(store, name, study(1))
    store.get("a")
    kept_for(store, "d", study(1))
    with pytest.raises(StudyError):
        store.get("b")
    assert store.get("a") and store.get("c") and store.get("d")
    kept_for(store, "big", study(10))  # more than all the room: it alone stays
    assert len(store) == 1 and store.get("big")


def test_an_idle_study_goes_by_itself(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(kept.time, "monotonic", lambda: now[0])
    store = KeptStudies(seconds=60)
    kept_for(store, "one", study(1))
    now[0] = 59
    store.get("one")
    now[0] = 120
    with pytest.raises(StudyError, match="open it again"):
        store.get("one")
    assert len(store) == 0


def test_an_idle_study_goes_though_nobody_asks():
    store = KeptStudies(seconds=0.2)
    kept_for(store, "one", study(1))
    for _ in range(100):
        if not len(store):
            break
        time.sleep(0.05)
    assert len(store) == 0 and store.bytes == 0
    kept_for(store, "two", study(1))
    assert store.get("two")


def test_a_closed_tab_forgets():
    store = KeptStudies()
    kept_for(store, "one", study(1))
    store.drop("one")
    store.drop("one")
    kept_for(store, None, study(1))  # a program's call has no session to keep for
    assert len(store) == 0


def test_who_leaves_while_a_study_is_being_opened_leaves_nothing():
    store = KeptStudies()
    store.begin("one")
    store.drop("one")  # the tab is closed, the reading goes on
    store.put("one", study(1))
    assert len(store) == 0 and store.bytes == 0
    kept_for(store, "one", study(1))  # a phone that was asleep is back
    assert store.get("one")
