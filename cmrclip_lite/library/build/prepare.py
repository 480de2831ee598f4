"""One exam on its way into a library: read, laid out as a clip, and embedded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ...errors import CmrClipError
from ...frames import study_to_clip
from ...model import CMRCLIP, ModelConfig
from ...readers import read_study
from ..records import Acquisition, CaseRecord
from ..thumbnail import has_picture, thumbnail

_UNEMBEDDED = np.empty(0, np.float32)


@dataclass(frozen=True)
class Item:
    """One exam to be added, and what its report says.

    Attributes:
        id: of the case that it becomes.
        path: of its folder, archive or file.
        fingerprint: of its files and its report; another one means that something changed.

    The others are as in `CaseRecord`.
    """

    id: str
    path: Path
    fingerprint: str
    impression: str = ""
    findings: tuple[str, ...] = ()
    sex: str = ""
    age_band: str = ""
    source: str = ""


@dataclass(frozen=True)
class Prepared:
    """A case without its embedding, and the clip `(F, 3, H, W)` float32 to embed."""

    case: CaseRecord
    clip: np.ndarray


@dataclass(frozen=True)
class Failure:
    """An exam that could not be added, and why, in a sentence without a path or a patient."""

    id: str
    reason: str
    fingerprint: str = ""


def prepare(item: Item, config: ModelConfig, pictures: bool = True) -> Prepared | Failure:
    """Read an exam and lay it out; what is wrong with it is told, not raised."""
    try:
        study = read_study(item.path)
        clip = study_to_clip(study, config).tensor.numpy()
        picture = thumbnail(study) if pictures and has_picture(study) else b""
    except CmrClipError as error:
        return Failure(item.id, str(error), item.fingerprint)
    except MemoryError:
        return Failure(item.id, "Reading it took more memory than there is.", item.fingerprint)
    except Exception as error:  # noqa: BLE001: one exam must not end the run of thousands
        reason = f"Reading it failed in an unforeseen way ({type(error).__name__})."
        return Failure(item.id, reason, item.fingerprint)
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
        fingerprint=item.fingerprint,
    )
    return Prepared(case, clip)


@torch.inference_mode()
def embed(model: CMRCLIP, prepared: Sequence[Prepared]) -> list[CaseRecord | Failure]:
    """Embed exams, those with clips of one shape together; in their order."""
    results: list[CaseRecord | Failure] = [None] * len(prepared)
    shapes: dict[tuple[int, ...], list[int]] = {}
    for i, one in enumerate(prepared):
        shapes.setdefault(one.clip.shape, []).append(i)
    for members in shapes.values():
        clips = torch.from_numpy(np.stack([prepared[i].clip for i in members]))
        vectors = model.encode_clip(clips).float().cpu().numpy()
        for i, vector in zip(members, vectors, strict=True):
            case = prepared[i].case
            if np.isfinite(vector).all():
                results[i] = replace(case, embedding=vector)
            else:
                reason = "The model gave no usable embedding; the pixels may hold no picture."
                results[i] = Failure(case.id, reason, case.fingerprint)
    return results
