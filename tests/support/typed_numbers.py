"""Published numbers that a chapter types by hand, where `helpers.published` should give them."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

from helpers.core import PUBLISHED
from support.chapter_prose import caption_texts, is_say, template_of, told_words

CLAIMS = PUBLISHED / "claims.csv"

NO_CLAIMS = ("ham10000.", "official_test.chance.", "official_test.labels", "official_test.images")
"""Sizes of data sets and chance levels: facts of everyday, which prose may name."""

COINCIDENCES = {("01_disease_overview.ipynb", "72%")}
"""Equal to a claim and none: there, of dermatofibromas with a network, with a source."""

_NUMBER = re.compile(r"(?<![\w.,/-])(\d[\d,]*(?:\.\d+)?)(\s?%|\s+per cent)?(?![\w/]|[.,]\d|-\w)")


def published_texts() -> dict[str, str]:
    """How a published number may be written, and its key: shares also in per cent."""
    texts: dict[str, str] = {}
    with CLAIMS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["key"].startswith(NO_CLAIMS):
                continue
            value = float(row["value"])
            if 0 < value < 1:
                forms = {row["value"], f"{value:.3f}", f"{value:.2%}", f"{value:.1%}"}
                # "80 %" alone is anybody's number.
                if round(value, 2) == value != round(value, 1):
                    forms.add(f"{value:.0%}")
            else:
                forms = {f"{value:.0f}", f"{value:,.0f}"} if value >= 1000 else set()
            for form in forms:
                texts.setdefault(form, row["key"])
    return texts


def typed_numbers(path: Path) -> list[str]:
    """Where a chapter types a published number: the cell, the number and the claim's key.

    Read are its prose, its captions and the strings of its code, without addresses and references.
    """
    known = published_texts()
    cells = nbformat.read(path, as_version=4).cells
    told = [(f"cell {index}", text) for index, cell in enumerate(cells) for text in _texts(cell)]
    for kind, name, caption in caption_texts(path):
        told += [(f"caption of {kind} {name!r}", text) for text in told_words(caption)]
    found = []
    for where, text in told:
        for number, per_cent in _NUMBER.findall(re.sub(r"https?://\S+|`[^`]*`", "", text)):
            form = f"{number}%" if per_cent else number
            if form in known and (path.name, form) not in COINCIDENCES:
                found.append(f"{path.name}, {where}: {form} is {known[form]}")
    return found


def _texts(cell: nbformat.NotebookNode) -> Iterator[str]:
    if cell["cell_type"] == "markdown":
        yield cell["source"].partition("## References")[0]
        return
    if is_say(cell):
        yield from told_words(template_of(cell))
        return
    for node in ast.walk(ast.parse(cell["source"])):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
