"""Loading by name, against a Hub stand-in that speaks the real protocol over real sockets."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch

from cmrclip_lite import hub
from cmrclip_lite.errors import CheckpointError
from cmrclip_lite.model import CMRCLIP
from tests.hub_server import Ask, HubServer, Repo, asking
from tests.small_checkpoint import VOCABULARY, small_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> CMRCLIP:
    return small_model(tmp_path_factory.mktemp("vocabulary"))


@pytest.fixture(scope="module")
def files(model: CMRCLIP, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a tiny checkpoint."""
    folder = tmp_path_factory.mktemp("checkpoint")
    hub.save(model, folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_cold_download_then_cached(
    server: HubServer, ask: Ask, files: dict[str, bytes], tmp_path: Path
) -> None:
    """The first load fetches three files; the second asks only whether main has moved."""
    commit = server.repos.setdefault("heart/tiny", Repo()).commit(
        files | {"pytorch_model.bin": b"not wanted", "optimizer.pt": b"not wanted"}
    )
    first = ask("heart/tiny", cache_dir=str(tmp_path))
    assert first["name"] == f"heart/tiny@{commit[:12]}"
    assert first["tokenizer"]
    weights = hashlib.sha256(files["model.safetensors"]).hexdigest()
    assert [r for r in server.requests if r.startswith("GET")] == [
        "GET heart/tiny config.json",
        f"GET {weights}",
        "GET heart/tiny tokenizer.json",
    ]
    server.requests.clear()
    assert ask("heart/tiny", cache_dir=str(tmp_path)) == first
    assert server.requests == ["HEAD heart/tiny config.json"]


def test_a_revision_is_pinned(
    server: HubServer, ask: Ask, files: dict[str, bytes], tmp_path: Path
) -> None:
    """A tag and a commit give the older model; main gives the newer, though both are cached."""
    repo = server.repos.setdefault("heart/two", Repo())
    old = repo.commit(files, "v1")
    new = repo.commit(files | {"note.txt": b"second version"}, "main")
    names = [
        ask("heart/two", cache_dir=str(tmp_path))["name"],
        ask("heart/two@v1", cache_dir=str(tmp_path))["name"],
        ask("heart/two", revision=old, cache_dir=str(tmp_path))["name"],
    ]
    assert names == [f"heart/two@{c[:12]}" for c in (new, old, old)]
    unknown = ask("heart/two", revision="v9", cache_dir=str(tmp_path))
    assert "heart/two has no revision 'v9'" in unknown["error"]
    twice = ask("heart/two@v1", revision="v1")
    assert "names a revision already" in twice["error"]


def test_weights_as_pickle_and_a_tokenizer_from_another_repository(
    server: HubServer, ask: Ask, model: CMRCLIP, files: dict[str, bytes], tmp_path: Path
) -> None:
    """As the published checkpoint is: pytorch_model.bin, and the vocabulary under a Hub id.

    The second load asks nothing that the first one learnt, absent files included.
    """
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    config = json.loads(files["config.json"])
    config["text"]["tokenizer"] = "heart/words"
    server.repos["heart/words"] = Repo()
    server.repos["heart/words"].commit({"vocab.txt": "\n".join(VOCABULARY).encode()})
    server.repos["heart/pickled"] = Repo()
    server.repos["heart/pickled"].commit(
        {
            "config.json": json.dumps(config).encode(),
            "pytorch_model.bin": (tmp_path / "pytorch_model.bin").read_bytes(),
        }
    )
    first = ask("heart/pickled", cache_dir=str(tmp_path / "cache"))
    assert first["tokenizer"]
    server.requests.clear()
    assert ask("heart/pickled", cache_dir=str(tmp_path / "cache")) == first
    assert server.requests == ["HEAD heart/pickled config.json"]


def test_a_cut_connection_is_resumed(
    server: HubServer, ask: Ask, files: dict[str, bytes], tmp_path: Path
) -> None:
    server.repos.setdefault("heart/tiny", Repo()).commit(files)
    server.cut = 1000
    assert "size" in ask("heart/tiny", cache_dir=str(tmp_path))
    digest = hashlib.sha256(files["model.safetensors"]).hexdigest()
    assert server.requests.count(f"GET {digest}") == 2


def test_a_truncated_download_is_refused_and_not_kept(
    server: HubServer, ask: Ask, files: dict[str, bytes], tmp_path: Path
) -> None:
    """Half a file under the right name must not be loaded, nor found in the cache later."""
    server.repos.setdefault("heart/tiny", Repo()).commit(files)
    server.shrink = True
    error = ask("heart/tiny", cache_dir=str(tmp_path))["error"]
    assert "model.safetensors of heart/tiny failed" in error and "try again" in error
    server.shrink = False
    assert "size" in ask("heart/tiny", cache_dir=str(tmp_path))


def test_absent_private_and_gated(
    server: HubServer, ask: Ask, files: dict[str, bytes], tmp_path: Path
) -> None:
    cache = str(tmp_path)
    assert "shows no model heart/missing" in ask("heart/missing", cache_dir=cache)["error"]

    server.repos["heart/private"] = Repo(token="hf_secret")
    server.repos["heart/private"].commit(files)
    error = ask("heart/private", cache_dir=cache)["error"]
    assert "hf auth login" in error and "heart/private" in error
    wrong = ask("heart/private", cache_dir=cache, token="hf_wrong")["error"]
    assert "hf_wrong" not in wrong
    assert "size" in ask("heart/private", cache_dir=cache, token="hf_secret")

    server.repos["heart/gated"] = Repo(gated=True)
    server.repos["heart/gated"].commit(files)
    error = ask("heart/gated", cache_dir=cache)["error"]
    assert "is gated: ask for access at https://huggingface.co/heart/gated" in error


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ("config.json", "has no config.json"),
        ("model.safetensors", "neither model.safetensors nor pytorch_model.bin"),
    ],
)
def test_a_repository_that_is_no_checkpoint(
    server: HubServer,
    ask: Ask,
    files: dict[str, bytes],
    tmp_path: Path,
    absent: str,
    said: str,
) -> None:
    kept = {name: content for name, content in files.items() if name != absent}
    server.repos.setdefault("heart/partial", Repo()).commit(kept)
    assert said in ask("heart/partial", cache_dir=str(tmp_path))["error"]


