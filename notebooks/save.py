"""Run the tutorials and save them as somebody without a kernel should see them.

    python notebooks/save.py [NOTEBOOK ...]            (or: make notebooks-saved)

GitHub and nbviewer show what is saved: no widget, no script, and GitHub no moving picture. So a
plot is saved as a picture of itself (drawn by Chromium), a moving picture as a still, a widget as
what it shows without a kernel. The first picture of a cell tagged `index-picture` becomes the
notebook's in `pictures/`, which the index shows.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

FOLDER = Path(__file__).resolve().parent
PICTURES = FOLDER / "pictures"
PLOTLY, WIDGET = "application/vnd.plotly.v1+json", "application/vnd.jupyter.widget-view+json"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
PLOT_WIDTH = 760  # pixels
INDEX_WIDTH = 240
_MOVING = re.compile(r"data:image/webp;base64,([A-Za-z0-9+/=]+)")


def run(path: Path) -> nbformat.NotebookNode:
    """A notebook, run from top to bottom in its own folder."""
    notebook = nbformat.read(path, 4)
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}})
    client.record_timing = False
    return client.execute()


def still_saved(data: dict[str, Any], draw: Plots) -> dict[str, Any]:
    """What is kept of an output: nothing that needs a kernel, a script or a player."""
    data = {kind: value for kind, value in data.items() if kind != WIDGET}
    if PLOTLY in data:
        kind, picture = draw(data[PLOTLY])
        data = {kind: picture, "text/plain": "A plot"}
    if "image/jpeg" in data:  # GitHub takes the page for the better one, and then drops its picture
        data.pop("text/html", None)
    if "text/html" in data:
        data["text/html"] = _MOVING.sub(_first_phase, "".join(data["text/html"]))
    return data


def _first_phase(match: re.Match) -> str:
    with Image.open(io.BytesIO(base64.b64decode(match.group(1)))) as moving:
        still = _jpeg(moving.convert("L"))
    return "data:image/jpeg;base64," + base64.b64encode(still).decode("ascii")


class Plots:
    """Draws plotly figures in one page of a headless Chromium."""

    def __enter__(self) -> Plots:
        from playwright.sync_api import sync_playwright
        from plotly.offline import get_plotlyjs

        self._playwright = sync_playwright().start()
        browser = self._playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        self._page = browser.new_page()
        self._page.set_content("<div id=plot></div>")
        self._page.add_script_tag(content=get_plotlyjs())
        return self

    def __exit__(self, *_exc: object) -> None:
        self._page.context.browser.close()
        self._playwright.stop()

    def __call__(self, figure: dict[str, Any]) -> tuple[str, str]:
        """A figure as a picture: its kind, and its bytes in base64."""
        uri = self._page.evaluate(
            """async ([figure, width]) => Plotly.toImage(figure, {
                format: "png", width, height: figure.layout.height || 420})""",
            [figure, PLOT_WIDTH],
        )
        with Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))) as drawn:
            picture = Image.new("RGBA", drawn.size, "white")
            picture.alpha_composite(drawn.convert("RGBA"))
            # Lines and bars are smaller as the one, pictures within a plot as the other.
            kinds = {"image/png": _few_colours(picture), "image/jpeg": _jpeg(picture)}
        kind = min(kinds, key=lambda kind: len(kinds[kind]))
        return kind, base64.b64encode(kinds[kind]).decode("ascii")


def save(path: Path, draw: Plots) -> None:
    """Run one notebook and write it, and its picture for the index."""
    notebook = run(path)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            if "data" in output:
                output["data"] = still_saved(output["data"], draw)
        if "index-picture" in cell.metadata.get("tags", []):
            _index_picture(cell.outputs, PICTURES / f"{path.stem[:2]}.png")
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    nbformat.write(notebook, path)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


def _index_picture(outputs: list[Any], to: Path) -> None:
    kinds = ("image/png", "image/jpeg")
    found = [o["data"][kind] for o in outputs for kind in kinds if kind in o.get("data", {})]
    with Image.open(io.BytesIO(base64.b64decode(found[0]))) as saved:
        picture = saved.convert("RGB")  # of a palette, Pillow takes every third pixel as it is
        picture.thumbnail((INDEX_WIDTH, INDEX_WIDTH))
        to.parent.mkdir(exist_ok=True)
        to.write_bytes(_few_colours(picture))


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    (picture if picture.mode == "L" else picture.convert("RGB")).save(out, "JPEG", quality=75)
    return out.getvalue()


def _few_colours(picture: Image.Image) -> bytes:
    """A PNG of a third of the size, at no loss that one sees in a plot."""
    out = io.BytesIO()
    palette = picture.convert("RGB").convert("P", palette=Image.Palette.ADAPTIVE, colors=96)
    palette.save(out, "PNG", optimize=True)
    return out.getvalue()


def main(arguments: list[str] | None = None) -> int:
    """Run and save the notebooks named, or all."""
    parser = argparse.ArgumentParser(description="Run the tutorials and save what they show.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="by default all of them")
    named = parser.parse_args(arguments).notebooks
    with Plots() as draw:
        for path in named or sorted(FOLDER.glob("*.ipynb")):
            save(path.resolve(), draw)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
