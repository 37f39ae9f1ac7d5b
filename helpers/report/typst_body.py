"""Chapters as the body of a document in Typst."""

from __future__ import annotations

import hashlib
import re
from itertools import zip_longest
from pathlib import Path

from helpers.core import ReportError, text_units
from helpers.report.cells import Code, Figure, Text
from helpers.report.formulas import for_typst, readable
from helpers.report.html_body import TERM_CLASS
from helpers.report.pandoc import Node, plain_text, walk
from helpers.report.parts import (
    Definitions,
    Exercises,
    Heading,
    NumberedFigure,
    NumberedTable,
    Part,
    Passage,
    Section,
    Works,
)
from helpers.report.pictures import TEXT_WIDTH_CM, Picture, first_frame, natural_size
from helpers.report.prose import MISSING_CLASS, asked_width
from helpers.report.tables import breakable, fit_table, shows_once, without_foot

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
ONCE = "/*once*/"
"""Mark of a table's head that is not repeated on each page."""
_SMALL_PRINT = "References"
_KEPT_LINES = 15
"""Code up to this many lines stays on the page of what it shows."""


def code_inline(text: str) -> Node:
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


def squeezed(tex: str) -> str:
    """TeX without blanks."""
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


def section_blocks(section: Section, folder: Path) -> list[Node]:
    """A chapter as pandoc blocks with raw Typst around figures, tables and code.

    Parameters
    ----------
    section : Section
        A chapter, parsed and numbered.
    folder : Path
        Gets the pictures.

    Returns
    -------
    list of dict

    Raises
    ------
    ReportError
        If a picture cannot be read.
    """
    words = typst_string(plain_text(section.title))
    number = "none" if section.appendix else str(section.chapter.number)
    opening = f"#chapter({number}, {typst_string(section.anchor)}, {words})["
    title = _accessible(section.title, section, folder)
    blocks: list[Node] = [{"t": "Plain", "c": _bracketed(opening, title, "];")}]
    small = False
    for part, after in zip_longest(section.parts, section.parts[1:]):
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
    return [*blocks, _raw("#place.flush();")]  # what was moved stays in its chapter


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
    if isinstance(part, Works | Definitions):
        return [
            {"t": "Plain", "c": _bracketed(start, _accessible(inlines, section, folder), "];")}
            for start, inlines in _entries(part)
        ]
    if isinstance(part, Exercises):
        return _exercises(part, section, folder)
    fit = fit_table(without_foot(part.table), TEXT_WIDTH_CM)
    *before, head, bodies, foot = fit.table["c"]
    head = shows_once(head, _raw_inline(ONCE))
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


def _entries(part: Works | Definitions) -> list[tuple[str, list[Node]]]:
    """Entries that links lead to: how each begins in Typst, and its text."""
    kind = "work" if isinstance(part, Works) else "definition"
    entries = (
        [(work.anchor, f"[{work.number}]", work.inlines) for work in part.works]
        if isinstance(part, Works)
        else [(one.anchor, one.term, one.inlines) for one in part.entries]
    )
    return [
        (f"#{kind}({typst_string(anchor)}, {typst_string(said)})[", inlines)
        for anchor, said, inlines in entries
    ]


def _exercises(part: Exercises, section: Section, folder: Path) -> list[Node]:
    """Tasks as they are read on paper; with code, given and found, where solutions are shown."""
    file = typst_string(part.file)
    blocks = [_raw(f"#exercises-file(raw({file}))")]
    for exercise in part.exercises:
        title = _accessible(exercise.title, section, folder)
        blocks.append({"t": "Plain", "c": _bracketed("#exercise-title[", title, "];")})
        for place, piece in enumerate(exercise.task):
            if isinstance(piece, Passage) or exercise.solution:
                printed = _part(piece, section, folder, False)
                if exercise.is_quiz and isinstance(piece, Passage):
                    opens = "true" if place == 0 else "false"
                    printed = [_raw(f"#question(opens: {opens})["), *printed, _raw("];")]
                blocks += printed
        if exercise.solution:
            blocks.append(_raw("#solution-title"))
        for piece in exercise.solution:
            blocks += _part(piece, section, folder, False)
    return blocks


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
            return code_inline(node["c"][1])
        if kind == "Link" and TERM_CLASS in node["c"][0][1]:
            _, words, (target, _) = node["c"]
            return _bracketed(f"#term-link({typst_string(target[1:])})[", words, "];")
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
        while text_units(start := line[: 4 * _OUTPUT_COLUMNS]) > _OUTPUT_COLUMNS:
            fits = _fitting(start, _OUTPUT_COLUMNS)
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
