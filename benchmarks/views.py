"""How often the view of a series is told by geometry alone, on planes of synthetic exams.

    python benchmarks/views.py            500 exams each of five kinds, descriptions removed
    python benchmarks/views.py --sweep    a plane turned from one view to the next
    python benchmarks/views.py --tilt     how far a heart may lie off the mean long axis

Hearts, breath-holds and planes are those of the phantom; nothing is imaged, since only geometry
is judged. What a technician or a scanner varies is varied: slices per stack, which planes there
are, their order, how each image is turned and which way its normal points, a patient who lies
askew. Outflow tracts have no fixed angle to the heart and are told by name alone, so a nameless
one is right when it is unknown. Intervals are Wilson's 95 % (Wilson, JASA 22:209, 1927).
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from cmrclip_lite.orientation import CROSSING, LONG_AXIS, angle  # noqa: E402
from cmrclip_lite.phantom.anatomy import Heart, draw_heart  # noqa: E402
from cmrclip_lite.phantom.body import draw_body  # noqa: E402
from cmrclip_lite.phantom.cohort import draw_truth  # noqa: E402
from cmrclip_lite.phantom.imaging import draw_scanner  # noqa: E402
from cmrclip_lite.phantom.planes import Plane, again, long_axes, short_axis  # noqa: E402
from cmrclip_lite.phantom.tissue import Tissue  # noqa: E402
from cmrclip_lite.study import Level, Sequence, Series, Study, View  # noqa: E402
from cmrclip_lite.views import assign, classify  # noqa: E402

FIELD_MM, MATRIX = 300.0, 8
OUTFLOW = (View.LVOT, View.RVOT)
WIDE_TILT, ASKEW = 35.0, 20.0
# How hearts lie: in the phantom's own range, or anywhere up to WIDE_TILT off the mean long axis;
# and how many patients lie turned up to ASKEW about each of their axes.
KINDS = {
    "anatomical range, patients straight": (False, 0.0),
    "anatomical range, one patient in five askew": (False, 0.2),
    "anatomical range, every patient askew": (False, 1.0),
    "widened range, one patient in five askew": (True, 0.2),
    "widened range, every patient askew": (True, 1.0),
}
# What exams hold: short-axis stack, one short-axis slice, long axes; and how often.
HOLD = ((1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 1, 1))
HOLD_SHARES = (0.6, 0.1, 0.2, 0.1)


@dataclass(frozen=True, eq=False)
class Exam:
    """Series in a random order, what each shows, and how the heart lies.

    `axis` is `(3,)` from base to apex in the patient; `tilt` how far off the mean it is, degrees.
    """

    series: list[Series]
    views: list[View]
    axis: np.ndarray
    tilt: float


def draw_exam(seed: int, wide: bool = False, askew: float = 0.2) -> Exam:
    """The planes of a synthetic exam, one small blank image each."""
    rng = np.random.default_rng([seed, 29])
    heart = draw_heart(draw_truth(rng), rng)
    body = draw_body(heart, rng)
    frame = _tilted_frame(rng.uniform(0, WIDE_TILT), rng) if wide else body.frame
    if rng.random() < askew:
        frame = frame @ _turns(np.radians(rng.uniform(-ASKEW, ASKEW, 3)))
    planes = _planes(heart, frame, rng)
    middle = rng.normal(0, [15, 20, 25])
    found = [_series(p, frame, middle, Sequence.CINE, rng) for p in planes]
    if rng.random() < 0.6:
        late = [p for p in again(planes, rng) if p.view not in OUTFLOW and rng.random() < 0.9]
        found += [_series(p, frame, middle, Sequence.LGE, rng) for p in late]
    views = [p.view for p in planes] + ([p.view for p in late] if len(found) > len(planes) else [])
    for series, view in _of_the_patient(rng):
        found.append(series)
        views.append(view)
    order = rng.permutation(len(found))
    axis = frame[2]
    return Exam([found[i] for i in order], [views[i] for i in order], axis, angle(axis, LONG_AXIS))


def _tilted_frame(tilt: float, rng: np.random.Generator) -> np.ndarray:
    """Axes of a heart this far off the mean any way, the inferior wall roughly to the feet."""
    aside = np.cross(LONG_AXIS, rng.normal(size=3))
    off = np.radians(tilt)
    axis = np.cos(off) * LONG_AXIS + np.sin(off) * aside / np.linalg.norm(aside)
    down = np.array([rng.normal(0, 0.15), rng.normal(0.05, 0.15), -1.0])
    y = down - axis * (down @ axis)
    y /= np.linalg.norm(y)
    return np.stack([np.cross(axis, y), y, axis])


def _turns(radians: np.ndarray) -> np.ndarray:
    """`(3, 3)` one turn about each patient axis after another."""
    result = np.eye(3)
    for axis, turn in enumerate(radians):
        step = np.eye(3)
        i, j = [k for k in range(3) if k != axis]
        step[i, i] = step[j, j] = np.cos(turn)
        step[i, j], step[j, i] = -np.sin(turn), np.sin(turn)
        result = step @ result
    return result


def _planes(heart: Heart, frame: np.ndarray, rng: np.random.Generator) -> list[Plane]:
    stack, one, lines = HOLD[rng.choice(len(HOLD), p=HOLD_SHARES)]
    short = short_axis(heart, draw_scanner(1.5, rng), "full", rng.normal(0, 0.25), rng)
    planes = []
    if stack:
        ends = short[0].middle, short[-1].middle
        for share in np.linspace(0, 1, rng.integers(3, 19)):
            planes.append(replace(short[0], middle=(1 - share) * ends[0] + share * ends[1]))
    if one:
        planes.append(short[rng.integers(2, len(short) - 2)])
    if lines:
        long = long_axes(heart, rng)
        keep = 3 if rng.random() < 0.7 else rng.integers(1, 4)
        planes += [long[i] for i in rng.permutation(3)[:keep]]
        if rng.random() < 0.25:
            planes.append(_lvot(heart, long[2]))
        if rng.random() < 0.25:
            planes.append(_rvot(heart, frame, rng))
    return planes


def _lvot(heart: Heart, three: Plane) -> Plane:
    """The other plane along the LV outflow tract, across the 3-chamber one."""
    nodes = next(v.nodes for v in heart.vessels if v.blood is Tissue.AORTA)
    return _plane(nodes[1], nodes[3] - nodes[0], three.normal, View.LVOT)


def _rvot(heart: Heart, frame: np.ndarray, rng: np.random.Generator) -> Plane:
    """A sagittal plane turned to follow the pulmonary trunk, which runs back and to the left.

    The phantom's own trunk is schematic, and runs along the long axis.
    """
    nodes = next(v.nodes for v in heart.vessels if v.blood is Tissue.PULMONARY_ARTERY)
    turn = np.radians(rng.uniform(0, 35))
    back = frame @ [np.sin(turn), np.cos(turn), 0]
    return _plane(nodes[1], frame @ [0, 0, -1.0], back, View.RVOT)


def _plane(middle: np.ndarray, down: np.ndarray, other: np.ndarray, view: View) -> Plane:
    down = down / np.linalg.norm(down)
    across = other - down * (other @ down)
    return Plane(middle, across / np.linalg.norm(across), down, view)


def _series(
    plane: Plane,
    frame: np.ndarray,
    middle: np.ndarray,
    sequence: Sequence,
    rng: np.random.Generator,
) -> Series:
    """A blank image of a plane, turned in its plane and perhaps seen from the other side."""
    if plane.view is not View.SAX or rng.random() < 0.1:
        plane = plane.turned(rng.uniform(0, 360))
    across = plane.across if rng.random() < 0.5 else -plane.across
    return _image(plane.middle @ frame + middle, across @ frame, plane.down @ frame, sequence)


def _image(middle: np.ndarray, across: np.ndarray, down: np.ndarray, kind: Sequence) -> Series:
    pixel = FIELD_MM / MATRIX
    corner = middle - 0.5 * pixel * (MATRIX - 1) * (across + down)
    blank = np.zeros((4 if kind is Sequence.CINE else 1, MATRIX, MATRIX), np.int16)
    # Scanners print positions and directions with a few decimals.
    axes = np.stack([across, down]).round(6)
    return Series(blank, (pixel, pixel), 8.0, corner.round(3), axes, sequence=kind)


def _of_the_patient(rng: np.random.Generator) -> list[tuple[Series, View]]:
    """Scouts and stacks along the planes of the scanner, some a few degrees off."""
    x, y, z = np.eye(3)
    across = {View.AXIAL: (x, y), "coronal": (x, -z), "sagittal": (y, -z)}
    result = []
    for name, (row, column) in across.items():
        count = rng.choice([0, 1, rng.integers(3, 25)], p=[0.6, 0.25, 0.15])
        turn = _turns(np.radians(rng.uniform(-5, 5, 3))) if rng.random() < 0.2 else np.eye(3)
        normal = np.cross(row, column)
        for i in range(count):
            middle = rng.normal(0, 0.2, 3) + (i - count / 2) * 8 * normal
            series = _image(middle @ turn, row @ turn, column @ turn, Sequence.CINE)
            result.append((series, View(name) if name == View.AXIAL else View.UNKNOWN))
    return result


def right(truth: View, found: View) -> bool:
    return found is truth or (truth in OUTFLOW and found is View.UNKNOWN)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    z = 1.96
    share, spread = hits / count, z * z / count
    centre = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / count + spread / (4 * count))
    return centre - half, centre + half


def judge(exams: Iterable[Exam]) -> list[tuple[Exam, list[View]]]:
    """Exams and the view found for each of their series, nothing described."""
    return [(exam, classify(exam.series)) for exam in exams]


def described(exam: Exam) -> list[str]:
    """The description of each series, if a technician names the views of the heart and no more."""
    nameless = (View.UNKNOWN, View.AXIAL)
    return ["" if view in nameless else f" cine {view.lower()} " for view in exam.views]


def _noted(exam: Exam) -> list[bool]:
    """For each series, whether a note says that one of its view lies close to another view."""
    copies = [replace(series) for series in exam.series]
    study = Study(list(copies))
    assign(study)
    noted = {n.split(" taken as ")[1].rstrip(".") for n in study.notes if " taken as " in n}
    return [copy.view in noted for copy in copies]


def _share(hits: Iterable[bool]) -> str:
    hits = list(hits)
    if not hits:
        return "none"
    low, high = wilson(sum(hits), len(hits))
    return f"{100 * np.mean(hits):6.2f} % ({100 * low:.2f} to {100 * high:.2f}), n = {len(hits)}"


def report(kind: str, count: int, first: int) -> None:
    exams = [draw_exam(first + i, *KINDS[kind]) for i in range(count)]
    judged = judge(exams)
    pairs = [(t, f) for exam, found in judged for t, f in zip(exam.views, found, strict=True)]
    print(f"\n## {kind}\n")
    print(f"all series   {_share(right(t, f) for t, f in pairs)}")
    whole = [all(map(right, exam.views, found)) for exam, found in judged]
    print(f"whole exams  {_share(whole)}")
    named = [(exam.views, classify(exam.series, described(exam))) for exam in exams]
    hits = [t is f for views, found in named for t, f in zip(views, found, strict=True)]
    print(f"described    {_share(hits)}")
    print(f"long axes    {_share(t is f for t, f in pairs if t in CROSSING)}")
    noted = [_noted(exam) for exam in exams]
    print(f"noted exams  {_share(map(any, noted))}")
    wrong = [
        note
        for (exam, found), notes in zip(judged, noted, strict=True)
        for t, f, note in zip(exam.views, found, notes, strict=True)
        if t in CROSSING and f is not t
    ]
    print(f"of wrong long axes, noted {_share(wrong)}")
    for view in View:
        if any(t is view for t, _ in pairs):
            print(f"{view:<12} {_share(right(t, f) for t, f in pairs if t is view)}")
    print("\n" + confusion(pairs))
    print("\ntilt off the mean long axis: share of series wrong")
    edges = [0, 10, 20, 30, 40, 50, 90]
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        wrong = [
            not right(t, f)
            for exam, found in judged
            if low <= exam.tilt < high
            for t, f in zip(exam.views, found, strict=True)
        ]
        if wrong:
            print(f"{low:>3} to {high} degrees  {_share(wrong)}")


def confusion(pairs: list[tuple[View, View]]) -> str:
    counts = Counter(pairs)
    columns = [view for view in View if any(f is view for _, f in pairs)]
    lines = ["truth \\ found " + "".join(f"{view:>9}" for view in columns)]
    for truth in View:
        row = [counts[truth, found] for found in columns]
        if any(row):
            lines.append(f"{truth:<14}" + "".join(f"{n:>9}" for n in row))
    return "\n".join(lines)


def sweep(step: int = 5) -> None:
    """What a nameless plane is called on its way from one view to another, in the mean heart.

    Beside a short-axis stack and the other long axes, beside the stack, and alone.
    """
    four = _long_axis_normal(CROSSING[View.FOUR_CHAMBER])
    feet = np.array([0.0, 0.0, -1.0])
    axial = feet if feet @ four > 0 else -feet
    away = angle(four, axial)
    steps = {
        "from SAX (0) to 4CH (90): tilt": [
            (tilt, _between(LONG_AXIS, four, tilt)) for tilt in range(0, 91, step)
        ],
        "from 4CH (0) over 3CH (60) to 2CH (120): crossing": [
            (turn, _long_axis_normal(CROSSING[View.FOUR_CHAMBER] - turn))
            for turn in range(0, 121, step)
        ],
        f"from axial (0) to 4CH ({away:.0f}): tilt": [
            (tilt, _between(axial, four, tilt)) for tilt in [*range(0, round(away), step), away]
        ],
    }
    stack = [_flat(LONG_AXIS, z * 8 * LONG_AXIS) for z in range(9)]
    two, three = (_flat(_long_axis_normal(CROSSING[v])) for v in list(CROSSING)[1:])
    for title, planes in steps.items():
        print(f"\n## {title}, degrees\n")
        print(f"{'':>4}  {'stack, 2CH, 3CH':<20}{'stack':<20}alone")
        for degrees, normal in planes:
            row = [_called(normal, company) for company in ([*stack, two, three], stack, [])]
            print(f"{degrees:>4.0f}  {row[0]:<20}{row[1]:<20}{row[2]}")


def _called(normal: np.ndarray, company: list[Series]) -> str:
    """The view of a plane in company, and which other a note says that it is close to."""
    plane = _flat(normal)
    study = Study([*(replace(s) for s in company), plane])
    assign(study)
    beside = [n.split(" and ")[1].split(";")[0] for n in study.notes if "between" in n]
    return f"{plane.view} (near {beside[0]})" if beside else str(plane.view)


def _flat(normal: np.ndarray, middle: np.ndarray | tuple = (0, 0, 0)) -> Series:
    across = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    across /= np.linalg.norm(across)
    return _image(np.asarray(middle, float), across, np.cross(normal, across), Sequence.CINE)


def _long_axis_normal(degrees: float) -> np.ndarray:
    """Normal of the plane along the mean long axis that crosses the short axis at an angle."""
    inferior = np.array([0.0, 0.0, -1.0]) + LONG_AXIS[2] * LONG_AXIS
    inferior /= np.linalg.norm(inferior)
    lateral, turn = np.cross(LONG_AXIS, inferior), np.radians(degrees)
    return np.cross(LONG_AXIS, np.cos(turn) * lateral - np.sin(turn) * inferior)


def _between(a: np.ndarray, b: np.ndarray, degrees: float) -> np.ndarray:
    """`a` turned towards `b`."""
    aside = b - (a @ b) * a
    turn = np.radians(degrees)
    return np.cos(turn) * a + np.sin(turn) * aside / np.linalg.norm(aside)


def tilts(count: int = 100) -> None:
    """Exams whose hearts lie ever further off the mean: is the stack told, and its base?"""
    print(f"{count} exams a row: a short-axis stack, with long axes or alone, nothing described.")
    print("Told as SAX; basal to apical from base to apex; from apex to base, % of exams\n")
    print(f"{'tilt':>4}  {'with long axes':<20}alone")
    for tilt in range(0, 96, 5):
        rows = 100 * np.mean([_tilted(seed, tilt) for seed in range(count)], axis=0)
        together, alone = ("{:>4.0f} {:>4.0f} {:>4.0f}".format(*row) for row in rows)
        print(f"{tilt:>4}  {together:<20}{alone}")


def _tilted(seed: int, tilt: float) -> list[tuple[bool, bool, bool]]:
    """Whether a heart's stack is told, levelled right and levelled upside down.

    First beside long axes, then alone.
    """
    rng = np.random.default_rng([seed, 31])
    heart = draw_heart(draw_truth(rng), rng)
    frame = _tilted_frame(tilt, rng)
    short = short_axis(heart, draw_scanner(1.5, rng), "full", 0.0, rng)
    result = []
    for planes in ([*short, *long_axes(heart, rng)], short):
        series = [_series(p, frame, np.zeros(3), Sequence.CINE, rng) for p in planes]
        assign(Study(list(series)))
        stack = series[: len(short)]
        ends = stack[0].level, stack[-1].level
        told = all(s.view is View.SAX for s in stack)
        result.append(
            (told, ends == (Level.BASAL, Level.APICAL), ends == (Level.APICAL, Level.BASAL))
        )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exams", type=int, default=500, help="of each kind (default 500)")
    parser.add_argument("--seed", type=int, default=0, help="of the first exam (default 0)")
    parser.add_argument("--sweep", action="store_true", help="planes between two views instead")
    parser.add_argument("--tilt", action="store_true", help="hearts far off the mean instead")
    given = parser.parse_args()
    if given.sweep or given.tilt:
        sweep() if given.sweep else tilts()
        return
    for kind in KINDS:
        report(kind, given.exams, given.seed)


if __name__ == "__main__":
    main()
