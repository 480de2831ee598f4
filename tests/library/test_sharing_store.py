"""A shared library is loaded into an object store: one commit, or nothing to be seen."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.sharing import export_library, load_library
from tests.library.shelf import library

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An empty bucket of an S3 that listens on loopback."""
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT": f"http://{host}:{port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            patch.setenv(name, value)
        boto3.client("s3", endpoint_url=f"http://{host}:{port}").create_bucket(Bucket="shelves")
        yield "s3://shelves"
    server.stop()


@pytest.fixture
def folder(tiny_model, tmp_path):
    return export_library(library(tmp_path / "shelf", tiny_model), tmp_path / "shared")


def test_it_is_whole_and_can_be_shared_again(bucket, folder, tmp_path):
    loaded = load_library(folder, f"{bucket}/whole")
    assert len(loaded) == 23 and loaded.verify().ok
    assert loaded.search(loaded.embeddings[3], 1, words="dilated")
    again = load_library(export_library(loaded, tmp_path / "again"), f"{bucket}/again")
    assert again.verify().cases == 23
    with pytest.raises(LibraryError, match="already"):
        load_library(folder, f"{bucket}/whole")


def test_what_goes_wrong_midway_leaves_nothing_to_open(bucket, folder):
    index = json.loads((folder / "library.json").read_text())
    (folder / "library.json").write_text(json.dumps(index | {"model_identity": "other"}))
    with pytest.raises(LibraryError, match="of another model"):
        load_library(folder, f"{bucket}/broken")
    with pytest.raises(LibraryError, match="There is no case library"):
        CaseLibrary.open(f"{bucket}/broken")
    (folder / "library.json").write_text(json.dumps(index))
    assert load_library(folder, f"{bucket}/broken").verify().ok
