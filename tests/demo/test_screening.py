"""A worklist of several studies: its order, its file, and the same for programs."""

from __future__ import annotations

import ast
import asyncio
import base64
import csv
import io
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import screening
import worklist
from engine import Engine
from worklist import Entry, as_csv, as_rows, ranked

from cmrclip_lite.zeroshot import Score
from tests.demo.tiny import beating_exam, built


def score(condition: str, percentile: float | None, normal: float | None = None) -> Score:
    return Score(condition, None, 0.25, (), percentile, normal, "Measured against 8 cases.")


def test_a_study_stands_where_its_most_urgent_condition_puts_it():
    entries = [
        Entry("calm", (score("effusion", 40.0, 30.0), score("thrombus", 10.0, 5.0))),
        Entry("broken", problem="broken.zip is no zip archive."),
        Entry("urgent", (score("effusion", 5.0, 5.0), score("thrombus", 98.0, 100.0))),
        Entry("unmeasured", (score("effusion", None),)),
        Entry("tie", (score("thrombus", 98.0, 99.0),)),
    ]
    names = [entry.name for entry in ranked(entries)]
    assert names == ["urgent", "tie", "calm", "unmeasured", "broken"]
    rows = as_rows(entries)
    assert [row["rank"] for row in rows] == [1, 2, 3, None, None]
    assert rows[0]["urgent_condition"] == "thrombus" and "98 %" in rows[0]["reason"]
    assert rows[4]["problem"] == rows[4]["reason"] == "broken.zip is no zip archive."
    assert "Nothing to measure" in rows[3]["reason"]


def test_a_spreadsheet_runs_nothing_of_what_people_called_their_files():
    hostile = '=HYPERLINK("http://evil","x")'
    text = as_csv([Entry(hostile, (score("+cmd", 50.0, 50.0),), ('a "note", with\nlines',))])
    header, row = list(csv.reader(io.StringIO(text)))
    told = dict(zip(header, row, strict=True))
    assert told["study"] == "'" + hostile and told["urgent_condition"] == "'+cmd"
    assert told["notes"] == 'a "note", with\nlines' and told["percentile"] == "50"
    assert tuple(header) == worklist.COLUMNS


def test_an_archive_is_a_study_and_loose_files_are_one():
    names = ["a/exam.zip", "b/exam.zip", "c/IM1", "d/IM2", "e/heart.nii.gz"]
    found = screening.studies_of([Path(name) for name in names])
    assert {name: len(files) for name, files in found.items()} == {
        "exam.zip": 1, "exam.zip (2)": 1, "heart.nii.gz": 1, "2 loose files": 2,
    }  # fmt: skip


@pytest.fixture
def uploaded(uploads_folder: Path) -> list[str]:
    """Two exams and a letter, where the server puts uploads."""
    place = uploads_folder / "gradio" / "hash"
    place.mkdir(parents=True)
    for i in range(2):
        beating_exam(place / f"exam{i}.zip", slices=3 + i)
    (place / "letter.zip").write_bytes(b"no archive")
    return [str(path) for path in sorted(place.iterdir())]


def test_one_bad_study_does_not_end_the_list_and_nothing_stays(parts, uploaded, uploads_folder):
    engine = Engine(*parts[:2])
    steps = list(screening.screened(engine, uploaded, ["LV dilated"]))
    assert [number for number, _, _ in steps] == [0, 1, 2, 3]
    entries = [entry for _, _, entry in steps if entry is not None]
    rows = as_rows(entries)
    assert [bool(row["rank"]) for row in rows] == [True, True, False]
    assert "letter.zip" in rows[2]["problem"]
    assert [p for p in uploads_folder.rglob("*") if p.is_file()] == []
    shown = screening.worklist_html(entries, done=True)
    assert "8 cases" in shown and "not read" in shown and "worklist.csv" in shown


def test_what_cannot_be_screened_says_why_and_nothing_stays(parts, uploaded, monkeypatch):
    engine = Engine(*parts[:2])
    with pytest.raises(Exception, match="at least one urgent condition"):
        list(screening.screened(engine, uploaded, []))
    assert not any(Path(path).exists() for path in uploaded)
    with pytest.raises(Exception, match="1 to 50 studies, not 0"):
        list(screening.screened(engine, [], ["LV dilated"]))


