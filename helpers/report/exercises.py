"""Exercises of a chapter from the notebook that a reader opens to do them, and their solutions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat

from helpers.core import ReportError
from helpers.report.cells import Chapter, Code
from helpers.report.links import resolved
from helpers.report.matter import Matter
from helpers.report.pandoc import Node, parse_all
from helpers.report.parts import Exercise, Exercises, Heading, Passage, Section

SOLUTION_TAGS = frozenset({"solution", "teacher"})
"""Of cells that only a teacher's edition shows."""
_ANSWER_TAGS = frozenset({"answer"})
_QUIZ_TAG = "quiz"
_TITLE = re.compile(r"##\s+(?P<title>.+)")
_CHECK = re.compile(r"\s*check\(")


@dataclass
class _Task:
    """Sources of one exercise, or of the quiz: language, text, and whether it is a solution."""

    title: str
    is_quiz: bool
    pieces: list[tuple[str, str, bool]] = field(default_factory=list)


def exercises_file(chapter: Chapter, matter: Matter) -> Path | None:
    """The notebook of a chapter's exercises; None where there are none."""
    if matter.exercises is None:
        return None
    path = matter.exercises / f"{Path(chapter.name).stem}.ipynb"
    return path if path.is_file() and _tasks(path) else None


def exercises_anchor(chapter: Chapter) -> str:
    """Where the exercises of a chapter begin in a report."""
    return f"exercises-{chapter.number}"


def add_exercises(section: Section, matter: Matter, chapters: Mapping[str, str]) -> None:
    """Put a chapter's exercises at its end, with solutions where the edition has them.

    Parameters
    ----------
    section : Section
        A chapter, changed in place. One without a notebook of exercises stays as it is.
    matter : Matter
        Where exercises and solutions are.
    chapters : mapping
        Anchors of all chapters, by the name of their file.

    Raises
    ------
    ReportError
        If a notebook of exercises cannot be read.
    """
    path = exercises_file(section.chapter, matter)
    if path is None:
        return
    solved = matter.solutions / path.name if matter.solutions else None
    is_solved = solved is not None and solved.is_file()
    tasks = _tasks(solved if solved is not None and is_solved else path)
    number = section.chapter.number
    sources = [task.title for task in tasks]
    sources += [text for task in tasks for kind, text, _ in task.pieces if kind == "markdown"]
    parsed = iter(resolved(parse_all(sources), {}, chapters))
    titles = [_inlines(next(parsed)) for _ in tasks]
    exercises = []
    for place, (task, title) in enumerate(zip(tasks, titles, strict=True), start=1):
        told: dict[bool, list[Passage | Code]] = {False: [], True: []}
        for kind, text, is_solution in task.pieces:
            part = Passage(next(parsed)) if kind == "markdown" else Code(0, text)
            told[is_solution].append(part)
        solution = tuple(told[True]) if is_solved else ()
        exercises.append(
            Exercise(
                f"exercise-{number}-{place}", title, tuple(told[False]), solution, task.is_quiz
            )
        )
    heading_number = sum(isinstance(p, Heading) and p.level == 2 for p in section.parts) + 1
    heading = Heading(
        2,
        exercises_anchor(section.chapter),
        [{"t": "Str", "c": "Exercises"}],
        f"{number}.{heading_number}",
    )
    file = f"{path.parent.name}/{path.name}"
    section.parts += [heading, Exercises(f"tasks-{number}", file, tuple(exercises))]


def _tasks(path: Path) -> list[_Task]:
    """Exercises of a notebook, and its quiz: each begins with a heading of the second level."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        raise ReportError(f"{path}: expected a notebook of exercises but got: {error}") from error
    tasks: list[_Task] = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        text = str(cell.source).strip()
        if cell.cell_type == "markdown" and (match := _TITLE.match(text)):
            tasks.append(_Task(match["title"].strip(), _QUIZ_TAG in tags))
            text = text[match.end() :].strip()
        if tasks and text and not tags & _ANSWER_TAGS and not _is_check(cell):
            tasks[-1].pieces.append((cell.cell_type, text, bool(tags & SOLUTION_TAGS)))
    return tasks


def _is_check(cell: Any) -> bool:
    is_of_quiz = _QUIZ_TAG in cell.metadata.get("tags", [])
    return cell.cell_type == "code" and (is_of_quiz or bool(_CHECK.match(cell.source)))


def _inlines(blocks: list[Node]) -> list[Node]:
    return [node for block in blocks if block["t"] in ("Para", "Plain") for node in block["c"]]
