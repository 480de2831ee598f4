"""What is kept of a DICOM file's header while a study is put together.

Descriptions, UIDs and patient identity are here for sorting and telling kinds apart; they never
leave the reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from .sources import Source

# Transfer syntaxes that store pixels as they are, and the byte order of each.
NATIVE = {
    "1.2.840.10008.1.2": "<",
    "1.2.840.10008.1.2.1": "<",
    "1.2.840.10008.1.2.1.99": "<",
    "1.2.840.10008.1.2.2": ">",
}


@dataclass(slots=True)
class Header:
    """What one DICOM file says of itself."""

    source: Source
    pixel_offset: int | None
    syntax: str
    modality: str
    sop_class: str
    sop_uid: str
    series_uid: str
    study_key: str
    patient_key: str
    series_number: float
    acquisition_number: float
    acquired_ms: float
    rows: int
    columns: int
    frame_count: int
    samples: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    photometric: str
    image_type: tuple[str, ...]
    words: str
    body_part: str
    scanning: tuple[str, ...]
    sequence_name: str
    tags: dict[str, str]
    modality_lut: Dataset | None = None
    frames: list[Frame] = field(default_factory=list)

    @property
    def has_image(self) -> bool:
        return self.pixel_offset is not None and self.rows > 0 and self.columns > 0


@dataclass(slots=True)
class Frame:
    """One image: where it lies, when in the heartbeat, and how its pixels are scaled."""

    header: Header
    index: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, float] | None
    thickness: float | None
    slope: float
    intercept: float
    times: dict[str, float]
    rr_ms: float | None
    image_type: tuple[str, ...]
    echo_ms: float | None
    inversion_ms: float | None
    inversion: bool
    velocity: bool
