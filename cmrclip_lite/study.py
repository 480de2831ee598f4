"""What a study is, once read: plain data, no files and no models.

Lengths are millimetres and times milliseconds. Positions and directions are in the DICOM patient
system (x to the patient's left, y to the back, z to the head).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from .errors import StudyError


class View(StrEnum):
    """The plane that a series shows."""

    SAX = "SAX"
    TWO_CHAMBER = "2CH"
    THREE_CHAMBER = "3CH"
    FOUR_CHAMBER = "4CH"
    LVOT = "LVOT"
    RVOT = "RVOT"
    AXIAL = "axial"
    UNKNOWN = "unknown"


class Sequence(StrEnum):
    """What kind of acquisition a series is."""

    CINE = "cine"
    LGE = "LGE"
    UNKNOWN = "unknown"


class Level(StrEnum):
    """Where along the left ventricle a short-axis slice lies."""

    BASAL = "basal"
    MID = "mid"
    APICAL = "apical"


@dataclass(eq=False)
class Series:
    """One slice location over time (a cine) or one still.

    Attributes:
        pixels: `(T, H, W)`, integer or floating, native byte order, on one intensity scale.
        spacing_mm: distance between rows, then between columns.
        thickness_mm: slice thickness, if known.
        position_mm: `(3,)` centre of the first pixel in patient coordinates, if known.
        orientation: `(2, 3)` unit vectors, the direction along a row (growing column index) and
            the direction down a column (growing row index), if known.
        trigger_ms: `(T,)` delay of each phase after the R wave, if known.
        rr_ms: duration of a heartbeat, if known.
        tags: technical facts on an allow-list (vendor, field strength, ...), never a patient's.
        level: of a short-axis slice, if it is known which end of its stack is the base.
    """

    pixels: np.ndarray
    spacing_mm: tuple[float, float]
    thickness_mm: float | None = None
    position_mm: np.ndarray | None = None
    orientation: np.ndarray | None = None
    trigger_ms: np.ndarray | None = None
    rr_ms: float | None = None
    view: View = View.UNKNOWN
    sequence: Sequence = Sequence.UNKNOWN
    tags: dict[str, str] = field(default_factory=dict)
    level: Level | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or min(self.pixels.shape) < 1:
            raise StudyError(f"A series needs pixels of shape (T, H, W), not {self.pixels.shape}.")
        if not all(np.isfinite(s) and s > 0 for s in self.spacing_mm):
            raise StudyError(f"A series needs a pixel spacing above 0 mm, not {self.spacing_mm}.")

    @property
    def normal(self) -> np.ndarray | None:
        """`(3,)` unit vector across the slice, if the orientation is known."""
        return None if self.orientation is None else np.cross(*self.orientation)

    @property
    def centre_mm(self) -> np.ndarray | None:
        """`(3,)` middle of the image in patient coordinates, if known where it lies."""
        if self.position_mm is None or self.orientation is None:
            return None
        rows, columns = self.pixels.shape[1:]
        reach = np.array([columns - 1, rows - 1]) / 2 * self.spacing_mm[::-1]
        return self.position_mm + reach @ self.orientation

    @property
    def is_cine(self) -> bool:
        return self.sequence is Sequence.CINE

    @property
    def content(self) -> str:
        """A digest of the pixels alone, 12 hex digits; empty if they all are the same.

        Equal for the same pixels whatever file, type or identifiers they came with.
        """
        if self.pixels.min() == self.pixels.max():
            return ""
        digest = hashlib.blake2b(repr(self.pixels.shape).encode(), digest_size=6)
        digest.update(np.ascontiguousarray(self.pixels, dtype="<f4").data)
        return digest.hexdigest()


@dataclass(frozen=True)
class SetAside:
    """Files or images that were read but not kept, and why."""

    what: str
    reason: str
    count: int = 1


@dataclass(eq=False)
class Study:
    """One cardiac MR exam: the series that were kept, and an account of the rest.

    Within a view, series are in order along the stack. `notes` are sentences for a person to read
    about anything that was assumed or looks doubtful.
    """

    series: list[Series]
    set_aside: list[SetAside] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @classmethod
    def from_array(
        cls,
        pixels: np.ndarray,
        spacing_mm: tuple[float, float, float],
        view: View | str = View.SAX,
    ) -> Study:
        """A study from one stack in memory.

        Args:
            pixels: `(Z, T, H, W)`, slices in order along the stack, phases in order of time.
            spacing_mm: distance between slices, rows and columns.
            view: what the stack shows.

        Raises:
            StudyError: if the shape, the spacing or a pixel value is not usable.
        """
        pixels = np.asarray(pixels)
        if pixels.ndim != 4 or 0 in pixels.shape:
            raise StudyError(f"A stack needs pixels of shape (Z, T, H, W), not {pixels.shape}.")
        if not np.issubdtype(pixels.dtype, np.number) or np.iscomplexobj(pixels):
            raise StudyError(f"A stack needs real numbers as pixels, not {pixels.dtype}.")
        if not np.isfinite(pixels).all():
            raise StudyError("The pixels hold NaN or infinite values; replace them first.")
        between, *in_plane = (float(s) for s in spacing_mm)
        if not (np.isfinite(between) and between > 0):
            raise StudyError(f"The distance between slices must be above 0 mm, not {between}.")
        identity = np.array([[1.0, 0, 0], [0, 1, 0]])
        sequence = Sequence.CINE if pixels.shape[1] > 1 else Sequence.UNKNOWN
        return cls(
            [
                Series(
                    pixels=slice_pixels,
                    spacing_mm=tuple(in_plane),
                    thickness_mm=between,
                    position_mm=np.array([0.0, 0.0, z * between]),
                    orientation=identity,
                    view=View(view),
                    sequence=sequence,
                )
                for z, slice_pixels in enumerate(pixels)
            ]
        )

    def cines(self, view: View | str | None = None) -> list[Series]:
        """The cine series, of one view if given, in stack order."""
        return [s for s in self.series if s.is_cine and (view is None or s.view == View(view))]

    @property
    def content(self) -> tuple[str, ...]:
        """A digest of each series' pixels, by which a copy of the exam, or a part, is known."""
        return tuple(sorted({digest for s in self.series if (digest := s.content)}))

    @property
    def views(self) -> list[View]:
        """The views present, each once, in the order of `View`."""
        present = {s.view for s in self.series}
        return [view for view in View if view in present]
