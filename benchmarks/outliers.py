"""Is it noticed when a study is none that the model knows?

    python benchmarks/outliers.py                    # the bundled model and library
    python benchmarks/outliers.py --fit              # the constants of cmrclip_lite/familiar.py

Synthetic exams of seeds beyond the library's, whole and worn as real ones are, 40 real ACDC pairs
and three real GE exams must pass; pictures that are no cine (`foreign.py`) must not. The constants
are fitted on synthetic exams alone, other ones than those judged here; of real exams and of foreign
pictures nothing is fitted.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import foreign, foreign_later  # noqa: E402
from benchmarks.cohorts import acdc_patients, sunnybrook_exams  # noqa: E402
from benchmarks.quality import wilson  # noqa: E402
from cmrclip_lite import load, read_study  # noqa: E402
from cmrclip_lite.evaluate import Estimate, auc  # noqa: E402
from cmrclip_lite.familiar import LIMIT, Strangeness, motion_facts, strangeness  # noqa: E402
from cmrclip_lite.heart import find_extremes, find_heart, phase_of  # noqa: E402
from cmrclip_lite.library import CaseLibrary, default_library  # noqa: E402
from cmrclip_lite.model import CMRCLIP  # noqa: E402
from cmrclip_lite.phantom import make_case  # noqa: E402
from cmrclip_lite.phantom.cohort import DIAGNOSES  # noqa: E402
from cmrclip_lite.study import Series, Study, View  # noqa: E402
from cmrclip_lite.training.bundle import LIBRARY_SEED  # noqa: E402
from cmrclip_lite.views import ordered  # noqa: E402

LIBRARY_CASES = 320
EXAMS = 80
LATER = 16  # exams of which `foreign_later` makes pictures
WEARS = 3  # of each exam that the constants are fitted on, beside the exam as it is
FALSE_ALARMS = 0.02  # among these: a rarer tail of some hundred exams is a matter of luck
WHOLE, WORN = "phantoms, whole", "phantoms, worn"
ACDC_PAIRS, GE = "real: 40 ACDC pairs", "real: 3 GE exams"
CINES = (WHOLE, WORN, ACDC_PAIRS, GE)
ASKED = (WHOLE, GE)  # of issue 9: to be told from what is foreign
FAR = 1e3  # stands for the infinite distance of what does not move


@dataclass(frozen=True, eq=False)
class Seen:
    """One study as the check sees it."""

    strangeness: Strangeness
    embedding: np.ndarray


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="the bundled one if absent")
    parser.add_argument("--library", type=Path, help="its case library, for another checkpoint")
    parser.add_argument("--exams", type=int, default=EXAMS, help="synthetic exams")
    parser.add_argument("--fit", action="store_true", help="print the constants and stop")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load(arguments.checkpoint)
    library = CaseLibrary.open(arguments.library) if arguments.library else default_library(model)
    if library is None:
        raise SystemExit("Only the bundled model has a library; give --library.")
    if arguments.fit:
        print(fitted(model, library, synthetic_exams(arguments.exams)))
    else:
        # Beyond those that the constants were fitted on.
        print(section(model, library, synthetic_exams(arguments.exams, first=EXAMS)))


def synthetic_exams(count: int, first: int = 0) -> list[Study]:
    """Small exams of seeds beyond those of the library, balanced over the diagnoses."""
    return [synthetic_exam(LIBRARY_CASES + first + i) for i in range(count)]


def synthetic_exam(i: int) -> Study:
    study = make_case(LIBRARY_SEED + i, DIAGNOSES[i % len(DIAGNOSES)], size="small").study
    study.series = ordered(study.series)
    return study


def fitted(model: CMRCLIP, library: CaseLibrary, exams: Sequence[Study]) -> str:
    """The constants of `familiar`, from exams as they are and worn."""
    both = [*exams]
    for wear in range(WEARS):
        both += [worn(study, 1000 * wear + i) for i, study in enumerate(exams)]
    facts = np.array([motion_facts(study.cines(View.SAX)) for study in both], float)
    usual = np.stack([np.nanmean(facts, axis=0), np.nanstd(facts, axis=0)]).round(2)
    deviations = np.nan_to_num((facts - usual[0]) / usual[1])
    embedding = [seen(model, library, study).strangeness.embedding for study in both]
    distances = [
        Strangeness(True, *own, far).distance
        for own, far in zip(deviations, embedding, strict=True)
    ]
    limit = np.quantile(distances, 1 - FALSE_ALARMS)
    return (
        f"USUAL_SPREAD = {tuple(usual[:, 0].tolist())}\nUSUAL_AMOUNT = "
        f"{tuple(usual[:, 1].tolist())}\nLIMIT = {limit:.1f}"
    )


def worn(study: Study, seed: int) -> Study:
    """An exam as it may come elsewhere: cut to a smaller field, noisy, half of them a pair.

    Pairs are of end-diastole and end-systole, each in 256 greys of its own, as challenge data are.
    """
    rng = np.random.default_rng([seed, 7])
    stack = study.cines(View.SAX)
    beat = find_extremes(stack, find_heart(stack) or (0.0, 0.0))
    count = len(stack[len(stack) // 2].pixels)
    pair, noise = rng.random() < 0.5, rng.uniform(0, 0.05)
    half_mm, off_mm = rng.uniform(70, 160), rng.uniform(-20, 20, 2)

    def change(series: Series) -> Series:
        series = _cut(series, half_mm, off_mm)
        pixels = series.pixels.astype(float)
        deviation = noise * np.quantile(pixels, 0.99)
        real, imaginary = rng.normal(0, 1, (2, *pixels.shape)) * deviation
        pixels = np.hypot(pixels + real, imaginary)
        if not (pair and series.is_cine):
            return replace(series, pixels=pixels.astype(np.float32))
        frames = pixels[[phase_of(series, phase, count) for phase in beat]]
        grey = [np.clip(frame / np.quantile(frame, 0.99), 0, 1) * 255 for frame in frames]
        return replace(series, pixels=np.stack(grey).astype(np.uint8), trigger_ms=None)

    return Study([change(series) for series in study.series])


def _cut(series: Series, half_mm: float, off_mm: np.ndarray) -> Series:
    """A square of twice `half_mm` about the middle of the picture, moved by `off_mm`."""
    starts, stops = [], []
    for n, mm, off in zip(series.pixels.shape[1:], series.spacing_mm, off_mm, strict=True):
        starts.append(max(0, round((n * mm / 2 + off - half_mm) / mm)))
        stops.append(round((n * mm / 2 + off + half_mm) / mm))
    pixels = series.pixels[:, starts[0] : stops[0], starts[1] : stops[1]]
    down, across = np.array(starts) * series.spacing_mm
    position = series.position_mm + across * series.orientation[0] + down * series.orientation[1]
    return replace(series, pixels=pixels, position_mm=position)


def studies(exams: Sequence[Study]) -> Iterator[tuple[str, Study]]:
    """Everything that is judged, with what it is: cines first, then what is foreign."""
    real = [read_study(exam) for exam in sunnybrook_exams()]
    patients = acdc_patients()
    pairs = patients[0] if patients else []
    yield from ((WHOLE, study) for study in exams)
    yield from ((WORN, worn(study, 1000 * WEARS + i)) for i, study in enumerate(exams))
    yield from ((ACDC_PAIRS, study) for study in pairs)
    yield from ((GE, study) for study in real)
    few = [*exams[:: max(1, len(exams) // 15)], *pairs[::5], *real]
    yield from foreign.scouts()
    yield from foreign.single_frames(few, seed=0)
    yield from foreign.perfusion(few, seed=0)
    yield from foreign.other_pictures()
    yield from foreign.volumes()
    yield from foreign.made_up(max(1, len(exams) // 10), seed=0)


def seen(model: CMRCLIP, library: CaseLibrary, study: Study) -> Seen:
    embedding = model.encode_study(study).numpy()
    return Seen(strangeness(model, study, embedding, library), embedding)


def section(model: CMRCLIP, library: CaseLibrary, exams: Sequence[Study]) -> str:
    """Who is called unfamiliar, and how well cines are told from the rest.

    Args:
        exams: held-out synthetic exams, whole studies.
    """
    found = _by_kind(model, library, studies(exams))
    later = _by_kind(model, library, foreign_later.later(exams[:LATER]))
    limits = _by_kind(model, library, foreign_later.limits(exams[:LATER]))
    cines = {kind: found[kind] for kind in CINES if found[kind]}
    others = {kind: members for kind, members in found.items() if kind not in CINES}
    beside = [member for kind in ASKED for member in found[kind]]
    count = sum(map(len, others.values()))
    return (
        f"The limit is {LIMIT}; above it a study is called unfamiliar. "
        f"It was set on other synthetic exams, whole and worn, of which {FALSE_ALARMS:.0%} passed "
        "it, and on nothing real. The distance is in deviations from what is usual.\n\n"
        f"Cines, which should not be called unfamiliar:\n\n{_table(cines)}\n\n"
        "What is no cine, and should be; the AUROC is against the whole phantoms and the GE "
        f"exams:\n\n{_table(others, beside)}\n\n"
        "Kinds that were made after the facts and constants were settled, and cines with flaws "
        f"that the check is not made to see:\n\n{_table(later | limits, beside)}\n\n"
        f"What the parts do, and what else was tried, as AUROC over all {count} pictures that are "
        "no cine, and over those of them that move (what has one frame is told by that alone). "
        "Intervals take pictures as independent, though several come from one exam or file:"
        f"\n\n{_candidates(library, beside, others, found[ACDC_PAIRS])}"
    )


def _by_kind(
    model: CMRCLIP, library: CaseLibrary, judged: Iterable[tuple[str, Study]]
) -> dict[str, list[Seen]]:
    found: dict[str, list[Seen]] = defaultdict(list)
    for kind, study in judged:
        found[kind].append(seen(model, library, study))
    return found


def _table(groups: dict[str, list[Seen]], beside: Sequence[Seen] = ()) -> str:
    heads = ["studies", "count", "called unfamiliar (95 %)", "distance, median (range)"]
    rows = []
    for kind, members in groups.items():
        distances = _distances(members)
        hits = int((distances > LIMIT).sum())
        low, high = wilson(hits, len(members))
        row = [
            kind,
            str(len(members)),
            f"{hits / len(members):.0%} ({low:.0%} to {high:.0%})",
            " ".join((_shown(np.median(distances)), _range(distances))),
        ]
        if beside:
            row.append(f"{_auroc(distances, _distances(beside)).value:.3f}")
        rows.append(row)
    heads += ["AUROC"] if beside else []
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _candidates(
    library: CaseLibrary,
    beside: Sequence[Seen],
    others: dict[str, list[Seen]],
    pairs: Sequence[Seen],
) -> str:
    strange = [member for members in others.values() for member in members]
    moving = [member for member in strange if member.strangeness.moves]
    measures: dict[str, Callable[[Sequence[Seen]], np.ndarray]] = {
        "all three facts": _distances,
        "spread and amount of motion": lambda m: _without(m, embedding=0.0),
        "spread of motion": lambda m: _without(m, embedding=0.0, amount=0.0),
        "amount of motion": lambda m: _without(m, embedding=0.0, spread=0.0),
        "distance to the 5 nearest cases": lambda m: np.array([x.strangeness.embedding for x in m]),
        "distance to the nearest case": lambda m: 1 - (_stacked(m) @ library.embeddings.T).max(1),
        "Mahalanobis distance to the library": lambda m: _mahalanobis(library, _stacked(m)),
    }
    lines = [
        "| measure | all | those that move | those that move, ACDC pairs among the cines |",
        "| --- | --- | --- | --- |",
    ]
    for name, measure in measures.items():
        cells = [
            str(_auroc(measure(a), measure(b)))
            for a, b in ((strange, beside), (moving, beside), (moving, [*beside, *pairs]))
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _distances(members: Iterable[Seen]) -> np.ndarray:
    return np.minimum([m.strangeness.distance for m in members], FAR)


def _without(members: Sequence[Seen], **facts: float) -> np.ndarray:
    """The distance with some facts taken as usual."""
    rest = [replace(m, strangeness=replace(m.strangeness, **facts)) for m in members]
    return _distances(rest)


def _mahalanobis(library: CaseLibrary, embeddings: np.ndarray) -> np.ndarray:
    """With Ledoit & Wolf's covariance: there are hardly more cases than dimensions."""
    from sklearn.covariance import LedoitWolf

    return LedoitWolf().fit(library.embeddings).mahalanobis(embeddings)


def _stacked(members: Sequence[Seen]) -> np.ndarray:
    return np.stack([member.embedding for member in members])


def _auroc(strange: np.ndarray, usual: np.ndarray) -> Estimate:
    labels = np.arange(len(strange) + len(usual)) < len(strange)
    return auc(np.concatenate([strange, usual]), labels)


def _range(distances: np.ndarray) -> str:
    return f"({_shown(distances.min())} to {_shown(distances.max())})"


def _shown(distance: float) -> str:
    return "none moves" if distance >= FAR else f"{distance:.1f}"


if __name__ == "__main__":
    main()
