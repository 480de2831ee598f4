"""What happens to an upload's bytes: they are taken, read once and gone.

An uploaded file can be fetched by its address until it is deleted, and the server's own clean-up
goes by age. So a callback takes the files out of the upload folder at once and removes them when
the reading ends, however it ends.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from cmrclip_lite.errors import StudyError

MAX_FILE_MB = 512
MAX_TOTAL_MB = 1024
MAX_FILES = 20_000


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
    with tempfile.TemporaryDirectory(prefix="cmrclip-upload-") as folder:
        try:
            _check(files)
            places = [_place(Path(folder), i, file) for i, file in enumerate(files)]
            yield places[0] if len(places) == 1 else Path(folder)
        finally:
            remove(files)


def remove(files: Sequence[Path]) -> None:
    """Delete uploaded files, and the folder that was made for each when it is left empty."""
    for file in files:
        file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not empty: it holds another upload
            file.parent.rmdir()


def _check(files: Sequence[Path]) -> None:
    if not files:
        raise StudyError("No file was uploaded; choose a zip, DICOM files or a NIfTI file.")
    if len(files) > MAX_FILES:
        raise StudyError(f"{len(files)} files are too many; upload at most {MAX_FILES}, or a zip.")
    # Equal files share one upload path: whoever came first may have read and removed it already.
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
