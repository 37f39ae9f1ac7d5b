"""Pandoc in batches: many fragments in one call, as pandoc's own syntax tree in JSON."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from helpers.core import ReportError

Node = dict[str, Any]


class FormulaError(ReportError):
    """Formulas that pandoc cannot convert.

    Parameters
    ----------
    formulas : list of str
        Their TeX.
    """

    def __init__(self, formulas: list[str]) -> None:
        self.formulas = formulas
        super().__init__(f"formulas that cannot be printed, in the notebooks' TeX: {formulas}")


MARKDOWN = (
    "markdown-implicit_figures-yaml_metadata_block-pandoc_title_block"
    "-blank_before_header-blank_before_blockquote+lists_without_preceding_blankline"
    "+autolink_bare_uris-example_lists-native_divs-native_spans"
    # What is plain text in JupyterLab: "p. 5" or "(a)" at the start of a line, "| x", ": x", rules.
    "-fancy_lists-definition_lists-line_blocks-inline_notes-subscript-superscript"
    "-simple_tables-multiline_tables-grid_tables-table_captions"
)
"""Pandoc's Markdown, as close to JupyterLab's as its extensions allow."""

_MARK = "dermbookfragment"
_API_VERSION = [1, 23, 1, 1]


def run_pandoc(text: str, source: str, target: str, *options: str) -> str:
    """Convert a text with the pandoc of the package ``pypandoc-binary``.

    Raises
    ------
    ReportError
        If pandoc is missing, fails, takes longer than two minutes, or, as a `FormulaError`,
        cannot read a formula.
    """
    import pypandoc  # type: ignore[import-untyped]

    try:
        command = [pypandoc.get_pandoc_path(), "--sandbox", "-f", source, "-t", target, *options]
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, timeout=120, check=False
        )
    except OSError as error:
        raise ReportError(
            f"expected the pandoc of pypandoc-binary but got: {error}; "
            "install the packages of requirements.lock again"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ReportError(
            f"pandoc took longer than {error.timeout} s, {source} to {target}"
        ) from error
    if done.returncode:
        message = done.stderr.decode(errors="replace").strip()
        raise ReportError(f"pandoc could not convert {source} to {target}: {message}")
    lost = re.findall(r"Could not convert TeX math (.*?)(?:, rendering|\n)", done.stderr.decode())
    if lost:
        raise FormulaError(lost)
    return done.stdout.decode()


def parse(text: str, source: str) -> list[Node]:
    """Parse a text into pandoc blocks."""
    blocks: list[Node] = json.loads(run_pandoc(text, source, "json"))["blocks"]
    return blocks


def parse_all(fragments: Sequence[str], source: str = MARKDOWN) -> list[list[Node]]:
    """Parse many fragments in one call.

    They are parsed as one text, so that a footnote or link may be defined in another fragment.
    Where one fragment swallows what follows it (an open code fence or comment), each is parsed
    on its own.

    Parameters
    ----------
    fragments : sequence of str
        Markdown or HTML.
    source : str
        Pandoc's name of their format.

    Returns
    -------
    list of list of dict
        Pandoc blocks of each fragment.
    """
    if not fragments:
        return []
    paragraph = "<p>{}</p>" if source.startswith("html") else "\n\n{}\n\n"
    pieces = [
        paragraph.format(f"{_MARK}{place}") + text + "\n" for place, text in enumerate(fragments)
    ]
    parsed: list[list[Node]] = []
    for block in parse("".join(pieces), source):
        if _is_mark(block, len(parsed)):
            parsed.append([])
        elif parsed:
            parsed[-1].append(block)
    if len(parsed) == len(fragments):
        return parsed
    return [parse(text, source) for text in fragments]


def _is_mark(block: Node, place: int) -> bool:
    text = block["c"] if block["t"] in ("Para", "Plain") else []
    return len(text) == 1 and text[0]["t"] == "Str" and text[0]["c"] == f"{_MARK}{place}"


def write(blocks: list[Node], target: str, *options: str) -> str:
    """Write pandoc blocks in another format."""
    document = {"pandoc-api-version": _API_VERSION, "meta": {}, "blocks": blocks}
    return run_pandoc(json.dumps(document), "json", target, *options)


def walk(node: Any, change: Callable[[Node], Node | list[Node] | None]) -> Any:
    """Rebuild a syntax tree from its leaves up.

    Parameters
    ----------
    node : dict or list
        Part of pandoc's tree; it is left as it is.
    change : callable
        Takes each element; gives it back, or a list to put in its place, or None for as it is.

    Returns
    -------
    dict or list
        Shares with `node` what has not changed: neither is to be changed in place.
    """
    if isinstance(node, dict):
        return _walk_element(node, change)
    return _walk_list(node, change) if isinstance(node, list) else node


def _walk_list(nodes: list[Any], change: Callable[[Node], Node | list[Node] | None]) -> list[Any]:
    changed: list[Any] = []
    same = True
    for part in nodes:
        if isinstance(part, dict):
            new = _walk_element(part, change)
        elif isinstance(part, list):
            new = _walk_list(part, change)
        else:
            new = part
        same = same and new is part
        if isinstance(new, list) and isinstance(part, dict):
            changed += new
        else:
            changed.append(new)
    return nodes if same else changed


def _walk_element(
    node: Node, change: Callable[[Node], Node | list[Node] | None]
) -> Node | list[Node]:
    rebuilt = node
    for key, value in node.items():
        if isinstance(value, list):
            new: Any = _walk_list(value, change)
        elif isinstance(value, dict):
            new = _walk_element(value, change)
        else:
            continue
        if new is not value:
            rebuilt = rebuilt | {key: new}
    if "t" not in node:
        return rebuilt
    replaced = change(rebuilt)
    return rebuilt if replaced is None else replaced


def plain_text(node: Any) -> str:
    """Text of a part of the tree, without its formatting."""
    if isinstance(node, list):
        return "".join(map(plain_text, node))
    if not isinstance(node, dict):
        return ""
    kind, content = node.get("t"), node.get("c", [])
    if kind == "Str":
        return str(content)
    if kind in ("Space", "SoftBreak", "LineBreak"):
        return " "
    if kind in ("Code", "Math", "CodeBlock"):
        return str(content[1])
    if kind in ("Note", "RawInline", "RawBlock"):
        return ""
    return plain_text(content) if content is not None else plain_text(list(node.values()))
