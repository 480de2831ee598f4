"""Pictures that are no cardiac cine, as studies that a reader could be made to believe.

Readers set most of this aside by its tags. Here nothing says what a picture is: each comes as a
short-axis stack of phases, which is how it would look from a video, a NumPy file or wrong tags.
A still comes as one frame, as a frame repeated with noise, and moved about, since a file that
says it is a cine has more than one frame. `outliers.py` asks whether they are told from cines.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from pydicom.uid import ImplicitVRLittleEndian
from scipy.ndimage import gaussian_filter, shift

from benchmarks.cohorts import sunnybrook_exams
from cmrclip_lite.heart import find_heart
from cmrclip_lite.study import Sequence as Kind
from cmrclip_lite.study import Study, View

Frames = np.ndarray  # (T, H, W)
PHASES = 12
SIDE = 128  # pixels of a picture that is made up
PIXEL_MM = 2.5
NOISE = 0.03  # of a repeated frame, as a share of its range
# Of pydicom and the package pydicom-data, one of each picture; those not installed are left out.
STILLS = (
    "CT_small.dcm",
    "693_UNCR.dcm",
    "bad_sequence.dcm",
    "explicit_VR-UN.dcm",
    "MR_small.dcm",
    "MR2_UNCR.dcm",
    "MR-SIEMENS-DICOM-WithOverlays.dcm",
    "RG1_UNCR.dcm",
    "RG3_UNCR.dcm",
    "JPEG2000_UNC.dcm",
    "US1_UNCR.dcm",
    "OBXXXX1A.dcm",
    "gdcm-US-ALOKA-16.dcm",
    "examples_palette.dcm",
    "examples_rgb_color.dcm",
    "OT-PAL-8-face.dcm",
    "mlut_18.dcm",
    "image_dfl.dcm",
)
MOVING = (
    "emri_small.dcm",
    "eCT_Supplemental.dcm",
    "color3d_jpeg_baseline.dcm",
    "examples_ybr_color.dcm",
    "OBXXXX1A_2frame.dcm",
    "rtdose.dcm",
    "liver.dcm",
)

VOLUMES = ("functional.nii", "example4d.nii.gz", "anatomical.nii", "phantom_EPI_asc_CLEAR_2_1.PAR")


def cine(pixels: np.ndarray, pixel_mm: float = PIXEL_MM) -> Study:
    """`(Z, T, H, W)`, or one slice `(T, H, W)`, as a study that says it is a short-axis cine."""
    stack = pixels if pixels.ndim == 4 else pixels[None]
    study = Study.from_array(stack.astype(np.float32), (10.0, pixel_mm, pixel_mm))
    for series in study.series:
        series.sequence = Kind.CINE
    return study


def scouts() -> Iterator[tuple[str, Study]]:
    """The scout series of the real exams, which readers set aside."""
    rng = np.random.default_rng(1)
    for exam in sunnybrook_exams():
        planes: dict[tuple, list[np.ndarray]] = {}
        mm = 1.0
        with zipfile.ZipFile(exam) as archive:
            for name in sorted(n for n in archive.namelist() if "localizer" in n):
                if name.endswith("/"):
                    continue
                image = pydicom.dcmread(io.BytesIO(archive.read(name)))
                mm = float(image.PixelSpacing[0])
                planes.setdefault(tuple(image.ImageOrientationPatient), []).append(
                    image.pixel_array
                )
        for images in map(np.stack, planes.values()):
            yield "scouts, one frame", cine(images[:, None], mm)
            yield "scouts, one after the other", cine(images, mm)
            yield from ((f"scouts, {how}", cine(p, mm)) for how, p in handled(images[2], rng))
        yield "scouts, one after the other", cine(np.concatenate(list(planes.values())), mm)


def single_frames(studies: Sequence[Study], seed: int) -> Iterator[tuple[str, Study]]:
    """One phase of the short-axis stack of true cines."""
    rng = np.random.default_rng([seed, 2])
    for study in studies:
        stack, mm = short_axis(study)
        frame = stack[:, rng.integers(stack.shape[1])]  # (Z, H, W)
        yield "a single frame, one frame", cine(frame[:, None], mm)
        for how, moved in handled(frame, rng):
            yield f"a single frame, {how}", cine(moved.swapaxes(0, 1), mm)
        yield "slices, one after the other", cine(frame, mm)


def perfusion(studies: Sequence[Study], seed: int) -> Iterator[tuple[str, Study]]:
    """Contrast that arrives in a heart whose motion is frozen by the trigger.

    A dark picture, right blood bright first, then left blood, then muscle, by gamma-variate curves
    (Thompson et al. 1964), while the patient breathes a little.
    """
    rng = np.random.default_rng([seed, 3])
    for study in studies:
        centre = find_heart(study.cines(View.SAX)) or (0.0, 0.0)
        stack, mm = short_axis(study)
        middle = stack[len(stack) // 3 : -(len(stack) // 3), 0].astype(float)
        down, across = (
            np.arange(n) * mm - c for n, c in zip(middle.shape[1:], centre, strict=True)
        )
        near = np.hypot(down[:, None], across[None]) < 60
        blood = near & (middle > np.quantile(middle[:, near], 0.6))
        right = blood & (across < -10)[None, None]
        muscle = near & ~blood
        times = np.arange(40.0)
        begin = rng.uniform(3, 8)
        enhanced = np.empty((len(middle), len(times), *middle.shape[1:]))
        top = np.quantile(middle, 0.99)
        for t in times.astype(int):
            gain = np.zeros_like(middle)
            for mask, delay, height in (
                (right, 0.0, 1.0),
                (blood & ~right, 5.0, 0.8),
                (muscle, 9.0, 0.3),
            ):
                gain += mask * height * bolus(t - begin - delay)
            picture = 0.25 * middle + top * gaussian_filter(gain, (0, 1, 1))
            slide = 1.5 * np.sin(2 * np.pi * t / 9)
            enhanced[:, t] = shift(picture, (0, slide / mm, 0), order=1, mode="nearest")
        yield "perfusion", cine(noisy(enhanced, rng, 0.02), mm)


def other_pictures() -> Iterator[tuple[str, Study]]:
    """CT, ultrasound, radiographs, MR of elsewhere: the test files of pydicom."""
    rng = np.random.default_rng(4)
    for name in STILLS:
        for frames in _pydicom_file(name):
            for how, moved in handled(frames[0], rng):
                yield f"other pictures, {how}", cine(moved, _field_mm(moved))
    for name in MOVING:
        for frames in _pydicom_file(name):
            yield "other pictures, their own frames", cine(frames, _field_mm(frames))


def volumes() -> Iterator[tuple[str, Study]]:
    """Heads and measurement phantoms in MR, over time or slice by slice: nibabel's test files."""
    folder = Path(nibabel.__file__).parent / "tests" / "data"
    for name in VOLUMES:
        if not (folder / name).exists():  # some distributions leave the tests out
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a header's quirk, as the file is meant to have
            image = nibabel.load(folder / name)
        pixels, mm = np.asarray(image.dataobj, float), float(image.header.get_zooms()[0])
        if pixels.ndim == 4:
            yield "other MR, over time", cine(pixels.T.swapaxes(0, 1), mm)
            pixels = pixels[..., 0]
        yield "other MR, slice by slice", cine(pixels.T, mm)


