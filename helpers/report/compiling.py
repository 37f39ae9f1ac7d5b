"""Typst to PDF, and what to do where Typst cannot."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.core import ReportError, gather_fonts
from helpers.report.cells import listed
from helpers.report.parts import Section

_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
"""How Typst names a character that has no shape of its own, such as a mark over another."""
_BROKEN = re.compile(r"[0-9a-f]{16}\.(?:svg|png|jpg)(?!\.)")
_BROKEN_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 60"><rect x="1" y="1" width="298" '
    'height="58" fill="none" stroke="#9a4a00" stroke-dasharray="4"/><text x="150" y="34" '
    'font-family="DejaVu Sans" font-size="11" fill="#9a4a00" text-anchor="middle">'
    "Picture that cannot be read</text></svg>"
)
_TRIES = 20
"""Each names all characters that are missing, or one formula."""


def compile_patiently(
    folder: Path, moment: datetime, sections: list[Section], warnings: list[str]
) -> bytes:
    """Compile, with the names of characters that no font has in their place."""
    main = folder / "main.typ"
    for _ in range(_TRIES):
        try:
            return compile_pdf(folder, moment, sections)
        except MissingGlyphError as error:
            for text in sorted(error.texts, key=len, reverse=True):
                for path in (main, folder / "cover.json"):
                    content = path.read_text(encoding="utf-8")
                    if path.suffix == ".json":
                        content = json.dumps(json.loads(content), ensure_ascii=False)
                    path.write_text(content.replace(text, _spelt(text)), encoding="utf-8")
            warnings += error.problems
        except BrokenPictureError as error:
            warnings.append(f"picture that cannot be read: {error.said}")
            (folder / error.name).write_text(_BROKEN_SVG, encoding="utf-8")
            if not error.name.endswith(".svg"):
                renamed = main.read_text(encoding="utf-8").replace(error.name, error.name + ".svg")
                main.write_text(renamed, encoding="utf-8")
                (folder / error.name).rename(folder / (error.name + ".svg"))
        except UnknownFormulaError as error:
            content = main.read_text(encoding="utf-8")
            tex = error.formula(content)
            if tex is None:
                raise
            main.write_text(content.replace(tex[0], f"#raw({tex[1]});"), encoding="utf-8")
            warnings.append(f"formula that cannot be printed, its TeX is printed: {tex[1]}")
    return compile_pdf(folder, moment, sections)


def _spelt(text: str) -> str:
    """Names of characters, between marks that every font has."""
    names = []
    for character in text:
        name = unicodedata.name(character, "")
        is_unseen = name.startswith(("VARIATION", "ZERO WIDTH", "EMOJI MODIFIER"))
        if not is_unseen and unicodedata.category(character) not in ("Mn", "Me", "Cf"):
            names.append(name.lower() or f"U+{ord(character):04X}")
    return f"‹{', '.join(names)}›" if names else ""


class BrokenPictureError(ReportError):
    """A picture that looked whole, and that Typst cannot read.

    Parameters
    ----------
    message : str
        What is told where nothing stands in its place.
    name : str
        The file in the folder that is compiled.
    said : str
        What Typst says of it.
    """

    def __init__(self, message: str, name: str, said: str) -> None:
        self.name, self.said = name, said
        super().__init__(message)


class UnknownFormulaError(ReportError):
    """Typst that cannot be compiled, such as a name in a formula that it does not know.

    Parameters
    ----------
    message : str
        What Typst says.
    line, column : int
        Where in ``main.typ``, from 1.
    """

    def __init__(self, message: str, line: int, column: int) -> None:
        self.line, self.column = line, column
        super().__init__(message)

    def formula(self, main: str) -> tuple[str, str] | None:
        """The formula there as it stands in the text, and its TeX as a string of Typst."""
        lines = main.splitlines(keepends=True)
        place = sum(map(len, lines[: self.line - 1])) + self.column - 1
        for found in re.finditer(r'#with-alt\(("(?:[^"\\]|\\.)*")\)\[\$.*?\$\];', main, re.DOTALL):
            if found.start() <= place < found.end():
                return found[0], found[1]
        return None


class MissingGlyphError(ReportError):
    """Characters that no font of the report has.

    Parameters
    ----------
    texts : list of str
        The characters, or the groups that are one sign.
    problems : list of str
        By chapter and cell.
    """

    def __init__(self, texts: list[str], problems: list[str]) -> None:
        self.texts = texts
        self.problems = problems
        super().__init__(listed(problems))


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
        raise _explained(error, sections) from error
    fonts = sorted({str(w.message) for w in warnings if "unknown font" in str(w.message)})
    if fonts:
        raise ReportError(f"the report was not built: {'; '.join(fonts)}")
    assert isinstance(pdf, bytes)
    return pdf


def _explained(error: Any, sections: list[Section]) -> ReportError:
    """Say what Typst found: characters by chapter and cell, the rest in Typst's words."""
    unseen = re.findall(r"the text `\"(.+?)\"` could not be displayed", error.diagnostic)
    found = [_ESCAPED.sub(lambda code: chr(int(code[1], 16)), text) for text in unseen]
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
        return MissingGlyphError(sorted(set(found)), problems)
    said = listed([str(error.message)]) + "\n" + str(error.diagnostic)
    broken = _BROKEN.search(str(error.diagnostic))
    if broken and str(error.message).startswith("failed to "):
        return BrokenPictureError(said, broken[0], str(error.message))
    place = re.search(r"main\.typ:(\d+):(\d+)", str(error.diagnostic))
    if place:
        return UnknownFormulaError(said, int(place[1]), int(place[2]))
    return ReportError(said)
