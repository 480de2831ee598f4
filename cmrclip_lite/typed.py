"""What a person typed, made safe and tidy before a model reads it; `prompts` passes it on."""

from __future__ import annotations

import html
import re
import unicodedata

from .errors import ConditionError

MAX_CHARACTERS = 500
# Beyond this nothing is read at all, so that a pasted file cannot keep the cleaning busy.
_READ_CHARACTERS = 20_000

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]\w{1,30});")
# A tag opens with "<" and a letter, "/", "!" or "?": "EF <30 and RVEF >40" holds none.
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_OPENING = re.compile(r"<(?=[a-zA-Z/!?])")

# Function words and heart words of languages that people type in Latin letters. Words that are
# also English or an abbreviation (la, die, des, con) are left out.
_FOREIGN = frozenset(
    "der das und mit nicht kein keine ist linker linke linken rechter rechte rechten ventrikel "
    "herz erweitert dilatiert verdickt eingeschränkt eingeschraenkt vergrößert "
    "les est avec gauche droit droite ventricule coeur cœur dilaté dilate sévère altérée fonction "
    "el los izquierdo izquierda derecho derecha ventriculo ventrículo corazon corazón sin "
    "dilatado reducida grave esquerdo direito coração coracao sem disfunção "
    "sinistro destro ventricolo dilatato cuore della senza het een niet geen linkerventrikel "
    "rechterventrikel verwijd vänster kammare lewa komora".split()
)


def clean_condition(text: str) -> tuple[str, tuple[str, ...]]:
    """Tidy a condition or a search text and say what was changed.

    Control and invisible characters go, HTML tags go (what stood between them stays, as text),
    white space collapses, compatibility characters take their plain form ("m²" becomes "m2") and
    a text over 500 characters is cut at a word. What is returned opens no HTML tag; a page that
    shows it should escape it all the same. Cleaning twice gives the same as cleaning once.

    Args:
        text: as typed.

    Returns:
        The cleaned text, and notes: whole sentences for the reader, empty where all was plain.

    Raises:
        ConditionError: if nothing with a letter or a digit is left, or it is no text at all.
    """
    if not isinstance(text, str):
        raise ConditionError(f"A condition is a text; this is a {type(text).__name__}.")
    notes: list[str] = []
    cut = len(text) > _READ_CHARACTERS
    cleaned, had_tags = _settle(text[:_READ_CHARACTERS])
    if had_tags:
        notes.append("HTML tags were removed; only the text between them is read.")
    if len(cleaned) > MAX_CHARACTERS:
        cut = True
        cleaned = _cut(cleaned)
    if cut:
        notes.append(
            f"The text was cut to its first {len(cleaned)} characters: "
            f"at most {MAX_CHARACTERS} are read."
        )
    if not any(c.isalnum() for c in cleaned):
        raise ConditionError(
            'The condition is empty: type a finding or a diagnosis, such as "LV dilated".'
        )
    if note := _language_note(cleaned):
        notes.append(note)
    return cleaned, tuple(notes)


def _settle(text: str) -> tuple[str, bool]:
    """Apply every rule until none changes anything, since removing one thing can form another."""
    had_tags = False
    for _ in range(10):
        before = text
        text = unicodedata.normalize("NFKC", text)
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
        text = "".join(_plain(c) for c in text)
        stripped = _OPENING.sub("", _TAG.sub(" ", text))
        had_tags = had_tags or stripped != text
        text = " ".join(stripped.split())
        if text == before:
            return text, had_tags
    # Only a text built to resist gets here; without these three characters it is inert.
    return " ".join(re.sub("[<>&]", " ", text).split()), True


def _plain(character: str) -> str:
    """A character itself, a space for a line break or tab, nothing where it cannot be seen."""
    if character.isspace():
        return " "
    category = unicodedata.category(character)
    return "" if category in ("Cc", "Cf", "Cs", "Co", "Cn") else character


def _cut(text: str) -> str:
    """The first `MAX_CHARACTERS`, back to the end of a word where there is one nearby."""
    head = text[:MAX_CHARACTERS]
    if text[MAX_CHARACTERS] != " " and (space := head.rfind(" ")) > MAX_CHARACTERS - 60:
        head = head[:space]
    return head.rstrip()


def _language_note(text: str) -> str | None:
    letters = [c for c in text if c.isalpha()]
    if letters and not any("LATIN" in unicodedata.name(c, "") for c in letters):
        return (
            "No Latin letter is in this text; the model was trained on English reports, "
            "so its score means nothing."
        )
    words = set(re.findall(r"\w+", text.casefold()))
    if words & _FOREIGN:
        return (
            "This does not look like English; the model was trained on English reports, "
            "so do not rely on its score."
        )
    return None
