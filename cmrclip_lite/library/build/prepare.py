"""One exam on its way into a library: read, laid out as a clip, and embedded."""

from __future__ import annotations

import hashlib
import os
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import CmrClipError
from ...frames import study_to_clip
from ...model import CMRCLIP, ModelConfig
from ...readers import read_study
from ..records import Acquisition, CaseRecord
from ..rows import with_impressions
from ..thumbnail import has_picture, thumbnail

_UNEMBEDDED = np.empty(0, np.float32)


@dataclass(frozen=True)
class Item:
    """One exam to be added, and what its report says.

    Attributes:
        id: of the case that it becomes.
        path: of its folder, archive or file.
        known: the fingerprint under which the library knows this id already, or None. An exam that
            still has it is passed over.
        replace: whether an exam of another fingerprint takes the place of the one known.

    The others are as in `CaseRecord`.
    """

    id: str
    path: Path
    impression: str = ""
    findings: tuple[str, ...] = ()
    sex: str = ""
    age_band: str = ""
    source: str = ""
    known: str | None = None
    replace: bool = False


@dataclass(frozen=True)
class Prepared:
    """A case without its embeddings, and the clip `(F, 3, H, W)` float32 to embed."""

    case: CaseRecord
    clip: np.ndarray


@dataclass(frozen=True)
class Failure:
    """An exam that could not be added, and why, in a sentence without a path."""

    id: str
    reason: str
    fingerprint: str = ""


@dataclass(frozen=True)
class Passed:
    """An exam that was not read: the library knows its id, by the same files and report or not."""

    id: str
    changed: bool


Result = CaseRecord | Failure | Passed


def prepare(
    item: Item, config: ModelConfig, pictures: bool = True
) -> Prepared | Failure | Passed:
    """Read an exam and lay it out; what is wrong with it is told, not raised."""
    fingerprint = ""
    try:
        # Before reading: files that change meanwhile are read again in the next run.
        fingerprint = fingerprint_of(item)
        if item.known is not None:
            changed = fingerprint != item.known
            if not (changed and item.replace):
                return Passed(item.id, changed)
        study = read_study(item.path)
        clip = study_to_clip(study, config).tensor.numpy()
        picture = thumbnail(study) if pictures and has_picture(study) else b""
    except CmrClipError as error:
        return Failure(item.id, str(error), fingerprint)
    except OSError as error:
        reason = f"Its files could not be read: {error.strerror or type(error).__name__}."
        return Failure(item.id, reason, fingerprint)
    except MemoryError:
        return Failure(item.id, "Reading it took more memory than there is.", fingerprint)
    except Exception as error:  # one exam must not end the run of thousands
        at = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{type(error).__name__}, {Path(at.filename).name} line {at.lineno}"
        reason = f"Reading it failed in an unforeseen way ({place})."
        return Failure(item.id, reason, fingerprint)
    case = CaseRecord(
        id=item.id,
        embedding=_UNEMBEDDED,
        impression=item.impression,
        findings=item.findings,
        picture=picture,
        source=item.source,
        acquisition=Acquisition.of(study),
        sex=item.sex,
        age_band=item.age_band,
        content=study.content,
        fingerprint=fingerprint,
    )
    return Prepared(case, clip)


def embed(model: CMRCLIP, prepared: Sequence[Prepared]) -> list[CaseRecord | Failure]:
    """Embed exams, as many together as can be, and their impressions; in their order."""
    vectors = model.embed_clips([one.clip for one in prepared])
    usable = np.isfinite(vectors).all(axis=1)
    cases = iter(
        with_impressions(
            [
                replace(one.case, embedding=vector)
                for one, vector, good in zip(prepared, vectors, usable, strict=True)
                if good
            ],
            model,
        )
    )
    reason = "The model gave no usable embedding; the pixels may hold no picture."
    return [
        next(cases) if good else Failure(one.case.id, reason, one.case.fingerprint)
        for one, good in zip(prepared, usable, strict=True)
    ]


def fingerprint_of(item: Item) -> str:
    """Of an exam's files, by name, size and time of change, and of its report: 32 hex digits.

    Raises:
        OSError: if a file cannot be looked at.
    """
    digest = hashlib.blake2b(digest_size=16)
    report = (item.impression, *item.findings, item.sex, item.age_band, item.source)
    digest.update(repr(report).encode())
    for name, status in _files(item.path):
        digest.update(f"\0{name}\0{status.st_size}\0{status.st_mtime_ns}".encode(errors="replace"))
    return digest.hexdigest()


def _files(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The files of an exam by their names in it, sorted."""
    if not os.path.isdir(path):
        yield "", os.stat(path)
        return
    for folder, below, names in os.walk(path, onerror=_raise):
        below.sort()
        for name in sorted(names):
            file = os.path.join(folder, name)
            yield os.path.relpath(file, path), os.lstat(file)


def _raise(error: OSError) -> None:
    raise error
