"""Links between the chapters of a report, and to their exercises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from helpers.core import BESIDE
from helpers.report.pandoc import Node, walk

_WEB = frozenset({"http", "https", "mailto", "doi"})


def slug(text: str) -> str:
    """Name of a heading in links, however JupyterLab or a person writes it."""
    return re.sub(r"\W+", "-", text.casefold()).strip("-")


def resolved(nodes: Any, anchors: Mapping[str, str], chapters: Mapping[str, str]) -> Any:
    """Point links to chapters and headings of the report; unlink what is not part of it.

    Parameters
    ----------
    nodes : list of dict
        Part of a chapter.
    anchors : mapping
        Anchors of its own headings, by `slug`.
    chapters : mapping
        Anchors of all chapters, by the name of their file; of their exercises in the report, with
        the folder before the name.

    Returns
    -------
    list of dict
    """

    def change(node: Node) -> Node | list[Node] | None:
        if node["t"] != "Link":
            return None
        attributes, inlines, (target, title) = node["c"]
        address = _parts(target)
        if address is None:
            return list(inlines)
        scheme, path, fragment = address
        if scheme in _WEB:
            return None
        file = Path(unquote(path))
        name = f"{file.parent.name}/{file.name}" if file.parent.name in BESIDE else file.name
        anchor = anchors.get(slug(unquote(fragment))) if not name else None
        if name in chapters:
            anchor = chapters[name]
        if anchor is None:
            return list(inlines)
        return {"t": "Link", "c": [attributes, inlines, [f"#{anchor}", title]]}

    return walk(nodes, change)


def _parts(target: str) -> tuple[str, str, str] | None:
    """Scheme, path and fragment of an address, or None where it is none."""
    try:
        address = urlparse(target)
    except ValueError:  # such as an open bracket for an address of numbers
        return None
    return address.scheme, address.path, address.fragment
