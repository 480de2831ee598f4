"""Serving the page in a process of its own, and meeting it in headless Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE_MS = 60_000  # for a machine that is busy with other things


@dataclass
class Server:
    """A served page, the folder of its uploads, and everything it has logged."""

    url: str
    uploads: Path
    log: Path

    def left(self) -> list[Path]:
        """Uploaded bytes that are still on disk."""
        return [p for p in self.uploads.rglob("*") if p.is_file() and p.stat().st_size]


def opened(browser, server: Server, width: int = 1360, height: int = 900, path: str = "", **how):
    """A loaded page that collects the errors of its scripts and every call to elsewhere."""
    page = browser.new_page(viewport={"width": width, "height": height}, **how)
    page.set_default_timeout(PATIENCE_MS)
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on(
        "request",
        lambda r: (
            None
            if r.url.startswith((server.url, server.url.replace("http", "ws"), "data:", "blob:"))
            else page.errors.append(f"a request to {r.url}")
        ),
    )
    page.goto(server.url + path)
    page.wait_for_selector("button.sample")
    return page


def all_loaded(page, selector: str) -> bool:
    """Whether every picture that matches was decoded."""
    return page.evaluate(
        "(s) => { const all = [...document.querySelectorAll(s)];"
        "return all.length > 0 && all.every((i) => i.complete && i.naturalWidth > 0) }",
        selector,
    )


def serving(folder: Path, command: list[str]) -> Iterator[Server]:
    """Run a server in a process of its own on a free port until the caller is done."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    uploads, log = folder / "uploads", folder / "log.txt"
    uploads.mkdir()
    environment = os.environ | {
        "GRADIO_TEMP_DIR": str(uploads),
        "GRADIO_SERVER_PORT": str(port),
        "TMPDIR": str(uploads),
        "PYTHONPATH": str(REPOSITORY),
    }
    with log.open("w") as out:
        process = subprocess.Popen(
            [part.format(port=port) for part in command],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=REPOSITORY,
        )
    try:
        server = Server(f"http://127.0.0.1:{port}", uploads, log)
        wait_for(server.url, process, log)
        yield server
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def wait_for(url: str, process: subprocess.Popen, log: Path, seconds: float = 120) -> None:
    for _ in range(int(seconds * 4)):
        if process.poll() is not None:
            pytest.fail(f"The server stopped: {log.read_text()[-2000:]}")
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"No page within {seconds} s: {log.read_text()[-2000:]}")
