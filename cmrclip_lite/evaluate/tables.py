"""An evaluation as JSON and as rows of a CSV file."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from .intervals import Estimate
from .results import Evaluation, External, Finding, Outside
from .thresholds import AtThreshold

COLUMNS = (
    "cohort", "model", "part", "subject", "group", "measure", "value", "low", "high",
    "positives", "negatives", "cases", "against",
)  # fmt: skip
_CALLED = ("accuracy", "f1", "sensitivity", "specificity")


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """JSON-ready; what is not a number is null."""
    return _plain(asdict(evaluation))


def json_text(evaluation: Evaluation) -> str:
    return json.dumps(as_json(evaluation), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def csv_text(evaluation: Evaluation) -> str:
    """One figure a row, below a header of `COLUMNS`."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows(evaluation))
    return text.getvalue()


def rows(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    """Each figure by the names of `COLUMNS`."""
    facts = evaluation.facts
    of = {"cohort": facts.name, "model": facts.model}
    findings = len(evaluation.findings)
    yield of | _row(
        "zero-shot", f"mean of {findings} findings", "AUC", evaluation.mean_auc, against="0.5"
    )
    for finding in evaluation.findings:
        yield from (of | row for row in _finding(finding))
    for found in evaluation.retrieval:
        chance = f"{found.chance:.4g} by chance"
        yield of | _row("retrieval", "", found.what, found.estimate, against=chance)
    yield from (of | row for row in _diagnosis(evaluation))
    yield from (of | row for row in _subgroups(evaluation))
    yield from (of | row for row in _comparison(evaluation))
    if evaluation.external:
        other = evaluation.external.facts
        named = {"cohort": other.name, "model": other.model}
        yield from (named | row for row in _external(evaluation.external))


def _row(
    part: str, subject: str, measure: str, value: Estimate | float, **more: Any
) -> dict[str, Any]:
    row = {"part": part, "subject": subject, "measure": measure, **more}
    if isinstance(value, Estimate):
        return row | {k: _cell(getattr(value, k)) for k in ("value", "low", "high")}
    return row | {"value": _cell(value)}


def _finding(finding: Finding) -> Iterator[dict[str, Any]]:
    counts = {"positives": finding.positives, "negatives": finding.negatives}
    yield from _zero_shot(finding)
    for few in finding.few_shot:
        name = f"AUC from {few.shots} of each"
        yield _row("few-shot", finding.name, name, few.auc, **counts)
        yield _row("few-shot", finding.name, f"{name}, spread over episodes", few.spread, **counts)
    for probe in finding.probes:
        yield _row(probe.name, finding.name, "AUC", probe.auc, **counts)
        yield from _called(probe.name, finding.name, probe.called)


def _zero_shot(finding: Finding | Outside) -> Iterator[dict[str, Any]]:
    counts = {"positives": finding.positives, "negatives": finding.negatives}
    yield _row("zero-shot", finding.name, "AUC", finding.auc, against="0.5", **counts)
    share = finding.positives / (finding.positives + finding.negatives)
    yield _row(
        "zero-shot",
        finding.name,
        "average precision",
        finding.average_precision,
        against=f"{share:.4g} by chance",
        **counts,
    )
    if finding.at_threshold:
        yield from _called("zero-shot", finding.name, finding.at_threshold)


def _called(part: str, subject: str, at: AtThreshold) -> Iterator[dict[str, Any]]:
    counts = {"positives": at.positives, "negatives": at.negatives}
    for measure in _CALLED:
        against = f"threshold from {at.chosen_on}"
        yield _row(part, subject, measure, getattr(at, measure), against=against, **counts)


def _diagnosis(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    told = evaluation.diagnosis
    if told is None:
        return
    chance = f"{told.chance:.4g} by chance"
    yield _row("diagnosis", "", "balanced accuracy", told.balanced_accuracy, against=chance)
    always = f"{told.largest:.4g} for always saying the most frequent"
    yield _row("diagnosis", "", "accuracy", told.accuracy, against=always)
    for name, recall, counts in zip(told.classes, told.recalls, told.confusion, strict=True):
        yield _row("diagnosis", name, "recall", recall, cases=sum(counts))
        for taken_for, count in zip(told.classes, counts, strict=True):
            yield _row("diagnosis", name, f"taken for {taken_for}", count, cases=sum(counts))


def _subgroups(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    for group in evaluation.subgroups:
        of = {"group": f"{group.attribute}: {group.value}", "cases": group.cases}
        if group.mean:
            subject = f"mean of {group.compared} findings"
            yield _row("subgroup", subject, "AUC", group.mean, **of)
            yield _row("subgroup", subject, "AUC of the rest", group.rest, **of)
            yield _row("subgroup", subject, "difference from the rest", group.difference, **of)
        for one in group.findings:
            counts = {"positives": one.positives, "negatives": one.negatives}
            for measure, value in (("AUC", one.auc), ("difference from the rest", one.difference)):
                if value:
                    yield _row("subgroup", one.finding, measure, value, **of, **counts)


def _comparison(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    compared = evaluation.comparison
    if compared is None:
        return
    other = compared.facts.model
    subject = f"mean of {len(compared.findings)} findings"
    yield _row("comparison", subject, f"AUC of {other}", compared.mean.second)
    yield _row("comparison", subject, "AUC difference", compared.mean.difference, against=other)
    yield _row("comparison", subject, "p of the bootstrap", compared.mean.p, against=other)
    for one in compared.findings:
        of = {"positives": one.positives, "negatives": one.negatives, "against": other}
        yield _row("comparison", one.name, f"AUC of {other}", one.delong.second, **of)
        for kind, test in (("DeLong", one.delong), ("bootstrap", one.bootstrap)):
            name = f"AUC difference, {kind}"
            yield _row("comparison", one.name, name, test.difference, **of)
            yield _row("comparison", one.name, f"p of {kind}", test.p, **of)
        yield _row("comparison", one.name, "p of DeLong after Holm", one.p_holm, **of)


def _external(external: External) -> Iterator[dict[str, Any]]:
    subject = f"mean of {len(external.findings)} findings"
    yield _row("zero-shot", subject, "AUC", external.mean, against="0.5")
    yield _row("external", subject, "AUC difference from the internal", external.difference)
    for one in external.findings:
        yield from _zero_shot(one)
        yield _row("external", one.name, "AUC difference from the internal", one.difference)


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6g}"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
