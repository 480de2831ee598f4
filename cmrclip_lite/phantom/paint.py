"""Labels to images for training: grey values far more varied than any scanner's.

A model that has seen blood, muscle, fat and organs in every plausible and many implausible
contrasts has to read shape and motion instead (the idea of SynthSeg: Billot et al., Medical Image
Analysis 86:102789, 2023). Most draws stay like bSSFP, with blood brighter than muscle.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .tissue import BLOODS, FATS, N_TISSUES, Tissue

_BLOOD, _FAT = [int(t) for t in BLOODS], [int(t) for t in FATS]
_HEART_MUSCLE = [
    int(t) for t in (Tissue.LV_MUSCLE, Tissue.RV_WALL, Tissue.ATRIAL_WALL, Tissue.SCAR)
]
_STRANDS = [
    int(t) for t in (Tissue.PAPILLARY, Tissue.LV_TRABECULA, Tissue.RV_TRABECULA, Tissue.VALVE)
]

# Range of grey of each of the other tissues where blood is about 1.
_RANGE = {
    Tissue.AIR: (0.0, 0.03),
    Tissue.PERICARDIUM: (0.02, 0.3),
    Tissue.LUNG: (0.0, 0.14),
    Tissue.LUNG_VESSEL: (0.2, 0.9),
    Tissue.LIVER: (0.12, 0.6),
    Tissue.LIVER_VESSEL: (0.15, 0.9),
    Tissue.MUSCLE: (0.12, 0.45),
    Tissue.SKIN: (0.2, 0.8),
    Tissue.BONE: (0.02, 0.25),
    Tissue.MARROW: (0.15, 0.8),
    Tissue.STOMACH: (0.0, 0.95),
    Tissue.STOMACH_WALL: (0.15, 0.6),
    Tissue.SPLEEN: (0.15, 0.75),
    Tissue.CORONARY: (0.4, 1.0),
    Tissue.PERICARDIAL_FLUID: (0.6, 1.2),
    Tissue.DIAPHRAGM: (0.08, 0.45),
    Tissue.BOWEL: (0.05, 0.9),
    Tissue.PLEURAL_FLUID: (0.55, 1.2),
    Tissue.THROMBUS: (0.2, 0.65),
}
# The same late after gadolinium, muscle nulled; what is not here is as above.
_LATE = {
    Tissue.PERICARDIAL_FLUID: (0.0, 0.35),
    Tissue.PLEURAL_FLUID: (0.0, 0.35),
    Tissue.THROMBUS: (0.0, 0.12),
    Tissue.LIVER: (0.2, 0.75),
    Tissue.SPLEEN: (0.2, 0.8),
    Tissue.PERICARDIUM: (0.0, 0.3),
    Tissue.STOMACH: (0.0, 0.6),
}


def paint_random(
    labels: torch.Tensor, generator: torch.Generator | None = None, late: bool = False
) -> torch.Tensor:
    """Random images of labelled studies; every study has its own contrast and scanner.

    Args:
        labels: `(B, P, 3, H, W)` uint8 tissues, as `training_labels` gives them.
        generator: source of randomness, on the CPU.
        late: the contrast of late gadolinium enhancement instead of a cine's.

    Returns:
        `(B, P, 3, H, W)` float32, about 0 to 1.
    """
    batch, phases, levels, height, width = labels.shape
    dice = _Dice(batch, generator)
    grey, rough = _late_contrast(dice) if late else _contrast(dice)
    offset = torch.arange(batch, dtype=torch.int32).view(-1, 1, 1, 1, 1) * N_TISSUES
    index = (labels.to(torch.int32) + offset).view(-1)
    image = grey.view(-1).index_select(0, index).view(labels.shape)
    amount = rough.view(-1).index_select(0, index).view(labels.shape)
    image = image * (1 + amount * _texture(dice, phases, levels, height, width))
    _ink(image, labels, dice)
    image = _blur(image, dice)
    image *= _shading(dice, levels, height, width)
    image *= _gains(dice, phases, levels)
    image = _noise(image, dice, generator)
    image = image.clamp_(0, 1.25) ** dice.uniform(0.75, 1.35)
    return image * _round_field(dice, height, width)


class _Dice:
    """Random numbers, one per study, shaped to broadcast over its images."""

    def __init__(self, batch: int, generator: torch.Generator | None) -> None:
        self.batch, self.generator = batch, generator

    def uniform(self, low: float, high: float, *shape: int) -> torch.Tensor:
        size = (self.batch, *(shape or (1, 1, 1, 1)))
        return low + (high - low) * torch.rand(size, generator=self.generator)

    def normal(self, *shape: int) -> torch.Tensor:
        return torch.randn((self.batch, *shape), generator=self.generator)

    def chance(self, share: float, *shape: int) -> torch.Tensor:
        return (self.uniform(0, 1, *shape) < share).float()


def _drawn(dice: _Dice, *ranges: dict[Tissue, tuple[float, float]]) -> torch.Tensor:
    """`(B, N_TISSUES)` grey within the range of each tissue; later ranges count."""
    low = torch.full((N_TISSUES,), 0.1)
    high = torch.full((N_TISSUES,), 0.9)
    for tissue, (a, b) in (pair for table in ranges for pair in table.items()):
        low[tissue], high[tissue] = a, b
    grey = low + (high - low) * dice.uniform(0, 1, N_TISSUES)
    wild = dice.chance(0.12, 1)
    grey = torch.where(wild.bool(), dice.uniform(0, 1, N_TISSUES), grey)
    grey[:, Tissue.AIR] *= 0.3
    return grey


def _contrast(dice: _Dice) -> tuple[torch.Tensor, torch.Tensor]:
    """`(B, N_TISSUES)` grey and strength of texture."""
    grey = _drawn(dice, _RANGE)
    blood = dice.uniform(0.55, 1.0, 1)
    muscle = blood * dice.uniform(0.16, 0.62, 1)
    swap = dice.chance(0.03, 1).bool()
    blood, muscle = torch.where(swap, muscle, blood), torch.where(swap, blood, muscle)
    grey[:, _BLOOD] = blood * dice.uniform(0.82, 1.1, len(_BLOOD))
    grey[:, Tissue.LV_BLOOD] = blood[:, 0]
    grey[:, Tissue.AORTA] = blood[:, 0] * dice.uniform(0.4, 1.2, 1)[:, 0]
    grey[:, _HEART_MUSCLE] = muscle * dice.uniform(0.9, 1.12, len(_HEART_MUSCLE))
    share = dice.uniform(0.0, 0.7, len(_STRANDS))
    share[:, 0] *= 0.4
    share[:, -1] = 0.4 + 0.8 * share[:, -1]  # a leaflet is thinner than a pixel
    grey[:, _STRANDS] = muscle + (blood - muscle) * share
    # the diaphragm and the muscles of the body look like the heart's own more often than not
    alike = dice.chance(0.5, 1)
    for tissue in (Tissue.MUSCLE, Tissue.DIAPHRAGM):
        own = grey[:, tissue, None]
        grey[:, tissue, None] = torch.where(alike.bool(), muscle * dice.uniform(0.7, 1.2, 1), own)
    return _with_fat(grey, dice), _roughness(dice)


def _late_contrast(dice: _Dice) -> tuple[torch.Tensor, torch.Tensor]:
    """As `_contrast`: muscle about nulled, scar brightest, blood between."""
    grey = _drawn(dice, _RANGE, _LATE)
    missed = dice.chance(0.3, 1)  # an inversion time that does not null, or muscle that cannot be
    muscle = dice.uniform(0.0, 0.2, 1) + missed * dice.uniform(0.05, 0.25, 1)
    blood = muscle + dice.uniform(0.1, 0.6, 1) - 0.15 * missed
    scar = torch.maximum(blood * dice.uniform(0.9, 1.5, 1), muscle + dice.uniform(0.35, 0.8, 1))
    grey[:, _BLOOD] = blood * dice.uniform(0.85, 1.15, len(_BLOOD))
    grey[:, _HEART_MUSCLE] = muscle * dice.uniform(0.85, 1.2, len(_HEART_MUSCLE))
    grey[:, Tissue.MUSCLE] = muscle[:, 0] + dice.uniform(0.0, 0.2, 1)[:, 0]
    grey[:, _STRANDS] = muscle + (blood - muscle) * dice.uniform(0.0, 0.7, len(_STRANDS))
    grey[:, Tissue.SCAR] = scar[:, 0]
    return _with_fat(grey, dice), _roughness(dice)


def _with_fat(grey: torch.Tensor, dice: _Dice) -> torch.Tensor:
    fat = torch.where(
        dice.chance(0.8, 1).bool(), dice.uniform(0.5, 1.15, 1), dice.uniform(0.1, 0.6, 1)
    )
    grey[:, _FAT] = fat * dice.uniform(0.85, 1.12, len(_FAT))
    return grey


def _roughness(dice: _Dice) -> torch.Tensor:
    rough = dice.uniform(0.02, 0.2, N_TISSUES)
    rough[:, [Tissue.LUNG, Tissue.STOMACH, Tissue.BOWEL, Tissue.LIVER]] *= 2.0
    rough[:, _HEART_MUSCLE] *= 0.7
    return rough


def _grown(low: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """`(B, P, L, h, w)` small fields grown smoothly to full size."""
    batch, phases, levels = low.shape[:3]
    flat = low.reshape(batch * phases, levels, *low.shape[3:])
    big = F.interpolate(flat, (height, width), mode="bilinear", align_corners=True)
    return big.view(batch, phases, levels, height, width)


def _texture(dice: _Dice, phases: int, levels: int, height: int, width: int) -> torch.Tensor:
    """Smooth and fine texture that stays, and some that changes from phase to phase (flow)."""
    still = _grown(dice.normal(1, levels, height // 6, width // 6), height, width)
    still = still + 0.7 * _grown(dice.normal(1, levels, height // 2, width // 2), height, width)
    flow = _grown(dice.normal(phases, levels, height // 8, width // 8), height, width)
    return still + flow * dice.uniform(0.0, 1.0)


def _ink(image: torch.Tensor, labels: torch.Tensor, dice: _Dice) -> None:
    """Dark lines where fat meets water, as bSSFP shows them in voxels that hold both."""
    strength = dice.uniform(-0.6, 0.8).clamp(min=0)
    for b in torch.nonzero(strength.view(-1) > 0).view(-1).tolist():
        fat = (labels[b] == _FAT[0]) | (labels[b] == _FAT[1])
        fat = fat.float()
        line = F.max_pool2d(fat, 3, 1, 1) * (1 - fat)
        image[b] *= 1 - strength[b] * line


def _blur(image: torch.Tensor, dice: _Dice) -> torch.Tensor:
    """Loss of resolution: a Gaussian of 0.5 to 1.3 pixels, not the same along rows and columns.

    Never less: labels have jagged edges that no scanner makes.
    """
    common = 0.5 + 0.8 * dice.uniform(0, 1) ** 2
    for dim in (-1, -2):
        sigma = common * dice.uniform(0.85, 1.2)
        near, far = (torch.exp(-0.5 * (d / sigma) ** 2) for d in (1, 2))
        total = 1 + 2 * near + 2 * far
        size = image.shape[dim]
        padding = (2, 2, 0, 0) if dim == -1 else (0, 0, 2, 2)
        flat = image.view(-1, *image.shape[2:])
        wide = F.pad(flat, padding, mode="replicate")
        wide = wide.view(*image.shape[:3], *wide.shape[-2:])
        parts = [wide.narrow(dim, k, size) for k in range(5)]
        image = (parts[2] + near * (parts[1] + parts[3]) + far * (parts[0] + parts[4])) / total
    return image


def _shading(dice: _Dice, levels: int, height: int, width: int) -> torch.Tensor:
    """Coil sensitivity: a smooth field, nearly the same on all levels."""
    field = dice.normal(1, 1, 4, 4) + 0.25 * dice.normal(1, levels, 4, 4)
    slope_x = torch.linspace(-1, 1, 4).view(1, 1, 1, 1, 4) * dice.normal(1, 1, 1, 1)
    slope_y = torch.linspace(-1, 1, 4).view(1, 1, 1, 4, 1) * dice.normal(1, 1, 1, 1)
    strength = dice.uniform(0.02, 0.3)
    return torch.exp(_grown(strength * (field + 1.2 * slope_x + 1.2 * slope_y), height, width))


def _gains(dice: _Dice, phases: int, levels: int) -> torch.Tensor:
    spread = torch.where(dice.chance(0.3).bool(), dice.uniform(0.05, 0.2), dice.uniform(0, 0.04))
    each = dice.normal(phases, levels, 1, 1) * 0.6 + dice.normal(phases, 1, 1, 1)
    level = dice.normal(1, levels, 1, 1) * dice.uniform(0.0, 0.15)
    return torch.exp(spread * each + level)


def _noise(image: torch.Tensor, dice: _Dice, generator: torch.Generator | None) -> torch.Tensor:
    """Rician noise; the second channel reuses the first, moved."""
    strength = 0.004 + 0.07 * dice.uniform(0, 1) ** 2
    noise = torch.randn(image.shape, generator=generator)
    real = image + strength * noise
    other = strength * noise.flip(-1, -2)
    return (real * real + other * other).sqrt_()


def _round_field(dice: _Dice, height: int, width: int) -> torch.Tensor:
    """Some scanners cut images to a circle and write zeros outside."""
    y = torch.arange(height).view(1, 1, 1, -1, 1) - (height - 1) / 2 - 12 * dice.normal(1, 1, 1, 1)
    x = torch.arange(width).view(1, 1, 1, 1, -1) - (width - 1) / 2 - 12 * dice.normal(1, 1, 1, 1)
    radius = dice.uniform(0.5, 0.9) * height + 1e4 * (1 - dice.chance(0.2))
    return (x * x + y * y < radius * radius).float()
