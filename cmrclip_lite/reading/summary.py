"""A study read by its scores and its similar cases: evidence with sources, never a diagnosis."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ..familiar import unfamiliar
from ..frames import study_to_clip
from .evidence import RULE, Evidence, Strength, Yardstick, weigh
from .sentences import Limits, Quote, Spoken, draft
from .topics import Part, can_show, parts_of, parts_of_case, topics_of

if TYPE_CHECKING:
    from ..library import Case, CaseLibrary
    from ..model import CMRCLIP
    from ..study import Study

SIMILAR = 8  # similar cases that a reading looks at
NOTICE = (
    "Evidence from scores and similar cases, for research and education. It is not a report and "
    "not a diagnosis; a person has to look at the images."
)


@dataclass(frozen=True)
class Finding:
    """The evidence of one condition, and the similar cases that have it.

    Attributes:
        supporting: ids of the similar cases that have it, most similar first.
        could_show: how many of the similar cases could show it.
    """

    evidence: Evidence
    supporting: tuple[str, ...]
    could_show: int

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        similar = {"supporting": list(self.supporting), "could_show": self.could_show}
        return self.evidence.as_dict() | similar


@dataclass(frozen=True)
class Reading:
    """What a library's cases say of a study, topic by topic.

    Attributes:
        model, library: by name; what the evidence rests on.
        sources: where the library's similar cases come from, in words.
        topics: findings by topic, in the order of a report.
        similar: the most similar cases.
        draft: sentences out of their impressions; None where the text encoder cannot tell what
            says the same and what the opposite.
        cannot_know: sentences on what this reading does not see.
        notes: on the study, from reading it.
    """

    model: str
    library: str
    sources: tuple[str, ...]
    topics: dict[str, tuple[Finding, ...]]
    similar: tuple[Case, ...]
    draft: tuple[Quote, ...] | None
    cannot_know: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @property
    def stated(self) -> list[Finding]:
        """The findings with strong or moderate evidence."""
        return [
            finding
            for findings in self.topics.values()
            for finding in findings
            if finding.evidence.strength.is_stated
        ]

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "notice": NOTICE,
            "model": self.model,
            "library": self.library,
            "sources": list(self.sources),
            "rule": RULE,
            "topics": {
                name: [finding.as_dict() for finding in findings]
                for name, findings in self.topics.items()
            },
            "similar": [case.as_dict() for case in self.similar],
            "draft": None if self.draft is None else [quote.as_dict() for quote in self.draft],
            "cannot_know": list(self.cannot_know),
            "notes": list(self.notes),
        }


class Reader:
    """A model and a library, made ready once to read any number of studies.

    Raises:
        LibraryError: if another model embedded the library, or it has too few normal cases.
        CheckpointError: if the model has no tokenizer.
    """

    def __init__(self, model: CMRCLIP, library: CaseLibrary) -> None:
        self.model = model
        self.library = library
        self.yardstick = Yardstick.of(model, library)
        self.limits = Limits.of(model)
        # Studies read one after the other often have similar cases in common.
        self.spoken = lru_cache(maxsize=1024)(partial(Spoken.of, model))

    def read(self, study: Study) -> Reading:
        """Read a study; a case of the library that is the same exam is left out.

        Raises:
            StudyError: if the study lacks what the model's layout needs.
        """
        clip = study_to_clip(study, self.model.config)
        (embedding,) = self.model.embed_clips([clip.tensor])
        strange = unfamiliar(self.model, study, embedding, self.library)
        notes = (*filter(None, [strange]), *study.notes, *clip.notes)
        return self.read_embedding(embedding, parts_of(study), study.content, notes)

    def read_embedding(
        self,
        embedding: np.ndarray,
        parts: frozenset[Part],
        exclude: Collection[str] = (),
        notes: tuple[str, ...] = (),
    ) -> Reading:
        """Read a study that is embedded already.

        Args:
            embedding: `(D,)` unit vector.
            parts: what the study holds.
            exclude: ids or digests of cases that are the study itself.
            notes: what is to be said of the study.
        """
        similar = self.library.search(embedding, SIMILAR, exclude=exclude)
        evidence = weigh(self.yardstick, embedding, parts, exclude)
        found = {one.key: _finding(one, similar) for one in evidence}
        topics = {
            name: tuple(found[key] for key in keys) for name, keys in topics_of(found).items()
        }
        quotes = None
        if self.limits is not None:
            ordered = [finding.evidence for findings in topics.values() for finding in findings]
            prompts = self.yardstick.prompts[[evidence.index(one) for one in ordered]]
            spoken = [self.spoken(case.impression) for case in similar]
            quotes = tuple(draft(self.limits, embedding, similar, spoken, parts, ordered, prompts))
        return Reading(
            model=self.model.name,
            library=self.library.name,
            sources=tuple(sorted({case.source for case in similar if case.source})),
            topics=topics,
            similar=tuple(similar),
            draft=quotes,
            cannot_know=_cannot_know(evidence, self.library),
            notes=notes,
        )


def _finding(evidence: Evidence, similar: list[Case]) -> Finding:
    able = [
        case
        for case in similar
        if can_show(
            evidence.key, parts_of_case(case.acquisition.views, case.acquisition.enhancement)
        )
    ]
    supporting = tuple(case.id for case in able if evidence.key in case.findings)
    return Finding(evidence, supporting, len(able))


def _cannot_know(evidence: list[Evidence], library: CaseLibrary) -> tuple[str, ...]:
    unread: dict[str, list[str]] = {}
    for one in evidence:
        if one.strength is Strength.NOT_READ:
            unread.setdefault(one.reason, []).append(one.label)
    told = [f"{', '.join(labels)}: {reason}" for reason, labels in unread.items()]
    told += [
        f"Anything but the {len(evidence)} conditions named here, such as valve or congenital "
        "disease, and how large or how severe a finding is.",
        f"How common a finding is among your patients: every share here is of the {len(library)} "
        f"cases of the library '{library.name}'.",
    ]
    return tuple(told)
