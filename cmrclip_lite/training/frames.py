"""What stands around a phrase: frames that affirm or deny it, sentences that carry it.

Denials go through the trigger terms of NegEx (Chapman et al., J Biomed Inform 2001;34:301-310),
as far as they deny, before and behind what is denied; affirmations are as many and as varied, so
that it is the denying word that is learned. What people write most stands there more than once.
"""

# ruff: noqa: E501 - tables of frames, of which one line each would be pages.

from __future__ import annotations

AFFIRM = (
    *10 * ("{}",), "there is {}", "evidence of {}", "signs of {}", "shows {}", "with {}", "{} present", "{} is present",
    "{} seen", "has {}", "{}: yes", "consistent with {}", "in keeping with {}", "suggestive of {}", "looks like {}", "patient with {}",
    "{} noted", "{} is seen", "{} identified", "{} demonstrated", "{} was found", "positive for {}", "+ve for {}", "{}: present", "{} (+)",
    "demonstrates {}", "findings of {}", "features of {}", "in line with {}", "clear {}", "there are signs of {}", "known {}", "case of {}",
    "compatible with {}", "typical of {}", "typical for {}", "indicative of {}", "confirms {}", "confirmed {}", "reveals {}", "exhibits {}",
    "{} confirmed", "{} has been confirmed", "{} is likely", "{} likely", "likely {}", "probable {}", "{} is evident", "{} evident",
    "{} is apparent", "{} can be seen", "{} has been found", "{} was seen", "{} was detected", "{} detected", "{} visible", "{} is visible",
    "findings suggest {}", "findings support {}", "argues for {}", "speaks for {}", "high suspicion of {}", "makes {} likely", "thought to be {}",
    "evidence for {}", "found to have {}", "known to have {}", "diagnosed with {}", "the diagnosis is {}", "unmistakable {}", "obvious {}",
    "definite {}", "criteria for {} are met", "meets criteria for {}", "this is {}", "we see {}", "the patient has {}", "{} is the case",
    "developed {}", "the scan shows {}", "the images reveal {}", "{} appreciated", "affected by {}", "suffers from {}", "{} is there",
)  # fmt: skip
DENY = (
    *8 * ("no {}",), *2 * ("without {}",), "no evidence of {}", "without {}", "absence of {}", "no sign of {}", "no signs of {}", "there is no {}",
    "negative for {}", "not {}", "{} absent", "{} is absent", "{}: no", "free of {}", "{} not present", "{} not seen", "no {} seen",
    "{} excluded", "does not have {}", "{} ruled out", "without any {}", "no {} present", "doesn't have {}", "w/o {}",
    "no {} identified", "no {} found", "no {} was found", "no {} is seen", "no {} noted", "no {} detected", "no {} visible", "no {} demonstrated",
    "{}: none", "{} -ve", "-ve for {}", "neg for {}", "{} negative", "{}: negative", "{} (-)", "{} not identified", "{} was not found",
    "{} is not present", "{} is not seen", "{} not demonstrated", "{} not detected", "rules out {}", "excludes {}", "not suggestive of {}",
    "no suggestion of {}", "no obvious {}", "no definite {}", "no significant {}", "lacks {}", "nil {}", "{} is excluded", "denies {}",
    "not consistent with {}", "not in keeping with {}", "there isn't any {}", "there is no evidence of {}", "there are no signs of {}",
    "has no {}", "shows no {}", "never any {}", "not a case of {}", "patient without {}", "did not show {}", "{} unlikely",
    "lack of {}", "lacking {}", "lacked {}", "clear of {}", "devoid of {}", "with no {}", "with no sign of {}", "without evidence of {}",
    "without indication of {}", "without sign of {}", "no findings of {}", "no findings to suggest {}", "no findings to indicate {}",
    "no features of {}", "no features to suggest {}", "nothing to suggest {}", "no indication of {}", "no new {}", "no suspicious {}",
    "no hint of {}", "no trace of {}", "not any {}", "there was no {}", "there was not any {}", "unremarkable for {}", "fails to show {}",
    "failed to reveal {}", "fails to demonstrate {}", "does not show {}", "doesn't show {}", "does not demonstrate {}", "does not reveal {}",
    "does not exhibit {}", "didn't exhibit {}", "did not reveal {}", "does not suggest {}", "does not indicate {}", "does not look like {}",
    "not indicative of {}", "not typical of {}", "not compatible with {}", "incompatible with {}", "inconsistent with {}", "not diagnostic of {}",
    "not known to have {}", "not found to have {}", "never had {}", "never developed {}", "has not developed {}", "hasn't got {}",
    "not thought to be {}", "not felt to be {}", "this is not {}", "isn't {}", "cannot see {}", "we see no {}", "could not find {}",
    "argues against {}", "speaks against {}", "against {}", "unlikely {}", "{} is unlikely", "{} very unlikely", "{} improbable", "makes {} unlikely",
    "unlikely to be {}", "low suspicion of {}", "doubt {}", "{} doubtful", "rather than {}", "can rule out {}", "has ruled out {}", "ruled out {}",
    "{} was ruled out", "{} has been ruled out", "{} is ruled out", "{} can be ruled out", "{} has been excluded", "{} was excluded",
    "{} can be excluded", "excluded {}", "criteria for {} are not met", "does not meet criteria for {}",
    "{} is not the case", "{} is not evident", "{} not evident", "{} not apparent", "{} not appreciated", "{} not visible", "{} is not visible",
    "{} could not be found", "{} cannot be seen", "{} was not seen", "{} was not detected", "{} has not been found", "{} is not there",
    "{} is missing", "{} has been negative", "tested negative for {}", "not affected by {}", "spared from {}", "neither {} nor anything like it",
    "the scan shows no {}", "the images reveal no {}", "the patient has no {}", "the patient does not have {}", "any {}? no",
)  # fmt: skip
# These bring their own frame and follow only a colon: "There is has RV failure" is no English.
FRAMED = frozenset(
    "there evidence signs shows with has consistent in suggestive looks patient without w/o does "
    "doesn't negative free not status s/p never positive +ve -ve neg demonstrates findings features in clear known "
    "case rules excludes lacks nil denies did had hx h/o compatible typical indicative confirms confirmed "
    "reveals exhibits argues speaks makes thought found diagnosed meets this we developed affected suffers "
    "lack lacking lacked devoid nothing unremarkable fails failed didn't incompatible inconsistent hasn't "
    "isn't cannot could against unlikely doubt rather can ruled excluded to tested spared neither any the criteria".split()
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
