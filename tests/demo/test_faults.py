"""What goes wrong is said on the page, with what to do, and the next request works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import app
import httpx
import pytest
from pydicom.uid import JPEGLSLossless

from cmrclip_lite.errors import LibraryError
from cmrclip_lite.readers import decoding
from tests import dicom_maker as maker
from tests.demo.served import REPOSITORY, opened
from tests.demo.test_private import until
from tests.demo.tiny import built
from tests.readers.test_decoding import WORKER, exam

pytestmark = pytest.mark.slow


def zipped(folder: Path, trigger: str) -> Path:
    """A compressed exam of which one file makes its decoder do what the trigger says."""
    exam(folder / "exam", trigger)
    path = folder / "compressed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted((folder / "exam").rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(folder))
    return path


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What decodes images in processes of its own, misbehaving on files that ask for it."""
    path = tmp_path / "misbehaving_worker.py"
    path.write_text(WORKER.format(script=str(decoding._SCRIPT)), encoding="utf-8")
    monkeypatch.setattr(decoding, "_SCRIPT", path)
    return path


def processes(script: Path) -> list[int]:
    """Those that run a script, by /proc."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if str(script).encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:  # it ended meanwhile
            continue
    return found


@pytest.mark.browser
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="finds processes by /proc")
def test_a_killed_decoder_costs_an_image_and_the_next_request_works(
    browser, inside, worker, exam, tmp_path
):
    page = opened(browser, inside)
    page.locator("#upload input[type=file]").set_input_files(zipped(tmp_path, "DECODER HANGS"))
    assert until(lambda: processes(worker))
    time.sleep(1)  # into the file at which it hangs
    for process in processes(worker):
        os.kill(process, signal.SIGKILL)
    page.wait_for_selector("#similar .case")
    told = page.locator("#facts").inner_text()
    assert "Set aside" in told and "not decodable" in told
    page.locator("#upload input[type=file]").set_input_files(exam)
    page.wait_for_function("!document.querySelector('#facts').innerText.includes('not decodable')")
    page.wait_for_selector("#similar .case")
    assert page.errors == []
    page.close()
    assert until(lambda: inside.left() == []) and processes(worker) == []


def test_who_hangs_up_in_mid_request_leaves_nothing_and_holds_nobody_up(inside, exam):
    with httpx.Client(base_url=f"{inside.url}/gradio_api", timeout=60) as client:

        def call() -> str:
            files = {"files": (exam.name, exam.read_bytes())}
            path = client.post("/upload", files=files).json()[0]
            data = {"data": [[{"path": path, "meta": {"_type": "gradio.FileData"}}], "LV dilated"]}
            return client.post("/call/score", json=data).json()["event_id"]

        for _ in range(4):
            with client.stream("GET", f"/call/score/{call()}") as answer:
                assert answer.status_code == 200  # and away
        assert "LV dilated" in client.get(f"/call/score/{call()}").text
    assert until(lambda: inside.left() == [])


@pytest.mark.browser
def test_without_its_library_the_page_says_so_and_the_rest_is_of_use(
    browser, inside, parts, monkeypatch
):
    given = []

    def damaged(model):
        raise LibraryError("The library is damaged; build it again.")

    def build(engines, samples, trouble):
        given.append((engines.first.library, trouble))
        raise KeyboardInterrupt

    monkeypatch.setattr("cmrclip_lite.library.default_library", damaged)
    monkeypatch.setattr(app, "build_demo", build)
    with pytest.raises(KeyboardInterrupt):
        app.serve(model=parts[0], samples={})
    monkeypatch.undo()
    ((library, trouble),) = given
    assert library is None and "The library is damaged; build it again." in trouble

    demo = built(parts[0], None, parts[2], trouble)
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **app.options())
    try:
        inside = type(inside)(url.rstrip("/"), inside.folder, None)
        page = opened(browser, inside)
        assert "The library is damaged" in page.locator("#trouble [role=alert]").inner_text()
        page.locator("button.sample").first.click()
        page.wait_for_function(
            "document.querySelector('#sentences').innerText.includes('ot measured against')"
        )
        page.wait_for_selector("#similar .problem")
        page.get_by_role("tab", name="Search by words").click()
        page.locator("#query input, #query textarea").first.fill("LV dilated")
        page.locator("#find").click()
        page.wait_for_selector("#found .problem")
        assert "no case library" in page.locator("#found").inner_text()
        assert page.errors == []
        page.close()
    finally:
        demo.close()


def test_a_model_that_cannot_be_loaded_ends_the_server_with_one_sentence(tmp_path):
    for name, said in (
        (tmp_path / "absent", "There is no folder"),
        (maker.save(maker.stack(1, 1), tmp_path / "dicom", JPEGLSLossless), "dicom"),
    ):
        ended = subprocess.run(
            [sys.executable, str(REPOSITORY / "demo" / "app.py")],
            env=os.environ | {"CMRCLIP_MODEL": str(name), "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 2, ended.stderr
        assert "Traceback" not in ended.stderr and said in ended.stderr.splitlines()[-1]
