"""The app's modules lie beside app.py, as a Space wants them, and not in a package."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.demo.served import CHROMIUM, FLAGS, Server, opened, serving

sys.path.insert(0, str(Path(__file__).parents[2] / "demo"))


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple:
    """A tiny model, its library of eight cases, and one sample: what `built` takes."""
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


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    command = [sys.executable, "-m", "tests.demo.tiny", "{port}", str(folder)]
    yield from serving(folder, command)


@dataclass
class Inside:
    """The page served by this process, so that a test sees what the server holds.

    Attributes:
        folder: all that the server writes is below it.
        shared: the `Shared` of the page.
    """

    url: str
    folder: Path
    shared: Any

    def left(self) -> list[Path]:
        """Uploaded bytes that are still on disk."""
        return [p for p in self.folder.rglob("*") if p.is_file() and p.stat().st_size]


@pytest.fixture(scope="module")
def inside(parts: tuple, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    import app

    from tests.demo.tiny import built

    folder, made = tmp_path_factory.mktemp("inside"), []
    uploads = folder / "uploads"
    uploads.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(uploads))
        patch.setattr("tempfile.tempdir", str(folder))
        patch.setattr(app, "Shared", lambda *given: made.append(Shared(*given)) or made[-1])
        from shared import Shared

        demo = built(*parts)
        _, url, _ = demo.launch(
            prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", **app.options()
        )
        yield Inside(url.rstrip("/"), folder, made[0])
        demo.close()


@pytest.fixture(scope="module")
def browser() -> Iterator:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not on this machine (expected as `chromium` on the PATH)")
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def tab(browser, server) -> Iterator:
    page = opened(browser, server)
    yield page
    errors = page.errors
    page.close()
    assert errors == []
    assert server.left() == []
