"""A small stand-in for the Hugging Face Hub, on loopback, that speaks its resolve protocol.

As on the Hub, small files are answered directly, with their git hash as ETag; large ones are
answered with a redirect to another address, their SHA-256 and size in the X-Linked headers. Errors
carry the X-Error-Code header by which the client tells them apart. `asking` is the other side: a
process that asks it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
Ask = Callable[..., dict]

RESOLVE = re.compile(r"/(?P<repo>(datasets/)?[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)")
LARGE = (".safetensors", ".bin", ".parquet")


@dataclass
class Repo:
    """Commits by their 40 hex digits, and the branches and tags that point at them."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    token: str | None = None  # needed to see it at all
    gated: bool = False

    def commit(self, files: dict[str, bytes], *refs: str) -> str:
        digest = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
        self.commits[digest] = files
        self.refs |= dict.fromkeys(refs or ("main",), digest)
        return digest


class HubServer:
    """Serve `repos` at `url` while the context lasts; a dataset's name starts with "datasets/".

    `requests` lists what was asked, as "HEAD owner/name file" or "GET sha256". `cut` says after how
    many bytes to hang up, once, when a large file is sent; `shrink` makes it lie about its size.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.requests: list[str] = []
        self.cut: int | None = None
        self.shrink = False
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{port}"
        # By another host name, as the Hub's store is: the client must not send its token there.
        self.cdn = f"http://localhost:{port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    def clear(self) -> None:
        """As it was at first."""
        self.repos.clear()
        self.requests.clear()
        self.cut, self.shrink = None, False

    def blob(self, digest: str) -> bytes:
        files = (f for r in self.repos.values() for c in r.commits.values() for f in c.values())
        return next(f for f in files if hashlib.sha256(f).hexdigest() == digest)


@contextmanager
def asking(endpoint: str, cache: Path, **variables: str) -> Iterator[Ask]:
    """A process that loads by name, with the Hub at `endpoint` and nobody logged in.

    What to ask it: see `hub_client.py`.
    """
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    environment = inherited | {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(cache),
        "NO_PROXY": "127.0.0.1,localhost",
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "hub_client.py")],
        env=environment | variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    def ask(name: str, **options: str) -> dict:
        process.stdin.write(json.dumps({"name": name, **options}) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    with process:
        yield ask
        process.stdin.close()


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer()

        def do_GET(self) -> None:
            self.answer()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

        def answer(self) -> None:
            path = unquote(self.path)
            if path.startswith("/cdn/"):
                hub.requests.append(f"{self.command} {path[5:]}")
                if "Authorization" in self.headers:
                    return self.refuse(400, "")  # as signed addresses do
                self.send_blob(hub.blob(path[5:]))
            elif match := RESOLVE.fullmatch(path):
                hub.requests.append(f"{self.command} {match['repo']} {match['file']}")
                self.resolve(**match.groupdict())
            else:
                self.refuse(404, "")

        def resolve(self, repo: str, revision: str, file: str) -> None:
            found = hub.repos.get(repo)
            signed_in = self.headers.get("Authorization")
            if found is None or (found.token and signed_in != f"Bearer {found.token}"):
                # The Hub does not tell a missing repository from a private one.
                return self.refuse(401, "RepoNotFound")
            commit = found.refs.get(revision, revision)
            if commit not in found.commits:
                return self.refuse(404, "RevisionNotFound")
            if found.gated:
                return self.refuse(403, "GatedRepo")
            content = found.commits[commit].get(file)
            if content is None:
                return self.refuse(404, "EntryNotFound", commit)
            if not file.endswith(LARGE):
                etag = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
                headers = {"ETag": f'"{etag}"', "X-Repo-Commit": commit}
                return self.send(200, content, headers)
            digest = hashlib.sha256(content).hexdigest()
            headers = {
                "X-Repo-Commit": commit,
                "X-Linked-Etag": f'"{digest}"',
                "X-Linked-Size": str(len(content)),
                "Location": f"{hub.cdn}/cdn/{digest}",
            }
            return self.send(302, b"", headers)

        def send_blob(self, content: bytes) -> None:
            if hub.shrink:
                content = content[: len(content) // 2]
            start = 0
            if wanted := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
                start = int(wanted[1])
            headers = {"Accept-Ranges": "bytes"}
            if start:
                headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send(206 if start else 200, content[start:], headers)

        def refuse(self, status: int, code: str, commit: str = "") -> None:
            headers = {"X-Error-Code": code, "X-Repo-Commit": commit}
            self.send(status, b"", {k: v for k, v in headers.items() if v})

        def send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if hub.cut is not None and self.path.startswith("/cdn/"):
                content, hub.cut = content[: hub.cut], None
                self.close_connection = True
            self.wfile.write(content)

    return Handler
