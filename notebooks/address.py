"""Write the project's public address wherever people click on it.

    python notebooks/address.py            (or: make address)
    python notebooks/address.py --check    exit code 1 if something is out of date

The address stands in pyproject.toml alone (`project.urls`: `Repository`, and `Demo` for the Space
once there is one). From it come each notebook's Colab badge and the cell that installs the package
there, and what stands between `<!-- address: ... -->` and `<!-- end -->` in the Markdown files.
Colab opens notebooks from GitHub only; with any other address there is no badge and nothing to
install from, so that a placeholder never leads people to a stranger's code.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = ("README.md", "notebooks/README.md", "demo/README.md", "demo/about.md")
BADGE, INSTALL = "colab", "install"  # the ids of the two cells, which follow the opening
_MARKED = re.compile(r"(<!-- address: ([a-z]+) ?(\S*) -->).*?(<!-- end -->)", re.DOTALL)
_EXTRAS = "notebooks,codecs,formats,deidentify,eval"
_BADGE_PICTURE = "https://colab.research.google.com/assets/colab-badge.svg"


def addresses(repository: Path = REPOSITORY) -> dict[str, str]:
    """`project.urls` of pyproject.toml, without slashes at the end."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    return {name: url.rstrip("/") for name, url in project["project"]["urls"].items()}


def on_github(address: str) -> bool:
    """Whether it is a GitHub repository's, `https://github.com/OWNER/NAME`."""
    parts = urlsplit(address)
    path = parts.path.strip("/").split("/")
    return (parts.scheme, parts.netloc) == ("https", "github.com") and len(path) == 2 and all(path)


def badge(address: str, notebook: str) -> str:
    """The link that opens a notebook in Colab; empty where Colab cannot reach it."""
    if not on_github(address):
        return ""
    target = address.replace("https://github.com/", "https://colab.research.google.com/github/")
    return f"[![Open in Colab]({_BADGE_PICTURE})]({target}/blob/main/notebooks/{notebook})"


def installing(address: str) -> str:
    """The cell that installs the package on Colab and does nothing elsewhere."""
    head = "# On Colab this installs the package; elsewhere it does nothing.\nimport sys\n\n"
    head += 'if "google.colab" in sys.modules:\n'
    if not on_github(address):
        return head + (
            '    raise SystemExit("There is no public address to install cmrclip-lite from yet.")'
        )
    return head + (
        f'    %pip install -q "cmrclip-lite[{_EXTRAS}] @ git+{address}"\n'
        "    from google.colab import output\n\n"
        "    output.enable_custom_widget_manager()  # plotly's live figures need it"
    )


def named(notebook: dict, name: str, address: str) -> dict:
    """A notebook with the two cells behind its opening, made or renewed."""
    cells = [cell for cell in notebook["cells"] if cell["id"] not in (BADGE, INSTALL)]
    before = next((cell for cell in notebook["cells"] if cell["id"] == INSTALL), {})
    install = {
        "cell_type": "code",
        "execution_count": before.get("execution_count"),
        "id": INSTALL,
        "metadata": {"jupyter": {"source_hidden": True}},
        "outputs": [],
        "source": installing(address).splitlines(keepends=True),
    }
    added = [install]
    if link := badge(address, name):
        added.insert(0, {"cell_type": "markdown", "id": BADGE, "metadata": {}, "source": [link]})
    return notebook | {"cells": [cells[0], *added, *cells[1:]]}


def page_with(text: str, urls: dict[str, str]) -> str:
    """A Markdown page with what stands between its marks renewed."""

    def fill(match: re.Match) -> str:
        start, kind, argument, end = match.groups()
        return start + _fillings(urls, argument)[kind] + end

    return _MARKED.sub(fill, text)


def _fillings(urls: dict[str, str], notebook: str) -> dict[str, str]:
    known = on_github(urls["Repository"])
    demo = urls.get("Demo", "")
    return {
        "repository": f"[the repository]({urls['Repository']})" if known else "the repository",
        "demo": f"Try it in the browser: [{demo}]({demo})." if demo else "",
        "colab": badge(urls["Repository"], notebook),
    }


def renewed(repository: Path = REPOSITORY) -> dict[Path, str]:
    """Every file that is out of date, with what it ought to hold."""
    urls = addresses(repository)
    found: dict[Path, str] = {}
    for page in (repository / name for name in PAGES):
        found[page] = page_with(page.read_text(encoding="utf-8"), urls)
    for path in sorted((repository / "notebooks").glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        found[path] = written(named(notebook, path.name, urls["Repository"]))
    return {path: text for path, text in found.items() if path.read_text("utf-8") != text}


def written(notebook: dict) -> str:
    """A notebook as the text of its file, in the form that JupyterLab writes."""
    return json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str] | None = None, repository: Path = REPOSITORY) -> int:
    """Renew what is out of date, or with `--check` only name it."""
    parser = argparse.ArgumentParser(description="Write the public address where it is needed.")
    parser.add_argument("--check", action="store_true", help="change nothing; 1 if out of date")
    check = parser.parse_args(arguments).check
    changed = renewed(repository)
    for path, text in changed.items():
        print(("out of date: " if check else "renewed: ") + str(path.relative_to(repository)))
        if not check:
            path.write_text(text, encoding="utf-8")
    return int(check and bool(changed))


if __name__ == "__main__":
    raise SystemExit(main())
