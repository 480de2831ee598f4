"""The commands that export and load, as a person types them."""

from __future__ import annotations

import argparse

import pytest

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library_share_command import add_sharing
from tests.library.shelf import library


def run(*words: object) -> None:
    parser = argparse.ArgumentParser()
    add_sharing(parser.add_subparsers(required=True))
    arguments = parser.parse_args([str(word) for word in words])
    arguments.run(arguments)


def test_export_then_load(tiny_model, tmp_path, capsys):
    library(tmp_path / "shelf", tiny_model)
    run("export", tmp_path / "shelf", "--out", tmp_path / "shared", "--licence", "mit")
    said = capsys.readouterr()
    assert said.out == f"23 cases of 'ward round' in {tmp_path / 'shared'}\n"
    assert "23 of 23 cases" in said.err and "hf upload OWNER/NAME" in said.err
    assert "license: mit" in (tmp_path / "shared" / "README.md").read_text()
    run("load", tmp_path / "shared", "--out", tmp_path / "loaded")
    said = capsys.readouterr().out
    assert said == f"23 cases of 'ward round', embedded by 'tiny', in {tmp_path / 'loaded'}\n"
    assert len(CaseLibrary.open(tmp_path / "loaded")) == 23


def test_what_stops_an_export_is_overruled_by_reviewed(tiny_model, tmp_path):
    library(tmp_path / "shelf", tiny_model)
    words = ["export", tmp_path / "shelf", "--out", tmp_path / "shared", "--source", "Mr Jones"]
    with pytest.raises(LibraryError, match="--reviewed"):
        run(*words)
    run(*words, "--reviewed", "--keep-ids")
    run("load", tmp_path / "shared", "--out", tmp_path / "loaded")
    loaded = CaseLibrary.open(tmp_path / "loaded")
    assert loaded.ids[0] == "ward-7-0000" and loaded.get(["ward-7-0000"])[0].source == "Mr Jones"


def test_a_revision_of_a_folder_is_refused(tmp_path):
    (tmp_path / "shared").mkdir()
    with pytest.raises(LibraryError, match="no revisions"):
        run("load", tmp_path / "shared", "--out", tmp_path / "loaded", "--revision", "v1")
