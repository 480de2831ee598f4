"""Compressed pixels and video, decoded in processes of their own.

Decoders are C libraries that were not written for hostile files: one that crashes, hangs or takes
all memory must cost one file and not the app. Each process decodes one file at a time and is
replaced when it dies or is stopped.
"""

from __future__ import annotations

import json
import os
import queue
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import StudyError
from .decode_worker import NO_DECODER, OK, REPLY, TOO_LARGE
from .limits import Limits
from .records import Header
from .sources import Source

_SCRIPT = Path(__file__).with_name("decode_worker.py")
# What decoders may start beside themselves would fight over the same cores.
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}


@dataclass(frozen=True)
class Decoded:
    """What a decoder gave.

    Attributes:
        pixels: `(T, H, W)`.
        step_ms: time between frames, 0 if the file does not say.
        colour: whether a picture in colour was turned to grey.
    """

    pixels: np.ndarray
    step_ms: float = 0.0
    colour: bool = False


class Decoders:
    """Up to `count` decoding processes, started when first needed and ended with the `with`.

    Args:
        limits: `decode_seconds` and `decode_bytes` bound each file.
        count: how many work side by side.
    """

    def __init__(self, limits: Limits, count: int) -> None:
        self.limits = limits
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(count):
            self._idle.put(None)

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *_: object) -> None:
        while not self._idle.empty():
            worker = self._idle.get()
            if worker is not None:
                worker.stop()

    def dicom(self, header: Header) -> np.ndarray | None:
        """Stored values `(T, H, W)` of a compressed file, or None if they cannot be decoded."""
        asked = {
            "kind": "dicom",
            "syntax": header.syntax,
            "rows": header.rows,
            "columns": header.columns,
            "samples": header.samples,
        }
        decoded = self._decode(asked, header.source)
        return None if decoded is None else decoded.pixels

    def moving(self, source: Source, kind: str) -> Decoded | None:
        """Grey frames `(T, H, W)` of a "video" or of moving "pictures", or None."""
        return self._decode({"kind": kind}, source)

    def _decode(self, asked: dict[str, Any], source: Source) -> Decoded | None:
        worker = self._idle.get()
        try:
            if worker is None:
                worker = _Worker(self.limits.decode_bytes)
            seconds = min(self.limits.decode_seconds, self.limits.seconds_left())
            asked = asked | {"bytes": self.limits.decode_bytes, "seconds": seconds}
            status, decoded = worker.ask(asked, source.read())
            if status is None:
                worker.stop()
                worker = None
        finally:
            self._idle.put(worker)
        if status == TOO_LARGE:
            self.limits.refuse("decode_bytes", source.name)
        if status == NO_DECODER:
            raise StudyError(
                f"{source.name} needs a decoder that is not installed: "
                "run pip install 'cmrclip-lite[codecs,formats]'."
            )
        return decoded if status == OK else None


class _Worker:
    """One decoding process."""

    def __init__(self, memory: int) -> None:
        # -P: the script's own folder, where pixels.py and nifti.py lie, is no place to import from.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_SCRIPT), str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | _ONE_THREAD,
        )

    def ask(self, asked: dict[str, Any], data: bytes) -> tuple[int | None, Decoded | None]:
        """The status and what was decoded; status None if the process died or was stopped."""
        timer = threading.Timer(asked["seconds"], self._process.kill)
        timer.start()
        try:
            return self._exchange(asked, data)
        except (OSError, EOFError, TypeError, ValueError):
            # The pipe broke, or what came back is no reply: the process is not to be trusted.
            return None, None
        finally:
            timer.cancel()

    def _exchange(self, asked: dict[str, Any], data: bytes) -> tuple[int, Decoded | None]:
        requests, words = self._process.stdin, json.dumps(asked).encode()
        requests.write(struct.pack("<I", len(words)) + words + struct.pack("<Q", len(data)))
        requests.write(data)
        requests.flush()
        status, dtype, *shape, step, colour = REPLY.unpack(self._read(REPLY.size))
        if status != OK:
            return status, None
        kind = np.dtype(dtype.decode("ascii"))
        size = kind.itemsize * shape[0] * shape[1] * shape[2]
        if kind.kind not in "iuf" or size > asked["bytes"]:
            raise ValueError("no such pixels were asked for")
        pixels = np.frombuffer(self._read(size), kind).reshape(shape)
        return status, Decoded(pixels.astype(kind.newbyteorder("="), copy=False), step, colour)

    def _read(self, size: int) -> bytes:
        data = self._process.stdout.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                pipe.close()
            except BrokenPipeError:
                # A request that a killed process never took.
                continue