def made_up(count: int, seed: int) -> Iterator[tuple[str, Study]]:
    """Pictures like photos, noise, heads with contrast, and echocardiograms."""
    rng = np.random.default_rng([seed, 5])
    for i in range(count):
        for picture in (fractal(rng), _grating(rng)):
            for how, moved in handled(picture, rng):
                yield f"photo-like, {how}", cine(moved)
        yield "noise", cine(rng.normal(size=(PHASES, SIDE, SIDE)) ** 2)
        blur = (0, 2 + i % 4, 2 + i % 4)
        yield "noise", cine(gaussian_filter(rng.normal(size=(PHASES, SIDE, SIDE)), blur))
        yield "head with contrast", cine(_head(rng))
        yield "echocardiogram", cine(_echo(rng), 1.3)


def handled(picture: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """A still `(..., H, W)` as `(T, ..., H, W)`: repeated with noise, slid about, brightening."""
    picture = np.asarray(picture, float)
    turns = 2 * np.pi * np.arange(PHASES) / PHASES
    slides = rng.uniform(2, 5) * np.stack([np.sin(turns), 0.4 * np.cos(turns)], 1)
    flat = (0,) * (picture.ndim - 2)
    repeated = np.stack([picture] * PHASES)
    slid = np.stack([shift(picture, (*flat, *s), order=1, mode="nearest") for s in slides])
    bright = repeated * np.linspace(0.5, 1, PHASES).reshape(-1, *(1,) * picture.ndim)
    yield "repeated", noisy(repeated, rng)
    yield "slid about", noisy(slid, rng)
    yield "brightening", noisy(bright, rng)


def noisy(pixels: np.ndarray, rng: np.random.Generator, share: float = NOISE) -> np.ndarray:
    """Rician noise (Gudbjartsson & Patz 1995) of a share of the picture's range."""
    deviation = share * np.ptp(np.quantile(pixels, (0.01, 0.99)))
    real, imaginary = rng.normal(0, deviation, (2, *pixels.shape))
    return np.hypot(pixels - min(pixels.min(), 0) + real, imaginary)


def bolus(t: float, rise: float = 4.0) -> float:
    """A gamma-variate curve of height 1, `rise` after its start."""
    u = max(t, 0.0) / rise
    return float(u**2 * np.exp(2 * (1 - u)))


def fractal(rng: np.random.Generator) -> np.ndarray:
    """A power spectrum that falls with the square of the frequency, as in photos (Field 1987)."""
    fy, fx = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None]
    amplitude = 1 / np.maximum(np.hypot(fy, fx), 1 / SIDE)
    phases = np.exp(2j * np.pi * rng.random(amplitude.shape))
    picture = np.fft.irfft2(amplitude * phases, (SIDE, SIDE))
    return (picture - picture.min()) / np.ptp(picture)


