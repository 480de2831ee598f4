"""The parts of an evaluation's page on who it holds for: subgroups, another model, other cases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..figures.evaluation import Row, forest
from .results import Comparison, Evaluation, External, Facts
from .subgroups import FEWEST
from .words import INTERVALS, not_measured, p_value, plus, signed

if TYPE_CHECKING:
    from .page import Page


def subgroups(page: Page, evaluation: Evaluation) -> None:
    """Each group beside the rest of the cohort."""
    groups = evaluation.subgroups
    if not groups:
        page.section("Subgroups", page.paragraph("No attribute of the cases has two known values."))
        return
    rows, last = [], ""
    for group in groups:
        note = f"{group.cases} cases"
        if group.difference:
            note += f", {plus(group.difference.value)}"
        heading = group.attribute.capitalize() if group.attribute != last else ""
        rows.append(Row(group.value, note, (group.mean, group.rest), heading))
        last = group.attribute
    names = "in the group", "in the rest"
    page.section(
        "Subgroups",
        page.paragraph(
            "The mean AUC in each group and in the rest of the cohort, over the findings that have "
            f"at least {FEWEST} cases with and {FEWEST} without them in both. Groups rest on "
            "different findings, so compare a group with its rest, not with another group."
        ),
        page.figures(
            {"all": lambda dark: forest(rows, names, "mean AUC", 0.5, dark=dark)},
            f"{INTERVALS} Behind a group's name: its cases, and the difference from the rest. "
            "With many groups, some differ by chance. The AUC "
            "of each finding in each group is in the CSV and JSON files.",
        ),
        page.table(
            ("group", "cases", "findings", "mean AUC", "in the rest", "difference"),
            [
                (
                    f"{g.attribute}: {g.value}",
                    str(g.cases),
                    str(g.compared),
                    str(g.mean) if g.mean else "too few to measure",
                    str(g.rest or ""),
                    signed(g.difference) if g.difference else "",
                )
                for g in groups
            ],
        ),
    )


def comparison(page: Page, compared: Comparison, facts: Facts) -> None:
    """A second model on the same cases."""
    first, second = facts.model, compared.facts.model
    mean = compared.mean
    rows = [
        Row("Mean", f"{plus(mean.difference.value)}, p {p_value(mean.p)}", (mean.difference,)),
        *(
            Row(
                one.label,
                f"{plus(one.delong.difference.value)}, p {p_value(one.p_holm)}",
                (one.delong.difference,),
            )
            for one in compared.findings
        ),
    ]
    heads = ("finding", "with", "without", first, second, "difference")
    page.section(
        "Two models on the same cases",
        page.paragraph(
            f"The AUC of {second} less that of {first} on the same {compared.cases} cases: "
            f"above 0, {second} is better. Single findings are tested by DeLong's test, with p "
            "after Holm's correction for their number; the mean by a paired bootstrap over the "
            "cases."
            + (
                f" Left out: {compared.left_out} cases that only one of the two has."
                if compared.left_out
                else ""
            )
        ),
        page.figures(
            {"all": lambda dark: forest(rows, ("difference",), "AUC difference", 0.0, dark=dark)},
            "Difference of the AUCs with its 95 % interval, and p. The dotted line is none.",
        ),
        page.table(
            (*heads, "p (DeLong)", "after Holm", "p (bootstrap)"),
            [
                (
                    one.label,
                    str(one.positives),
                    str(one.negatives),
                    f"{one.delong.first:.3f}",
                    f"{one.delong.second:.3f}",
                    signed(one.delong.difference),
                    p_value(one.delong.p),
                    p_value(one.p_holm),
                    p_value(one.bootstrap.p),
                )
                for one in compared.findings
            ],
        ),
    )


def external(page: Page, other: External, facts: Facts) -> None:
    """Another cohort by the same model."""
    rows = [
        Row(one.label, plus(one.difference.value), (one.internal, one.auc))
        for one in other.findings
    ]
    names = facts.name, other.facts.name
    heads = ("finding", "with", "without", "AUC", f"on {facts.name}", "difference")
    page.section(
        "An external cohort",
        page.paragraph(
            f"The same model on {other.facts.name} ({other.facts.cases} cases): the mean AUC over "
            f"{len(other.findings)} findings is {other.mean}, on {facts.name} {other.internal}; "
            f"the difference is {signed(other.difference)}. Thresholds were chosen on "
            f"{facts.name}."
            + (
                f" {other.shared} of its exams are in {facts.name} as well, pixel by pixel, so the "
                "two are not apart."
                if other.shared
                else ""
            )
        ),
        page.figures(
            {"all": lambda dark: forest(rows, names, "AUC", 0.5, dark=dark)},
            f"{INTERVALS} Behind a finding: the external AUC less the internal one. The dotted "
            "line is chance.",
        ),
        page.table(
            (*heads, "sensitivity", "specificity"),
            [
                (
                    one.label,
                    str(one.positives),
                    str(one.negatives),
                    str(one.auc),
                    str(one.internal),
                    signed(one.difference),
                    str(one.at_threshold.sensitivity) if one.at_threshold else "",
                    str(one.at_threshold.specificity) if one.at_threshold else "",
                )
                for one in other.findings
            ],
        ),
        page.points(not_measured(other.left_out)),
    )
