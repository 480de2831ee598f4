"""What happens to an upload's bytes: they are taken, read once and gone.

Gradio keeps equal files in one place (seen in 6.31), so that whoever is done first would take away
what a class full of others uploaded as well. Here every upload has a place of its own.

Gradio gives an uploaded file to whoever knows its address; here it gives no file at all, as the
page needs none (`NoDownloads`). Its clean-up goes by age; here a callback takes the files out of
the upload folder at once and removes them when the reading ends, however it ends. All of this
happens in one folder that belongs to the server; a server that was killed cannot remove it, so the
next one does.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.responses import PlainTextResponse

from cmrclip_lite.errors import StudyError
from cmrclip_lite.readers import Limits, read_study
from cmrclip_lite.study import Study

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

_PREFIX = "cmrclip-upload-"
# Gradio's ways to a file by its address (seen in 6.31).
_GIVES_FILES = re.compile(r"(^|/gradio_api)/(file[=/]|stream/)")
MAX_FILE_MB = 512
MAX_TOTAL_MB = 1024
MAX_FILES = 20_000
# What reading one upload may cost a server that others wait for.
LIMITS = Limits(
    entries=MAX_FILES,
    unpacked_bytes=2 << 30,
    held_bytes=1 << 30,
    pixel_bytes=2 << 30,
    seconds=120,
    decode_seconds=30,
    decode_bytes=1 << 30,
)


@contextlib.contextmanager
def own_folder() -> Iterator[Path]:
    """Keep whatever this server writes in one folder, and remove what killed servers left behind.

    A folder that GRADIO_TEMP_DIR names is used as it is.
    """
    sweep()
    prefix = f"{_PREFIX}{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        given = os.environ.get("GRADIO_TEMP_DIR")
        os.environ.setdefault("GRADIO_TEMP_DIR", folder)
        try:
            yield Path(folder)
        finally:
            if given is None:
                del os.environ["GRADIO_TEMP_DIR"]


def keep_apart() -> None:
    """Give each upload a place that neither its bytes nor another upload lead to."""
    from gradio.route_utils import GradioUploadFile

    usual = GradioUploadFile.__init__
    if getattr(usual, "apart", False):
        return

    def init(self: GradioUploadFile, *args: Any, **kwargs: Any) -> None:
        usual(self, *args, **kwargs)
        self.sha.update(secrets.token_bytes(32))

    init.apart = True
    GradioUploadFile.__init__ = init


class NoDownloads:
    """Around the server: files that lie on it are not given away, not even to who sent them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _GIVES_FILES.search(scope["path"]):
            told = PlainTextResponse("This server gives no files away.", status_code=403)
            await told(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def sweep() -> None:
    """Remove the folders of servers that no longer run."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdecimal() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    if os.name == "nt":  # there a signal of 0 is not a question
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


@contextlib.contextmanager
def taken(paths: Sequence[str | Path] | str | None) -> Iterator[Path]:
    """Take uploaded files for one reading.

    Yields one path for `read_study`: the file itself if there is one, else a folder of all. Names
    stay as they were (readers go by the ending, people by the name); files of one name lie in
    folders of their own.

    Raises:
        StudyError: if there is nothing, too much, or a file is no longer there.
    """
    files = [Path(p) for p in ([paths] if isinstance(paths, (str, Path)) else paths or [])]
    with tempfile.TemporaryDirectory(prefix=f"{_PREFIX}{os.getpid()}-") as folder:
        try:
            _check(files)
            places = [_place(Path(folder), i, file) for i, file in enumerate(files)]
            yield places[0] if len(places) == 1 else Path(folder)
        finally:
            remove(files)


def read_upload(paths: Sequence[str | Path] | str | None) -> Study:
    """The study that uploaded files hold; the files are gone afterwards.

    Raises:
        StudyError: if they cannot be read, or cost more than `LIMITS`.
    """
    with taken(paths) as path:
        return read_study(path, limits=LIMITS)


def remove(files: Sequence[Path]) -> None:
    """Delete uploaded files, and the folder that was made for each when it is left empty."""
    for file in files:
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: it holds another upload
            file.parent.rmdir()


def _check(files: Sequence[Path]) -> None:
    if not files:
        raise StudyError("No file was uploaded; choose a zip, DICOM files, NIfTI or a video.")
    if len(files) > MAX_FILES:
        raise StudyError(f"{len(files)} files are too many; upload at most {MAX_FILES}, or a zip.")
    if missing := [file for file in files if not file.is_file()]:
        raise StudyError(f"{missing[0].name} is no longer on the server; upload it again.")
    if sum(file.stat().st_size for file in files) > MAX_TOTAL_MB * 2**20:
        raise StudyError(
            f"The upload is larger than {MAX_TOTAL_MB} MB; upload the cine series of one study."
        )


def _place(folder: Path, index: int, file: Path) -> Path:
    place = folder / f"{index:05d}" / file.name
    place.parent.mkdir()
    shutil.move(file, place)
    return place
