"""An executed notebook as a list of blocks: prose, code, text, figures and tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from helpers.core import ReportError
from helpers.notebook import FIGURE_MIME, MAGIC, REFERENCES_MIME, TABLE_MIME
from helpers.report.outputs import decoded, shown
from helpers.report.pictures import Picture, picture_of

HIDDEN_TAGS = frozenset({"hide-input", "remove-input"})
SHOWN_TAGS = frozenset({"show-input"})
"""Of cells whose code is what the chapter is about: it is kept where other code is hidden."""
NOTICE_TAGS = frozenset({"notice"})
"""Of cells for readers of the notebook alone, such as how to open it elsewhere."""
_SCRIPT = "application/javascript"
ERROR_TAGS = frozenset({"raises-exception"})
"""Of cells that raise on purpose: what they raised is shown."""
NEVER_RUN_TAGS = frozenset({"skip-execution"})
_PARAMETER_TAGS = frozenset({"parameters", "injected-parameters"})
_ANSI = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_SHORTENED = re.compile(r"(?m)^\[([\d,]+ .*characters are not printed)\]$")
_MOST_LINES = 1000
_MOST_CHARACTERS = 100_000
"""Of an output, on some twenty pages: what is longer is a log for a file, and takes minutes."""
_PROGRESS = re.compile(r"\d+%\|.*\|\s*\d+/\d+|\d+/\d+ .*━")


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
    """A table, or anything else, in HTML; ``caption`` is Markdown, or empty."""

    cell: int
    html: str
    caption: str = ""


@dataclass(frozen=True)
class Cited:
    """Where a chapter lists the works that it cites, and the keys of others that it lists."""

    cell: int
    also: tuple[str, ...] = ()


Block = Prose | Code | Text | Figure | Table | Cited


@dataclass(frozen=True)
class Chapter:
    """One notebook: its number in the book and its blocks."""

    name: str
    number: int
    folder: Path
    blocks: tuple[Block, ...]
    sources: tuple[str, ...]
    language: str = "python"

    def where(self, cell: int) -> str:
        """Name a cell for an error message, with the start of its first line."""
        lines = self.sources[cell].strip().removeprefix(MAGIC).strip().splitlines() or [""]
        return f"{self.name}, cell {cell} ({lines[0][:50]!r})"

    def cells_with(self, text: str) -> list[int]:
        """Cells whose prose, code, output, caption or table has a text."""
        found = set()
        for block in self.blocks:
            if isinstance(block, Prose | Code | Text):
                parts = [block.text]
            elif isinstance(block, Table):
                parts = [block.html, block.caption]
            elif isinstance(block, Figure):
                parts = [block.caption, block.alt]
            else:
                parts = []
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
        Whether source code is part of the report. A cell tagged ``show-input`` always shows it, a
        folded one and one that begins with ``%%say`` never.

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
    notes: list[str] | None = None,
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
    notes : list of str, optional
        Gets what cannot be printed and is named in its place, which is no problem.

    Returns
    -------
    chapter : Chapter
        With the best that can be printed in place of each problem.
    problems : list of str
    """
    if code not in ("show", "hide"):
        raise ReportError(f"expected code 'show' or 'hide' but got {code!r}")
    blocks: list[Block] = []
    sources = tuple(str(cell.source) for cell in notebook.cells)
    language = _language(notebook)
    chapter = Chapter(name, number, folder, (), sources, language)
    problems: list[str] = []
    notes = [] if notes is None else notes
    for index, cell in enumerate(notebook.cells):
        tags = set(cell.get("metadata", {}).get("tags", []))
        if cell.cell_type == "markdown" and not tags & NOTICE_TAGS:
            blocks.append(Prose(index, cell.source, _attachments(cell)))
        if cell.cell_type == "raw":
            blocks += _raw_blocks(cell, index)
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        if executed and cell.get("execution_count") is None and not tags & NEVER_RUN_TAGS:
            problems.append(f"{chapter.where(index)}: was not executed; run the chapter first")
        if (code == "show" or tags & SHOWN_TAGS) and not _is_folded(cell):
            blocks.append(Code(index, cell.source.strip("\n"), bool(tags & _PARAMETER_TAGS)))
        outputs = _merged(cell.outputs)
        for output in outputs:
            data = set(output.get("data", {}))
            if len(outputs) > 1 and _SCRIPT in data and data <= {_SCRIPT, "text/plain"}:
                continue  # it serves what else the cell shows
            block, problem, note = _block(output, index, bool(tags & ERROR_TAGS))
            blocks += [block] if block is not None else []
            problems += [f"{chapter.where(index)}: {problem}"] if problem else []
            notes += [f"{chapter.where(index)}: {note}"] if note else []
            for left_out in _SHORTENED.findall(block.text if isinstance(block, Text) else ""):
                notes.append(f"{chapter.where(index)}: {left_out}")
    return Chapter(name, number, folder, tuple(blocks), sources, language), problems


def _is_folded(cell: Any) -> bool:
    """Whether only what a cell shows is meant for the reader: sentences, and folded code."""
    metadata = cell.get("metadata", {})
    hidden = bool(metadata.get("jupyter", {}).get("source_hidden"))
    tags = set(metadata.get("tags", []))
    return hidden or bool(tags & HIDDEN_TAGS) or cell.source.startswith(MAGIC)


