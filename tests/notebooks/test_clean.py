"""The tutorials stay clean, and each has what its readers are promised."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MOST_OUTPUT = 1_000_000  # bytes
# A path of somebody's machine, in code, text or output.
OF_A_MACHINE = re.compile(r"""(?<![\w.:/<])(/(home|root|Users|tmp|content|mnt|srv)/|[A-Z]:\\)""")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request) -> dict:
    return json.loads(request.param.read_text(encoding="utf-8"))


def text(cell: dict) -> str:
    return "".join(cell["source"])


def test_there_is_a_numbered_series_and_the_index_names_each():
    assert [path.name[:3] for path in NOTEBOOKS] == [
        f"{n:02}_" for n in range(1, len(NOTEBOOKS) + 1)
    ]
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert all(f"({path.name})" in index for path in NOTEBOOKS)


def test_it_opens_with_what_a_reader_must_know_and_ends_with_sources(notebook):
    cells = notebook["cells"]
    opening = text(cells[0])
    for promised in ("# ", "never for diagnosis", "**You will learn**", "**You need**", "**Time**"):
        assert promised in opening
    ending = text(cells[-1])
    assert "## Summary" in ending and "## References" in ending and "https://" in ending
    headings = [text(cell) for cell in cells if text(cell).startswith("## Exercise")]
    solutions = [cell for cell in cells if text(cell).startswith("# Solution")]
    assert headings and len(solutions) == len(headings)
    assert all(cell["metadata"].get("jupyter", {}).get("source_hidden") for cell in solutions)


def test_it_holds_nothing_of_a_machine_and_no_heavy_output(notebook):
    assert not OF_A_MACHINE.search(json.dumps(notebook, ensure_ascii=False))
    outputs = [cell.get("outputs", []) for cell in notebook["cells"]]
    assert len(json.dumps(outputs)) < MOST_OUTPUT
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert not any(o.get("output_type") == "error" for some in outputs for o in some)


def test_its_cells_have_names_that_last(notebook):
    names = [cell["id"] for cell in notebook["cells"]]
    assert len(set(names)) == len(names)
    # A word that somebody chose: what Jupyter gives by itself is eight random hexadecimal digits.
    assert all(re.fullmatch(r"[a-z][a-z-]*", name) for name in names)


@pytest.mark.parametrize(
    "written", ['"/home/ann/exam"', "open('/root/x')", r"C:\Users", "in (/mnt/x)"]
)
def test_a_machines_path_would_be_seen(written):
    assert OF_A_MACHINE.search(written)
    assert not OF_A_MACHINE.search("https://doi.org/home/x and ../mnt/x and a/root/b")


def test_what_is_saved_needs_no_kernel(notebook):
    """See `notebooks/save.py`: GitHub shows no widget, no script and no moving picture."""
    for cell in notebook["cells"]:
        for kinds in (output.get("data", {}) for output in cell.get("outputs", [])):
            assert "application/vnd.jupyter.widget-view+json" not in kinds
            assert "image/webp" not in "".join(kinds.get("text/html", ""))
            assert "application/vnd.plotly.v1+json" not in kinds
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code), "run `make notebooks-saved`"


def test_the_index_has_a_picture_of_it(notebook, request):
    tagged = [c for c in notebook["cells"] if "index-picture" in c["metadata"].get("tags", [])]
    assert len(tagged) == 1
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    stem = request.node.callspec.id
    assert f"(pictures/{stem[:2]}.png)" in index
    assert (FOLDER / "pictures" / f"{stem[:2]}.png").stat().st_size < 100_000
