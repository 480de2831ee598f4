"""Labels to images as a scanner makes them: balanced SSFP cine with its flaws.

Signal: the steady state of bSSFP on resonance (Freeman-Hill; see Haacke et al., Magnetic Resonance
Imaging, 1999, ch. 18),

    S = M0 sin(a) (1 - E1) sqrt(E2) / (1 - (E1 - E2) cos(a) - E1 E2),  E = exp(-TR / T),  TE = TR/2.

Relaxation times: Stanisz et al., MRM 54:507 (2005) for blood, heart, muscle, liver; de Bazelaire et
al., Radiology 230:652 (2004) for fat, marrow, spleen. Densities and what those papers lack (lung,
bone, bowel) are plausible values.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .tissue import BLOODS, N_TISSUES, Tissue

# Density, then T1 and T2 in ms at 1.5 T and at 3 T.
_BLOOD = (0.95, (1441, 250), (1932, 220))
_HEART = (0.8, (1030, 44), (1471, 45))
_MUSCLE = (0.75, (1008, 44), (1412, 45))
_FAT = (0.95, (343, 58), (382, 68))
PROPERTIES: dict[Tissue, tuple[float, tuple[float, float], tuple[float, float]]] = {
    **dict.fromkeys(BLOODS, _BLOOD),
    Tissue.CORONARY: _BLOOD,
    Tissue.LUNG_VESSEL: (1.0, (1441, 250), (1932, 220)),
    Tissue.LIVER_VESSEL: (0.8, (1441, 120), (1932, 90)),
    Tissue.LV_MUSCLE: _HEART,
    Tissue.RV_WALL: _HEART,
    Tissue.ATRIAL_WALL: _HEART,
    Tissue.PAPILLARY: _HEART,
    Tissue.VALVE: (0.6, (1030, 35), (1471, 35)),
    Tissue.LV_TRABECULA: (0.85, (1100, 70), (1500, 68)),
    Tissue.RV_TRABECULA: (0.85, (1100, 75), (1500, 72)),
    Tissue.EPICARDIAL_FAT: _FAT,
    Tissue.FAT: _FAT,
    Tissue.SKIN: (0.6, (700, 40), (900, 40)),
    Tissue.MUSCLE: _MUSCLE,
    Tissue.DIAPHRAGM: _MUSCLE,
    Tissue.PERICARDIUM: (0.25, (1000, 20), (1300, 18)),
    Tissue.LIVER: (0.75, (576, 46), (812, 40)),
    Tissue.SPLEEN: (0.8, (1057, 79), (1328, 61)),
    Tissue.STOMACH: (0.7, (1200, 120), (1600, 110)),
    Tissue.STOMACH_WALL: (0.75, (900, 50), (1200, 48)),
    Tissue.BOWEL: (0.7, (800, 70), (1000, 65)),
    Tissue.MARROW: (0.6, (549, 49), (586, 49)),
    Tissue.BONE: (0.08, (600, 10), (700, 10)),
    Tissue.LUNG: (0.06, (1200, 40), (1400, 30)),
    Tissue.PERICARDIAL_FLUID: (1.0, (2500, 500), (3000, 450)),
    Tissue.PLEURAL_FLUID: (1.0, (2600, 550), (3100, 500)),
    Tissue.SCAR: _HEART,
    Tissue.THROMBUS: (0.8, (1100, 55), (1450, 52)),
}


def bssfp_signal(
    t1_ms: np.ndarray, t2_ms: np.ndarray, flip_degrees: float, tr_ms: float
) -> np.ndarray:
    """Steady-state signal per unit of magnetisation (formula above)."""
    e1, e2 = np.exp(-tr_ms / np.asarray(t1_ms)), np.exp(-tr_ms / np.asarray(t2_ms))
    flip = np.radians(flip_degrees)
    below = 1 - (e1 - e2) * np.cos(flip) - e1 * e2
    return np.sin(flip) * (1 - e1) * np.sqrt(e2) / below


@dataclass(frozen=True)
class Scanner:
    """How one exam is acquired: vendor habits, contrast, resolution and flaws.

    Images have `matrix` columns and a share `rows_share` of it as rows. Of k-space a share
    `acquired_share` is acquired along rows, times `phase_share` down columns. `noise` is its
    deviation where blood is about 1, `acceleration` the factor of parallel imaging.
    """

    vendor: str
    field_tesla: float
    flip_degrees: float
    tr_ms: float
    matrix: int
    pixel_mm: float
    rows_share: float
    acquired_share: float
    phase_share: float
    thickness_mm: float
    gap_mm: float
    phases: int
    noise: float
    acceleration: float
    ghost: float
    shading: float
    band: float
    full_scale: float
    round_field: bool

    @property
    def rows(self) -> int:
        """Height of the images, even."""
        return 2 * round(self.matrix * self.rows_share / 2)


def draw_scanner(field_tesla: float, rng: np.random.Generator, size: str = "full") -> Scanner:
    """A random scanner and protocol; "small" gives fewer pixels and phases."""
    vendor = str(rng.choice(["SIEMENS", "Philips", "GE"], p=[0.5, 0.27, 0.23]))
    small = size == "small"
    matrix = 128 if small else int(rng.choice([192, 208, 224, 256]))
    field_mm = rng.uniform(300, 370)
    high = field_tesla > 2
    return Scanner(
        vendor=vendor,
        field_tesla=field_tesla,
        flip_degrees=rng.uniform(35, 50) if high else rng.uniform(48, 72),
        tr_ms=rng.uniform(2.7, 3.6),
        matrix=matrix,
        pixel_mm=round(field_mm / matrix, 4),
        # Siemens leaves out what lies above and below the chest.
        rows_share=rng.uniform(0.78, 1.0) if vendor == "SIEMENS" and not small else 1.0,
        acquired_share=rng.uniform(0.8, 1.0) if small else rng.uniform(0.62, 0.95),
        phase_share=rng.uniform(0.75, 1.0),
        thickness_mm=8.0 if rng.random() < 0.75 else 6.0,
        gap_mm=float(rng.choice([0.0, 2.0, 2.0])),
        phases=12 if small else int(rng.choice([16, 18, 20, 20, 25, 25])),
        noise=rng.uniform(0.012, 0.04) * (0.8 if high else 1),
        acceleration=float(rng.choice([1.0, 2.0, 2.0, 3.0])),
        ghost=rng.uniform(0, 0.02) if rng.random() < 0.5 else 0.0,
        shading=rng.uniform(0.2, 0.5) * (1.3 if high else 1),
        band=rng.uniform(0.3, 0.8) if rng.random() < (0.6 if high else 0.25) else 0.0,
        full_scale={"SIEMENS": 650, "Philips": 1500, "GE": 2600}[vendor] * rng.uniform(0.6, 1.5),
        round_field=vendor == "GE" and rng.random() < 0.7,
    )


def tissue_signals(scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """`(N_TISSUES,)` signal of each tissue, blood about 1; tissues vary from person to person."""
    signal = np.zeros(N_TISSUES)
    for tissue, (density, low, high) in PROPERTIES.items():
        t1, t2 = high if scanner.field_tesla > 2 else low
        vary = 1.0 if tissue in BLOODS else rng.normal(1, 0.08)
        signal[tissue] = density * bssfp_signal(t1, t2 * vary, scanner.flip_degrees, scanner.tr_ms)
    signal /= signal[Tissue.LV_BLOOD]
    # Fresh blood flows in and is brighter or, fast and off resonance, darker.
    for tissue in (Tissue.RV_BLOOD, Tissue.LA_BLOOD, Tissue.RA_BLOOD):
        signal[tissue] *= rng.uniform(0.94, 1.04)
    for tissue in (Tissue.AORTA, Tissue.PULMONARY_ARTERY):
        signal[tissue] *= rng.uniform(0.8, 1.08)
    signal[[Tissue.FAT, Tissue.EPICARDIAL_FAT]] *= rng.uniform(0.8, 1.25)
    signal[Tissue.STOMACH] *= rng.choice([0.05, 0.6, 1.0])
    signal[Tissue.LIVER] *= rng.uniform(0.7, 1.2)
    # Without contrast scar looks like the muscle around it, or nearly.
    signal[Tissue.SCAR] = signal[Tissue.LV_MUSCLE] * rng.uniform(0.95, 1.1)
    return signal.astype(np.float32)


def smooth_field(rng: np.random.Generator, shape: tuple[int, int], knots: int) -> np.ndarray:
    """`shape` random field of about unit deviation that varies over `knots` knots."""
    height, width = shape
    coarse = rng.normal(size=(knots + 3, knots + 3))
    at = [np.linspace(1, knots + 1, n) for n in (height, width)]
    weights = [_cubic(a, knots + 3) for a in at]
    return (weights[0] @ coarse @ weights[1].T * 1.6).astype(np.float32)


def _cubic(at: np.ndarray, count: int) -> np.ndarray:
    """`(len(at), count)` weights of cubic B-splines."""
    d = np.abs(at[:, None] - np.arange(count))
    near = 2 / 3 - d**2 + d**3 / 2
    far = (2 - np.clip(d, 0, 2)) ** 3 / 6
    return np.where(d < 1, near, far)


def coil_shading(
    scanner: Scanner, row_mm: np.ndarray, column_mm: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """`(H, W)` sensitivity: strongest near the front coil (top left of the image)."""
    toward = rng.normal(-0.7, 0.4) * row_mm[:, None] + rng.normal(-0.7, 0.4) * column_mm[None]
    slope = scanner.shading * toward / 160
    wavy = 0.25 * scanner.shading * smooth_field(rng, (len(row_mm), len(column_mm)), 2)
    return np.exp(slope + wavy).astype(np.float32)


def dark_bands(scanner: Scanner, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """`(H, W)` signal left by off-resonance: narrow dark bands, mostly away from the heart."""
    if not scanner.band:
        return np.ones(shape, np.float32)
    y, x = (np.linspace(-1, 1, n, dtype=np.float32) for n in shape)
    away = (x[None] ** 2 + y[:, None] ** 2) * rng.uniform(0.8, 1.6)
    phase = away + 0.35 * smooth_field(rng, shape, 3)
    return 1 - scanner.band * np.exp(-(((phase - 1) / 0.07) ** 2))


def noise_gain(scanner: Scanner, rng: np.random.Generator) -> np.ndarray:
    """`(matrix, matrix)` by how much parallel imaging raises noise: most in the middle.

    A coil array unfolds worst far from its elements (Pruessmann et al., MRM 42:952, 1999, the
    g-factor); its size here is a plausible value.
    """
    if scanner.acceleration <= 1:
        return np.ones((scanner.matrix, scanner.matrix), np.float32)
    at = np.linspace(-1, 1, scanner.matrix, dtype=np.float32)
    middle = np.exp(-2.5 * (at[None] ** 2 + at[:, None] ** 2))
    uneven = 1 + 0.3 * smooth_field(rng, middle.shape, 5)
    return 1 + 0.3 * (scanner.acceleration - 1) * middle * np.clip(uneven, 0.2, 2)


def acquire(
    fine: np.ndarray,
    scanner: Scanner,
    rng: np.random.Generator,
    shading: np.ndarray,
    gain: np.ndarray,
    signed: bool = False,
) -> np.ndarray:
    """One frame through the scanner: k-space, its limits, noise and ghosts, then magnitude.

    Args:
        fine: `(n, n)` signal on a grid finer than the image.
        shading: `(matrix, matrix)` sensitivity, applied to signal but not to noise.
        gain: `(matrix, matrix)` what multiplies noise.
        signed: the real part, sign and all, instead of the magnitude.

    Returns:
        `(matrix, matrix)` float32.
    """
    out, size = scanner.matrix, len(fine)
    k = np.fft.fftshift(np.fft.fft2(fine)) / size**2
    mid, half = size // 2, out // 2
    k = k[mid - half : mid - half + out, mid - half : mid - half + out]
    at = np.abs(np.arange(out) - half) / half
    read = _window(at, scanner.acquired_share)
    lines = _window(at, scanner.acquired_share * scanner.phase_share)
    if scanner.ghost:
        wobble = 1 + scanner.ghost * np.where(np.arange(out) % 3 == 0, 1, -0.5) * rng.normal()
        k = k * wobble[:, None]
    image = np.fft.ifft2(np.fft.ifftshift(k * read[None] * lines[:, None])) * out**2
    image = image * shading
    noise = rng.normal(0, 1, (2, out, out))
    noise = np.fft.fft2(noise[0] + 1j * noise[1], norm="ortho")
    keep = np.fft.ifftshift((read > 0)[None] * (lines > 0)[:, None])
    noise = np.fft.ifft2(noise * keep, norm="ortho") / np.sqrt(keep.mean())
    image = image + scanner.noise * gain * noise
    return (image.real if signed else np.abs(image)).astype(np.float32)


def _window(at: np.ndarray, share: float) -> np.ndarray:
    """Flat with a soft edge: most vendors filter a little against ringing."""
    edge = np.clip((share - at) / 0.25, 0, 1)
    return np.where(at <= share, 0.35 + 0.65 * np.sin(np.pi / 2 * edge), 0)
