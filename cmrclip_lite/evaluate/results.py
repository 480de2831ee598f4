"""What an evaluation found, as plain data; `evaluation.py` fills it in."""

from __future__ import annotations

from dataclasses import dataclass, field

from .compare import PairedTest
from .diagnosis import Diagnosis
from .few_shot import FewShot
from .intervals import Estimate
from .probes import Probe
from .roc import Roc
from .subgroups import Group
from .thresholds import AtThreshold

NOTICE = "For research and education, never for diagnosis."


@dataclass(frozen=True)
class Facts:
    """Which cohort, by which model.

    Attributes:
        impressions: cases that have one.
        groups: of each attribute, how many cases have each value; "" for those unknown.
    """

    name: str
    cases: int
    impressions: int
    model: str
    identity: str
    groups: dict[str, dict[str, int]]


@dataclass(frozen=True)
class Finding:
    """One finding, zero-shot and from examples.

    Attributes:
        name, label: its key, and what it is called.
        unknown: cases of which nobody can tell.
        average_precision: by chance the share of positives.
        at_threshold: None where no threshold could be chosen without the cases.
        few_shot: for each number of shots of which there are enough.
        probes: none where there are too few cases or no scikit-learn.
    """

    name: str
    label: str
    positives: int
    negatives: int
    unknown: int
    auc: Estimate
    average_precision: Estimate
    roc: Roc
    at_threshold: AtThreshold | None
    few_shot: tuple[FewShot, ...]
    probes: tuple[Probe, ...]


@dataclass(frozen=True)
class Found:
    """One figure of retrieval, and what chance gives."""

    what: str
    estimate: Estimate
    chance: float


@dataclass(frozen=True)
class Compared:
    """One finding by both models on the same cases.

    Attributes:
        delong, bootstrap: the second model's AUC less the first's, by two tests.
        p_holm: DeLong's p, corrected for the number of findings.
    """

    name: str
    label: str
    positives: int
    negatives: int
    delong: PairedTest
    bootstrap: PairedTest
    p_holm: float


@dataclass(frozen=True)
class Comparison:
    """A second model beside the first, on the cases that both have.

    Attributes:
        cases: that both have.
        mean: of the AUC over findings.
        left_out: cases that only one of the two has.
    """

    facts: Facts
    cases: int
    findings: tuple[Compared, ...]
    mean: PairedTest
    left_out: int


@dataclass(frozen=True)
class Outside:
    """One finding in an external cohort.

    Attributes:
        at_threshold: at the threshold chosen on the whole internal cohort.
        internal, difference: the internal AUC, and the external less it.
    """

    name: str
    label: str
    positives: int
    negatives: int
    unknown: int
    auc: Estimate
    average_precision: Estimate
    at_threshold: AtThreshold | None
    internal: Estimate
    difference: Estimate


@dataclass(frozen=True)
class External:
    """Another cohort by the same model.

    Attributes:
        mean, internal, difference: of the AUC over the findings that both can measure.
        left_out: findings that only one can, and why.
        shared: exams that both hold, pixel by pixel.
    """

    facts: Facts
    findings: tuple[Outside, ...]
    mean: Estimate
    internal: Estimate
    difference: Estimate
    left_out: dict[str, str]
    shared: int


@dataclass(frozen=True)
class Evaluation:
    """All of it.

    Attributes:
        made: UTC, to the minute.
        version: of this package.
        left_out: findings that cannot be measured, and why.
        notes: sentences on what else was left out.
    """

    facts: Facts
    made: str
    version: str
    findings: tuple[Finding, ...]
    mean_auc: Estimate
    retrieval: tuple[Found, ...]
    subgroups: tuple[Group, ...]
    left_out: dict[str, str]
    notes: tuple[str, ...]
    diagnosis: Diagnosis | None = None
    comparison: Comparison | None = None
    external: External | None = None
    notice: str = field(default=NOTICE)