def short_axis(study: Study) -> tuple[np.ndarray, float]:
    """The short-axis cines as `(Z, T, H, W)`, and their pixel size."""
    cines = study.cines(View.SAX)
    phases = min(len(s.pixels) for s in cines)
    return np.stack([s.pixels[:phases] for s in cines]), cines[0].spacing_mm[0]


def _pydicom_file(name: str) -> list[Frames]:
    """One grey moving picture, or none where the file is not installed."""
    folders = [Path(pydicom.__file__).parent / "data" / "test_files"]
    try:
        import data_store
    except ImportError:  # the package pydicom-data is optional
        pass
    else:
        folders.append(Path(data_store.__file__).parent / "data")
    for folder in folders:
        if (folder / name).exists():
            dataset = pydicom.dcmread(folder / name, force=True)
            if "TransferSyntaxUID" not in dataset.file_meta:  # the oldest file names none
                dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
            pixels = np.asarray(dataset.pixel_array, float)
            if dataset.get("SamplesPerPixel", 1) == 3:
                pixels = pixels.mean(-1)
            pixels = pixels if pixels.ndim == 3 else pixels[None]
            step = -(-max(pixels.shape[1:]) // 256)
            return [pixels[:40, ::step, ::step]]
    return []


def _field_mm(pixels: np.ndarray) -> float:
    """Pixel size at which the picture is as wide as a video is taken to be."""
    return 340.0 / max(pixels.shape[-2:])


def _grating(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    angle = rng.uniform(0, np.pi)
    waves = np.sin(2 * np.pi * rng.uniform(2, 12) * (x * np.cos(angle) + y * np.sin(angle)))
    return (waves + 1) / 2


def _head(rng: np.random.Generator) -> Frames:
    """A head whose vessels and grey matter darken as contrast passes, twenty times a bolus."""
    y, x = np.mgrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    r = np.hypot(x / rng.uniform(0.6, 0.75), y / rng.uniform(0.75, 0.9))
    folds = gaussian_filter(rng.normal(size=(SIDE, SIDE)), 3)
    grey = (r < 0.85) & (folds > 0)
    vessels = (r < 0.85) & (folds > 2 * folds.std())
    base = 0.9 * ((r > 0.93) & (r < 1)) + 0.5 * (r < 0.85) + 0.15 * grey
    frames = []
    for t in range(24):
        passing = bolus(t - 6, 4)
        frames.append(base * (1 - 0.35 * passing * grey - 0.5 * passing * vessels))
    return noisy(np.stack(frames), rng)


def _echo(rng: np.random.Generator) -> Frames:
    """A fan of speckle in which a bright wall closes round a dark cavity once a beat."""
    y, x = np.mgrid[:SIDE, :SIDE].astype(float)
    depth, angle = np.hypot(y + 6, x - SIDE / 2), np.arctan2(x - SIDE / 2, y + 6)
    fan = (np.abs(angle) < 0.65) & (depth < SIDE * 0.98)
    at = SIDE * rng.uniform(0.45, 0.6), SIDE * rng.uniform(0.42, 0.58)
    radius, stretch = SIDE * rng.uniform(0.13, 0.2), rng.uniform(1.1, 1.8)
    grain, frames = rng.normal(size=(2, SIDE, SIDE)), []
    for t in range(20):
        squeeze = 1 - 0.3 * np.sin(np.pi * t / 20) ** 2
        r = np.hypot((y - at[0]) / stretch, x - at[1]) / (radius * squeeze)
        tissue = 0.35 + 0.5 * np.exp(-(((r - 1.25) / 0.22) ** 2)) - 0.3 * (r < 1)
        # Speckle is lost as tissue moves: a part of it is new in every frame.
        grain = 0.9 * grain + np.sqrt(1 - 0.81) * rng.normal(size=grain.shape)
        speckle = np.hypot(*gaussian_filter(grain, (0, 0.8, 1.4)))
        frames.append(fan * np.clip(tissue, 0.03, 1) * np.log1p(4 * speckle))
    return np.stack(frames)
