"""A cache gives back what was stored, stays within its limit, and never stands in the way."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import sqlite3
import stat
import threading
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite import cache_store, embedding_cache
from cmrclip_lite.cache_folder import VARIABLE, cache_folder, find_cache
from cmrclip_lite.embedding_cache import FILE, EmbeddingCache
from cmrclip_lite.errors import CmrClipError

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def key(name: object) -> bytes:
    return sha256(str(name).encode()).digest()


def vector(seed: int, size: int = 16) -> np.ndarray:
    found = np.random.default_rng(seed).normal(size=size)
    return (found / np.linalg.norm(found)).astype(np.float32)


@pytest.fixture
def cache(tmp_path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path / "kept" / "cache")


def warnings(caplog) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


def in_children(count: int, work) -> None:
    """Run `work(i)` in forked processes side by side; each has to end well, and soon."""
    children = []
    for i in range(count):
        child = os.fork()
        if not child:
            signal.alarm(30)  # one that hangs is killed
            try:
                work(i)
                os._exit(0)
            finally:
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * count


@pytest.mark.parametrize("place", ["folder", "memory"])
def test_vectors_come_back_as_they_were_in_the_order_asked(place, tmp_path):
    cache = EmbeddingCache(tmp_path / "cache" if place == "folder" else None)
    assert cache.get([key("a")]) == [None] and cache.info().entries == 0
    vectors = np.stack([vector(i) for i in range(1200)])  # more than one question takes
    cache.put([key(i) for i in range(1200)], vectors)
    asked = [key(1199), key("unknown"), key(0), key(1199)]
    last, unknown, first, again = cache.get(asked, 16)
    assert unknown is None and last.dtype == np.float32
    assert np.array_equal(first, vectors[0])
    assert np.array_equal(last, vectors[1199]) and np.array_equal(again, last)
    assert all(one is not None for one in cache.get([key(i) for i in range(1200)]))
    cache.clear()
    assert cache.info().entries == 0 and cache.get([key(0)]) == [None]


def test_no_file_is_made_until_something_is_stored_and_then_it_is_the_users_alone(cache):
    cache.get([key("a")])
    cache.put([key("a")], [np.full(4, np.nan, np.float32)])
    assert not cache.folder.exists() and cache.info().bytes == 0
    cache.clear()
    assert not cache.folder.exists()
    cache.put([key("a")], [vector(0)])
    assert [path.name for path in cache.folder.iterdir()] == [FILE]
    assert cache.info().bytes == (cache.folder / FILE).stat().st_size
    if os.name == "posix":
        assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((cache.folder / FILE).stat().st_mode) == 0o600


def test_the_least_recently_used_go_when_it_is_full(tmp_path, monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr(embedding_cache.time, "time", lambda: float(next(clock)))
    cache = EmbeddingCache(tmp_path, max_bytes=200_000)
    cache.put([key(i) for i in range(30)], [vector(i, 1000) for i in range(30)])
    cache.get([key(0), key(1)])
    for i in range(30, 60):
        cache.put([key(i)], [vector(i, 1000)])
        assert cache.info().bytes <= 200_000
        cache.get([key(0), key(1)])
    there = [one is not None for one in cache.get([key(i) for i in range(60)])]
    assert there[0] and there[1]  # asked for all the while
    assert not any(there[2:20]) and all(there[50:])
    assert (tmp_path / FILE).stat().st_size < 300_000


def test_one_vector_larger_than_the_limit_ends_well(tmp_path):
    cache = EmbeddingCache(tmp_path, max_bytes=1)
    cache.put([key(0)], [vector(0)])
    assert cache.info().entries == 0 and cache.get([key(0)]) == [None]


def test_a_vector_is_forgotten_after_its_time_unless_it_was_asked_for(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(embedding_cache.time, "time", lambda: now[0])
    cache = EmbeddingCache(max_age=100)
    cache.put([key("a"), key("b")], [vector(0), vector(1)])
    now[0] = 90
    assert cache.get([key("a")])[0] is not None
    now[0] = 120
    assert [one is not None for one in cache.get([key("a"), key("b")])] == [True, False]
    cache.put([key("c")], [vector(2)])
    assert cache.info().entries == 2


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_or_of_another_size_is_not_given(cache, bad):
    spoilt = vector(0)
    spoilt[3] = bad
    cache.put([key("bad"), key("good")], [spoilt, vector(1)])
    assert cache.get([key("bad")]) == [None]
    assert cache.get([key("good")], 16)[0] is not None
    assert cache.get([key("good")], 8) == [None]


@pytest.mark.parametrize("spoilt", [b"", b"abc", bytes(68), "text", None])
def test_a_vector_that_is_not_what_was_stored_is_not_given(cache, spoilt):
    cache.put([key("a"), key("b")], [vector(0), vector(1)])
    other = sqlite3.connect(cache.folder / FILE)
    with other:
        if spoilt is None:  # the vector of another
            (spoilt,) = other.execute(
                "SELECT vector FROM embeddings WHERE key = ?", (key("b"),)
            ).fetchone()
        other.execute("UPDATE embeddings SET vector = ? WHERE key = ?", (spoilt, key("a")))
    other.close()
    found, untouched = cache.get([key("a"), key("b")])
    assert found is None and np.array_equal(untouched, vector(1))


@pytest.mark.parametrize("kind", ["no database", "cut", "overwritten"])
def test_a_damaged_file_is_begun_anew(kind, cache, caplog):
    cache.put([key(i) for i in range(300)], [vector(i) for i in range(300)])
    cache.close()
    file = cache.folder / FILE
    whole = file.read_bytes()
    file.write_bytes(
        {
            "no database": b"something else " * 1000,
            "cut": whole[: len(whole) // 3],
            "overwritten": whole[:4096] + b"\xff" * (len(whole) - 4096),
        }[kind]
    )
    (cache.folder / f"{FILE}-journal").write_bytes(b"left over")
    assert cache.get([key(0)]) == [None]
    cache.put([key("new")], [vector(1)])
    assert np.array_equal(cache.get([key("new")])[0], vector(1))
    assert len(warnings(caplog)) == 1 and "damaged" in caplog.text
    assert str(cache.folder) not in caplog.text
    assert [path.name for path in cache.folder.iterdir()] == [FILE]


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    cache = EmbeddingCache(tmp_path / "file" / "cache")
    for _ in range(3):
        cache.put([key("a")], [vector(0)])
        assert cache.get([key("a")]) == [None]
    assert len(warnings(caplog)) == 1


def test_a_file_that_may_only_be_read_is_read(cache, caplog):
    cache.put([key("a")], [vector(0)])
    cache._store._connection.execute("PRAGMA query_only = ON")
    for _ in range(3):
        assert np.array_equal(cache.get([key("a")])[0], vector(0))
        cache.put([key("b")], [vector(1)])
    assert cache.get([key("b")]) == [None]
    assert len(warnings(caplog)) == 1 and "readonly" in caplog.text
    with pytest.raises(CmrClipError, match="could not be emptied"):
        cache.clear()


def test_a_full_disk_is_told_once_and_what_is_there_is_given(cache, caplog):
    cache.put([key("a")], [vector(0)])
    pages = cache._store._connection.execute("PRAGMA page_count").fetchone()[0]
    cache._store._connection.execute(f"PRAGMA max_page_count = {pages}")
    for i in range(3):
        cache.put([key(i)], [vector(i, 5000)])
    assert np.array_equal(cache.get([key("a")])[0], vector(0))
    assert cache.get([key(0)]) == [None]
    assert len(warnings(caplog)) == 1 and "full" in caplog.text


def test_a_file_that_another_process_holds_is_told_once(cache, caplog, monkeypatch):
    monkeypatch.setattr(cache_store, "WAIT_SECONDS", 0.01)
    cache.put([key("a")], [vector(0)])
    other = sqlite3.connect(cache.folder / FILE)
    other.execute("BEGIN EXCLUSIVE")
    for _ in range(3):
        assert cache.get([key("a")]) == [None]
        cache.put([key("b")], [vector(1)])
    other.close()
    assert len(warnings(caplog)) == 1 and "locked" in caplog.text


def test_threads_share_a_cache(cache):
    missed = []

    def work(name: int) -> None:
        for i in range(20):
            cache.put([key((name, i))], [vector(i)])
            (found,) = cache.get([key((name, i))])
            if found is None or not np.array_equal(found, vector(i)):
                missed.append((name, i))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not missed and cache.info().entries == 160


@forks
def test_processes_share_a_cache(cache):
    def work(name: int) -> None:
        mine = EmbeddingCache(cache.folder)
        for i in range(40):
            mine.put([key((name, i))], [vector(i)])
            assert mine.get([key((name, i))])[0] is not None

    in_children(4, work)
    assert cache.info().entries == 160


@forks
def test_a_forked_child_uses_a_connection_of_its_own_whatever_threads_do(cache, caplog):
    memory = EmbeddingCache()
    memory.put([key("mine")], [vector(0)])
    done = threading.Event()

    def keep_storing(cache: EmbeddingCache) -> None:
        i = 0
        while not done.is_set():
            i += 1
            cache.put([key(i % 50)], [vector(i)])
            cache.get([key(i % 50)])

    threads = [threading.Thread(target=keep_storing, args=(one,)) for one in (cache, memory)]
    for thread in threads:
        thread.start()

    def child(name: int) -> None:
        cache.put([key(("child", name))], [vector(name)])
        assert cache.get([key(("child", name))])[0] is not None
        assert memory.get([key("mine")]) == [None]  # what is in memory is not shared
        memory.put([key("mine")], [vector(1)])
        assert memory.get([key("mine")])[0] is not None

    try:
        for _ in range(5):
            in_children(4, child)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert all(one is not None for one in cache.get([key(("child", i)) for i in range(4)]))
    assert np.array_equal(memory.get([key("mine")])[0], vector(0))
    assert not warnings(caplog)


def test_a_copy_is_of_the_place_and_the_limits(cache):
    cache.put([key("a")], [vector(0)])
    cache.max_bytes, cache.max_age = 100_000, 60.0
    for other in (copy.deepcopy(cache), pickle.loads(pickle.dumps(cache))):
        assert (other.folder, other.max_bytes, other.max_age) == (cache.folder, 100_000, 60.0)
        assert np.array_equal(other.get([key("a")])[0], vector(0))
    memory = EmbeddingCache()
    memory.put([key("a")], [vector(0)])
    assert copy.deepcopy(memory).get([key("a")]) == [None]


def test_nothing_but_hashes_and_vectors_is_stored(cache):
    cache.put([key("EF 25%")], [vector(0)])
    cache.close()
    stored = (cache.folder / FILE).read_bytes()
    assert key("EF 25%") in stored and b"EF 25%" not in stored
    cache.clear()
    cache.close()
    assert key("EF 25%") not in (cache.folder / FILE).read_bytes()


def test_a_cache_is_found_where_it_was_asked_for(tmp_path, monkeypatch):
    assert find_cache() is None  # as it is for every test
    assert find_cache(True) is None and find_cache(False) is None
    assert find_cache(tmp_path).folder == find_cache(str(tmp_path)).folder == tmp_path
    mine = EmbeddingCache()
    assert find_cache(mine) is mine
    monkeypatch.setenv(VARIABLE, str(tmp_path / "named"))
    assert find_cache().folder == find_cache(True).folder == tmp_path / "named"
    assert find_cache(False) is None
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert find_cache().folder == tmp_path / "cmrclip-lite"

    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert cache_folder() is None and find_cache() is None
