"""The chapters on disk: their order, titles, what each needs, and which of them to run."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.core import CHAPTERS, CLASSES, HAM10000_CLASSES, ConfigError

_NAME = re.compile(r"\d{2}_\w+")
_MINUTES = re.compile(r"(\d+)\s*(?:min\b|minutes?|for the exercises)", re.IGNORECASE)
_BUILDS_ON = re.compile(r"^\*\*Builds on:\*\*(.+)$", re.MULTILINE)
_LINKED = re.compile(r"\]\((\d{2}_\w+)\.ipynb\)")


@dataclass(frozen=True)
class Chapter:
    """One notebook of the book.

    Attributes
    ----------
    name : str
        The file's name without suffix, as in ``"05_model_comparison"``.
    path : Path
        The notebook, without outputs.
    title : str
        Its first heading.
    core : bool
        Whether it belongs to the seven chapters of the report.
    needs : tuple of str
        Names of chapters whose results it reads.
    aim : str
        The paragraph below its title.
    objectives : tuple of str
        What a reader can do afterwards.
    builds_on : tuple of str
        Names of chapters to read before, as its line "Builds on" links them.
    minutes : str
        Minutes to read, for the exercises and to run, as the chapter says them, or "".
    ham10000 : bool
        Whether it tells facts of HAM10000's seven diagnoses, and makes no sense of others.
    classes : tuple of str
        Diagnoses that it is about, among others.
    overview : bool
        Whether it tells of the other chapters, and so changes with them.
    """

    name: str
    path: Path
    title: str
    core: bool = False
    needs: tuple[str, ...] = ()
    aim: str = ""
    objectives: tuple[str, ...] = ()
    builds_on: tuple[str, ...] = ()
    minutes: str = ""
    ham10000: bool = False
    classes: tuple[str, ...] = ()
    overview: bool = False

    @property
    def number(self) -> str:
        """The two digits that the name begins with."""
        return self.name[:2]


def _text(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def read_chapter(path: Path) -> Chapter:
    """Read what a notebook says of itself, without importing a notebook library.

    Parameters
    ----------
    path : Path
        A notebook; ``metadata.dermbook`` may hold ``core``, ``needs``, ``ham10000``, ``classes``
        and ``overview``.

    Returns
    -------
    Chapter

    Raises
    ------
    ConfigError
        If the file is not a notebook, or its ``dermbook`` metadata are not as expected.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells, metadata = notebook["cells"], notebook["metadata"].get("dermbook", {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}: expected a Jupyter notebook of format 4 but could not read it "
            f"({type(error).__name__}: {error})"
        ) from error
    for key, noun in (("needs", "chapter names"), ("classes", "codes of diagnoses")):
        listed = metadata.get(key, [])
        if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
            raise ConfigError(
                f"{path}: expected metadata.dermbook.{key} to list {noun} but got {listed!r}"
            )
    for flag in ("ham10000", "overview"):
        if not isinstance(metadata.get(flag, False), bool):
            raise ConfigError(
                f"{path}: expected metadata.dermbook.{flag} to be true or false but got "
                f"{metadata[flag]!r}"
            )
    first = _text(cells[0]) if cells else ""
    heading = re.search(r"^#\s+(.+)$", first, re.MULTILINE)
    below = first[heading.end() :].strip() if heading else ""
    builds_on = _BUILDS_ON.search(first)
    return Chapter(
        name=path.stem,
        path=path,
        title=heading[1].strip() if heading else path.stem,
        core=bool(metadata.get("core", False)),
        needs=tuple(metadata.get("needs", [])),
        aim=below.partition("\n\n")[0],
        objectives=tuple(re.findall(r"^- (.+)$", first, re.MULTILINE)),
        builds_on=tuple(_LINKED.findall(builds_on[1])) if builds_on else (),
        minutes="/".join(match[1] for match in _MINUTES.finditer(first)),
        ham10000=metadata.get("ham10000", False),
        classes=tuple(metadata.get("classes", [])),
        overview=metadata.get("overview", False),
    )


