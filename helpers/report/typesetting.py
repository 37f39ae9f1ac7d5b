"""Chapters to Typst to PDF: the same run gives the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from helpers.core import ReportError, atomic_file, gather_fonts
from helpers.report.cells import Code, Figure, Picture, Text, listed
from helpers.report.cover import Cover
from helpers.report.fragments import Heading, NumberedFigure, NumberedTable, Part, Passage, Section
from helpers.report.pandoc import Node, plain_text, walk, write
from helpers.report.tables import fit_table

TYPST_TEMPLATE = Path(__file__).with_name("template.typ")
_TEXT_WIDTH_CM = 16.0
_TALLEST_CM = 20.5
"""Height of a figure that leaves room on its page for a caption."""
_OUTPUT_COLUMNS = 96
_SMALL_PRINT = "References"
_KEPT_LINES = 15
"""Code up to this many lines stays on the page of what it shows."""


def write_pdf(sections: list[Section], cover: Cover, target: Path) -> None:
    """Typeset the chapters of a report.

    Parameters
    ----------
    sections : list of Section
        The chapters, parsed and numbered.
    cover : Cover
        What the cover says; its date is also the date of the file.
    target : Path
        The PDF to write.

    Raises
    ------
    ReportError
        If a picture cannot be read, a font is unknown, or no font has a character; by chapter
        and cell where they are known.
    """
    with tempfile.TemporaryDirectory(prefix="dermbook-") as name:
        folder = Path(name)
        shutil.copy(TYPST_TEMPLATE, folder / TYPST_TEMPLATE.name)
        main = "\n".join(
            [
                f'#import "{TYPST_TEMPLATE.name}": *',
                '#let cover = json("cover.json")',
                "#show: book.with(cover)",
                write(_document(sections, folder), "typst-smart", "--syntax-highlighting=none"),
            ]
        )
        (folder / "cover.json").write_text(json.dumps(cover.as_dict()), encoding="utf-8")
        (folder / "main.typ").write_text(main, encoding="utf-8")
        pdf = compile_pdf(folder, cover.moment, sections)
    with atomic_file(target) as temporary:
        temporary.write_bytes(pdf)


def compile_pdf(folder: Path, moment: datetime, sections: list[Section]) -> bytes:
    """Compile ``main.typ`` as a PDF that screen readers can read (PDF/UA-1)."""
    import typst

    compiler = typst.Compiler(
        str(folder / "main.typ"),
        root=str(folder),
        font_paths=[str(path) for path in gather_fonts(folder / "fonts")],
        ignore_system_fonts=True,
    )
    try:
        pdf, warnings = compiler.compile_with_warnings(
            format="pdf", pdf_standards="ua-1", timestamp=moment
        )
    except typst.TypstError as error:
        raise ReportError(_explain(error, sections)) from error
    fonts = sorted({str(w.message) for w in warnings if "unknown font" in str(w.message)})
    if fonts:
        raise ReportError(f"the report was not built: {'; '.join(fonts)}")
    assert isinstance(pdf, bytes)
    return pdf


def _explain(error: Any, sections: list[Section]) -> str:
    """Say what Typst found: characters by chapter and cell, the rest in Typst's words."""
    found = re.findall(r"the text `\"(.+?)\"` could not be displayed", error.diagnostic)
    problems = []
    for text in sorted(set(found)):
        codes = " ".join(f"U+{ord(character):04X}" for character in text)
        places = [
            section.chapter.where(cell)
            for section in sections
            for cell in section.chapter.cells_with(text)
        ]
        where = ", ".join(places[:3]) or "the cover or an alternative text"
        problems.append(
            f"{where}: no font of the report has {text!r} ({codes}); write it otherwise"
        )
    if problems:
        return listed(problems)
    return listed([str(error.message)]) + "\n" + str(error.diagnostic)


