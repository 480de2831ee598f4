"""The process that decodes compressed pixels and video, so that a decoder may crash or run away.

Run as a script by `decoding.py`, one request after another on stdin and stdout. It imports
nothing of this package: a worker starts in the time of pydicom and NumPy, and what it could leak
to stderr goes nowhere.

A request is a length (uint32) and that much JSON, then a length (uint64) and that many bytes of a
file. A reply is `REPLY` and, after OK, the array.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys

import numpy as np

try:
    import resource
except ImportError:  # Windows
    resource = None

# Status, dtype as a string such as "<u2", shape (T, H, W), milliseconds between frames (0 if
# unknown), and whether a picture in colour was turned to grey.
REPLY = struct.Struct("<B3s3Qd?")
OK, UNREADABLE, TOO_LARGE, NO_DECODER = range(4)


# What the libraries themselves may take beside the pixels.
_ROOM = 512 << 20


class TooLarge(Exception):
    """More pixels than were allowed."""


def dicom(data: bytes, asked: dict) -> tuple[np.ndarray, float, bool]:
    """Stored values of a DICOM file, `(T, H, W)`; samples of a colour stand side by side in W."""
    import pydicom

    ds = pydicom.dcmread(io.BytesIO(data), force=True)
    ds.file_meta.TransferSyntaxUID = pydicom.uid.UID(asked["syntax"])
    pixels = ds.pixel_array.reshape(-1, asked["rows"], asked["columns"] * asked["samples"])
    if pixels.nbytes > asked["bytes"]:
        raise TooLarge
    return pixels, 0.0, False


def pictures(data: bytes, asked: dict) -> tuple[np.ndarray, float, bool]:
    """Grey frames `(T, H, W)` uint8 of a GIF, an animated WebP or PNG."""
    from PIL import Image

    frames, steps, colour = [], [], False
    with Image.open(io.BytesIO(data), formats=("GIF", "WEBP", "PNG")) as image:
        _allow(image.width * image.height * getattr(image, "n_frames", 1), asked)
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frame = np.asarray(image.convert("RGB"))
            colour = colour or _coloured(frame)
            frames.append(np.asarray(image.convert("L")))
            steps.append(float(image.info.get("duration", 0)))
    return np.stack(frames), float(np.median(steps)), colour


def video(data: bytes, asked: dict) -> tuple[np.ndarray, float, bool]:
    """Grey frames `(T, H, W)` uint8 of an MP4, AVI, MKV or WebM."""
    import cv2

    capture = cv2.VideoCapture(io.BytesIO(data), cv2.CAP_FFMPEG, [])
    if not capture.isOpened():
        raise ValueError("no video")
    rate = capture.get(cv2.CAP_PROP_FPS)
    frames, colour = [], False
    while True:
        there, frame = capture.read()
        if not there:
            break
        _allow(frame.shape[0] * frame.shape[1] * (len(frames) + 1), asked)
        colour = colour or _coloured(frame)
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY) if frame.ndim == 3 else frame)
    return np.stack(frames), 1000.0 / rate if 0 < rate < 1000 else 0.0, colour


def _allow(pixels: int, asked: dict) -> None:
    if pixels > asked["bytes"]:
        raise TooLarge


def _coloured(frame: np.ndarray) -> bool:
    """Whether a frame is more than grey: lossy codecs and palettes leave a little colour."""
    small = frame[::4, ::4].astype(np.int16)
    return bool((np.ptp(small, axis=2) > 40).mean() > 0.02)


def _limit_memory(extra: int) -> None:
    """Let this process grow by `extra` bytes and no more, where the system can do so."""
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + extra + _ROOM, now + extra + _ROOM))
    except (OSError, ValueError):  # no /proc, as on macOS
        return


def _limit_time(seconds: float) -> None:
    """End this process when the next file takes longer, though nobody is left to stop it."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime + seconds) + 2
        resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def main() -> None:
    import pydicom.pixels  # noqa: F401  (before the memory is limited)

    _limit_memory(int(sys.argv[1]))
    kinds = {"dicom": dicom, "pictures": pictures, "video": video}
    requests = sys.stdin.buffer
    # C libraries print to file descriptor 1, which must carry replies alone.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    while head := requests.read(4):
        asked = json.loads(requests.read(struct.unpack("<I", head)[0]))
        data = requests.read(struct.unpack("<Q", requests.read(8))[0])
        _limit_time(asked["seconds"])
        array, step, colour, status = np.zeros((0, 0, 0), np.uint8), 0.0, False, OK
        try:
            array, step, colour = kinds[asked["kind"]](data, asked)
        except (TooLarge, MemoryError):
            status = TOO_LARGE
        except ImportError:
            status = NO_DECODER
        except Exception:
            # Whatever a decoder raises, the answer is the same, and its words stay here.
            status = UNREADABLE
        array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
        dtype = array.dtype.str.replace("|", "<").encode()
        replies.write(REPLY.pack(status, dtype, *array.shape, step, colour))
        replies.write(array.data)
        replies.flush()


if __name__ == "__main__":
    main()
