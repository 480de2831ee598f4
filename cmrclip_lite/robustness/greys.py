"""What happens to the grey values of an image whose shapes stay: shading, contrast, habits."""

from __future__ import annotations

import numpy as np

from ..phantom.imaging import smooth_field
from ..study import Series, Study
from .each import each, signal, with_pixels

# Of the field of receiver coils: it rises and falls about once over a picture.
KNOTS = 2
SLICE_GAIN = 2.0  # at most, or its inverse
PHASE_GAIN = 0.1  # deviation
CUT_OFF = 0.97  # quantile from which on all is white


def bias(study: Study, ratio: float, rng: np.random.Generator) -> Study:
    """Shading of coils: a smooth field, `ratio` times as strong where it is strongest as weakest.

    One field for all series, as large as each picture: coils lie on the chest throughout.
    """
    seed = int(rng.integers(2**32))

    def change(series: Series) -> Series:
        field = smooth_field(np.random.default_rng(seed), series.pixels.shape[1:], KNOTS)
        field = (field - field.min()) / (field.max() - field.min()) - 0.5
        return with_pixels(series, series.pixels * np.float32(ratio) ** field)

    return each(study, change)


def gamma(study: Study, power: float, rng: np.random.Generator) -> Study:
    """Another contrast: greys from darkest to bright, raised to a power or, as often, its inverse.

    One power for the whole study, as a scanner or a protocol has its contrast.
    """
    power = power if rng.random() < 0.5 else 1 / power

    def change(series: Series) -> Series:
        low = float(series.pixels.min())
        span = signal(series.pixels) - low
        if span <= 0:  # a picture of one grey has no contrast
            return series
        scaled = (series.pixels.astype(np.float32) - low) / span
        return with_pixels(series, low + span * scaled**power)

    return each(study, change)


def offset(study: Study, share: float, rng: np.random.Generator) -> Study:
    """A constant added: `share` of the grey of what is bright. Another rescale intercept."""

    def change(series: Series) -> Series:
        added = np.float32(share * signal(series.pixels))
        return with_pixels(series, series.pixels.astype(np.float32) + added)

    return each(study, change)


def vendor(study: Study, count: float, rng: np.random.Generator) -> Study:
    """The first `count` of `HABITS`, one after another, on every series."""

    def change(series: Series) -> Series:
        pixels = series.pixels
        for habit, _ in HABITS[: int(count)]:
            pixels = habit(pixels, rng)
        return with_pixels(series, pixels)

    return each(study, change)


def in_256_greys(pixels: np.ndarray) -> np.ndarray:
    """`(T, H, W)` to uint8: the 0.5th percentile of the series is black, the 99.5th white."""
    low, high = np.quantile(pixels, (0.005, 0.995))
    scaled = (pixels.astype(np.float32) - low) / max(high - low, 1e-6)
    return (scaled.clip(0, 1) * 255).round().astype(np.uint8)


def _scaled_slice(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return pixels * np.float32(SLICE_GAIN ** rng.uniform(-1, 1))


def _windowed(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return in_256_greys(pixels)


def _round_field(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    down, across = (np.linspace(-1, 1, n) for n in pixels.shape[1:])
    # Round in pixels, and as wide as the shorter side.
    sides = np.array(pixels.shape[1:]) / min(pixels.shape[1:])
    return pixels * ((down[:, None] * sides[0]) ** 2 + (across * sides[1]) ** 2 < 1)


def _scaled_phases(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return pixels * np.exp(rng.normal(0, PHASE_GAIN, (len(pixels), 1, 1))).astype(np.float32)


def _saturated(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.minimum(pixels, np.quantile(pixels, CUT_OFF))


# From the commonest on. Philips writes a rescale slope for each image, which some readers drop;
# GE may leave what lies outside a circle black; exports are in 256 greys, windowed for the eye,
# and scaled image by image where somebody was careless (so are the ED and ES frames of ACDC).
HABITS = (
    (_scaled_slice, "each slice on a scale of its own"),
    (_windowed, "256 greys"),
    (_round_field, "black outside a circle"),
    (_scaled_phases, "each phase on a scale of its own"),
    (_saturated, "bright parts all white"),
)
