"""Studies from NumPy files.

`.npz` holds `pixels` and `spacing_mm`, and may hold `view`; `.npy` is the pixels alone. Axes are
`(Z, T, H, W)`, slices in order along the stack (base first for the short axis) and phases in
order of time, or `(T, H, W)` for one slice. `spacing_mm` is the distance between slices, rows and
columns; for `.npy` it is assumed, and a note says so.
"""

from __future__ import annotations

import io
import tokenize
import zipfile

import numpy as np

from ..errors import StudyError
from ..study import SetAside, Study, View
from .limits import MALFORMED, Limits
from .sources import Source

# Usual for short-axis cines; only for files that cannot say.
ASSUMED_SPACING_MM = (10.0, 1.5, 1.5)


def read_arrays(sources: list[Source], limits: Limits) -> Study:
    """Read stacks from NumPy files as one study.

    Raises:
        StudyError: if a file goes over a limit or its contents are no stack.
    """
    study = Study([])
    for source in sources:
        limits.check("pixel_bytes", source.size, source.name)
        try:
            loaded = np.load(io.BytesIO(source.read()), allow_pickle=False)
            stack, spacing, view = _contents(loaded, source, limits)
        except (*MALFORMED, zipfile.BadZipFile, tokenize.TokenError, SyntaxError) as error:
            raise StudyError(
                f"{source.name} is no NumPy file of plain numbers, or is damaged."
            ) from error
        if stack is None:
            raise StudyError(f"{source.name} needs an array named pixels of (Z, T, H, W).")
        if stack.ndim == 3:
            stack = stack[None]
        if stack.ndim == 4 and stack.shape[1] < 2:
            study.set_aside.append(SetAside("files", "arrays without a time course"))
            continue
        if spacing is None:
            spacing = ASSUMED_SPACING_MM
            study.notes.append(
                f"{source.name} does not state its spacing; {spacing} mm between slices, rows "
                "and columns was assumed."
            )
        stack = stack.astype(stack.dtype.newbyteorder("="), copy=False)
        study.series += Study.from_array(stack, spacing, view).series
    return study


def _contents(
    loaded: np.ndarray | np.lib.npyio.NpzFile, source: Source, limits: Limits
) -> tuple[np.ndarray | None, tuple[float, float, float] | None, View]:
    if isinstance(loaded, np.ndarray):
        return loaded, None, View.SAX
    with loaded:
        unpacked = sum(info.file_size for info in loaded.zip.infolist())
        limits.check("pixel_bytes", unpacked, source.name)
        if "pixels" not in loaded:
            return None, None, View.SAX
        spacing = tuple(map(float, loaded["spacing_mm"])) if "spacing_mm" in loaded else None
        if spacing is not None and len(spacing) != 3:
            raise ValueError("spacing_mm needs three numbers")
        view = View(str(loaded["view"])) if "view" in loaded else View.SAX
        pixels = loaded["pixels"]
        # NumPy hands over the bytes of a member that is no array.
        if not isinstance(pixels, np.ndarray):
            raise ValueError("pixels are no array")
        return pixels, spacing, view
