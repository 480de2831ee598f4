"""How often text drawn on an image is found, and how often a clean image is taken for one.

    python benchmarks/burned_in.py [EXAM ...] [--arrays VOLUMES.npz] [--texts 1500]

Text is drawn with Pillow's two fonts, 8 to 24 pixels, bright, dark on a bright box or outlined,
smoothed or not, in corners, along edges and in the middle, on frames of synthetic exams and of
the exams and volumes given. It counts as found if the boxes cover 90 per cent of its pixels.
Clean images are every image of the exams and volumes, and two phases of each synthetic series.
Shares are given with Wilson's 95 per cent interval.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, str(Path(__file__).parents[1]))

from cmrclip_lite.burned_in import find_burned_in  # noqa: E402
from cmrclip_lite.phantom import make_case  # noqa: E402
from cmrclip_lite.readers import read_study  # noqa: E402

STYLES = ("bright", "dark on a box", "outlined")
PLACES = ("corner", "edge", "middle")
FAMILIES = ("Smith", "MEIER", "Garcia", "Wintergreen", "OKAFOR", "Nguyen", "van Dyk", "Kowalski")
FIRST = ("John", "ANN", "Rosalind", "KIM", "Maria", "Piotr")
SHORT = ("ABC", "T12", "F47", "071", "Kay", "LAX", "12:3")


@dataclass(frozen=True)
class Drawn:
    """An image with text on it, the mask of the text's pixels, and how it was drawn."""

    image: np.ndarray
    text: np.ndarray
    size: int
    style: str
    place: str
    font: str
    smooth: bool


def words(rng: np.random.Generator) -> str:
    """A name, a date, an id, or three or four characters."""
    day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1930, 2025)
    name = f"{rng.choice(FAMILIES)}, {rng.choice(FIRST)}"
    date = f"{day:02d}/{month:02d}/{year}"
    texts = (
        name,
        date,
        f"{name.replace(', ', '^')}  {date}",
        f"ID {rng.integers(10_000, 9_999_999)}",
        f"{year}-{month:02d}-{day:02d} {rng.integers(24):02d}:{rng.integers(60):02d}",
        str(rng.choice(SHORT)),
    )
    return texts[rng.integers(len(texts))]


