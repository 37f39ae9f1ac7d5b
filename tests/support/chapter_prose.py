"""Sentences and captions of a chapter, read without running it."""

from __future__ import annotations

import ast
import symtable
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import TemplateSyntaxError, nodes

from helpers.core.errors import ConfigError
from helpers.core.paths import captions_path
from helpers.notebook.captions import Captions, read_captions
from helpers.notebook.marks import MAGIC
from helpers.notebook.prose import environment, prepared, undeclared

IN_IPYTHON = {"display", "get_ipython"}


def is_say(cell: Any) -> bool:
    """Whether a cell tells sentences."""
    return cell["cell_type"] == "code" and cell["source"].startswith(MAGIC)


def is_visible(cell: Any) -> bool:
    """Whether a reader sees the code of a cell."""
    hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
    return cell["cell_type"] == "code" and not hidden and not is_say(cell)


def python_of(cell: Any) -> str:
    """Source of a code cell that Python reads: none of a cell of sentences."""
    return "" if cell["cell_type"] != "code" or is_say(cell) else cell["source"]


def template_of(cell: Any) -> str:
    """The sentences of a cell."""
    return cell["source"].partition("\n")[2]


def captions(path: Path) -> Captions:
    """The captions of a chapter; none where it has no file."""
    place = captions_path(path)
    return read_captions(place) if place.is_file() else Captions(place)


def caption_texts(path: Path) -> Iterator[tuple[str, str, str]]:
    """Kind and name of each entry beside a chapter, and each text of it."""
    known = captions(path)
    for kind, entries in (("figure", known.figures), ("table", known.tables)):
        for name, entry in entries.items():
            for which in ("caption", "alt"):
                if which in entry:
                    yield kind, name, entry[which]


def told_words(template: str) -> list[str]:
    """All that a template types by hand: its text, and the strings of its placeholders."""
    tree = environment().parse(prepared(template))
    texts = [" · ".join(data.data for data in tree.find_all(nodes.TemplateData))]
    texts += [c.value for c in tree.find_all(nodes.Const) if isinstance(c.value, str)]
    return texts


def problems_of_prose(path: Path) -> list[str]:
    """What is wrong with sentences, captions, keys and names of a chapter, one line each."""
    cells = nbformat.read(path, as_version=4).cells
    try:
        known = captions(path)
    except ConfigError as error:
        return [str(error)]
    problems: list[str] = []
    names = set(IN_IPYTHON)
    used: set[str] = set()
    shown: dict[str, set[str]] = {"figure": set(), "table": set()}
    texts: dict[tuple[str, str], list[str]] = {}
    for kind, name, text in caption_texts(path):
        texts.setdefault((kind, name), []).append(text)
    keys: Counter[str] = Counter()

    def check_names(where: str, template: str) -> None:
        try:
            taken = undeclared(template)
        except TemplateSyntaxError as error:
            problems.append(f"{where}, line {error.lineno}: {error.message}")
            return
        used.update(taken)
        problems.extend(
            f"{where}: no cell before it defines {name!r}" for name in sorted(taken - names)
        )

    for index, cell in enumerate(cells):
        where = f"Cell {index} ({cell['source'].removeprefix(MAGIC).strip()[:40]!r})"
        if is_say(cell):
            metadata = cell["metadata"]
            if "prose" not in metadata.get("tags", []):
                problems.append(f"{where}: expected the tag `prose`")
            if not metadata.get("jupyter", {}).get("source_hidden"):
                problems.append(f"{where}: expected to be folded (jupyter.source_hidden)")
            check_names(where, template_of(cell))
            keys.update(_quoted_by_template(template_of(cell)))
            continue
        if "prose" in cell["metadata"].get("tags", []):
            problems.append(f"{where}: tagged `prose` but does not begin with {MAGIC}")
        source = python_of(cell)
        if not source:
            continue
        names |= _defined(source)
        used |= {n.id for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Name)}
        keys.update(_quoted_by_code(source))
        for kind, call in _shown_without_words(source):
            name = call.args[1].value if _is_literal(call, 1) else None
            if name is None:
                problems.append(f"{where}: run.{kind} needs a name typed in the call")
                continue
            shown[kind].add(name)
            if name not in getattr(known, f"{kind}s"):
                problems.append(f"{where}: {known.path.name} has no {kind} {name!r}")
            for text in texts.get((kind, name), []):
                check_names(f"{known.path.name}, {kind} {name!r}", text)
    for kind in shown:
        unused = sorted(set(getattr(known, f"{kind}s")) - shown[kind])
        problems += [f"{known.path.name}: no cell shows the {kind} {name!r}" for name in unused]
    problems += [f"the key {key!r} is quoted in {n} cells" for key, n in keys.items() if n > 1]
    formats = [how for entry in known.tables.values() for how in entry.get("formats", {}).values()]
    used.update(formats)
    imported = {name for cell in cells for name in _imported(python_of(cell))}
    problems += [f"imported and used nowhere: {name}" for name in sorted(imported - used)]
    return problems


def _defined(source: str) -> set[str]:
    """Names that a cell gives to the cells after it."""
    top = symtable.symtable(source, "cell", "exec")
    return {
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }


def _imported(source: str) -> set[str]:
    return {
        (alias.asname or alias.name).partition(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def _calls_of_run(source: str, attribute: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == attribute
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "run"
    ]


def _is_literal(call: ast.Call, place: int) -> bool:
    return len(call.args) > place and isinstance(call.args[place], ast.Constant)


def _shown_without_words(source: str) -> Iterator[tuple[str, Any]]:
    """Calls of run.figure and run.table that leave their words to the captions."""
    for kind, n_words in (("figure", 2), ("table", 1)):
        for call in _calls_of_run(source, kind):
            given = max(0, len(call.args) - 2)
            given += sum(keyword.arg in ("caption", "alt") for keyword in call.keywords)
            if given < n_words:
                yield kind, call


def _quoted_by_code(source: str) -> set[str]:
    calls = _calls_of_run(source, "quote")
    return {call.args[0].value for call in calls if _is_literal(call, 0)}


def _quoted_by_template(template: str) -> set[str]:
    try:
        tree = environment().parse(prepared(template))
    except TemplateSyntaxError:
        return set()  # told where its names are checked
    return {
        found.args[0].value
        for found in tree.find_all(nodes.Filter)
        if found.name == "quote" and found.args and isinstance(found.args[0], nodes.Const)
    }
