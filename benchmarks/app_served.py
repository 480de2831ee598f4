"""A server of the app, or of another, in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]
APP = (sys.executable, str(ROOT / "demo" / "app.py"))
PATIENCE_S = 120


@contextmanager
def served(command: Sequence[str] = APP) -> Iterator[tuple[str, int, float]]:
    """A server on a free port: its address, its process, and the seconds until its page came."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"GRADIO_SERVER_PORT": str(port), "TMPDIR": folder}
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process)
            yield url, process.pid, time.perf_counter() - start
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


def _wait_for(url: str, process: subprocess.Popen) -> None:
    """Ask for the page every hundredth of a second until it comes."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit("The app stopped before it served its page.")
        try:
            httpx.get(url, timeout=30).raise_for_status()
            return
        except httpx.TransportError:
            time.sleep(0.01)
    raise SystemExit("The app served no page within two minutes.")
