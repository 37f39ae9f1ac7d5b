"""Chapters to Typst to PDF: the same run gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from pathlib import Path

from helpers.core import ReportError, atomic_file, text_units
from helpers.report.cells import Code, Figure, Text
from helpers.report.compiling import compile_patiently, compile_pdf
from helpers.report.cover import Cover
from helpers.report.formulas import for_typst, from_texmath, readable
from helpers.report.pandoc import FormulaError, Node, plain_text, walk, write
from helpers.report.parts import Heading, NumberedFigure, NumberedTable, Part, Passage, Section
from helpers.report.pictures import TEXT_WIDTH_CM, Picture, first_frame, natural_size
from helpers.report.prose import MISSING_CLASS, asked_width
from helpers.report.tables import breakable, fit_table, shows_once, without_foot

TYPST_TEMPLATE = Path(__file__).with_name("template.typ")
_TALLEST_CM = 20.5
"""Height of a figure that leaves room on its page for a caption."""
_OUTPUT_COLUMNS = 96
_CODE_COLUMNS = 91
_LINE_CHARACTERS = 60
"""Of code and names in prose: what is longer may break between any two letters."""
_WORD_CHARACTERS = 60
_LONG_CAPTION = 600
_LONG_TABLE = 1500
"""Characters from which on a short table, or a figure with its caption, may be too tall."""
_NESTED_CM = 12.0
"""Widest that a picture in a list or a quotation is printed."""
_SMALL_CM = 1.1
_ONCE = "/*once*/"
_SMALL_PRINT = "References"
_KEPT_LINES = 15
"""Code up to this many lines stays on the page of what it shows."""


def write_pdf(
    sections: list[Section], cover: Cover, target: Path, warnings: list[str] | None = None
) -> None:
    """Typeset the chapters of a report.

    Parameters
    ----------
    sections : list of Section
        The chapters, parsed and numbered.
    cover : Cover
        What the cover says; its date is also the date of the file.
    target : Path
        The PDF to write.
    warnings : list of str, optional
        Gets the formulas and characters that cannot be printed; then the TeX, or the character's
        name, stands in their place.

    Raises
    ------
    ReportError
        If a picture cannot be read, a font is unknown, or, without ``warnings``, no font has a
        character or a formula cannot be read; by chapter and cell where they are known.
    """
    with tempfile.TemporaryDirectory(prefix="dermbook-") as name:
        folder = Path(name)
        shutil.copy(TYPST_TEMPLATE, folder / TYPST_TEMPLATE.name)
        main = "\n".join(
            [
                f'#import "{TYPST_TEMPLATE.name}": *',
                '#let cover = json("cover.json")',
                "#show: book.with(cover)",
                _body(sections, folder, warnings),
            ]
        )
        (folder / "cover.json").write_text(json.dumps(cover.as_dict()), encoding="utf-8")
        (folder / "main.typ").write_text(main, encoding="utf-8")
        if warnings is None:
            pdf = compile_pdf(folder, cover.moment, sections)
        else:
            pdf = compile_patiently(folder, cover.moment, sections, warnings)
    with atomic_file(target) as temporary:
        temporary.write_bytes(pdf)


def _body(sections: list[Section], folder: Path, warnings: list[str] | None) -> str:
    """Chapters in Typst; with ``warnings``, TeX in place of formulas that cannot be read."""
    blocks = _document(sections, folder)
    try:
        return _written(blocks)
    except FormulaError as error:
        if warnings is None:
            raise
        lost = {_squeezed(tex) for tex in error.formulas}

    def as_code(node: Node) -> Node | None:
        if node["t"] != "Math" or _squeezed(node["c"][1]) not in lost:
            return None
        return _code(node["c"][1])

    warnings += [f"formula that cannot be read, its TeX is printed: {tex}" for tex in sorted(lost)]
    return _written(walk(blocks, as_code))


def _written(blocks: list[Node]) -> str:
    markup = from_texmath(write(blocks, "typst-smart", "--syntax-highlighting=none"))
    return re.sub(
        rf"table\.header\((?=\s*(?:table\.cell\([^\[\]]*\))?\[{re.escape(_ONCE)})",
        "table.header(repeat: false, ",
        markup,
    )


def _code(text: str) -> Node:
    """Code in a line of text, which may break where it is long."""
    if len(text) > _WORD_CHARACTERS:
        text = breakable(text, _LINE_CHARACTERS)
    return {"t": "Code", "c": [["", [], []], text]}


def _whole(short: bool, nodes: object, long: int) -> str:
    """Whether a figure or table stays on one page, for the template."""
    if not short:
        return "false"
    return "auto" if len(plain_text(nodes)) > long or _has_picture(nodes) else "true"


def _has_picture(nodes: object) -> bool:
    found: list[Node] = []

    def look(node: Node) -> None:
        found.extend([node] if node["t"] in ("Image", "CodeBlock", "LineBreak") else [])

    walk(nodes, look)
    return bool(found)


def _squeezed(tex: str) -> str:
    return "".join(tex.split())


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
        words = typst_string(plain_text(section.title))
        opening = f"#chapter({section.chapter.number}, {typst_string(section.anchor)}, {words})["
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
        language = typst_string(section.chapter.language)
        source = f"raw({typst_string(_cut(part.text))}, lang: {language}, block: true)"
        return [_raw(f"#code-cell({source}, keep: {'true' if keep else 'false'})")]
    if isinstance(part, Text):
        return [_raw(f"#output-cell(raw({typst_string(_wrapped(part.text))}, block: true))")]
    if isinstance(part, NumberedFigure):
        figure = part.figure
        file = _save(figure.picture, folder, section.chapter.where(figure.cell))
        width = f"{_printed_width(figure):g}cm"
        opening = (
            f"#numbered-figure({typst_string(file)}, {width}, {typst_string(figure.alt)}, "
            f"{typst_string(part.number)}, {_whole(True, part.caption, _LONG_CAPTION)})["
        )
        caption = _accessible(part.caption, section, folder)
        return [{"t": "Plain", "c": _bracketed(opening, caption, "];")}]
    assert isinstance(part, NumberedTable)
    fit = fit_table(without_foot(part.table), TEXT_WIDTH_CM)
    *before, head, bodies, foot = fit.table["c"]
    head = shows_once(head, _raw_inline(_ONCE))
    table = {"t": "Table", "c": [*before, head, bodies, foot]}
    opening = (
        f"#numbered-table({typst_string(part.number)}, {fit.size:g}pt, "
        f"{_whole(fit.short, [fit.table, part.caption], _LONG_TABLE)})["
    )
    return [
        {
            "t": "Plain",
            "c": _bracketed(opening, _accessible(part.caption, section, folder), "]["),
        },
        *_accessible([table], section, folder, fit.picture_cm),
        _raw("];"),
    ]


def _accessible(
    blocks: list[Node], section: Section, folder: Path, widest_cm: float = _NESTED_CM
) -> list[Node]:
    """Point pictures in running text to their files; give formulas their TeX as alternative."""

    def change(node: Node) -> Node | list[Node] | None:
        kind = node["t"]
        if kind == "Math":
            form, tex = node["c"]
            alt = typst_string(" ".join(tex.split()))
            math = {"t": "Math", "c": [form, for_typst(readable(tex))]}
            return _bracketed(f"#with-alt({alt})[", [math], "];")
        if kind == "CodeBlock":
            (_, classes, _), text = node["c"]
            language = typst_string(classes[0]) if classes else "none"
            source = typst_string(_cut(text))
            return _raw(f"#code-cell(raw({source}, lang: {language}, block: true))")
        if kind == "Code":
            return _code(node["c"][1])
        if kind == "Link":  # Typst knows where addresses break
            attributes, words, target = node["c"]
            if "".join(plain_text(words).split("\u200b")) == target[0]:
                return {"t": "Link", "c": [attributes, [{"t": "Str", "c": target[0]}], target]}
        if kind == "Str" and len(node["c"]) > _WORD_CHARACTERS:
            return {"t": "Str", "c": breakable(node["c"], _LINE_CHARACTERS)}
        if kind == "Span" and MISSING_CLASS in node["c"][0][1]:
            return _bracketed("#missing-picture[", node["c"][1], "];")
        if kind != "Image":
            return None
        _, caption, (key, _) = node["c"]
        picture = section.pictures[key]
        file = _save(picture, folder, section.chapter.name)
        alt = typst_string(plain_text(caption) or "Picture.")
        width, height = natural_size(picture)
        asked = asked_width(node)
        if asked is None and height <= _SMALL_CM:
            return _raw_inline(f"#box(image({typst_string(file)}, height: 1.2em, alt: {alt}))")
        shown = min(asked or width, widest_cm, TEXT_WIDTH_CM, _TALLEST_CM * width / height)
        return _raw_inline(f"#box(image({typst_string(file)}, width: {shown:.3g}cm, alt: {alt}))")

    changed: list[Node] = walk(blocks, change)
    return changed


def _save(picture: Picture, folder: Path, where: str) -> str:
    """Write a picture under the hash of its bytes; refuse what is no picture."""
    try:
        picture = first_frame(picture)
    except (OSError, SyntaxError, ValueError) as error:
        raise ReportError(f"{where}: unresolved picture: it cannot be read ({error})") from error
    name = hashlib.sha256(picture.data).hexdigest()[:16] + picture.suffix
    (folder / name).write_bytes(picture.data)
    return name


def _printed_width(figure: Figure) -> float:
    """Width in centimetres at which a figure fits the page with its caption."""
    width, height = natural_size(figure.picture)
    wanted = figure.width or width
    return round(max(min(wanted, TEXT_WIDTH_CM, _TALLEST_CM * width / height), 0.05), 2)


def _cut(text: str) -> str:
    """Code whose lines end where the page does; a line breaks at blanks by itself."""
    return re.sub(rf"\S{{{_CODE_COLUMNS}}}(?=\S)", "\\g<0>\n", text)


def _wrapped(text: str) -> str:
    """Break lines that the page is too narrow for, after a blank where there is one."""
    lines = []
    for line in text.split("\n"):
        while text_units(line) > _OUTPUT_COLUMNS:
            fits = _fitting(line, _OUTPUT_COLUMNS)
            cut = line.rfind(" ", fits // 2, fits) + 1 or fits
            lines.append(line[:cut].rstrip())
            line = "    " + line[cut:].lstrip()
        lines.append(line)
    return "\n".join(lines)


def _fitting(line: str, columns: int) -> int:
    """How many characters of a line fit, of which Chinese ones are wide."""
    if line.isascii():
        return columns
    used = 0
    for count, character in enumerate(line):
        used += text_units(character)
        if used > columns:
            return max(count, 8)
    return len(line)
