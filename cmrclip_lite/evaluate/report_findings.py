"""The parts of an evaluation's page on single findings: by prompts, at a threshold, by examples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from ..figures.curves import few_shot_curve, few_shot_means, roc_curve
from ..figures.evaluation import Row, forest
from .few_shot import EPISODES, FewShot
from .results import Evaluation, Finding
from .words import INTERVALS, not_measured

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from .page import Draw, Page

_CALLED = ("sensitivity", "specificity", "accuracy", "f1")


def zero_shot(page: Page, evaluation: Evaluation) -> None:
    """Every finding by its prompts alone."""
    findings = evaluation.findings
    rows = [
        Row(f.label, f"{f.auc.value:.3f}, {f.positives} of {f.positives + f.negatives}", (f.auc,))
        for f in findings
    ]
    curves: dict[str, Draw] = {f.label: partial(_roc, f) for f in findings}
    heads = ("finding", "with", "without", "unknown", "AUC", "average precision", "by chance")
    table = [
        (
            f.label,
            str(f.positives),
            str(f.negatives),
            str(f.unknown),
            str(f.auc),
            str(f.average_precision),
            f"{f.positives / (f.positives + f.negatives):.3f}",
        )
        for f in findings
    ]
    page.section(
        "Findings by prompts",
        page.figures(
            {"all": lambda dark: forest(rows, ("AUC",), "AUC", 0.5, dark=dark)},
            f"Zero-shot AUC of each finding, and how many cases have it. {INTERVALS} The dotted "
            "line is chance.",
        ),
        page.figures(
            curves, "ROC curve with its pointwise 95 % band. The dotted line is chance.", True
        ),
        page.table(heads, table),
        page.points(not_measured(evaluation.left_out)),
    )


def thresholds(page: Page, findings: Sequence[Finding]) -> None:
    """What the scores say where a line is drawn through them."""
    rows = []
    for f in findings:
        at = f.at_threshold
        if at is None:
            rows.append((f.label, "too few cases to choose a threshold", *[""] * len(_CALLED)))
            continue
        drawn = " and ".join(f"{value:.3f}" for value in at.thresholds)
        rows.append((f.label, *(str(getattr(at, name)) for name in _CALLED), drawn))
    chosen = sorted({f.at_threshold.chosen_on for f in findings if f.at_threshold})
    page.section(
        "At a threshold",
        page.paragraph(
            "A line is drawn through the similarities where sensitivity and specificity together "
            "are highest (Youden), on other cases than those it is judged on. "
            + (f"It was chosen on {'; '.join(chosen)}. " if chosen else "")
            + "Halves are by a hash of the case's id, so they never change."
        ),
        page.table(("finding", *_CALLED[:3], "F1", "threshold (cosine)"), rows),
    )


def examples(page: Page, findings: Sequence[Finding]) -> None:
    """What the embeddings hold, prompts aside."""
    able = [f for f in findings if f.few_shot]
    columns = sorted({one.shots for f in able for one in f.few_shot})
    kinds = list(dict.fromkeys(p.name for f in findings for p in f.probes))
    rows = [
        (
            f.label,
            f"{f.auc.value:.3f}",
            *(_shot(f.few_shot, k) for k in columns),
            *(_probe(f, kind) for kind in kinds),
        )
        for f in findings
    ]
    page.section(
        "From examples",
        page.paragraph(
            "What the embeddings hold, prompts aside. Few shots: some examples with a finding and "
            "as many without are centred, scaled to length one and averaged into two prototypes; "
            f"a case is scored by its distances to them. {EPISODES} times, examples are drawn from "
            "one half of the cohort and asked of the other. Probes: a logistic regression and a "
            "small network on the standardised embeddings, each case scored by one of five that "
            "did not see it."
        ),
        page.figures(
            _curves(able),
            "AUC from examples, beside the one by prompts. Of a single finding the band is the "
            "95 % bootstrap over the cases of the mean over the draws; beside the mean of several, "
            "thin lines are single findings.",
            True,
        )
        if able
        else page.paragraph("There are too few cases of each finding for examples."),
        page.table(("finding", "zero-shot", *(f"{k} of each" for k in columns), *kinds), rows)
        if columns or kinds
        else "",
        page.paragraph(
            "AUC. Of few shots, ± is the standard deviation over the draws: how much the choice "
            "of the examples matters.",
            quiet=True,
        ),
    )


def _curves(able: Sequence[Finding]) -> dict[str, Draw]:
    """Each finding, and before them the mean of those that reach as many shots as half of all."""
    curves: dict[str, Draw] = {}
    reach = sorted((len(f.few_shot) for f in able), reverse=True)[(len(able) - 1) // 2]
    together = [f for f in able if len(f.few_shot) >= reach]
    if len(together) > 1:
        curves[f"mean of {len(together)} findings"] = partial(_means, together, reach)
    return curves | {f.label: partial(_few, f) for f in able}


def _means(findings: Sequence[Finding], reach: int, dark: bool) -> go.Figure:
    values = [[one.auc.value for one in f.few_shot[:reach]] for f in findings]
    shots = [one.shots for one in findings[0].few_shot[:reach]]
    zero_shot = sum(f.auc.value for f in findings) / len(findings)
    return few_shot_means(values, shots, zero_shot, dark=dark)


def _few(finding: Finding, dark: bool) -> go.Figure:
    probes = [(probe.name, probe.auc.value) for probe in finding.probes]
    return few_shot_curve(finding.few_shot, finding.auc.value, probes, dark=dark)


def _roc(finding: Finding, dark: bool) -> go.Figure:
    return roc_curve(finding.roc, f"AUC {finding.auc}", dark=dark)


def _shot(few: Sequence[FewShot], shots: int) -> str:
    found = next((one for one in few if one.shots == shots), None)
    return f"{found.auc.value:.3f} ± {found.spread:.3f}" if found else "too few"


def _probe(finding: Finding, kind: str) -> str:
    return next((str(p.auc) for p in finding.probes if p.name == kind), "too few")
