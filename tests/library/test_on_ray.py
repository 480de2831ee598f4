"""A Ray cluster gives what one process gives, and loses no more than what cannot be read."""

from __future__ import annotations

import json
import os
import pickle
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary, CaseRecord
from cmrclip_lite.library.build import on_ray
from cmrclip_lite.library.build.prepare import Failure, Item, embed, prepare
from cmrclip_lite.library.build.ray_cluster import cluster

ROOT = Path(__file__).parents[2]


HEAD = """
import logging, sys
import ray
started = ray.init(
    address="local", num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False,
    logging_level=logging.ERROR, _temp_dir=sys.argv[1],
)
print(started.address_info["gcs_address"], flush=True)
sys.stdin.readline()
print(ray.get(ray.remote(lambda: "still there").remote()), flush=True)
sys.stdin.readline()
"""
JOB = """
import json, pickle, sys
from cmrclip_lite.library.build import on_ray
items, model = pickle.load(open(sys.argv[1], "rb"))
results = on_ray.run(items, model, address="auto", batch=1)
ids = [next(results).id]
import ray
free = ray.available_resources().get("GPU", 0)
ids += [case.id for case in results]
print(json.dumps({"ids": sorted(ids), "free GPUs": free}))
"""


class DeadlyPath(type(Path())):
    """A path that ends whatever process opens it, as a library that crashes would."""

    def __fspath__(self) -> str:
        if self.name != str(os.getpid()):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__fspath__()


def beating(path: Path, seed: int) -> Path:
    """A short-axis stack in which a disc of its own size beats."""
    y, x = np.mgrid[:48, :48]
    radius = 8 + seed % 7 + 3 * np.cos(np.linspace(0, 2 * np.pi, 6, endpoint=False))
    discs = np.hypot(y - 24, x - 24)[None] < radius[:, None, None]
    texture = np.random.default_rng(seed).integers(0, 40, (3, 6, 48, 48))
    np.savez(path, pixels=900 * discs + texture, spacing_mm=(10.0, 2.0, 2.0))
    return path


@pytest.fixture(scope="module")
def items(tmp_path_factory) -> list[Item]:
    folder = tmp_path_factory.mktemp("exams")
    return [
        Item(
            id=f"exam-{i:02d}",
            path=beating(folder / f"{i:02d}.npz", seed=i),
            impression=f"Impression {i}.",
            findings=("lv_dilation",),
            age_band="60-69",
        )
        for i in range(24)
    ]


@pytest.fixture(scope="module")
def two_workers() -> Iterator[None]:
    """One Ray of two CPUs for all tests that do not start or join another."""
    with cluster("local", workers=2):
        yield


def run(items, model, **options) -> list[CaseRecord | Failure]:
    return list(on_ray.run(items, model, address="local", workers=2, batch=4, **options))


def children_titled(title: str) -> list[int]:
    """Processes that this one started, at whatever remove, by what Ray calls them."""
    parents, titles = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
                titles[int(entry.name)] = (entry / "cmdline").read_text()
            except OSError:  # it has ended meanwhile
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = []
    for pid, words in titles.items():
        ancestor = pid
        while ancestor not in (0, 1, os.getpid()):
            ancestor = parents.get(ancestor, 0)
        if ancestor == os.getpid() and title in words:
            found.append(pid)
    return found


# What goes wrong before anything runs.


def test_a_cluster_that_does_not_answer_is_said_in_a_sentence(items, tiny_model):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # a port on which nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(LibraryError, match="No Ray cluster answers at .*check the address"):
            list(on_ray.run(items, tiny_model, address=address))


@pytest.mark.parametrize("address", ["cluster", "ray://head:10001", "head:"])
def test_an_address_that_is_none_is_said_in_a_sentence(address, items, tiny_model):
    with pytest.raises(LibraryError, match="auto, local, or host:port"):
        list(on_ray.run(items, tiny_model, address=address))