def test_offline(server: HubServer, ask: Ask, files: dict[str, bytes], tmp_path: Path) -> None:
    """What is cached loads without a network; what is not says which command fetches it."""
    server.repos.setdefault("heart/tiny", Repo()).commit(files)
    online = ask("heart/tiny", cache_dir=str(tmp_path / "full"))
    server.requests.clear()
    with asking(server.url, tmp_path, HF_HUB_OFFLINE="1") as ask_offline:
        assert ask_offline("heart/tiny", cache_dir=str(tmp_path / "full")) == online
        error = ask_offline("heart/tiny", cache_dir=str(tmp_path / "empty"))["error"]
        assert "config.json of heart/tiny is not in the cache" in error
        assert "HF_HUB_OFFLINE" in error and "hf download heart/tiny" in error
        pinned = ask_offline("heart/tiny@v1", cache_dir=str(tmp_path / "empty"))["error"]
        assert "hf download heart/tiny --revision v1" in pinned
    assert server.requests == []


@pytest.mark.slow
def test_unreachable(tmp_path: Path) -> None:
    """Nothing listens at the address; the client tries for a while, then says so."""
    with HubServer() as gone:
        url = gone.url
    with asking(url, tmp_path) as ask_nobody:
        error = ask_nobody("heart/tiny")["error"]
    assert "cannot be reached" in error and "hf download heart/tiny" in error


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such-folder", "no folder no-such-folder"),
        ("./a/b", "no folder ./a/b"),
        ("owner/name/more", "no folder owner/name/more"),
        ("-owner/name..x", "form owner/name"),
    ],
)
def test_names_that_are_nothing(name: str, said: str) -> None:
    with pytest.raises(CheckpointError, match=said):
        hub.load(name)


def test_bad_device_and_dtype() -> None:
    with pytest.raises(CheckpointError, match="'gpu' is no device"):
        hub.load("anything/at-all", device="gpu")
    with pytest.raises(CheckpointError, match="'int8' is no type for weights"):
        hub.load("anything/at-all", dtype="int8")
