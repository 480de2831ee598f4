"""A server that was killed leaves uploads on disk; the next one removes them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import uploads

REPOSITORY = Path(__file__).parents[2]
SECRET = b"an upload of a patient " * 1000


def files_with_the_secret(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and SECRET[:20] in p.read_bytes()]


def started(folder: Path) -> tuple[subprocess.Popen, str]:
    """A server whose temporary folder is `folder`, ready to answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if k != "GRADIO_TEMP_DIR"}
    environment |= {"TMPDIR": str(folder), "GRADIO_ANALYTICS_ENABLED": "False"}
    parts = folder / f"parts{port}"
    parts.mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.demo.tiny", str(port), str(parts)],
        cwd=REPOSITORY,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            if httpx.get(url, timeout=5).status_code == 200:
                return server, url
        except httpx.TransportError:
            pass
        assert server.poll() is None
        time.sleep(0.1)
    server.kill()
    raise AssertionError("the server did not answer within a minute")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs a signal that kills")
def test_an_upload_does_not_outlive_a_killed_server(tmp_path: Path) -> None:
    first, url = started(tmp_path)
    answer = httpx.post(f"{url}/gradio_api/upload", files={"files": ("exam.dcm", SECRET)})
    assert answer.status_code == 200
    assert files_with_the_secret(tmp_path)
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert files_with_the_secret(tmp_path), "a kill leaves no time to clean up"
    second, _ = started(tmp_path)
    try:
        assert files_with_the_secret(tmp_path) == []
    finally:
        second.kill()
        second.wait()


def test_only_folders_of_dead_servers_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead = tmp_path / f"cmrclip-upload-{ended.pid}-abc"
    alive = tmp_path / f"cmrclip-upload-{os.getpid()}-abc"
    other = tmp_path / "cmrclip-upload-thesis"
    for folder in (dead, alive, other):
        folder.mkdir()
        (folder / "file").write_bytes(b"x")
    uploads.sweep()
    assert not dead.exists() and alive.exists() and other.exists()
