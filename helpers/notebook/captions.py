"""Captions, alternative texts and formats of a chapter: ``captions/NN_name.yml`` beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from helpers.core import CHAPTERS, ConfigError, captions_path, read_yaml
from helpers.notebook.prose import notebook_names, render

FOLDER_VARIABLE = "DERMBOOK_CHAPTER_FOLDER"
"""Environment variable that names the folder of the chapter that runs."""

UNNAMED = "interactive"
"""The name of a chapter of which nobody says what it is called."""

_NAME = re.compile(r"[A-Za-z_]\w\w+")
"""A function of the notebook as a format; a format of Python's has no three letters on end."""

_FIELDS = {
    "figures": {"caption", "alt"},
    "tables": {"caption", "columns", "formats", "optional"},
}
_NEEDED = {"figures": {"caption", "alt"}, "tables": {"caption"}}


@dataclass(frozen=True)
class Captions:
    """What stands in one file, as it was written.

    Attributes
    ----------
    path : Path
        The file.
    figures : dict of str to dict
        ``caption`` and ``alt`` of each figure.
    tables : dict of str to dict
        ``caption`` of each table, and what it may have besides: ``columns``, how columns are
        called on the page, ``formats``, how they are written, and ``optional``, a list of columns
        that it has not with every source.
    """

    path: Path
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def figure(self, name: str) -> tuple[str, str]:
        """Caption and alternative text of a figure, filled in from the notebook."""
        entry = self._entry("figures", name)
        return self._filled("figures", name, entry, "caption"), self._filled(
            "figures", name, entry, "alt"
        )

    def table(
        self, name: str, columns: Collection[str]
    ) -> tuple[str, dict[str, str], dict[str, Any]]:
        """Caption of a table, filled in from the notebook, its columns' titles and formats."""
        entry = self._entry("tables", name)
        titles = entry.get("columns", {})
        absent = sorted(set(titles) - set(columns) - set(entry.get("optional", [])))
        if absent:
            raise ConfigError(f"table {name}: titles for columns it does not have: {absent}")
        caption = self._filled("tables", name, entry, "caption")
        formats = {
            column: self._function(name, column, how) if _NAME.fullmatch(how) else how
            for column, how in entry.get("formats", {}).items()
        }
        return caption, titles, formats

    def _function(self, table: str, column: str, name: str) -> Callable[[Any], str]:
        """The notebook's function that writes the values of a column."""
        found = notebook_names().get(name)
        if not callable(found):
            raise ConfigError(
                f"{self.path.name}, table {table!r}: expected a format such as '.1%' for the "
                f"column {column!r}, or a function of the notebook, but got {name!r}"
            )
        return cast("Callable[[Any], str]", found)

    def _entry(self, kind: str, name: str) -> dict[str, Any]:
        entries: Mapping[str, dict[str, Any]] = getattr(self, kind)
        if name not in entries:
            there = f"it has {', '.join(entries)}" if entries else "it has none"
            state = there if self.path.is_file() else "there is no such file"
            todo = (
                "say which chapter this is: %env DERMBOOK_CHAPTER=NN_name before open_run"
                if self.path.stem == UNNAMED
                else "write it, or give the caption in the call"
            )
            raise ConfigError(
                f"{self.path}: expected an entry {name!r} under {kind!r} but {state}; {todo}"
            )
        return entries[name]

    def _filled(self, kind: str, name: str, entry: Mapping[str, str], which: str) -> str:
        where = f"{self.path.name}, {which} of {kind[:-1]} {name!r}"
        return " ".join(render(entry[which], notebook_names(), where=where).split())


def captions_of(chapter: str) -> Captions:
    """The captions of the chapter that runs here; none where it has no file.

    Looked for beside the chapter as the runner names it, in the current folder, where JupyterLab
    starts a notebook, and last among the book's chapters.

    Parameters
    ----------
    chapter : str
        Its name.
    """
    told = os.environ.get(FOLDER_VARIABLE)
    folders = [Path(told)] if told else [Path.cwd(), CHAPTERS]
    paths = [captions_path(folder / f"{chapter}.ipynb") for folder in folders]
    found = next((path for path in paths if path.is_file()), None)
    return read_captions(found) if found else Captions(paths[0])


def read_captions(path: Path) -> Captions:
    """Read and check a file of captions.

    Parameters
    ----------
    path : Path
        YAML with ``figures`` and ``tables``.

    Returns
    -------
    Captions

    Raises
    ------
    ConfigError
        With all that is wrong in it at once.
    """
    content = read_yaml(path, "captions")
    problems = [
        f"{key!r} is neither 'figures' nor 'tables'" for key in content if key not in _FIELDS
    ]
    for kind in _FIELDS.keys() & content.keys():
        entries = content[kind]
        if not isinstance(entries, dict):
            problems.append(f"{kind!r} has no names with captions")
            continue
        for name, entry in entries.items():
            problems += [f"{kind[:-1]} {name!r}: {what}" for what in _problems(kind, entry)]
    if problems:
        raise ConfigError(f"{path}: " + "; ".join(problems))
    return Captions(path, content.get("figures", {}), content.get("tables", {}))


def _problems(kind: str, entry: Any) -> list[str]:
    if not isinstance(entry, dict):
        return [f"expected {' and '.join(sorted(_NEEDED[kind]))} but got {entry!r}"]
    problems = [
        f"{key!r} is none of {', '.join(sorted(_FIELDS[kind]))}"
        for key in entry
        if key not in _FIELDS[kind]
    ]
    for key in sorted(_NEEDED[kind]):
        text = entry.get(key)
        if not isinstance(text, str) or not text.strip():
            problems.append(f"expected a text as {key} but got {text!r}")
    for key in ("columns", "formats"):
        texts = entry.get(key, {})
        if not isinstance(texts, dict) or not all(isinstance(v, str) for v in texts.values()):
            problems.append(f"expected {key} to give a text for each column but got {texts!r}")
    optional = entry.get("optional", [])
    if not isinstance(optional, list) or not set(optional) <= set(entry.get("columns", {})):
        problems.append(f"expected optional to list some of its columns but got {optional!r}")
    return problems
