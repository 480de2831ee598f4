"""What every list of phrases is made of: its type, and words that many facts share."""

# ruff: noqa: E501 - a table of patterns, of which a line break inside one would hide the shape.

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrases:
    """Patterns for one fact.

    Attributes:
        nouns: noun phrases; said as they are where the fact holds, denied where it does not.
        true: what only a case says where the fact holds.
        false: what only a case says where it does not.
    """

    nouns: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()


LV = "[LV|left ventricle]"
RV = "[RV|right ventricle]"
LV_ADJ = "[LV|left ventricular|left-ventricular]"
RV_ADJ = "[RV|right ventricular|right-ventricular]"
DIL = "[dilated|enlarged|dilatated]"
BIG = "[big|large|oversized|too big|bigger than normal|stretched|ballooned]"
DILATION = "[dilation|dilatation|enlargement]"
RED = "[reduced|impaired|depressed|decreased|diminished]"
BAD = "[poor|bad|weak|low|reduced|impaired]"
FUNCTION = "[function|systolic function|ejection fraction|contractility|pump function]"
SEV = "[severe|severely|marked|markedly|gross|grossly]"
SEVERELY = "[severely|markedly|grossly|profoundly|massively|very severely]"
MILDLY = "[mildly|slightly|a little|minimally]"
INFARCT = "[infarct|infarction|myocardial infarction|MI]"
OLD = "[old|previous|prior|chronic|healed|remote|past]"
PRESERVED = "[preserved|normal|good|maintained|intact|within normal limits]"
ABN = "[wall motion abnormality|WMA|RWMA|hypokinesia or akinesia]"
CM = "[cardiomyopathy|CM|CMP]"
THICK = "[thick|thickened|hypertrophied|hypertrophic]"
