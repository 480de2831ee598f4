"""The endpoints as tools of the Model Context Protocol, lists of files among their arguments.

Gradio serves tools, but of a list of files (seen in 6.31) its schema refers to definitions that a
client cannot find, and the addresses that a client sends are not taken for files. Both are put
right here; `tests/demo/test_screening.py` asks as a real client does.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import gradio as gr


def available() -> bool:
    """Whether the package that tools need is installed."""
    return find_spec("mcp") is not None


def with_plain_schema(files: gr.File) -> gr.File:
    """The component with a schema that stands by itself, its definitions in their places.

    (A subclass would not do: Gradio writes a stub beside the module of each.)
    """
    told = files.api_info()
    definitions = told.get("$defs", {})

    def inlined(node: Any) -> Any:
        if isinstance(node, list):
            return [inlined(part) for part in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inlined(definitions[node["$ref"].rsplit("/", 1)[-1]])
        return {key: inlined(part) for key, part in node.items() if key != "$defs"}

    plain = inlined(told)
    files.api_info = lambda: plain
    return files


def take_lists_of_files() -> None:
    """Let Gradio's tools take every address in a list for a file; it then fetches them as usual."""
    from gradio.mcp import GradioMCPServer

    usual = GradioMCPServer.convert_strings_to_filedata
    if getattr(usual, "takes_lists", False):
        return

    def convert(self: GradioMCPServer, value: Any, positions: list[list[str | int]]) -> Any:
        known = [position for position in positions if position[-1:] != ["items"]]
        for *place, last in positions:
            if last == "items":
                known += [[*place, i] for i in range(len(_at(value, place)))]
        return usual(self, value, known)

    convert.takes_lists = True
    GradioMCPServer.convert_strings_to_filedata = convert


def _at(value: Any, place: list[str | int]) -> Any:
    """What lies at a place of nested data; an empty list where nothing does."""
    for step in place:
        value = value.get(step, []) if isinstance(value, dict) else []
    return value if isinstance(value, list) else []