@pytest.mark.browser
@pytest.mark.slow
def test_a_worklist_on_the_page(tab, tmp_path):
    hostile = "<img src=x onerror=window.hacked=1>.zip"
    names = [hostile, "second.zip", "letter.zip"]
    for i, name in enumerate(names[:2]):
        beating_exam(tmp_path / name, slices=3 + i)
    (tmp_path / "letter.zip").write_bytes(b"no archive")
    tab.get_by_role("tab", name="Screen several").click()
    tab.locator("#screen-files input[type=file]").set_input_files([tmp_path / n for n in names])
    tab.wait_for_function(
        "document.querySelectorAll('#screen-files .file-preview tr').length === 3"
    )
    tab.locator("#screen").click()
    tab.wait_for_selector("#worklist a[download]")
    rows = tab.locator("#worklist tbody tr").all_inner_texts()
    assert len(rows) == 3 and "not read" in rows[2] and "letter.zip" in rows[2]
    assert any("<img src=x" in row or "img src" in row for row in rows[:2])
    assert tab.evaluate("window.hacked") is None
    with tab.expect_download() as waiting:
        tab.locator("#worklist a[download]").click()
    saved = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8"))))
    assert [row["rank"] for row in saved] == ["1", "2", ""]


# --- programs


@pytest.fixture(scope="module")
def served(parts, tmp_path_factory):
    """The app with its endpoints and tools, in this process."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        demo = built(*parts)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        demo.launch(
            prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=port,
            ssr_mode=False, mcp_server=True,
        )  # fmt: skip
        yield f"http://127.0.0.1:{port}", folder
        demo.close()


@pytest.mark.slow
def test_a_program_gets_the_worklist(served, tmp_path):
    from gradio_client import Client, handle_file

    url, folder = served
    client = Client(url, verbose=False)
    exams = [beating_exam(tmp_path / f"exam{i}.zip", slices=3 + i) for i in range(2)]
    files = [handle_file(str(path)) for path in exams]
    told = client.predict(files, "LV dilated\nthick septum", api_name="/screen")
    assert [row["rank"] for row in told["worklist"]] == [1, 2]
    assert {row["study"] for row in told["worklist"]} == {"exam0.zip", "exam1.zip"}
    usual = client.predict(files, "", api_name="/screen")["worklist"]
    assert {row["urgent_condition"] for row in usual} <= set(screening.default_urgent())
    described = client.view_api(return_format="dict")["named_endpoints"]
    assert set(described) == {"/read", "/score", "/retrieve", "/search", "/screen"}
    assert [p for p in folder.rglob("*") if p.is_file() and p.stat().st_size] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["read", "score", "retrieve", "screen"])
def test_a_program_cannot_have_the_server_read_a_file_of_its_own(served, parts, name):
    """Nor fetch an address for it."""
    url, _ = served
    arguments = {"read": [], "score": ["x"], "retrieve": [5], "screen": ["x"]}[name]
    own = str(parts[2]["lv_dilation"])
    inside = f"{url}/gradio_api/info"
    for path in (own, "/etc/hostname", inside):
        file = {"path": path, "meta": {"_type": "gradio.FileData"}}
        call = httpx.post(f"{url}/gradio_api/call/{name}", json={"data": [[file], *arguments]})
        answer = httpx.get(f"{url}/gradio_api/call/{name}/{call.json()['event_id']}", timeout=60)
        assert "event: error" in answer.text and "event: complete" not in answer.text


@pytest.mark.slow
def test_the_same_are_tools_of_the_model_context_protocol(served, exam):
    mcp = pytest.importorskip("mcp", reason="tools need the package mcp")
    from mcp.client.streamable_http import streamablehttp_client

    url, folder = served
    # An address on this machine is not fetched, for whoever asks; an agent here sends the bytes.
    file = f"data:application/zip;base64,{base64.b64encode(exam.read_bytes()).decode()}"

    async def ask() -> tuple:
        async with (
            streamablehttp_client(f"{url}/gradio_api/mcp/") as (read, write, _),
            mcp.ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = (await session.list_tools()).tools
            found = await session.call_tool("search", {"text": "LV dilated", "k": 3})
            scored = await session.call_tool("score", {"files": [file], "conditions": "LV dilated"})
            inside = await session.call_tool("read", {"files": [f"{url}/gradio_api/info"]})
            bad = await session.call_tool("search", {"text": "", "k": 3})
            return tools, found, scored, inside, bad

    # In a thread of its own: the browser's tests keep a loop in this one.
    with ThreadPoolExecutor() as threads:
        tools, found, scored, inside, bad = threads.submit(asyncio.run, ask()).result()
    by_name = {tool.name: tool for tool in tools}
    assert set(by_name) == {"read", "score", "retrieve", "search", "screen"}
    assert "never for diagnosis" in by_name["score"].description
    assert set(by_name["search"].inputSchema["properties"]) == {"text", "k"}
    assert "1 to 50" in by_name["search"].inputSchema["properties"]["k"]["description"]
    # Gradio writes a tool's answer as Python does, not as JSON.
    assert len(ast.literal_eval(found.content[0].text)["cases"]) == 3
    assert ast.literal_eval(scored.content[0].text)["scores"][0]["condition"] == "LV dilated"
    assert inside.isError
    assert bad.isError and "condition is empty" in bad.content[0].text
    assert [p for p in folder.rglob("*") if p.is_file() and p.stat().st_size] == []
