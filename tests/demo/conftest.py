"""The app's modules lie beside app.py, as a Space wants them, and not in a package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "demo"))


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """A tiny model, its library of eight cases, and one sample: what `build_demo` takes."""
    from tests.demo.tiny import tiny_parts

    return tiny_parts(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="session")
def exam(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of a made-up exam, as a person would upload it."""
    from tests.demo.tiny import beating_exam

    return beating_exam(tmp_path_factory.mktemp("exam") / "exam.zip")


@pytest.fixture
def uploads_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's uploads and temporary files land; nothing of them may be left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(folder / "gradio"))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
