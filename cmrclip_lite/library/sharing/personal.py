"""What in a text looks like a detail of a person: dates, numbers, titles with names, addresses.

An aid before a report leaves the house, no guarantee: a bare name, a rare history, or a detail in
another form is not found. The kinds follow the list of identifiers of the HIPAA Safe Harbor rule
(45 CFR 164.514(b)(2)), as far as a pattern can tell them.
"""

from __future__ import annotations

import re

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:19|20)\d\d"
_DAY, _MONTH_NUMBER = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
# Titles as they are written: "MR" is magnetic resonance and mitral regurgitation, "MS" stenosis.
_TITLE = r"(?:Mr|Mrs|MRS|Ms|Miss|Mx|Dr|DR|Prof|Professor|Doctor|Sister|Nurse|Herrn?|Frau|Mme)"
_NAME = r"[A-Z\u00c0-\u00de][\w'\u2019-]+"

# Each kind in words that complete "it holds ...", and what tells it.
_KINDS = {
    "a date": (
        rf"(?i)\b{_YEAR}([-/.])\d\d?\1\d\d?\b",
        rf"\b\d\d?([-/.])\d\d?\1{_YEAR}\b",
        # Sizes and lists of segments look like a date with a short year.
        rf"(?<!segments )(?<!\d\.)\b(?:{_DAY}([-/.]){_MONTH_NUMBER}|{_MONTH_NUMBER}([-/.]){_DAY})"
        r"(?:\1|\2)\d\d\b(?!\s?(?:x|mm|cm|ml|mL|ms|%))(?!\.\d)",
        rf"\b{_MONTH_NUMBER}/{_YEAR}\b",
        rf"(?i)\b\d\d?(?:st|nd|rd|th)?[\s-]+(?:of\s+)?{_MONTH}(?=[\s,-]+(?:{_YEAR}|\d\d)\b)",
        rf"(?i)\b{_MONTH}\s+(?:\d\d?(?:st|nd|rd|th)?,?\s+)?{_YEAR}\b",
        rf"\b(?i:on|of|from|since|dated?)\s+\d\d?(?i:st|nd|rd|th)?\s+(?i:of\s+)?(?i:{_MONTH})\b",
        rf"\b(?i:on|of|from|since|dated?)\s+(?i:{_MONTH})\s+\d\d?(?i:st|nd|rd|th)?\b",
    ),
    "a long number": (
        r"(?<![\d.])\d{6,}(?![\d.]*\s?(?:mL|ml|mm|ms|%))",
        r"\b[A-Za-z]{1,3}-?\d{5,}\b",
        r"\b\d{3}[ -]\d{2,3}[ -]\d{4}\b",
    ),
    "a telephone number": (
        r"(?:\+|\b00)\d[\d ()./-]{7,}\d",
        r"\(\d{3,5}\)\s?\d{3,}",
        r"\b0\d{2,4}[ /-]\d{3,4}[ -]?\d{3,4}\b",
        r"(?i)\b(?:tel|telephone|phone|fax|pager|bleep|mobile)\b[\s.:]*\+?\d",
    ),
    "an e-mail or web address": (
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        r"(?i)\bhttps?://|\bwww\.",
    ),
    "a title and a name": (rf"\b{_TITLE}\.?\s+(?:[A-Z]\.?\s+)*{_NAME}",),
    "a signature": (
        rf"\b(?i:signed|dictated|reported|verified|approved|authori[sz]ed|reviewed|read)"
        rf"(?i:\s+electronically)?\s+(?i:by)\s*:?\s+{_NAME}",
        r"(?i)\b(?:electronically signed|e-signed|referring (?:physician|doctor|consultant)\s*:"
        r"|cc\s*:)",
    ),
    "a mark of a birth date or a record": (
        r"\b(?:DOB|MRN|SSN|UHID|PID)\b|\bD\.O\.B\b",
        r"(?i)\b(?:date of birth|born (?:on|in)|birth ?date|geboren)\b",
        r"(?i)\b(?:patient|hospital|medical record|record|accession|nhs|insurance|account)"
        r"(?:'s)?\s*(?:name|number|no\b\.?|id\b|#|num\b)",
        r"(?im)^\s*(?:patient|name)\s*:",
    ),
    "an age above 89": (
        r"(?i)\b(?:9\d|1[0-2]\d)[\s-]*(?:years?|yrs?|y)[\s/.-]*(?:old|o\b|of age)",
        r"(?i)\b(?:aged?|age of)[\s:]*(?:9\d|1[0-2]\d)\b",
    ),
    "the name of an institution": (
        rf"\b{_NAME}\s+(?:Hospital|Clinic|Infirmary|Klinik|Klinikum|University"
        r"|(?:Medical|Health|Heart) Cent(?:er|re))\b",
    ),
}
_PATTERNS = {kind: [re.compile(p) for p in patterns] for kind, patterns in _KINDS.items()}


def personal_details(text: str) -> tuple[str, ...]:
    """The kinds of detail of a person that a text seems to hold, such as "a date"; never what."""
    return tuple(k for k, found in _PATTERNS.items() if any(p.search(text) for p in found))