def _raw_blocks(cell: Any, index: int) -> list[Block]:
    """A raw cell in a format that a page can show; one that is meant for another format is none."""
    media = cell.get("metadata", {}).get("raw_mimetype") or cell.metadata.get("format") or ""
    if not cell.source.strip():
        return []
    if media == "text/markdown":
        return [Prose(index, cell.source, _attachments(cell))]
    if media == "text/html":
        return [Table(index, cell.source)]
    if media in ("", "text/plain", "text/x-python"):
        block = _text(cell.source, index)
        return [block] if block else []
    return []


def _language(notebook: Any) -> str:
    """Language of the code, as the notebook says it."""
    metadata = notebook.get("metadata", {})
    found = metadata.get("kernelspec", {}).get("language")
    found = found or metadata.get("language_info", {}).get("name")
    return str(found or "python").lower()


def _attachments(cell: Any) -> dict[str, Picture]:
    found = {}
    for name, bundle in cell.get("attachments", {}).items():
        for media, text in bundle.items():
            with suppress(ReportError):  # told where the prose shows it
                found[name] = decoded(media, text)
    return found


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


def _block(output: Mapping[str, Any], cell: int, may_raise: bool) -> tuple[Block | None, str, str]:
    """Block of one output, None for what does not belong on a page; its problem; a note."""
    kind = output["output_type"]
    if kind == "error":
        what = f"{output.get('ename')}: {output.get('evalue')}"
        trace = _text("\n".join(output.get("traceback", [])), cell) or _text(what, cell)
        return trace, "" if may_raise else f"shows a traceback, {what}", ""
    if kind == "stream":
        return _text(output["text"], cell), "", ""
    data = dict(output.get("data", {}))
    if TABLE_MIME in data:
        return (
            Table(cell, "".join(data["text/html"]), data[TABLE_MIME].get("caption", "")),
            "",
            "",
        )
    if REFERENCES_MIME in data:
        return Cited(cell, tuple(data[REFERENCES_MIME]["also"])), "", ""
    problem = ""
    if FIGURE_MIME in data:
        try:
            return _figure(data[FIGURE_MIME], cell), "", ""
        except ReportError as error:
            problem = str(error)
            data.pop("text/plain", None)
    try:
        found = shown(data)
    except ReportError as error:
        return _named(cell, "picture that cannot be read"), str(error), ""
    content = found.content
    if found.kind == "named":
        note = f"{content} cannot be printed and is named in its place"
        return _named(cell, content), problem, note
    if found.kind == "picture":
        alt = f"Picture shown by code cell {cell}."
        return Figure(cell, content, "", alt, _shown_width(output)), problem, ""
    if found.kind == "html":
        return Table(cell, content), problem, ""
    if found.kind == "prose":
        return Prose(cell, content), problem, ""
    if found.kind == "text":
        return _text(content, cell), problem, ""
    return (_named(cell, "picture that is missing") if problem else None), problem, ""


def _shown_width(output: Mapping[str, Any]) -> float | None:
    """Width in centimetres that an output asks for, at 110 pixels to the inch, or None."""
    for bundle in dict(output.get("metadata", {})).values():
        width = bundle.get("width") if isinstance(bundle, Mapping) else None
        if isinstance(width, int | float) and width > 0:
            return float(width) / 110 * 2.54
    return None


def _named(cell: int, what: str) -> Text:
    """Line in the place of what cannot be printed."""
    return Text(cell, f"[{what[:1].upper()}{what[1:]}: not printed]")


def _figure(bundle: Mapping[str, Any], cell: int) -> Figure:
    path = Path(bundle["path"])
    if not path.is_file():
        raise ReportError(f"unresolved picture: expected the file {path} but found none")
    width = bundle.get("width")
    return Figure(cell, picture_of(path), bundle["caption"], bundle["alt"], width)


def _text(text: str, cell: int) -> Text | None:
    clean = shortened(clean_text("".join(text)))
    return Text(cell, clean) if clean else None


def shortened(text: str) -> str:
    r"""A text of at most about a thousand lines: its start, what is left out, and its end.

    >>> shortened("\n".join(map(str, range(2000)))).splitlines()[899:902]
    ['899', '[1,000 lines with 4,901 characters are not printed]', '1900']
    """
    lines = text.split("\n")
    if len(lines) <= _MOST_LINES and len(text) <= _MOST_CHARACTERS:
        return text
    n_lines = max(len(lines) - _MOST_LINES, 0)
    start = "\n".join(lines[: _MOST_LINES * 9 // 10]) if n_lines else text
    end = "\n".join(lines[-_MOST_LINES // 10 :]) if n_lines else text
    start, end = start[: _MOST_CHARACTERS * 9 // 10], end[-_MOST_CHARACTERS // 10 :]
    said = f"{n_lines:,} lines with " if n_lines else ""
    said += f"{len(text) - len(start) - len(end):,} characters"
    return "\n".join([start, f"[{said} are not printed]", end])


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
