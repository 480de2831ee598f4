"""Loading a shared library by its name on the Hub, against the stand-in on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.sharing import export_library
from tests.hub_server import HubServer, Repo, asking
from tests.library.shelf import library

pytestmark = pytest.mark.slow

NAME = "heart/cases"
INDEX = f"HEAD datasets/{NAME} library.json"


@pytest.fixture(scope="module")
def files(tiny_model, tmp_path_factory) -> dict[str, bytes]:
    """An exported library of 23 cases in two files, and what others put beside them."""
    folder = tmp_path_factory.mktemp("hub")
    shared = export_library(
        library(folder / "shelf", tiny_model), folder / "shared", rows_per_file=15
    )
    found = {str(p.relative_to(shared)): p.read_bytes() for p in shared.rglob("*") if p.is_file()}
    return found | {"data/more.parquet": b"not wanted"}


def share(server: HubServer, files: dict[str, bytes], *refs: str, **options) -> str:
    return server.repos.setdefault(f"datasets/{NAME}", Repo(**options)).commit(files, *refs)


def test_the_first_load_fetches_what_it_needs_and_the_second_nothing(server, ask, files, tmp_path):
    share(server, files)
    cache = str(tmp_path / "cache")
    first = ask(NAME, out=str(tmp_path / "one"), cache_dir=cache)
    assert first["ok"] and first["name"] == "ward round" and len(first["ids"]) == 23
    fetched = [r for r in server.requests if r.startswith("GET")]
    assert fetched[0] == f"GET datasets/{NAME} library.json" and len(fetched) == 3
    server.requests.clear()
    assert ask(NAME, out=str(tmp_path / "two"), cache_dir=cache) == first
    assert server.requests == [INDEX]
    assert CaseLibrary.open(tmp_path / "two").ids == first["ids"]


def test_a_revision_is_pinned(server, ask, files, tmp_path, tiny_model):
    old = share(server, files, "v1")
    shelf = library(tmp_path / "shelf", tiny_model, 5)
    shared = export_library(shelf, tmp_path / "shared")
    newer = {str(p.relative_to(shared)): p.read_bytes() for p in shared.rglob("*") if p.is_file()}
    share(server, newer, "main")
    cache = str(tmp_path / "cache")
    counts = [
        len(ask(name, out=str(tmp_path / out), cache_dir=cache, **options)["ids"])
        for name, out, options in (
            (NAME, "a", {}),
            (f"{NAME}@v1", "b", {}),
            (NAME, "c", {"revision": old}),
        )
    ]
    assert counts == [5, 23, 23]
    unknown = ask(f"{NAME}@v9", out=str(tmp_path / "d"), cache_dir=cache)["error"]
    assert "heart/cases has no revision 'v9'" in unknown and "/datasets/heart/cases/" in unknown
    twice = ask(f"{NAME}@v1", out=str(tmp_path / "d"), revision="v1")["error"]
    assert "names a revision already" in twice
    assert not (tmp_path / "d").exists()


def test_what_is_cached_loads_without_a_network(server, ask, files, tmp_path):
    share(server, files)
    online = ask(NAME, out=str(tmp_path / "one"), cache_dir=str(tmp_path / "full"))
    server.requests.clear()
    with asking(server.url, tmp_path, HF_HUB_OFFLINE="1") as offline:
        assert offline(NAME, out=str(tmp_path / "two"), cache_dir=str(tmp_path / "full")) == online
        empty = str(tmp_path / "empty")
        error = offline(NAME, out=str(tmp_path / "three"), cache_dir=empty)["error"]
    assert "library.json of heart/cases is not in the cache" in error
    assert "hf download heart/cases --repo-type dataset" in error
    assert server.requests == []
    assert not (tmp_path / "three").exists()


def test_missing_private_and_gated(server, ask, files, tmp_path):
    out, cache = str(tmp_path / "out"), str(tmp_path / "cache")
    missing = ask("heart/missing", out=out, cache_dir=cache)["error"]
    assert "shows no dataset heart/missing" in missing
    share(server, files, token="hf_secret")
    assert "hf auth login" in ask(NAME, out=out, cache_dir=cache)["error"]
    wrong = ask(NAME, out=out, cache_dir=cache, token="hf_wrong")["error"]
    assert "hf_wrong" not in wrong
    assert ask(NAME, out=out, cache_dir=cache, token="hf_secret")["ok"]
    server.repos["datasets/heart/gated"] = Repo(gated=True)
    server.repos["datasets/heart/gated"].commit(files)
    gated = ask("heart/gated", out=str(tmp_path / "other"), cache_dir=cache)["error"]
    assert "ask for access at https://huggingface.co/datasets/heart/gated" in gated
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cache", "out"]


def test_a_model_of_that_name_is_no_dataset(server, ask, files, tmp_path):
    server.repos[NAME] = Repo()
    server.repos[NAME].commit(files)
    error = ask(NAME, out=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["error"]
    assert "shows no dataset heart/cases" in error


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ("library.json", "There is no library.json in heart/cases, so it holds no case library"),
        ("data/train-00001-of-00002.parquet", "data/train-00001-of-00002.parquet is missing in"),
    ],
)
def test_a_dataset_that_is_no_exported_library(server, ask, files, tmp_path, absent, said):
    share(server, {name: content for name, content in files.items() if name != absent})
    out = tmp_path / "out"
    assert said in ask(NAME, out=str(out), cache_dir=str(tmp_path / "cache"))["error"]
    assert not out.exists()


def test_a_cut_connection_is_resumed(server, ask, files, tmp_path):
    share(server, files)
    server.cut = 1000
    assert ask(NAME, out=str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))["ok"]
    assert sum(not r.startswith("HEAD") for r in server.requests) == 4  # one file in two parts


def test_a_truncated_download_is_refused_and_not_kept(server, ask, files, tmp_path):
    share(server, files)
    server.shrink = True
    out, cache = tmp_path / "out", str(tmp_path / "cache")
    error = ask(NAME, out=str(out), cache_dir=cache)["error"]
    assert "train-00000-of-00002.parquet of heart/cases failed" in error and not out.exists()
    server.shrink = False
    assert ask(NAME, out=str(out), cache_dir=cache)["ok"]


def test_a_file_that_was_changed_in_the_cache_is_told(server, ask, files, tmp_path):
    share(server, files)
    cache = tmp_path / "cache"
    assert ask(NAME, out=str(tmp_path / "out"), cache_dir=str(cache))["ok"]
    file = next(p for p in (cache / "datasets--heart--cases" / "snapshots").rglob("*1-of*.parquet"))
    file.resolve().write_bytes(b"something else")
    error = ask(NAME, out=str(tmp_path / "two"), cache_dir=str(cache))["error"]
    assert "is not as it was exported; delete it and fetch it again" in error
    assert str(tmp_path) not in error and not Path(tmp_path / "two").exists()