def test_without_ray_the_error_says_how_to_get_it(items, tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(LibraryError, match=r"pip install 'cmrclip-lite\[scale\]'"):
        list(on_ray.run(items, tiny_model, address="auto"))


def test_a_prepared_exam_comes_out_as_it_went_in(items, tiny_model):
    prepared = prepare(items[0], tiny_model.config)
    packed = on_ray._packed(prepared)
    assert prepared.clip.nbytes not in (0, len(packed["result"]))
    assert len(packed["result"]) < prepared.clip.nbytes
    again = on_ray._unpacked(packed["result"], packed["buffers"])
    assert pickle.dumps(again.case) == pickle.dumps(prepared.case)
    np.testing.assert_array_equal(again.clip, prepared.clip)


# What comes back.


@pytest.fixture(scope="module")
def results(two_workers, items, tiny_model, tmp_path_factory) -> dict[str, CaseRecord | Failure]:
    """Of good exams, and among them one that is broken, one that is absent and a deadly one."""
    folder = tmp_path_factory.mktemp("bad")
    broken = folder / "broken.npz"
    broken.write_bytes(items[0].path.read_bytes()[:100])
    bad = [
        Item("broken", broken),
        Item("absent", folder / "absent.npz"),
        Item("deadly", DeadlyPath(folder / str(os.getpid()))),
    ]
    found = run([*items[:10], *bad, *items[10:]], tiny_model)
    assert len({result.id for result in found}) == len(found)
    return {result.id: result for result in found}


@pytest.mark.slow
def test_two_workers_give_what_one_process_gives(results, items, tiny_model):
    prepared = [prepare(item, tiny_model.config) for item in items]
    for case in embed(tiny_model, prepared):
        found = results[case.id]
        np.testing.assert_allclose(found.embedding, case.embedding, atol=1e-6)
        for name in vars(case).keys() - {"embedding"}:
            assert getattr(found, name) == getattr(case, name), name
        assert found.picture


@pytest.mark.slow
def test_a_bad_study_costs_itself_and_says_why(results):
    assert isinstance(results["broken"], Failure) and "broken.npz" in results["broken"].reason
    assert "all nodes must share" in results["absent"].reason
    assert not any("/" in r.reason for r in results.values() if isinstance(r, Failure))


@pytest.mark.slow
def test_a_study_that_kills_its_reader_each_time_is_missing_and_stops_nothing(results, items):
    assert sorted(results) == sorted(["broken", "absent", *(item.id for item in items)])


@pytest.mark.slow
def test_killed_workers_are_replaced_and_no_exam_is_lost_or_doubled(two_workers, items, tiny_model):
    killed: list[str] = []

    def kill_one_of_each() -> None:
        for title in ("ray::MapBatches(_read)", "ray::MapWorker(MapBatches(_Embedder))"):
            deadline = time.monotonic() + 60
            while title not in killed and time.monotonic() < deadline:
                for pid in children_titled(title)[:1]:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(title)
                time.sleep(0.02)

    killer = threading.Thread(target=kill_one_of_each)
    killer.start()
    ids = [case.id for case in run(items, tiny_model, pictures=False)]
    killer.join()
    assert len(killed) == 2
    assert sorted(ids) == [item.id for item in items]


@pytest.mark.slow
def test_a_run_that_was_given_up_and_is_repeated_adds_each_case_once(
    two_workers, items, tiny_model, tmp_path
):
    given_up = on_ray.run(items, tiny_model, address="local", batch=2)
    first = [next(given_up) for _ in range(3)]
    given_up.close()
    library = CaseLibrary.create(tmp_path / "library", "ray", tiny_model, first)
    assert library.add(tiny_model, run(items, tiny_model)) == len(items) - len(first)
    assert sorted(library.ids) == [item.id for item in items]
    assert library.verify().ok


# Whose cluster it is.


@pytest.mark.slow
def test_a_cluster_of_others_is_joined_and_left(items, tiny_model, tmp_path):
    """It has a GPU in name, and its workers start where they do not see this package."""
    (tmp_path / "job.pickle").write_bytes(pickle.dumps((items, tiny_model)))
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("RAY_", "PYTHONPATH"))}
    environment |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex()}
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        head = subprocess.Popen(
            [sys.executable, "-c", HEAD, folder],
            cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            environment["RAY_ADDRESS"] = head.stdout.readline().strip()
            job = subprocess.run(
                [sys.executable, "-c", JOB, tmp_path / "job.pickle"],
                cwd=ROOT, env=environment, capture_output=True, text=True,
            )  # fmt: skip
            assert (job.returncode, job.stderr) == (0, "")
            assert json.loads(job.stdout) == {"ids": [i.id for i in items], "free GPUs": 0}
            head.stdin.write("\n")
            head.stdin.flush()
            assert head.stdout.readline().strip() == "still there"
        finally:
            head.stdin.close()
            head.wait(60)
