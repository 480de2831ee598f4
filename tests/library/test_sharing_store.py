"""A shared library is loaded into an object store: one commit, or nothing to be seen."""

from __future__ import annotations

import json

import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.sharing import export_library, load_library
from tests.library.shelf import library

pytestmark = pytest.mark.slow


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