def glyphs(text: str, size: int, font: str, smooth: bool) -> np.ndarray:
    """`(h, w)` coverage of a text's pixels, 0 to 1."""
    face = ImageFont.load_default_imagefont() if font == "bitmap" else ImageFont.load_default(size)
    image = Image.new("L", (40 * len(text), 80))
    draw = ImageDraw.Draw(image)
    draw.fontmode = "L" if smooth else "1"
    draw.text((10, 10), text, fill=255, font=face)
    cover = np.asarray(image, np.float32) / 255
    rows, columns = np.nonzero(cover)
    return cover[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def draw_text(image: np.ndarray, rng: np.random.Generator) -> Drawn:
    """Draw a text on `(H, W)`, in any of the ways that are measured."""
    size, smooth = int(rng.integers(8, 25)), bool(rng.random() < 0.6)
    style, place = str(rng.choice(STYLES)), str(rng.choice(PLACES))
    font = str(rng.choice(("outline", "outline", "outline", "bitmap")))
    height, width = image.shape
    pad = 3
    cover = glyphs(words(rng), size, font, smooth)
    while cover.shape[1] > width - 2 * pad - 2:
        cover = glyphs(words(rng), size, font, smooth)
    high, wide = cover.shape
    ends = ((pad, height - high - pad), (pad, width - wide - pad))
    top, left = (int(rng.integers(low, max(up, low) + 1)) for low, up in ends)
    if place == "corner":
        top, left = int(rng.choice(ends[0])), int(rng.choice(ends[1]))
    elif place == "edge" and rng.random() < 0.5:
        top = int(rng.choice(ends[0]))
    elif place == "edge":
        left = int(rng.choice(ends[1]))
    else:
        top = int(rng.integers(height // 4, max(3 * height // 4 - high, height // 4 + 1)))
    whole = np.zeros(image.shape, np.float32)
    whole[top : top + high, left : left + wide] = cover
    low, bright = float(image.min()), float(image.max())
    # Scanners draw at the top of what can be stored, which may be above every pixel.
    bright = low + (bright - low) * float(rng.choice((1.0, 1.0, 1.3)))
    drawn = image.astype(np.float32)
    if style == "dark on a box":
        drawn[top - 2 : top + high + 2, left - 2 : left + wide + 2] = bright
        drawn += (low - drawn) * whole
    else:
        if style == "outlined":
            around = np.pad(whole, 1)
            shifted = [around[y : y + height, x : x + width] for y in range(3) for x in range(3)]
            drawn += (low - drawn) * np.max(shifted, axis=0)
        drawn += (bright - drawn) * whole
    if image.dtype.kind in "iu":
        kept = np.iinfo(image.dtype)
        drawn = np.clip(np.round(drawn), kept.min, kept.max)
    return Drawn(drawn.astype(image.dtype), whole > 0.3, size, style, place, font, smooth)


def covered(drawn: Drawn) -> float:
    """The share of a text's pixels inside the boxes that are found."""
    inside = np.zeros(drawn.text.shape, bool)
    for box in find_burned_in(drawn.image):
        inside[box.top : box.bottom, box.left : box.right] = True
    return float(inside[drawn.text].mean())


def wilson(hits: int, count: int) -> str:
    """A share in per cent with its 95 per cent interval (Wilson, JASA 22:209, 1927)."""
    z, share = 1.96, hits / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2) / (1 + z * z / count)
    low, high = 100 * max(0.0, middle - half), 100 * min(1.0, middle + half)
    return f"{hits:5} of {count:5}  {100 * share:6.2f} % ({low:.2f} to {high:.2f})"


def clean_images(exams: list[Path], arrays: Path | None) -> dict[str, list[np.ndarray]]:
    """Every image by where it is from."""
    images: dict[str, list[np.ndarray]] = defaultdict(list)
    for path in exams:
        for series in read_study(path).series:
            images["real exams, every phase"] += list(series.pixels)
    if arrays:
        with np.load(arrays) as volumes:
            for name in volumes.files:
                if not name.endswith("seg"):
                    images["real volumes"] += list(volumes[name])
    for seed in range(12):
        case = make_case(9000 + seed, size="small" if seed % 4 else "full")
        for series in case.study.series:
            images["synthetic exams"] += list(series.pixels[:: max(1, len(series.pixels) // 2)][:2])
    return images


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("exams", nargs="*", type=Path, help="DICOM exams without text on them")
    parser.add_argument("--arrays", type=Path, help=".npz of (slice, row, column) volumes")
    parser.add_argument("--texts", type=int, default=1500, help="drawn on each source of images")
    given = parser.parse_args()
    images = clean_images(given.exams, given.arrays)
    print("Clean images taken for images with text")
    for source, clean in images.items():
        start = time.perf_counter()
        flagged = sum(bool(find_burned_in(image)) for image in clean)
        each = 1000 * (time.perf_counter() - start) / len(clean)
        print(f"  {source:26} {wilson(flagged, len(clean))}  {each:.1f} ms an image")
    print("Drawn texts found")
    tally: dict[str, dict[object, list[bool]]] = defaultdict(lambda: defaultdict(list))
    rng = np.random.default_rng(7)
    for source, clean in images.items():
        for _ in range(given.texts):
            drawn = draw_text(clean[rng.integers(len(clean))], rng)
            hit = covered(drawn) >= 0.9
            for what, value in (
                ("all", ""),
                ("on", source),
                ("style", drawn.style),
                ("place", drawn.place),
                ("pixels", "bitmap font" if drawn.font == "bitmap" else f"{drawn.size:2}"),
                ("edges", "smoothed" if drawn.smooth else "hard"),
            ):
                tally[what][value].append(hit)
    for what, groups in tally.items():
        for value in sorted(groups):
            hits = groups[value]
            print(f"  {f'{what} {value}'.strip():26} {wilson(sum(hits), len(hits))}")


if __name__ == "__main__":
    main()
