"""The page of an evaluation, for a person: what was measured, against what, and how surely."""

from __future__ import annotations

from ..figures.evaluation import confusion
from .cohort import spoken
from .page import Page
from .report_findings import examples, thresholds, zero_shot
from .report_groups import comparison, external, subgroups
from .results import Evaluation
from .words import INTERVALS, counted, found


def page_of(evaluation: Evaluation) -> str:
    """The whole page, as HTML that needs no network."""
    facts = evaluation.facts
    page = Page(f"Evaluation of {facts.model} on {facts.name}", evaluation.notice)
    _what(page, evaluation)
    zero_shot(page, evaluation)
    thresholds(page, evaluation.findings)
    examples(page, evaluation.findings)
    _diagnosis(page, evaluation)
    _retrieval(page, evaluation)
    subgroups(page, evaluation)
    if evaluation.comparison:
        comparison(page, evaluation.comparison, facts)
    if evaluation.external:
        external(page, evaluation.external, facts)
    _limits(page, evaluation)
    return page.html()


def _what(page: Page, evaluation: Evaluation) -> None:
    facts, count = evaluation.facts, len(evaluation.findings)
    rows = [
        ("model", facts.model),
        ("content of the model", facts.identity[:16]),
        ("cohort", facts.name),
        ("cases", f"{facts.cases}, {facts.impressions} with an impression"),
    ]
    for attribute, values in facts.groups.items():
        rows.append((attribute, counted(values)))
    rows.append(("made", f"{evaluation.made} UTC by cmrclip-lite {evaluation.version}"))
    page.section(
        "What was measured",
        page.paragraph(
            f"How well the model tells findings of {facts.cases} cases by prompts alone: the mean "
            f"AUC over {count} findings is {evaluation.mean_auc}. An AUC is the share of pairs of "
            "a case with and a case without a finding in which the one with it scores higher: "
            f"0.5 is chance, 1 is perfect. {INTERVALS}"
        ),
        page.table([], rows, "facts"),
        page.points(evaluation.notes),
    )


def _diagnosis(page: Page, evaluation: Evaluation) -> None:
    told = evaluation.diagnosis
    if told is None:
        return
    labels = [spoken(name) for name in told.classes]
    left = ", ".join(f"{count} with {what}" for what, count in told.left_out.items() if count)
    page.section(
        "One of several diagnoses",
        page.paragraph(
            f"Each case is taken for the one of {len(labels)} classes whose prompts it fits best "
            f"above their level, by prompts alone. The level is the mean similarity in "
            f"{told.centred_on}. Balanced accuracy {told.balanced_accuracy}; by chance "
            f"{told.chance:.3f}. Accuracy {told.accuracy}; always saying the most frequent class "
            f"gives {told.largest:.3f}." + (f" Left out: {left}." if left else "")
        ),
        page.figures(
            {"all": lambda dark: confusion(told, labels, dark=dark)},
            "Rows: what the cases are; columns: what they were taken for. Colour is the share of "
            "the row.",
            True,
        ),
        page.table(
            ("class", "cases", "of them told"),
            [
                (label, str(sum(row)), str(recall))
                for label, row, recall in zip(labels, told.confusion, told.recalls, strict=True)
            ],
        ),
    )


def _retrieval(page: Page, evaluation: Evaluation) -> None:
    if not evaluation.retrieval:
        return
    page.section(
        "Retrieval",
        page.paragraph(
            "Does an image find its own impression among all, and the reverse? Do images find "
            "cases that share their findings? Intervals are over the queries."
        ),
        page.table(
            ("what", "found", "by chance"),
            [(one.what, *found(one)) for one in evaluation.retrieval],
        ),
    )


def _limits(page: Page, evaluation: Evaluation) -> None:
    page.section(
        "Limits",
        page.points(
            [
                "Labels are taken as given: a case without a finding counts as a negative of it, "
                "unless its finding is marked as unknown.",
                "Each case counts as a patient of its own. Several exams of one patient make "
                "intervals too narrow.",
                "An interval is about other cases of the same kind. It says nothing of other "
                "scanners, protocols or populations, and where no case was wrong it has no width.",
                "A similarity is a cosine, not a probability.",
                "Impressions, images and the ids of measured cases are not part of this page.",
                evaluation.notice,
            ]
        ),
    )
