"""What stands around a phrase: frames that affirm or deny it, sentences that carry it."""

# ruff: noqa: E501 - tables of frames, of which one line each would be pages.

from __future__ import annotations

AFFIRM = (
    "{}", "{}", "{}", "{}", "there is {}", "evidence of {}", "signs of {}", "shows {}", "with {}", "{} present", "{} is present",
    "{} seen", "has {}", "{}: yes", "consistent with {}", "in keeping with {}", "suggestive of {}", "looks like {}", "patient with {}",
    "{} noted", "{} is seen", "{} identified", "{} demonstrated", "{} was found", "positive for {}", "+ve for {}", "{}: present", "{} (+)",
    "demonstrates {}", "findings of {}", "features of {}", "in line with {}", "clear {}", "there are signs of {}", "known {}", "case of {}",
)  # fmt: skip
DENY = (
    "no {}", "no {}", "no {}", "no evidence of {}", "without {}", "absence of {}", "no sign of {}", "no signs of {}", "there is no {}",
    "negative for {}", "not {}", "{} absent", "{} is absent", "{}: no", "free of {}", "{} not present", "{} not seen", "no {} seen",
    "{} excluded", "does not have {}", "{} ruled out", "without any {}", "no {} present", "doesn't have {}", "w/o {}",
    "no {} identified", "no {} found", "no {} was found", "no {} is seen", "no {} noted", "no {} detected", "no {} visible", "no {} demonstrated",
    "{}: none", "{} -ve", "-ve for {}", "neg for {}", "{} negative", "{}: negative", "{} (-)", "{} not identified", "{} was not found",
    "{} is not present", "{} is not seen", "{} not demonstrated", "{} not detected", "rules out {}", "excludes {}", "not suggestive of {}",
    "no suggestion of {}", "no obvious {}", "no definite {}", "no significant {}", "lacks {}", "nil {}", "{} is excluded", "denies {}",
    "not consistent with {}", "not in keeping with {}", "there isn't any {}", "there is no evidence of {}", "there are no signs of {}",
    "has no {}", "shows no {}", "never any {}", "not a case of {}", "patient without {}", "did not show {}", "{} unlikely",
)  # fmt: skip
# These bring their own frame and follow only a colon: "There is has RV failure" is no English.
FRAMED = frozenset(
    "there evidence signs shows with has consistent in suggestive looks patient without w/o does "
    "doesn't negative free not status s/p never positive +ve -ve neg demonstrates findings features in clear known "
    "case rules excludes lacks nil denies did had hx h/o".split()
)
COLON_CARRIERS = (
    "{}", "{}", "{}", "{}.", "Impression: {}.", "Findings: {}", "CMR: {}", "Conclusion: {}.",
)  # fmt: skip
CARRIERS = (
    "{}", "{}", "{}", "{}", "{}.", "{}.", "Impression: {}.", "Impression: {}", "Findings: {}", "Cardiac MRI shows {}.",
    "There is {}.", "CMR: {}", "MRI heart: {}", "Conclusion: {}.", "cine shows {}", "Cardiac MRI demonstrates {}.", "Report: {}",
)  # fmt: skip
JOINERS = (" and ", ", ", "; ", " with ", " + ", ". ", " & ", ", also ")
# Between a statement and a denial, where "with" would turn its meaning.
MIXED_JOINERS = (" but ", ", ", "; ", ". ", " and ", ", however ")
