"""The page of results has its parts in order; measuring one again leaves the others."""

from __future__ import annotations

from benchmarks import results
from benchmarks.cohorts import MARKS, results_of
from tests.test_retrieval_benchmark import whole


def test_a_part_that_is_measured_again_leaves_the_others(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    old = "## First\n\nold first\n\n### Inner\n\n## Second\n\nold second"
    page.write_text(f"above\n{MARKS[0]}\n{old}\n{MARKS[1]}\nbelow\n")
    parts = {
        "First": lambda model, arguments: "new first",
        "Second": lambda model, arguments: "new second",
        "Third": lambda model, arguments: "new third",
    }
    monkeypatch.setattr(results, "PAGE", page)
    monkeypatch.setattr(results, "PARTS", parts)
    monkeypatch.setattr(results, "load", lambda: None)
    command = ["results.py", "--cache", str(tmp_path / "cache")]
    monkeypatch.setattr("sys.argv", [*command, "--only", "Second"])
    results.main()
    kept = "## First\n\nold first\n\n### Inner"
    assert results_of(page) == f"{kept}\n\n## Second\n\nnew second"
    monkeypatch.setattr("sys.argv", command)
    results.main()
    every = "".join(f"\n\n## {name}\n\nnew {name.lower()}" for name in parts)
    assert results_of(page) == every.strip()
    assert page.read_text().startswith("above\n") and page.read_text().endswith("below\n")


def test_the_page_has_its_parts_in_order_and_its_tables_are_whole():
    text = whole(results.PAGE.read_text(encoding="utf-8"))
    parts = results.parts_of(text.partition(MARKS[0])[2].partition(MARKS[1])[0])
    assert list(parts) == [name for name in results.PARTS if name in parts]
    assert "Scores" in parts and all("| --- |" in part for part in parts.values())
