"""Finding cases by words: by what the model makes of them, by full text, and by both.

`benchmarks/retrieval.py` prints the tables.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.cohorts import ROOT
from cmrclip_lite.evaluate import Estimate, average_precision, mean_of
from cmrclip_lite.library import CaseLibrary
from cmrclip_lite.library.store import columns
from cmrclip_lite.model import CMRCLIP
from cmrclip_lite.prompts import CONDITIONS
from cmrclip_lite.zeroshot import text_query

FIRST, MORE = 5, 10  # cases that a person looks at
# What is typed, and the finding that it asks for or denies.
TYPED = {
    "pericardial effusion": "pericardial_effusion",
    "no pericardial effusion": "pericardial_effusion",
    "LV dilation": "lv_dilation",
    "no LV dilation": "lv_dilation",
    "late gadolinium enhancement": "late_gadolinium_enhancement",
    "no late gadolinium enhancement": "late_gadolinium_enhancement",
}
# From a text to the findings of each of the first ten cases that it finds.
Find = Callable[[str], Sequence[Sequence[str]]]


def searches(model: CMRCLIP, library: CaseLibrary) -> dict[str, Find]:
    """By similarity to the images, by full text of the impressions, and by both."""
    row_ids = columns(library._table, ["id"])["_rowid"].to_pylist()
    findings = dict(zip(row_ids, library.findings, strict=True))

    def by_words(text: str) -> list[Sequence[str]]:
        # A library searches words only beside an embedding; this is that half by itself.
        return [findings[hit.row] for hit in library._searcher._holding(text, None, MORE)]

    def by_similarity(text: str) -> list[Sequence[str]]:
        return [case.findings for case in library.search_text(model, text, MORE)]

    def by_both(text: str) -> list[Sequence[str]]:
        return [case.findings for case in library.search_text(model, text, MORE, words=text)]

    return {"similarity": by_similarity, "words": by_words, "both": by_both}


def conditions(model: CMRCLIP, library: CaseLibrary) -> str:
    """Cases for each known condition, asked for by its label."""
    find = searches(model, library)
    rows, shares, precisions, prevalences = [], [], [], []
    for key in model.config.conditions or CONDITIONS:
        has = holding(library, key)
        if not has.any():
            continue
        label = CONDITIONS[key].label
        found = [ask(label) for ask in find.values()]
        shares.append([share(cases, key, k) for cases in found for k in (FIRST, MORE)])
        precisions.append(average_precision(library.embeddings @ text_query(model, label), has))
        prevalences.append(has.mean())
        rows.append(_condition_row(label, prevalences[-1], precisions[-1], shares[-1]))
    average = mean_of(np.array([estimate.value for estimate in precisions]))
    rows.append(_condition_row("mean", np.mean(prevalences), average, np.mean(shares, axis=0)))
    means = [str(mean_of(column)) for column in np.transpose(shares)]
    by_both_depths = zip(find, means[::2], means[1::2], strict=True)
    heads = " | ".join(f"{name}: P@{FIRST} | P@{MORE}" for name in find)
    return (
        f"### Condition to cases\n\nThe label of each of {len(shares)} conditions, typed into a "
        f"search of {len(library)} cases. P@k is the share of the first k that have it; chance "
        "gives the share of the library that has it:\n\n"
        f"| condition | in the library | average precision of similarity | {heads} |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        + "\n".join(rows)
        + "\n\nThe means, with intervals over the conditions:\n\n"
        f"| searched by | P@{FIRST} | P@{MORE} |\n| --- | --- | --- |\n"
        + "\n".join(f"| {name} | {first} | {more} |" for name, first, more in by_both_depths)
    )


def wordings(model: CMRCLIP, library: CaseLibrary) -> str:
    """Sentences that training never held: those that affirm a condition, and those that deny it."""
    find = searches(model, library)
    lines, counts = [], []
    for polarity in ("affirmed", "denied"):
        sentences = paraphrases(library, polarity)
        counts.append(sum(map(len, sentences.values())))
        cells = [str(mean_of(_shares(ask, sentences))) for ask in find.values()]
        chance = np.mean([holding(library, key).mean() for key in sentences])
        lines.append(f"| {polarity} | " + " | ".join(cells) + f" | {chance:.3f} |")
    return (
        f"### Other wordings, and denials\n\n{counts[0]} sentences that affirm a condition and "
        f"{counts[1]} that deny one, none of which training held: the share of the first {MORE} "
        "cases that have the condition. **For a denial, lower is better.** Each condition counts "
        f"the same; intervals are over conditions:\n\n| | {' | '.join(find)} | by chance |\n"
        "| --- | --- | --- | --- | --- |\n" + "\n".join(lines)
    )


def typed(model: CMRCLIP, library: CaseLibrary) -> str:
    """A few things as a person types them, and their denials; words as a phrase too."""
    find = searches(model, library)
    find["words as a phrase"] = lambda text: find["words"](f'"{text}"')
    rows = []
    for text, key in TYPED.items():
        cells = []
        for ask in find.values():
            found = ask(text)
            cells.append(f"{sum(key in findings for findings in found)} of {len(found)}")
        share_of_all = f"{holding(library, key).mean():.0%}"
        rows.append(f"| {text} | " + " | ".join(cells) + f" | {share_of_all} |")
    return (
        f"How many of the first {MORE} have the finding that is typed, or denied:\n\n"
        f"| typed | {' | '.join(find)} | in the library |\n"
        "| --- | --- | --- | --- | --- | --- |\n" + "\n".join(rows)
    )


def paraphrases(library: CaseLibrary, polarity: str) -> dict[str, list[str]]:
    """Sentences about each condition that a case of the library has."""
    sentences: dict[str, list[str]] = {}
    with (ROOT / "benchmarks" / "paraphrases.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["polarity"] == polarity and holding(library, row["key"]).any():
                sentences.setdefault(row["key"], []).append(row["text"])
    return sentences


def holding(library: CaseLibrary, key: str) -> np.ndarray:
    """`(N,)` bool: which cases have a finding."""
    return np.array([key in findings for findings in library.findings])


def share(found: Sequence[Sequence[str]], key: str, k: int) -> float:
    """Of the first `k` places, those taken by a case with a finding; a place may stay empty."""
    return sum(key in findings for findings in found[:k]) / k


def _shares(ask: Find, sentences: dict[str, list[str]]) -> np.ndarray:
    """`(conditions,)`: wordings of one condition are much alike, so each condition is one query."""
    return np.array(
        [
            np.mean([share(ask(text), key, MORE) for text in texts])
            for key, texts in sentences.items()
        ]
    )


def _condition_row(
    label: str, prevalence: float, precision: Estimate, shares: Sequence[float]
) -> str:
    cells = " | ".join(f"{value:.2f}" for value in shares)
    return f"| {label} | {prevalence:.0%} | {precision} | {cells} |"
