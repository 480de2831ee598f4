"""The card of a shared library: what the Hub and a person read first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from huggingface_hub import DatasetCardData

from ...prompts import CONDITIONS
from .layout import BATCH, INDEX, Index, card_features, shared_schema

# The Hub's names of sizes: https://huggingface.co/docs/hub/datasets-cards
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_LARGEST = "n>1M"
_MOST_FINDINGS = 50  # in the table; a library may use names of its own

_COLUMNS = """\
| column | what it is |
|---|---|
| `id` | {ids} |
| `picture` | a small moving picture of the heart (animated WebP), or nothing |
| `impression` | the summary section of the report; empty if there is none |
| `findings` | what holds for the case, as short names |
| `views` | the views that the exam holds, such as SAX and 4CH |
| `vendor`, `field_strength_t` | of the scanner, the field in tesla |
| `slices`, `phases` | of the short-axis cine stack |
| `enhancement` | whether the exam holds late gadolinium enhancement |
| `sex`, `age_band` | of the patient, the age in bands of ten years; empty if unknown |
| `source` | {source} |
| `content` | marks of its series: cases with one in common share pixels |
| `embedding` | unit vector of {width} values (float32): the model's view of the images |
| `impression_embedding` | the same of the impression; nothing where there is none |
| `model_identity`, `model_name`, `layout` | the model that embedded it, the layout of its clips |
| `checksum` | of the whole row, so that a damaged one is known |
"""


@dataclass
class Contents:
    """What was written, counted on the way.

    Attributes:
        findings: how many cases each holds for.
        pictures: how many cases have one.
        arrow_bytes: of all rows in memory.
        file_bytes: of all data files.
    """

    findings: Counter[str] = field(default_factory=Counter)
    pictures: int = 0
    arrow_bytes: int = 0
    file_bytes: int = 0


@dataclass(frozen=True)
class Terms:
    """How it is shared. See `export_library`."""

    licence: str | None
    source: str
    reviewed: bool
    keep_ids: bool


def card(index: Index, contents: Contents, terms: Terms) -> str:
    """The text of README.md, its YAML front matter included."""
    front = _front_matter(index, contents, terms.licence)
    return f"---\n{front}\n---\n\n{_body(index, contents, terms)}"


def _front_matter(index: Index, contents: Contents, licence: str | None) -> str:
    size = next((name for most, name in _SIZES if index.cases < most), _LARGEST)
    split = {"name": "train", "num_bytes": contents.arrow_bytes, "num_examples": index.cases}
    data = DatasetCardData(
        pretty_name=index.facts["name"],
        license=licence,
        task_categories=["image-feature-extraction", "image-to-text"],
        size_categories=[size],
        tags=["medical", "cardiac-mri", "retrieval", "embeddings", "cmrclip-lite"],
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": "train", "path": "data/train-*.parquet"}],
            }
        ],
        dataset_info={
            "features": card_features(shared_schema(index.width)),
            "splits": [split],
            "download_size": contents.file_bytes,
            "dataset_size": contents.arrow_bytes,
        },
    )
    return data.to_yaml()


def _body(index: Index, contents: Contents, terms: Terms) -> str:
    facts = index.facts
    ids = "as in the library it came from" if terms.keep_ids else "a number, new in this copy"
    columns = _COLUMNS.format(
        ids=ids,
        source="where the case comes from, in words" if terms.source else "not stated: empty",
        width=index.width,
    )
    files = "1 file" if len(index.files) == 1 else f"{len(index.files)} files"
    return f"""\
# {facts["name"]}

A case library of cardiac MR exams, embedded for retrieval with CMR-CLIP Lite: {index.cases} cases,
{contents.pictures} with a moving picture, in {files}.

**For research and education, never for diagnosis.** A similar case is no second opinion, and a
similarity is no probability.

## Model

- embedded by: `{facts["model_name"]}`
- identity (a digest of its weights and configuration): `{facts["model_identity"]}`
- layout of the clips it saw: `{facts["layout"]}`

Vectors of two models cannot be compared: search this library with that model only.

## A row is a case

{columns}
Rows lie in groups of {BATCH}; `{INDEX}` holds the number of rows and the SHA-256 of each file.

## Findings

{_findings(contents)}
## How to open it

As a library to search:

```python
import cmrclip_lite
from cmrclip_lite.library.sharing import load_library

library = load_library("OWNER/NAME", "library")  # or the folder that this file lies in
model = cmrclip_lite.load({facts["model_name"]!r})  # the model above, by its name or its folder
cases = library.search_text(model, "LV dilation", k=5)
```

or `cmrclip library load OWNER/NAME --out library`. As plain rows:

```python
from datasets import load_dataset

cases = load_dataset("OWNER/NAME", split="train").with_format("numpy", columns=["embedding"])
```

## Privacy

{_ids(terms.keep_ids)}
Digests of the files that the cases were built from are not in this copy, and those of the pixels
are scrambled with a secret that nobody kept. Yet whoever holds the same exam and the same model can
make the same vectors, and so know it again.

{_looked(terms.reviewed)}
Do not try to find out who a case is; if one points at a person, tell whoever shares this dataset.

## Licence

{_licence(terms.licence)}
"""


def _findings(contents: Contents) -> str:
    if not contents.findings:
        return "No case states any.\n"
    common = contents.findings.most_common(_MOST_FINDINGS)
    rows = [
        f"| {CONDITIONS[key].label if key in CONDITIONS else key} | `{key}` | {count} |"
        for key, count in common
    ]
    more = len(contents.findings) - len(common)
    end = f"\n{more} rarer ones are not listed.\n" if more else ""
    return "\n".join(["| finding | name | cases |", "|---|---|---|", *rows]) + "\n" + end


def _ids(keep_ids: bool) -> str:
    if keep_ids:
        return "Ids are those of the library that this was exported from."
    return "Ids are new and the cases lie in a random order: neither says anything of the original."


def _looked(reviewed: bool) -> str:
    if reviewed:
        return "Whoever exported it declared that the cases had been reviewed and are fit to share."
    return (
        "Before it was written, texts were searched for dates, numbers, names with titles and "
        "addresses,\nand pictures for text in them; none was found. Such a search finds much and "
        "not all."
    )


def _licence(licence: str | None) -> str:
    return f"`{licence}`." if licence else "None is stated; ask whoever shares this dataset."
