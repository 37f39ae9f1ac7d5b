"""An executed notebook as a list of blocks: prose, code, text, figures and tables."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from helpers.core import ReportError
from helpers.notebook import FIGURE_MIME, TABLE_MIME

HIDDEN_TAGS = frozenset({"hide-input", "remove-input"})
SHOWN_TAGS = frozenset({"show-input"})
"""Of cells whose code is what the chapter is about: it is kept where other code is hidden."""
_PARAMETER_TAGS = frozenset({"parameters", "injected-parameters"})
_SUFFIXES = {"image/svg+xml": ".svg", "image/png": ".png", "image/jpeg": ".jpg"}
_PICTURE_SUFFIXES = frozenset({".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp"})
_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_PROGRESS = re.compile(r"\d+%\|.*\|\s*\d+/\d+|\d+/\d+ .*━")
_OBJECT = re.compile(r"^\[?<(Figure|Axes|matplotlib|IPython|helpers)\b.*>\]?$", re.DOTALL)


@dataclass(frozen=True)
class Picture:
    """Bytes of a picture and the suffix that says what they are."""

    data: bytes
    suffix: str


@dataclass(frozen=True)
class Prose:
    """Markdown of a cell, or computed in one."""

    cell: int
    text: str
    attachments: Mapping[str, Picture] = field(default_factory=dict)


@dataclass(frozen=True)
class Code:
    """Source of a code cell."""

    cell: int
    text: str
    parameters: bool = False


@dataclass(frozen=True)
class Text:
    """What a cell printed."""

    cell: int
    text: str


@dataclass(frozen=True)
class Figure:
    """A picture; ``caption`` is Markdown, or empty for a picture that is part of the flow."""

    cell: int
    picture: Picture
    caption: str
    alt: str
    width: float | None = None


@dataclass(frozen=True)
class Table:
    """A table in HTML; ``caption`` is Markdown, or empty."""

    cell: int
    html: str
    caption: str = ""


Block = Prose | Code | Text | Figure | Table


@dataclass(frozen=True)
class Chapter:
    """One notebook: its number in the book and its blocks."""

    name: str
    number: int
    folder: Path
    blocks: tuple[Block, ...]
    sources: tuple[str, ...]

    def where(self, cell: int) -> str:
        """Name a cell for an error message, with the start of its first line."""
        lines = self.sources[cell].strip().splitlines() or [""]
        return f"{self.name}, cell {cell} ({lines[0][:50]!r})"

    def cells_with(self, text: str) -> list[int]:
        """Cells whose prose, code, output, caption or table has a text."""
        found = set()
        for block in self.blocks:
            if isinstance(block, Prose | Code | Text):
                parts = [block.text]
            elif isinstance(block, Table):
                parts = [block.html, block.caption]
            else:
                parts = [block.caption, block.alt]
            if any(text in part for part in parts):
                found.add(block.cell)
        return sorted(found)


def read_chapters(paths: list[Path], code: str = "show") -> list[Chapter]:
    """Read executed notebooks as the chapters of a report.

    Parameters
    ----------
    paths : list of Path
        Notebooks in the order of the report. ``04_name.ipynb`` is chapter 4; a name without
        a number gets the number after its predecessor's.
    code : {"show", "hide"}, default="show"
        Whether source code is part of the report. A cell tagged ``show-input`` always shows it.

    Returns
    -------
    list of Chapter

    Raises
    ------
    ReportError
        If a notebook is missing or invalid, was not executed, shows a traceback or a picture
        that is not there; all of it at once, by chapter and cell.
    """
    chapters: list[Chapter] = []
    problems: list[str] = []
    for path in map(Path, paths):
        try:
            notebook = nbformat.read(path, as_version=4)
        except (OSError, ValueError, nbformat.ValidationError) as error:
            problems.append(f"{path.name}: not a notebook that can be read ({error})")
            continue
        number = chapter_number(path.stem, chapters[-1].number + 1 if chapters else 1)
        chapter, found = read_chapter(notebook, path.name, path.parent, number, code)
        chapters.append(chapter)
        problems += found
    fail_on(problems)
    return chapters


def fail_on(problems: list[str]) -> None:
    """Raise one `ReportError` that lists every problem, or return where there is none."""
    if problems:
        raise ReportError(listed(problems))


def listed(problems: list[str]) -> str:
    """Message that lists all problems of a report."""
    noun = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return "\n".join([f"the report was not built: {noun}", *(f"  - {p}" for p in problems)])


def chapter_number(stem: str, default: int) -> int:
    """Number of a chapter after its file's name.

    >>> chapter_number("04_augmentation", 1), chapter_number("notes", 1)
    (4, 1)
    """
    digits = re.match(r"(\d{1,3})(?=[_\-. ]|$)", stem)
    return int(digits[1]) if digits else default


def read_chapter(
    notebook: Any,
    name: str,
    folder: Path,
    number: int,
    code: str,
    executed: bool = True,
) -> tuple[Chapter, list[str]]:
    """Turn a notebook into blocks; give the problems back instead of raising them.

    Parameters
    ----------
    notebook : NotebookNode
        The notebook.
    name : str
        Its name in error messages.
    folder : Path
        Where its relative pictures are.
    number : int
        Number of the chapter.
    code : {"show", "hide"}
        Whether source code is kept.
    executed : bool, default=True
        Whether a code cell that never ran is a problem.

    Returns
    -------
    chapter : Chapter
    problems : list of str
    """
    if code not in ("show", "hide"):
        raise ReportError(f"expected code 'show' or 'hide' but got {code!r}")
    blocks: list[Block] = []
    sources = tuple(str(cell.source) for cell in notebook.cells)
    chapter = Chapter(name, number, folder, (), sources)
    problems: list[str] = []
    for index, cell in enumerate(notebook.cells):
        tags = set(cell.get("metadata", {}).get("tags", []))
        if cell.cell_type == "markdown":
            blocks.append(Prose(index, cell.source, _attachments(cell)))
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if executed and cell.get("execution_count") is None:
            problems.append(f"{chapter.where(index)}: was not executed; run the chapter first")
        if (code == "show" or tags & SHOWN_TAGS) and not tags & HIDDEN_TAGS:
            blocks.append(Code(index, cell.source.strip("\n"), bool(tags & _PARAMETER_TAGS)))
        for output in _merged(cell.outputs):
            try:
                block = _block(output, index)
            except ReportError as error:
                problems.append(f"{chapter.where(index)}: {error}")
            else:
                blocks += [block] if block is not None else []
    return Chapter(name, number, folder, tuple(blocks), sources), problems


def _attachments(cell: Any) -> dict[str, Picture]:
    found = {}
    for name, bundle in cell.get("attachments", {}).items():
        for media, text in bundle.items():
            if media in _SUFFIXES:
                found[name] = _decoded(media, text)
    return found


def _decoded(media: str, text: str | list[str]) -> Picture:
    joined = "".join(text)
    data = joined.encode() if media == "image/svg+xml" else base64.b64decode(joined)
    return Picture(data, _SUFFIXES[media])


def _merged(outputs: list[Any]) -> list[dict[str, Any]]:
    """Join pieces of standard output that follow each other; drop standard error."""
    merged: list[dict[str, Any]] = []
    for output in map(dict, outputs):
        if output["output_type"] == "stream":
            if output["name"] == "stderr":
                continue
            if merged and merged[-1]["output_type"] == "stream":
                merged[-1]["text"] += output["text"]
                continue
        merged.append(output)
    return merged


def _block(output: Mapping[str, Any], cell: int) -> Block | None:
    """Block of one output; None for what does not belong on a page."""
    kind = output["output_type"]
    if kind == "error":
        raise ReportError(f"shows a traceback, {output.get('ename')}: {output.get('evalue')}")
    if kind == "stream":
        return _text(output["text"], cell)
    data = output.get("data", {})
    if FIGURE_MIME in data:
        return _figure(data[FIGURE_MIME], cell)
    if TABLE_MIME in data:
        return Table(cell, "".join(data["text/html"]), data[TABLE_MIME].get("caption", ""))
    if "text/markdown" in data:
        return Prose(cell, "".join(data["text/markdown"]))
    for media in _SUFFIXES:
        if media in data:
            alt = f"Picture shown by code cell {cell}."
            return Figure(cell, _decoded(media, data[media]), "", alt)
    page = "".join(data.get("text/html", ""))
    if "<table" in page:
        return Table(cell, page)
    if "text/latex" in data:
        return Prose(cell, "".join(data["text/latex"]))
    plain = "".join(data.get("text/plain", ""))
    return None if _OBJECT.match(plain.strip()) else _text(plain, cell)


def _figure(bundle: Mapping[str, Any], cell: int) -> Figure:
    path = Path(bundle["path"])
    if not path.is_file():
        raise ReportError(f"unresolved picture: expected the file {path} but found none")
    width = bundle.get("width")
    return Figure(cell, picture_of(path), bundle["caption"], bundle["alt"], width)


def picture_of(path: Path) -> Picture:
    """Read a picture file.

    Raises
    ------
    ReportError
        If it is not there, empty, or of a kind that cannot be printed.
    """
    suffix = path.suffix.lower()
    if suffix not in _PICTURE_SUFFIXES:
        raise ReportError(f"unresolved picture: {path} is not one of {sorted(_PICTURE_SUFFIXES)}")
    if not path.is_file() or not path.stat().st_size:
        raise ReportError(f"unresolved picture: expected the file {path} but found none, or empty")
    return Picture(path.read_bytes(), suffix)


def _text(text: str, cell: int) -> Text | None:
    clean = clean_text("".join(text))
    return Text(cell, clean) if clean else None


def clean_text(text: str) -> str:
    r"""Text as a terminal would finally show it: no colours, no overwritten lines.

    >>> clean_text("\x1b[31mred\x1b[0m\n 10%|#   | 1/10\r100%|####| 10/10\ndone\n")
    'red\ndone'
    """
    lines = []
    for line in _ANSI.sub("", text).replace("\r\n", "\n").split("\n"):
        final = next((part for part in reversed(line.split("\r")) if part.strip()), "")
        if not _PROGRESS.search(final):
            lines.append(_CONTROL.sub("", final.expandtabs(4)).rstrip())
    return "\n".join(lines).strip("\n")
