"""The page of results has every part; measuring one again leaves the others."""

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


def test_the_page_has_every_part_and_its_tables_are_whole():
    parts = results.parts_of(whole(results_of(results.PAGE)))
    assert list(parts) == list(results.PARTS)
    assert all("| --- |" in part for part in parts.values())
