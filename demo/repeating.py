"""What repeats a result: a link, lines of Python, lines for a shell."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import page

# The answer of the first call is ["/path"], of the second {"event_id": "..."}.
_SHELL = """\
SERVER={server}
CONDITIONS={conditions}
FILE=exam.zip  # your study

UPLOADED=$(curl -s -F "files=@$FILE" "$SERVER/gradio_api/upload" | cut -d '"' -f 2)
CALL=$(curl -s -H 'Content-Type: application/json' "$SERVER/gradio_api/call/score" \\
  -d "{{\\"data\\": [[{{\\"path\\": \\"$UPLOADED\\", \\"meta\\": {{\\"_type\\": \\"gradio.FileData\\"}}}}], $CONDITIONS]}}" \\
  | cut -d '"' -f 4)
curl -sN "$SERVER/gradio_api/call/score/$CALL"
"""  # noqa: E501 - one command
_PYTHON = """\
import cmrclip_lite
from cmrclip_lite import zeroshot
{imports}
model = cmrclip_lite.load({model})
study = {study}
embedding = model.encode_study(study)
library = {library}
conditions = {conditions}
prompts = {prompts}
for score in zeroshot.score(model, embedding, conditions, library, prompts):
    print(score.sentence())
"""


def as_python(
    model: str, sample: str, asked: Sequence[str], prompts: Mapping[str, Sequence[str]]
) -> str:
    """A program that prints the same scores.

    Args:
        model: as `cmrclip_lite.load` takes it.
        sample: a bundled sample's name, or empty for a study of one's own.
        prompts: by condition, sentences asked in place of its own.
    """
    study, imports = 'cmrclip_lite.read_study("exam.zip")  # your study', ""
    if sample:
        imports = "from cmrclip_lite.bundled import sample_studies\n"
        study = f"cmrclip_lite.read_study(sample_studies()[{sample!r}])"
    bundled = model == "bundled"
    return _PYTHON.format(
        imports=imports,
        model="" if bundled else repr(model),
        study=study,
        library="cmrclip_lite.CaseLibrary.open()" if bundled else "None",
        conditions=list(asked),
        prompts={key: list(lines) for key, lines in prompts.items()},
    )


def as_shell(server: str, asked: Sequence[str], own: bool) -> str:
    """Commands that ask this server for the same scores of an uploaded study.

    Args:
        own: whether sentences of one's own were asked, which the endpoint does not take.
    """
    conditions = shlex.quote(json.dumps("\n".join(asked)))
    beware = "# Asks by the usual sentences: the endpoint takes none of your own.\n" if own else ""
    return beware + _SHELL.format(server=shlex.quote(server), conditions=conditions)


def link_to(server: str, sample: str, asked: Sequence[str]) -> str:
    """An address that opens a sample with its conditions."""
    return f"{server}/?{urlencode([('sample', sample), *(('ask', line) for line in asked)])}"


def link_html(server: str, sample: str, asked: Sequence[str], own: bool) -> str:
    """The link to share, or why there is none."""
    if not sample:
        return (
            '<p class="caption">A link can reopen a sample, not an upload: of an upload nothing is '
            "kept to reopen.</p>"
        )
    address = page.escape(link_to(server, sample, asked))
    more = " The sentences you changed are not part of it." if own else ""
    return (
        f'<p>This sample with these conditions: <a href="{address}">{address}</a>'
        f'<span class="caption">{more}</span></p>'
    )
