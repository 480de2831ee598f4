"""Which series the volume files of one exam make.

A file with a course of time is a cine. Volumes named for end-diastole and end-systole, or as
numbered phases, make one cine together, unless the whole cine is there too. A volume named for
late enhancement makes stills. Anything else is set aside with a reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..errors import StudyError
from ..study import Sequence, SetAside, Study, View
from ..views import describe
from .limits import MALFORMED, Limits
from .naming import FileName, Role, one_patient, parse
from .sources import Source, natural
from .volume import Grid, arranged, plain_numbers, series

PHASES = (Role.ED, Role.ES, Role.FRAME)
VOLUME = (
    "volumes without a time course; a cine has the axes (x, y, slice, time) or is a pair of "
    "volumes named ED and ES, and late enhancement is told by its name (lge)"
)
# Label maps number their structures; images have grey levels.
MOST_LABELS = 8
# Voxels looked at before all are.
_SAMPLE = 1 << 16
# A stack of at least this many slices without geometry is taken to be the short axis.
_STACK = 4


@dataclass(frozen=True, eq=False)
class Volume:
    """One file whose header has been read.

    Attributes:
        form: the format, for a person to read.
        name: what the name says.
        shape: `(X, Y, Z, T)`.
        where: the grid of its voxels.
        load: reads the voxels, real numbers of that shape; raises one of `MALFORMED` if it cannot.
        trigger_ms, rr_ms: as of a `Series`.
    """

    form: str
    name: FileName
    shape: tuple[int, int, int, int]
    where: Grid
    load: Callable[[], np.ndarray]
    trigger_ms: np.ndarray | None = None
    rr_ms: float | None = None

    @property
    def sequence(self) -> Sequence:
        return Sequence.LGE if self.name.role is Role.LGE else Sequence.CINE

    @property
    def is_phase(self) -> bool:
        """Whether the file is one phase of a cine, by its name."""
        return self.shape[3] == 1 and self.name.role in PHASES

    @property
    def place(self) -> tuple[str, str]:
        """Exam and view, or what else the name has in common with files of one stack."""
        view = describe(self.name.words)
        return self.name.exam, self.name.stack if view is View.UNKNOWN else str(view)


def by_name(name: FileName) -> str | None:
    """Words for why a file is set aside on the strength of its name alone."""
    if name.role is Role.LABEL:
        return "label maps, not images"
    if name.role is Role.OTHER:
        return "mapping, perfusion, flow or tagging by name, neither cine nor late enhancement"
    return None


def read_volumes(
    sources: list[Source],
    look: Callable[[Source, FileName], Volume | str],
    malformed: tuple[type[Exception], ...],
    damaged: str,
    limits: Limits,
) -> Study:
    """Read the volume files of one format as one study.

    Args:
        sources: the files.
        look: reads a file's header; gives a volume, or words for why it is set aside.
        malformed: what `look` raises on a file that is damaged.
        damaged: words for such files.
        limits: what is refused.

    Raises:
        StudyError: if the files go over a limit or are of several patients.
    """
    one_patient(source.name for source in sources)
    volumes: list[Volume] = []
    set_aside: list[SetAside] = []
    for source in sorted(sources, key=lambda source: natural(source.name)):
        limits.check_time("The study")
        name = parse(source.name)
        try:
            found = by_name(name) or look(source, name)
        except malformed:
            found = damaged
        if isinstance(found, Volume):
            volumes.append(found)
        else:
            set_aside.append(SetAside("files", found))
    study = assemble(volumes, limits)
    study.set_aside = set_aside + study.set_aside
    return study


def assemble(volumes: list[Volume], limits: Limits) -> Study:
    """The series of one exam's volumes, each with its view, in stack order.

    Args:
        volumes: in natural order of their names.
        limits: `pixel_bytes` applies to all volumes together.

    Raises:
        StudyError: if the volumes go over a limit, or two that differ have one name.
    """
    study = Study([])
    chosen = []
    for volume in volumes:
        if reason := _of_no_use(volume):
            study.set_aside.append(SetAside("files", reason))
        else:
            chosen.append(volume)
    values = sum(float(np.prod(volume.shape, dtype=float)) for volume in chosen)
    limits.check("pixel_bytes", 4 * values, "The study")
    images = _images([volume for volume in chosen if not volume.is_phase], study)
    there = {volume.place for volume, _ in images if volume.shape[3] > 1}
    phases = [volume for volume in chosen if volume.is_phase]
    if whole := sum(volume.place in there for volume in phases):
        reason = "phases of a cine that is there whole"
        study.set_aside.append(SetAside("files", reason, whole))
    images += _images([volume for volume in phases if volume.place not in there], study)
    words: list[str] = []
    for volume, voxels in _joined(_without_copies(images, study), study):
        view = View.UNKNOWN
        if volume.where.affine is None:
            view = _guess_view(volume)
            study.notes.append(
                "A file does not say where its slices lie: they are in the order of the file, "
                f"taken as {view}, and which end is the base is unknown."
            )
        if volume.where.assumed:
            study.notes.append("A file states no pixel spacing; 1 mm was assumed.")
        made = series(voxels, volume.where, volume.sequence, view, volume.trigger_ms, volume.rr_ms)
        study.series += made
        words += [volume.name.words] * len(made)
    study.series = arranged(study.series, words)
    study.notes = list(dict.fromkeys(study.notes))
    return study


def _of_no_use(volume: Volume) -> str | None:
    if volume.name.role is Role.LGE:
        several = volume.shape[3] > 1
        return "late enhancement with several images of one place" if several else None
    return None if volume.shape[3] > 1 or volume.is_phase else VOLUME


def _images(chosen: list[Volume], study: Study) -> list[tuple[Volume, np.ndarray]]:
    """The volumes with their voxels, without those that are damaged or no images."""
    images = []
    for volume in chosen:
        try:
            voxels, replaced = plain_numbers(volume.load())
        except MALFORMED:
            reason = f"damaged {volume.form} files, or cut short"
            study.set_aside.append(SetAside("files", reason))
            continue
        if reason := _no_image(voxels):
            study.set_aside.append(SetAside("files", reason))
            continue
        if replaced:
            study.notes.append("Values that are not finite were replaced by 0.")
        images.append((volume, voxels))
    return images


def _no_image(voxels: np.ndarray) -> str | None:
    flat = voxels.ravel(order="K")
    if len(np.unique(flat[:: max(1, flat.size // _SAMPLE)])) > MOST_LABELS:
        return None
    values = np.unique(flat)
    if len(values) == 1:
        return "blank, one value throughout"
    if len(values) <= MOST_LABELS and (values == np.round(values)).all():
        return f"label maps by their values (at most {MOST_LABELS} whole numbers), not images"
    return None


def _without_copies(
    images: list[tuple[Volume, np.ndarray]], study: Study
) -> list[tuple[Volume, np.ndarray]]:
    kept: dict[str, list[tuple[Volume, np.ndarray]]] = defaultdict(list)
    for volume, voxels in images:
        if any(np.array_equal(voxels, other) for _, other in kept[volume.name.stem]):
            study.set_aside.append(SetAside("files", "copies of another file"))
        else:
            kept[volume.name.stem].append((volume, voxels))
    for same in kept.values():
        # A name that says nothing, like image.nii, is told apart by its folder and its geometry.
        if len(same) > 1 and describe(same[0][0].name.words) is not View.UNKNOWN:
            raise StudyError(
                f"{len(same)} files that differ have one name in different folders, as in several "
                "exams; pass the folder of one exam."
            )
    return [item for same in kept.values() for item in same]


def _joined(
    images: list[tuple[Volume, np.ndarray]], study: Study
) -> list[tuple[Volume, np.ndarray]]:
    """The images, those that are phases of one cine put together in order."""
    groups: dict[tuple[str, str], list[tuple[Volume, np.ndarray]]] = defaultdict(list)
    result = []
    for volume, voxels in images:
        if volume.is_phase:
            groups[volume.name.exam, volume.name.stack].append((volume, voxels))
            continue
        result.append((volume, voxels))
        if volume.shape[3] == 2:
            study.notes.append("A cine has two phases only; their times are unknown.")
    for phases in groups.values():
        phases.sort(key=lambda item: (item[0].name.role is Role.FRAME, item[0].name.phase))
        if reason := _no_cine([volume for volume, _ in phases]):
            study.set_aside.append(SetAside("files", reason, len(phases)))
            continue
        first = phases[0][0]
        numbered = first.name.role is Role.FRAME
        order = "in the order of their numbers" if numbered else "end-diastole first"
        count = "two" if len(phases) == 2 else len(phases)
        study.notes.append(f"A cine has {count} phases only, {order}; their times are unknown.")
        voxels = np.concatenate([voxels for _, voxels in phases], axis=3)
        result.append((replace(first, shape=voxels.shape), voxels))
    return result


def _no_cine(phases: list[Volume]) -> str | None:
    """Why volumes named as phases of one stack make no cine."""
    if len(phases) == 1:
        return "one phase of a cine without another; add the other volume or the whole cine"
    if len({(volume.name.role, volume.name.phase) for volume in phases}) < len(phases):
        return "several volumes named for one phase of a cine"
    if not all(_same_grid(phases[0], volume) for volume in phases):
        return "phases of a cine that differ in shape or place"
    return None


def _same_grid(one: Volume, other: Volume) -> bool:
    if one.shape != other.shape:
        return False
    if not np.allclose(one.where.spacing_mm, other.where.spacing_mm, rtol=0.01):
        return False
    a, b = one.where.affine, other.where.affine
    return (a is None) == (b is None) and (a is None or np.allclose(a, b, rtol=0.01, atol=0.5))


def _guess_view(volume: Volume) -> View:
    said = describe(volume.name.words)
    if said is View.UNKNOWN and volume.shape[2] >= _STACK:
        return View.SAX
    return said
