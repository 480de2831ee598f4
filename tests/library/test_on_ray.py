"""A Ray cluster gives what one process gives, and loses no more than what cannot be read."""

from __future__ import annotations

import gc
import os
import pickle
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.build import Means, build_library, on_ray, plan_exams
from cmrclip_lite.library.build.prepare import Failure, Item, Passed, Result, embed, prepare
from cmrclip_lite.library.build.ray_cluster import cluster

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
READER, EMBEDDER = "ray::MapBatches(_read)", "ray::MapWorker(MapBatches(_Embedder))"
# A cluster of others: two CPUs, a GPU in name, and workers that do not see this package.
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
LOCAL_RUN = """
import pickle, sys
from cmrclip_lite.library.build import on_ray
items, model = pickle.load(open(sys.argv[1], "rb"))
for result in on_ray.run(items, model, address="local", workers=2, batch=1):
    print(result.id, flush=True)
    sys.stdin.readline()
"""


class DeadlyPath(type(Path())):
    """A path that ends whatever process opens it, as a library that crashes would."""

    def __fspath__(self) -> str:
        if self.name != str(os.getpid()):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().__fspath__()


@dataclass
class KilledRun:
    """A run on this machine that was killed after its first result.

    Attributes:
        first: what it printed.
        errors: what it said on stderr.
        left: the processes that it had started.
        killed: when, by the monotonic clock.
    """

    first: str
    errors: str
    left: list[int]
    killed: float


def beating(path: Path, seed: int) -> Path:
    """A short-axis stack in which a disc of its own size beats."""
    y, x = np.mgrid[:48, :48]
    radius = 8 + seed % 7 + 3 * np.cos(np.linspace(0, 2 * np.pi, 6, endpoint=False))
    discs = np.hypot(y - 24, x - 24)[None] < radius[:, None, None]
    texture = np.random.default_rng(seed).integers(0, 40, (3, 6, 48, 48))
    np.savez(path, pixels=900 * discs + texture, spacing_mm=(10.0, 2.0, 2.0))
    return path


@pytest.fixture(scope="module", autouse=True)
def token() -> Iterator[None]:
    """By which the processes of these tests know each other; Ray reads it when it is imported."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex())
        yield


@pytest.fixture(scope="module")
def items(tmp_path_factory) -> list[Item]:
    folder = tmp_path_factory.mktemp("exams")
    return [
        Item(
            id=f"exam-{i:02d}",
            path=beating(folder / f"exam-{i:02d}.npz", seed=i),
            impression=f"Impression {i}.",
            findings=("lv_dilation",),
            age_band="60-69",
        )
        for i in range(24)
    ]


@pytest.fixture(scope="module")
def killed_run(items, tiny_model, tmp_path_factory) -> KilledRun:
    what = tmp_path_factory.mktemp("run") / "run.pickle"
    what.write_bytes(pickle.dumps((items, tiny_model)))
    run = subprocess.Popen(
        [sys.executable, "-c", LOCAL_RUN, what],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    first = run.stdout.readline()
    left = [pid for pid in descendants(run.pid) if pid != run.pid]
    run.kill()
    killed = time.monotonic()
    _, errors = run.communicate()
    return KilledRun(first, errors, left, killed)


@pytest.fixture(scope="module")
def head(tmp_path_factory) -> Iterator[subprocess.Popen]:
    """A process that has started a cluster, and whose first line is the address."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    # A socket's path must be short.
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as folder:
        head = subprocess.Popen(
            [sys.executable, "-c", HEAD, folder],
            cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        yield head
        head.stdin.close()
        head.wait(60)


@pytest.fixture(scope="module")
def joined(head) -> Iterator[ExitStack]:
    """This process is part of that cluster, until the stack is closed."""
    with ExitStack() as stack:
        stack.enter_context(cluster(head.stdout.readline().strip()))
        yield stack


def run(items: list[Item], model, batch: int) -> list[Result]:
    """On the cluster that was joined."""
    return list(on_ray.run(items, model, address="auto", batch=batch))


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)


def descendants(ancestor: int, title: str = "") -> list[int]:
    """Processes that a process started, at whatever remove, whose title begins so."""
    parents = {pid: int(stat[1]) for pid in pids() if (stat := status(pid))}
    found = []
    for pid in parents:
        above = pid
        while above and above != ancestor:
            above = parents.get(above, 0)
        if above and command(pid).startswith(title):
            found.append(pid)
    return found


def command(pid: int) -> str:
    """What a process is called, which Ray changes as it goes; empty if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def kill_one(ancestor: int, title: str) -> None:
    """Kill a process as soon as there is one of this title that has made itself ready."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for pid in descendants(ancestor, title):
            if "__init__" not in command(pid):
                os.kill(pid, signal.SIGKILL)
                return
    raise AssertionError(f"There was no {title}.")


def pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def status(pid: int) -> tuple[str, str] | None:
    """State and parent of a process; None if it has ended."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else (state, parent)


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


def test_no_cluster_on_this_machine_is_said_in_a_sentence(items, tiny_model, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    with pytest.raises(LibraryError, match="There is no Ray cluster at 'auto'.*ray start --head"):
        list(on_ray.run(items, tiny_model, address="auto"))


def test_without_ray_the_error_says_how_to_get_it(items, tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(LibraryError, match=r"pip install 'cmrclip-lite\[scale\]'"):
        list(on_ray.run(items, tiny_model, address="auto"))


def test_no_exams_need_no_cluster(tiny_model):
    assert list(on_ray.run([], tiny_model, address="nowhere")) == []


def test_a_prepared_exam_comes_out_as_it_went_in(items, tiny_model):
    prepared = prepare(items[0], tiny_model.config)
    packed = on_ray._packed(prepared)
    assert prepared.clip.nbytes not in (0, len(packed["result"]))
    assert len(packed["result"]) < prepared.clip.nbytes
    again = on_ray._unpacked(packed["result"], packed["buffers"])
    assert pickle.dumps(again.case) == pickle.dumps(prepared.case)
    np.testing.assert_array_equal(again.clip, prepared.clip)


# What comes back.


@pytest.mark.slow
def test_a_run_on_this_machine_says_nothing_but_its_results(killed_run):
    assert killed_run.first.startswith("exam-")
    assert killed_run.errors == ""


@pytest.fixture(scope="module")
def results(joined, items, tiny_model, tmp_path_factory) -> dict[str, Result]:
    """Of good exams, and among them one each that is broken, absent, deadly and changed.

    What is missing is tried again one at a time.
    """
    folder = tmp_path_factory.mktemp("bad")
    broken = folder / "broken.npz"
    broken.write_bytes(items[0].path.read_bytes()[:100])
    others = [
        Item("broken", broken),
        Item("absent", folder / "absent.npz"),
        Item("deadly", DeadlyPath(folder / str(os.getpid()))),
        Item("changed", items[0].path, known="another"),
    ]
    wanted = {item.id: item for item in [*items[:10], *others, *items[10:]]}
    found = run(list(wanted.values()), tiny_model, batch=4)
    missing = wanted.keys() - {result.id for result in found}
    assert len(missing) <= 4 and "deadly" in missing
    found += run([wanted[name] for name in missing], tiny_model, batch=1)
    assert len({result.id for result in found}) == len(found)
    return {result.id: result for result in found}


@pytest.mark.slow
def test_two_workers_give_what_one_process_gives(results, items, tiny_model):
    prepared = [prepare(item, tiny_model.config) for item in items]
    for case in embed(tiny_model, prepared):
        found, expected = vars(results[case.id]).copy(), vars(case).copy()
        for name in ("embedding", "impression_embedding"):
            np.testing.assert_allclose(found.pop(name), expected.pop(name), atol=1e-6)
        assert found == expected and found["picture"]


@pytest.mark.slow
def test_a_bad_study_costs_itself_and_says_why(results):
    assert isinstance(results["broken"], Failure) and "broken.npz" in results["broken"].reason
    assert "all nodes must share" in results["absent"].reason
    assert not any("/" in r.reason for r in results.values() if isinstance(r, Failure))


@pytest.mark.slow
def test_an_exam_that_the_library_knows_is_passed_over(results):
    assert results["changed"] == Passed("changed", changed=True)


@pytest.mark.slow
def test_a_study_that_kills_its_reader_each_time_alone_is_missing_and_stops_nothing(results, items):
    others = ["broken", "absent", "changed"]
    assert sorted(results) == sorted([*others, *(item.id for item in items)])


@pytest.mark.slow
def test_a_run_that_is_over_holds_no_gpu(joined, items, tiny_model):
    """Ray Data may refer to its actors until Python collects garbage; here the test does."""
    import ray

    results = on_ray.run(items[:6], tiny_model, address="auto", batch=1)
    next(results)
    handles = (one for one in gc.get_objects() if isinstance(one, ray.actor.ActorHandle))
    held = [handle for handle in handles if "_Embedder" in repr(handle)]
    assert len(list(results)) == 5 and held
    wait_until(lambda: ray.available_resources().get("GPU") == 1, "The GPU is still held.")


@pytest.mark.slow
def test_killed_workers_are_replaced_and_each_case_is_stored_once(
    joined, head, items, tiny_model, tmp_path
):
    """A run was given up before, and its first cases stored."""
    path = tmp_path / "library"
    given_up = on_ray.run(items, tiny_model, address="auto", batch=2)
    CaseLibrary.create(path, "ray", tiny_model, [next(given_up) for _ in range(3)])
    given_up.close()
    wait_until(
        lambda: not (descendants(head.pid, READER) or descendants(head.pid, EMBEDDER)),
        "The run that was given up goes on.",
    )
    with ThreadPoolExecutor() as pool:
        building = pool.submit(
            build_library,
            plan_exams(items[0].path.parent),
            path,
            tiny_model,
            extend=True,
            means=Means(ray="auto", batch=2),
        )
        kill_one(head.pid, READER)
        kill_one(head.pid, EMBEDDER)
        outcome = building.result()
    assert (outcome.added, outcome.failed) == (len(items) - 3, [])
    library = CaseLibrary.open(path)
    assert sorted(library.ids) == [item.id for item in items]
    assert library.verify().ok


# What is left.


@pytest.mark.slow
def test_a_cluster_of_others_is_left_as_it_was(joined, head):
    joined.close()
    head.stdin.write("\n")
    head.stdin.flush()
    assert head.stdout.readline().strip() == "still there"


@pytest.mark.slow
def test_nothing_is_left_of_a_run_that_was_killed(killed_run):
    """Two processes of Ray itself look for its head for a minute."""
    assert killed_run.left
    while any(map(status, killed_run.left)) and time.monotonic() < killed_run.killed + 90:
        time.sleep(0.5)
    assert not any(map(status, killed_run.left))