def find_chapters(folder: Path = CHAPTERS) -> list[Chapter]:
    """All chapters of a folder, in the order in which they run.

    Parameters
    ----------
    folder : Path
        Holds notebooks named ``NN_name.ipynb``; other files are left alone.

    Returns
    -------
    list of Chapter
        In the order of their names.

    Raises
    ------
    ConfigError
        If there is none, if two share a number, or if one needs a chapter that does not
        come before it. All such problems are named at once.
    """
    paths = sorted(path for path in folder.glob("*.ipynb") if _NAME.fullmatch(path.stem))
    if not paths:
        raise ConfigError(f"{folder}: expected chapters named NN_name.ipynb but found none")
    chapters = [read_chapter(path) for path in paths]
    problems = []
    before: dict[str, str] = {}
    for chapter in chapters:
        if chapter.number in before:
            problems.append(f"{chapter.name} has the number of {before[chapter.number]}")
        problems += [
            f"{chapter.name} needs {name!r}, which is no chapter before it"
            for name in chapter.needs
            if name not in before.values()
        ]
        before.setdefault(chapter.number, chapter.name)
    if problems:
        raise ConfigError(f"{folder}: " + "; ".join(problems))
    return chapters


def select_chapters(
    chapters: Sequence[Chapter], selection: str = "core"
) -> tuple[list[Chapter], list[Chapter]]:
    """Choose chapters, and add those that they need.

    Parameters
    ----------
    chapters : sequence of Chapter
        Of :func:`find_chapters`.
    selection : str, default="core"
        ``"core"``, ``"all"``, or numbers or names with commas between, as in ``"01,05"``.

    Returns
    -------
    chosen : list of Chapter
        In order, with all that they need.
    added : list of Chapter
        The ones among them that were not asked for.

    Raises
    ------
    ConfigError
        If the selection names no chapter, or one that does not exist.
    """
    if selection == "all":
        asked = {chapter.name for chapter in chapters}
    elif selection == "core":
        asked = {chapter.name for chapter in chapters if chapter.core}
    else:
        by_key = {chapter.number: chapter.name for chapter in chapters}
        by_key |= {chapter.name: chapter.name for chapter in chapters}
        keys = [key.strip() for key in selection.split(",") if key.strip()]
        keys = [key.zfill(2) if key.isdigit() else key for key in keys]
        unknown = [key for key in keys if key not in by_key]
        if unknown:
            raise ConfigError(
                f"chapters {', '.join(unknown)}: no such chapter; choose 'core', 'all', or from "
                + ", ".join(chapter.name for chapter in chapters)
            )
        asked = {by_key[key] for key in keys}
    if not asked:
        raise ConfigError(f"chapters {selection!r}: expected at least one chapter but got none")
    wanted = set(asked)
    for chapter in reversed(chapters):  # what is needed comes before, so one pass is enough
        if chapter.name in wanted:
            wanted.update(chapter.needs)
    chosen = [chapter for chapter in chapters if chapter.name in wanted]
    return chosen, [chapter for chapter in chosen if chapter.name not in asked]


def suited_chapters(chapters: Sequence[Chapter]) -> tuple[list[Chapter], list[Chapter]]:
    """Leave out chapters about HAM10000, or about an absent class, where classes are others.

    Parameters
    ----------
    chapters : sequence of Chapter
        In order.

    Returns
    -------
    suited, left_out : list of Chapter
        A chapter that needs one that is left out is left out too.
    """
    if CLASSES == HAM10000_CLASSES:
        return list(chapters), []
    left_out: list[Chapter] = []
    for chapter in chapters:
        needs_left_out = any(other.name in chapter.needs for other in left_out)
        if chapter.ham10000 or needs_left_out or not set(chapter.classes) <= set(CLASSES):
            left_out.append(chapter)
    return [chapter for chapter in chapters if chapter not in left_out], left_out
