"""Zero-shot scores: how well conditions, given in words, fit a study, and against what.

A condition's similarity is the mean of the cosines between the study and each of its prompts, as
in the published evaluation; a cosine is no probability, and its level differs from prompt to
prompt, so it is read by its percentile among the cases of a library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ConditionError, StudyError
from .prompts import Condition, clean_condition, find_condition, has_negation, templates

if TYPE_CHECKING:
    from torch import Tensor

    from .library import CaseLibrary
    from .model import CMRCLIP

MAX_CONDITIONS = 50
MAX_PROMPTS = 20  # for one condition, of one's own
FEW = 5  # cases of which quartiles say nothing
# What tokenizers put for what they have no piece of.
_UNKNOWN = frozenset(["[UNK]", "<unk>"])

_NOT_MEASURED = (
    "Not measured against anything: no case library was given, so a similarity can only be "
    "compared with the same condition's in another study."
)


@dataclass(frozen=True)
class Score:
    """How well one condition fits a study.

    Attributes:
        condition: as typed, cleaned.
        key: the known condition it names, a key of `prompts.CONDITIONS`, or None.
        similarity: mean cosine over `prompts`, -1 to 1; not a probability.
        prompts: what the text encoder was given.
        percentile: share (0 to 100) of the library's cases with a lower similarity to the same
            prompts, ties counted half; None without a library.
        percentile_normal: the same among the library's normal studies.
        reference: a sentence: what the percentiles are measured against; of a library too large
            to hold in memory, cases drawn at random.
        notes: sentences on what to beware of.
        cases, normal_cases: how many cases the percentiles rest on.
        library: the name of the library, or None.
        normal_quartiles: the percentiles among all cases at which the quartiles of the normal ones
            lie; None without any.
        positive_quartiles: the same of the cases that have the condition; None where it is not a
            known one, or fewer than `FEW` have it.
        positive_cases: how many have it.
    """

    condition: str
    key: str | None
    similarity: float
    prompts: tuple[str, ...]
    percentile: float | None
    percentile_normal: float | None
    reference: str
    notes: tuple[str, ...] = ()
    cases: int = 0
    normal_cases: int = 0
    library: str | None = None
    normal_quartiles: tuple[float, ...] | None = None
    positive_quartiles: tuple[float, ...] | None = None
    positive_cases: int = 0

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, with lists for tuples."""
        told = asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in told.items()}

    def sentence(self) -> str:
        """The score as one plain sentence."""
        start = f"'{self.condition}': similarity {self.similarity:.2f}"
        if self.percentile is None:
            return f"{start}, not measured against anything."
        text = (
            f"{start}, higher than {self.percentile:.0f} % of the {self.cases} cases of the "
            f"library '{self.library}'"
        )
        if self.percentile_normal is None:
            return f"{text}, which holds no normal case."
        return f"{text} and higher than {self.percentile_normal:.0f} % of its normal cases."


@dataclass
class _Question:
    """One condition on its way to a score."""

    text: str
    known: Condition | None
    prompts: tuple[str, ...]
    notes: list[str]


def score(
    model: CMRCLIP,
    embedding: Tensor | np.ndarray,
    conditions: Sequence[str],
    library: CaseLibrary | None = None,
    prompts: Mapping[str, Sequence[str]] | None = None,
) -> list[Score]:
    """Score conditions against a study's embedding.

    Args:
        model: the model that embedded the study.
        embedding: `(D,)`, of any length but zero.
        conditions: 1 to 50 texts; those that mean the same are merged.
        library: cases embedded by the same model, to measure against; None for no percentiles.
        prompts: by condition as given, sentences to ask in place of its own prompts, 1 to 20; the
            cases are measured with the same.

    Returns:
        One score per condition, in the order asked.

    Raises:
        ConditionError: if a condition or prompt is empty, or there are none or too many.
        LibraryError: if the library was embedded by another model.
        StudyError: if the embedding is no vector of this model.
    """
    questions = _questions(model, conditions, prompts or {})
    study = _unit(embedding, model.config.projection_dim)
    if library is not None:
        library.require(model)
    asked = [prompt for question in questions for prompt in question.prompts]
    text = model.embed_texts(asked).astype(np.float64)
    ends = np.cumsum([len(question.prompts) for question in questions])[:-1]
    # Cosines are linear in the study, so the mean cosine is a dot product with the mean prompt.
    # That mean must not be scaled back to length one: it would no longer be the mean.
    means = np.stack([part.mean(axis=0) for part in np.split(text, ends)])
    similarities = means @ study
    others = None
    if library is not None:
        others = library.reference.embeddings.astype(np.float64) @ means.T
    return [
        _result(question, float(similarities[i]), None if others is None else others[:, i], library)
        for i, question in enumerate(questions)
    ]


def text_query(model: CMRCLIP, text: str) -> np.ndarray:
    """A condition or sentence as one vector whose dot product with a study is its similarity.

    Returns:
        `(D,)` float32: the mean of the prompts' unit vectors, shorter than one in general.

    Raises:
        ConditionError: if the text is empty.
    """
    (question,) = _questions(model, [text], {})
    return model.embed_texts(question.prompts).mean(axis=0)


