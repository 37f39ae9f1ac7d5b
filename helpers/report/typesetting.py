"""Chapters to Typst to PDF: the same run gives the same bytes."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path

from helpers.core import atomic_file
from helpers.report.compiling import compile_patiently, compile_pdf
from helpers.report.cover import Cover
from helpers.report.formulas import from_texmath
from helpers.report.pandoc import FormulaError, Node, walk, write
from helpers.report.parts import Section
from helpers.report.typst_body import ONCE, code_inline, section_blocks, squeezed

TYPST_TEMPLATE = Path(__file__).with_name("template.typ")


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
    blocks = [block for section in sections for block in section_blocks(section, folder)]
    try:
        return _written(blocks)
    except FormulaError as error:
        if warnings is None:
            raise
        lost = {squeezed(tex) for tex in error.formulas}

    def as_code(node: Node) -> Node | None:
        if node["t"] != "Math" or squeezed(node["c"][1]) not in lost:
            return None
        return code_inline(node["c"][1])

    warnings += [f"formula that cannot be read, its TeX is printed: {tex}" for tex in sorted(lost)]
    return _written(walk(blocks, as_code))


def _written(blocks: list[Node]) -> str:
    # A line that pandoc breaks before "9." would begin a list in Typst.
    options = ("--syntax-highlighting=none", "--wrap=none")
    markup = from_texmath(write(blocks, "typst-smart", *options))
    return re.sub(
        rf"table\.header\((?=\s*(?:table\.cell\([^\[\]]*\))?\[{re.escape(ONCE)})",
        "table.header(repeat: false, ",
        markup,
    )
