"""The page of results has every part; measuring one again leaves the others."""

from __future__ import annotations

from types import SimpleNamespace

from benchmarks import results
from benchmarks.cohorts import MARKS, results_of
from cmrclip_lite import load
from tests.test_retrieval_benchmark import whole


def test_a_part_that_is_measured_again_leaves_the_others(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    old = "## First\n\nOf checkpoint `0a`.\n\nold first\n\n### Inner\n\n## Second\n\nold second"
    page.write_text(f"above\n{MARKS[0]}\n{old}\n{MARKS[1]}\nbelow\n")
    parts = {
        "First": lambda model, arguments: "new first",
        "Second": lambda model, arguments: "new second",
        "Third": lambda model, arguments: "new third",
    }
    monkeypatch.setattr(results, "PAGE", page)
    monkeypatch.setattr(results, "PARTS", parts)
    monkeypatch.setattr(results, "load", lambda: SimpleNamespace(identity="1b" * 32))
    command = ["results.py", "--cache", str(tmp_path / "cache")]
    monkeypatch.setattr("sys.argv", [*command, "--only", "Second"])
    results.main()
    kept = "## First\n\n**Of an earlier checkpoint**, `0a`.\n\nold first\n\n### Inner"
    measured = f"Of checkpoint `{'1b' * 6}`.\n\nnew"
    assert results_of(page) == f"{kept}\n\n## Second\n\n{measured} second"
    monkeypatch.setattr("sys.argv", command)
    results.main()
    every = "".join(f"\n\n## {name}\n\n{measured} {name.lower()}" for name in parts)
    assert results_of(page) == every.strip()
    assert page.read_text().startswith("above\n") and page.read_text().endswith("below\n")


def test_the_page_has_every_part_and_its_tables_are_whole():
    parts = results.parts_of(whole(results_of(results.PAGE)))
    assert list(parts) == list(results.PARTS)
    assert all("| --- |" in part for part in parts.values())


def test_a_part_is_of_the_bundled_checkpoint_or_says_that_it_is_not():
    identity = load().identity[: results.DIGITS]
    for part in results.parts_of(results_of(results.PAGE)).values():
        line = part.partition("\n")[0]
        assert line == f"Of checkpoint `{identity}`." or line.startswith("**Of an earlier")
