"""An upload is its session's alone, and goes with it."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from tests.demo.served import opened

pytestmark = pytest.mark.slow


def until(holds, seconds: float = 60) -> bool:
    """Whether something comes to hold in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return holds()


@pytest.mark.browser
def test_a_closed_tab_leaves_nothing_in_memory_or_on_disk(browser, inside, exam, caplog):
    kept = inside.shared.kept
    tabs = [opened(browser, inside) for _ in range(2)]
    for tab in tabs:
        tab.locator("#upload input[type=file]").set_input_files(exam)
        tab.wait_for_selector("#similar .case")
    assert len(kept) == 2 and kept.bytes
    assert inside.left() == []  # once read, an upload is in memory alone
    tabs[0].close()
    assert until(lambda: len(kept) == 1)
    # The other one is as it was.
    tabs[1].get_by_role("tab", name="See why").click()
    tabs[1].locator("#explain").click()
    tabs[1].wait_for_selector("#overlay .plot-container")
    tabs[1].close()
    assert until(lambda: len(kept) == 0) and kept.bytes == 0
    assert inside.left() == []
    assert exam.name not in caplog.text and "Wintergreen" not in caplog.text


def test_nobody_fetches_an_upload_nor_any_other_file_of_the_server(inside, exam):
    with httpx.Client(base_url=f"{inside.url}/gradio_api", timeout=60) as client:
        files = {"files": (exam.name, exam.read_bytes())}
        paths = [client.post("/upload", files=files).json()[0] for _ in range(2)]
        assert len({Path(path).parent for path in paths}) == 2
        assert all(Path(path).is_file() for path in paths)
        wanted = [
            *paths,
            *(str(Path(path).parent) for path in paths),
            f"{Path(paths[0]).parent}/../{Path(paths[1]).parent.name}/{exam.name}",
            str(Path(__file__)),
            str(Path(__file__).parents[2] / "demo" / "app.py"),
            "/etc/passwd",
            "demo/app.py",
        ]
        for path in wanted:
            for route in ("file=", "file/"):
                answer = client.get(f"/{route}{path}")
                assert answer.status_code in (403, 404), (path, answer.status_code)
                assert b"import" not in answer.content and b"root:" not in answer.content
        for path in paths:
            Path(path).unlink()


def test_an_answer_goes_to_who_asked_and_to_nobody_else(inside, exam):
    with httpx.Client(base_url=f"{inside.url}/gradio_api", timeout=60) as client:
        path = client.post("/upload", files={"files": (exam.name, exam.read_bytes())}).json()[0]
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        call = client.post("/call/read", json={"data": [[file]]}).json()["event_id"]
        try:
            guessed = client.get("/call/read/" + "0" * len(call)).text
        except httpx.RemoteProtocolError:  # cut off is an answer, too
            guessed = ""
        assert "series" not in guessed
        assert "series" in client.get(f"/call/read/{call}").text
    assert until(lambda: inside.left() == [])
