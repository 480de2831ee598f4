"""A reading as Markdown, which reads as plain text too."""

from __future__ import annotations

from ..prompts import CONDITIONS
from .evidence import RULE, Evidence, Strength
from .sentences import Quote
from .summary import NOTICE, Finding, Reading

_NAMED = 3  # supporting cases that are named; the others are counted
_HEADS = {
    Strength.STRONG: "strong evidence",
    Strength.MODERATE: "moderate evidence",
    Strength.WEAK: "weak evidence",
    Strength.UNDECIDED: "undecided",
    Strength.AGAINST: "evidence against",
    Strength.NOT_READ: "not read",
}


def as_markdown(reading: Reading) -> str:
    """The whole reading, ended by a line break."""
    blocks = [f"# Reading aid\n\n{NOTICE}", f"{_stated(reading)} {_measured_against(reading)}"]
    blocks += [
        f"## {name}\n\n" + "\n".join(_finding_line(finding) for finding in findings)
        for name, findings in reading.topics.items()
    ]
    blocks += [
        _section("What this cannot know", [f"- {line}" for line in reading.cannot_know]),
        _section("About the study", [f"- {note}" for note in reading.notes]),
        _section("Similar cases", _similar_lines(reading)),
        _section("Sentences from their impressions", _draft_lines(reading)),
        f"## How this was made\n\n{_made(reading)}",
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _section(title: str, lines: list[str]) -> str:
    return f"## {title}\n\n" + "\n".join(lines) if lines else ""


def _stated(reading: Reading) -> str:
    """The findings with evidence for them, strongest first, in a line."""
    found = sorted(reading.stated, key=lambda f: -(f.evidence.nearest_with or 0))
    if not found:
        return "No finding has strong or moderate evidence; that does not make a study normal."
    named = ", ".join(f"{f.evidence.label} ({f.evidence.strength})" for f in found)
    return f"Evidence points to: {named}."


def _measured_against(reading: Reading) -> str:
    sources = f" ({'; '.join(reading.sources)})" if reading.sources else ""
    return f"All of it is by comparison with the library '{reading.library}'{sources}."


def _finding_line(finding: Finding) -> str:
    evidence = finding.evidence
    head = f"- **{evidence.label}: {_HEADS[evidence.strength]}.**"
    if evidence.strength is Strength.NOT_READ:
        return f"{head} {evidence.reason}"
    told = [head, _measured(evidence), _supported(finding)]
    return " ".join(part for part in (*told, evidence.reason) if part)


def _measured(evidence: Evidence) -> str:
    normal = ""
    if evidence.percentile_normal is not None:
        normal = f" and {evidence.percentile_normal:.0f} % of the normal ones"
    return (
        f"Scores above {evidence.percentile:.0f} % of {evidence.cases} cases{normal}; of the "
        f"{evidence.nearest} with the nearest scores {evidence.nearest_with} have it (in all "
        f"{evidence.cases_with} of {evidence.cases})."
    )


def _supported(finding: Finding) -> str:
    count = f"Of {finding.could_show} similar cases {len(finding.supporting)} have it"
    if not finding.supporting:
        return f"{count}."
    named = ", ".join(finding.supporting[:_NAMED])
    more = len(finding.supporting) - _NAMED
    return f"{count}: {named}{f' and {more} more' if more > 0 else ''}."


def _similar_lines(reading: Reading) -> list[str]:
    lines = []
    for rank, case in enumerate(reading.similar, 1):
        findings = ", ".join(name.replace("_", " ") for name in case.findings) or "none recorded"
        lines.append(f"{rank}. {case.id}, similarity {case.similarity:.3f}. Findings: {findings}.")
        lines += [f"   > {line}" for line in case.impression.splitlines()]
    return lines


def _draft_lines(reading: Reading) -> list[str]:
    if reading.draft is None:
        return [
            "None: the text encoder of this model does not tell reliably whether two sentences say "
            "the same or the opposite."
        ]
    if not reading.draft:
        return ["None: the similar cases say nothing alike that the evidence above agrees with."]
    lines = [
        "Quoted from other patients' impressions, nothing is written for this study. Numbers are "
        "measurements of the patient quoted.",
        "",
    ]
    return lines + [_quote_line(quote) for quote in reading.draft]


def _quote_line(quote: Quote) -> str:
    stances = [
        f"{word} {', '.join(CONDITIONS[key].label for key in keys)}"
        for word, keys in (("for", quote.affirms), ("against", quote.denies))
        if keys
    ]
    against = f"; the opposite in {', '.join(quote.opposite)}" if quote.opposite else ""
    numbers = "; its numbers are that patient's" if quote.numbers else ""
    return (
        f'- "{quote.text}" From {quote.case}, similarity of the sentence to this study '
        f"{quote.similarity:.2f}; alike in {', '.join(quote.alike)}{against}; agrees with the "
        f"evidence {' and '.join(stances)}{numbers}."
    )


def _made(reading: Reading) -> str:
    return f"Model '{reading.model}'. A similarity is a cosine, not a probability. {RULE}"
