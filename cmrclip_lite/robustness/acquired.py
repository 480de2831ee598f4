"""What happens to an image while it is acquired and stored: noise, lost detail, breath, JPEG.

Images are taken for magnitudes, whose k-space is that of an object without phase. Rows are the
lines that are acquired one after another; the phase direction is down the columns.
"""

from __future__ import annotations

import io

import numpy as np

from ..errors import CmrClipError
from ..study import Series, Study
from .each import each, signal, with_pixels
from .greys import in_256_greys

# Lines acquired in one breath, drawn for each series: from far ghosts to near ones.
LINES_OF_A_BREATH = (3, 8)


def noise(study: Study, share: float, rng: np.random.Generator) -> Study:
    """Noise in both channels of the receiver, then the magnitude: Rician.

    Gudbjartsson & Patz, MRM 34:910 (1995).

    Args:
        share: its deviation in either channel, of the grey of what is bright in the series.
    """

    def change(series: Series) -> Series:
        deviation = np.float32(share * signal(series.pixels))
        real, imaginary = (
            deviation * rng.standard_normal(series.pixels.shape, np.float32) for _ in range(2)
        )
        return with_pixels(series, np.hypot(series.pixels + real, imaginary))

    return each(study, change)


def resolution(study: Study, mm: float, rng: np.random.Generator) -> Study:
    """k-space cut off, so that a line pair takes at least two pixels of `mm`; the matrix stays.

    Sharp edges ring, as where a scanner fills with zeros. A series that is as coarse is left.
    """

    def change(series: Series) -> Series:
        (height, width), (down, across) = series.pixels.shape[1:], series.spacing_mm
        lines = np.abs(np.fft.fftfreq(height, down)) <= 0.5 / mm
        columns = np.abs(np.fft.rfftfreq(width, across)) <= 0.5 / mm
        if lines.all() and columns.all():
            return series
        k = np.fft.rfft2(series.pixels.astype(np.float32)) * (lines[:, None] & columns)
        return with_pixels(series, np.abs(np.fft.irfft2(k, (height, width))))

    return each(study, change)


def breath(study: Study, mm: float, rng: np.random.Generator) -> Study:
    """Ghosts of a patient who breathes: each line sees the body where it then was.

    The body moves up and down the columns as a sine of the line's number, with an amplitude of
    `mm`, in all phases alike; a line of k-space turns by its share of the way (the shift theorem).
    What is bright or has edges comes again, fainter, along the phase direction.
    """

    def change(series: Series) -> Series:
        rows = series.pixels.shape[1]
        line = np.fft.fftfreq(rows) * rows
        lines_of_a_breath = rng.uniform(*LINES_OF_A_BREATH)
        place = mm * np.sin(2 * np.pi * (line / lines_of_a_breath + rng.random()))
        turn = np.exp(-2j * np.pi * np.fft.fftfreq(rows, series.spacing_mm[0]) * place)
        k = np.fft.fft(series.pixels.astype(np.float32), axis=1)
        k = k * turn.astype(np.complex64)[:, None]
        return with_pixels(series, np.abs(np.fft.ifft(k, axis=1)))

    return each(study, change)


def jpeg(study: Study, quality: float, rng: np.random.Generator) -> Study:
    """Each image in 256 greys, through a JPEG of this quality (1 to 95, as Pillow counts).

    Raises:
        CmrClipError: if Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise CmrClipError(
            "Lossy compression needs Pillow: install cmrclip-lite with the extra 'demo' or "
            "'notebooks'."
        ) from error

    def change(series: Series) -> Series:
        frames = []
        for frame in in_256_greys(series.pixels):
            Image.fromarray(frame).save(packed := io.BytesIO(), "JPEG", quality=int(quality))
            frames.append(np.asarray(Image.open(packed)))
        return with_pixels(series, np.stack(frames))

    return each(study, change)