def typst_string(text: str) -> str:
    r"""Write a text as a string literal of Typst.

    >>> print(typst_string('a "b" c'))
    "a \"b\" c"
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _raw(text: str) -> Node:
    return {"t": "RawBlock", "c": ["typst", text]}


def _raw_inline(text: str) -> Node:
    return {"t": "RawInline", "c": ["typst", text]}


def _bracketed(start: str, inlines: list[Node], end: str) -> list[Node]:
    """Inlines inside raw Typst on one line, so that brackets hold no paragraph."""
    return [_raw_inline(start), *inlines, _raw_inline(end)]


def _document(sections: list[Section], folder: Path) -> list[Node]:
    """All chapters as pandoc blocks with raw Typst around figures, tables and code."""
    blocks: list[Node] = []
    for section in sections:
        opening = f"#chapter({section.chapter.number}, {typst_string(section.anchor)})["
        title = _accessible(section.title, section, folder)
        blocks.append({"t": "Plain", "c": _bracketed(opening, title, "];")})
        small = False
        for part, after in zip(section.parts, [*section.parts[1:], None], strict=True):
            shows = isinstance(after, NumberedFigure | NumberedTable | Text)
            keep = isinstance(part, Code) and shows and part.text.count("\n") < _KEPT_LINES
            blocks += _part(part, section, folder, keep)
            if isinstance(part, Heading):  # references are set smaller, up to the next heading
                if small:
                    blocks.insert(-1, _raw("];"))
                small = plain_text(part.inlines).strip() == _SMALL_PRINT
                if small:
                    blocks.append(_raw("#small-print["))
        if small:
            blocks.append(_raw("];"))
    return blocks


def _part(part: Part, section: Section, folder: Path, keep: bool) -> list[Node]:
    if isinstance(part, Heading):
        inlines = _accessible(part.inlines, section, folder)
        return [{"t": "Header", "c": [part.level, [part.anchor, [], []], inlines]}]
    if isinstance(part, Passage):
        return _accessible(part.blocks, section, folder)
    if isinstance(part, Code):
        source = f'raw({typst_string(part.text)}, lang: "python", block: true)'
        return [_raw(f"#code-cell({source}, keep: {'true' if keep else 'false'})")]
    if isinstance(part, Text):
        return [_raw(f"#output-cell(raw({typst_string(_wrapped(part.text))}, block: true))")]
    if isinstance(part, NumberedFigure):
        figure = part.figure
        file = _save(figure.picture, folder, section.chapter.where(figure.cell))
        width = f"{_printed_width(figure):g}cm"
        opening = (
            f"#numbered-figure({typst_string(file)}, {width}, {typst_string(figure.alt)}, "
            f"{typst_string(part.number)})["
        )
        caption = _accessible(part.caption, section, folder)
        return [{"t": "Plain", "c": _bracketed(opening, caption, "];")}]
    assert isinstance(part, NumberedTable)
    fit = fit_table(part.table, _TEXT_WIDTH_CM)
    opening = (
        f"#numbered-table({typst_string(part.number)}, {fit.size:g}pt, "
        f"{'true' if fit.short else 'false'})["
    )
    return [
        {
            "t": "Plain",
            "c": _bracketed(opening, _accessible(part.caption, section, folder), "]["),
        },
        *_accessible([fit.table], section, folder),
        _raw("];"),
    ]


def _accessible(blocks: list[Node], section: Section, folder: Path) -> list[Node]:
    """Point pictures in running text to their files; give formulas their TeX as alternative."""

    def change(node: Node) -> Node | list[Node] | None:
        if node["t"] == "Math":
            alt = typst_string(" ".join(node["c"][1].split()))
            return _bracketed(f"#with-alt({alt})[", [node], "];")
        if node["t"] == "CodeBlock":
            (_, classes, _), text = node["c"]
            language = typst_string(classes[0]) if classes else "none"
            return _raw(f"#code-cell(raw({typst_string(text)}, lang: {language}, block: true))")
        if node["t"] != "Image":
            return None
        _, caption, (key, _) = node["c"]
        file = _save(section.pictures[key], folder, section.chapter.name)
        alt = plain_text(caption) or "Picture."
        return _raw_inline(
            f"#box(image({typst_string(file)}, height: 1.2em, alt: {typst_string(alt)}))"
        )

    changed: list[Node] = walk(blocks, change)
    return changed


def _save(picture: Picture, folder: Path, where: str) -> str:
    """Write a picture under the hash of its bytes; refuse what is no picture."""
    name = hashlib.sha256(picture.data).hexdigest()[:16] + picture.suffix
    path = folder / name
    path.write_bytes(picture.data)
    if picture.suffix != ".svg":
        try:
            with Image.open(path) as image:
                image.verify()
        except (UnidentifiedImageError, OSError, SyntaxError) as error:
            raise ReportError(
                f"{where}: unresolved picture: it cannot be read ({error})"
            ) from error
    return name


def _printed_width(figure: Figure) -> float:
    """Width in centimetres at which a figure fits the page with its caption."""
    width, height = _size(figure.picture)
    wanted = figure.width or width
    return round(min(wanted, _TEXT_WIDTH_CM, _TALLEST_CM * width / height), 2)


def _size(picture: Picture) -> tuple[float, float]:
    """Width and height of a picture in centimetres; pixels are 110 to the inch."""
    if picture.suffix == ".svg":
        root = re.search(rb"<svg\b[^>]*>", picture.data)
        found = re.findall(rb'\s(width|height)="([\d.]+)(pt|px)?"', root[0]) if root else []
        sides = {key: float(side) * (1 if unit == b"pt" else 0.75) for key, side, unit in found}
        if sides.get(b"width") and sides.get(b"height"):
            return sides[b"width"] / 72 * 2.54, sides[b"height"] / 72 * 2.54
        return _TEXT_WIDTH_CM, _TEXT_WIDTH_CM
    with Image.open(io.BytesIO(picture.data)) as image:
        return image.width / 110 * 2.54, image.height / 110 * 2.54


def _wrapped(text: str) -> str:
    """Break lines that the page is too narrow for, after a blank where there is one."""
    lines = []
    for line in text.split("\n"):
        while len(line) > _OUTPUT_COLUMNS:
            cut = line.rfind(" ", _OUTPUT_COLUMNS // 2, _OUTPUT_COLUMNS) + 1 or _OUTPUT_COLUMNS
            lines.append(line[:cut].rstrip())
            line = "    " + line[cut:].lstrip()
        lines.append(line)
    return "\n".join(lines)