def _questions(
    model: CMRCLIP, conditions: Sequence[str], prompts: Mapping[str, Sequence[str]]
) -> list[_Question]:
    """Clean, name and merge what was typed."""
    if isinstance(conditions, str):
        conditions = [conditions]
    if not conditions:
        raise ConditionError("There is no condition to score; give at least one.")
    if len(conditions) > MAX_CONDITIONS:
        raise ConditionError(
            f"{len(conditions)} conditions are too many for one call; give at most "
            f"{MAX_CONDITIONS}."
        )
    asked: dict[str, _Question] = {}
    for typed in conditions:
        question = _question(model, typed, prompts.get(typed))
        name = question.known.key if question.known else question.text.casefold()
        if name not in asked:
            asked[name] = question
        elif question.text == asked[name].text:
            _add(asked[name].notes, "This condition was given more than once and is scored once.")
        else:
            _add(
                asked[name].notes,
                f"'{question.text}' means the same to this program and is scored with it.",
            )
    return list(asked.values())


def _question(model: CMRCLIP, typed: str, own: Sequence[str] | None) -> _Question:
    text, cleaning = clean_condition(typed)
    notes = list(cleaning)
    known = find_condition(text)
    trained = model.config.conditions
    if own is not None:
        prompts = _own_prompts(text, own)
        count = "one prompt" if len(prompts) == 1 else f"{len(prompts)} prompts"
        notes.append(f"Asked by {count} of your own.")
    elif known is None:
        prompts = templates(text)
        notes.append(
            "Not one of the known conditions: the text is scored as typed, in report sentences."
        )
        if has_negation(text):
            notes.append(
                "The text denies something; only the model judges that, from the wording, and "
                "such models often miss it. Compare with the same text without the denial."
            )
    else:
        prompts = known.prompts
    if known is not None and trained and known.key not in trained:
        notes.append(
            f"This checkpoint was not trained on {known.label.lower()}: do not read its score."
        )
    notes += _token_notes(model, prompts)
    return _Question(text, known, prompts, notes)


def _own_prompts(text: str, own: Sequence[str]) -> tuple[str, ...]:
    cleaned = tuple(dict.fromkeys(clean_condition(prompt)[0] for prompt in own))
    if not 1 <= len(cleaned) <= MAX_PROMPTS:
        raise ConditionError(
            f"{text!r} has {len(cleaned)} prompts of your own; give 1 to {MAX_PROMPTS}."
        )
    return cleaned


def _token_notes(model: CMRCLIP, prompts: tuple[str, ...]) -> list[str]:
    """What the model's tokenizer loses of a text: its end, or words it has no pieces for."""
    if model.tokenizer is None:  # embed_texts says what to do about it
        return []
    most = model.config.text.max_positions
    notes = []
    encodings = model.tokenizer.encode_batch(list(prompts))
    if any(len(e.ids) > most or e.overflowing for e in encodings):
        notes.append(f"The model reads {most} tokens of a text; what comes after them is ignored.")
    # The shortest prompt has the least of our own words around the text.
    tokens = min((e.tokens for e in encodings), key=len)
    if not _UNKNOWN.isdisjoint(tokens):
        notes.append("Some characters or words are unknown to the model and were skipped.")
    return notes


def _result(
    question: _Question, similarity: float, others: np.ndarray | None, library: CaseLibrary | None
) -> Score:
    cases = normal_cases = positive_cases = 0
    among_all = among_normal = of_normal = of_positive = None
    reference = _NOT_MEASURED
    if others is not None and library is not None:
        normal = others[library.reference.normal]
        cases, normal_cases = len(others), len(normal)
        which = "the" if cases == library.reference.total else f"{cases} drawn at random from the"
        among_all = percentile(similarity, others)
        among_normal = percentile(similarity, normal) if normal_cases else None
        of_normal = _quartiles(normal, others)
        if question.known is not None:
            has = [question.known.key in case.findings for case in library.reference.cases]
            positive_cases = sum(has)
            of_positive = _quartiles(others[has], others) if positive_cases >= FEW else None
        reference = (
            f"Measured against {which} {library.reference.total} cases of the library "
            f"'{library.name}', {normal_cases or 'none'} of them normal."
        )
    return Score(
        condition=question.text,
        key=question.known.key if question.known else None,
        similarity=similarity,
        prompts=question.prompts,
        percentile=among_all,
        percentile_normal=among_normal,
        reference=reference,
        notes=tuple(question.notes),
        cases=cases,
        normal_cases=normal_cases,
        library=library.name if library is not None else None,
        normal_quartiles=of_normal,
        positive_quartiles=of_positive,
        positive_cases=positive_cases,
    )


def _quartiles(some: np.ndarray, others: np.ndarray) -> tuple[float, ...] | None:
    """The percentiles among all `others` at which the quartiles of `some` of them lie."""
    if not len(some):
        return None
    return tuple(percentile(value, others) for value in np.quantile(some, (0.25, 0.5, 0.75)))


def percentile(value: float, others: np.ndarray) -> float:
    """Mid-rank: of others `(N,)` those below, plus half of those equal, in per cent.

    Equal is within float32 rounding, so that a case of the library ties with itself.
    """
    equal = np.isclose(others, value, rtol=0, atol=1e-6)
    return float(100 * ((others < value) & ~equal).mean() + 50 * equal.mean())


def _unit(embedding: Tensor | np.ndarray, width: int) -> np.ndarray:
    if hasattr(embedding, "detach"):
        embedding = embedding.detach().float().cpu().numpy()
    vector = np.asarray(embedding, dtype=np.float64)
    length = float(np.linalg.norm(vector))
    if vector.shape != (width,) or not np.isfinite(length) or length == 0:
        raise StudyError(
            f"A study's embedding is {width} finite numbers for this model, not an array of shape "
            f"{vector.shape}; encode the study again with the same model."
        )
    return vector / length


def _add(notes: list[str], note: str) -> None:
    if note not in notes:
        notes.append(note)
