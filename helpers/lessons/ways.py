"""Ways through the book: what each chapter gives, builds on and takes, read from the chapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.notebook.chapters import Chapter, find_chapters, select_chapters, suited_chapters

MINUTES = ("reading", "exercises", "running")
"""What a chapter says that it takes, in its order."""


def chapters_to_read() -> list[Chapter]:
    """The chapters that suit the diagnoses in use, without the start page."""
    return [chapter for chapter in suited_chapters(find_chapters())[0] if chapter.number != "00"]


def numbers_left_out(chapters: Sequence[Chapter]) -> str:
    """Numbers of the book's chapters that are not among those to read; empty where all are."""
    there = {chapter.name for chapter in chapters}
    names = [c.name for c in find_chapters() if c.number != "00" and c.name not in there]
    return numbers_of(names) if names else ""


def minutes_of(chapter: Chapter) -> dict[str, int]:
    """Minutes of a chapter to read, for its exercises and to run.

    Parameters
    ----------
    chapter : Chapter
        Its line "Time" names the three, or the first and the last.

    Returns
    -------
    dict of str to int
        By `MINUTES`.
    """
    told = [int(minutes) for minutes in chapter.minutes.split("/") if minutes]
    reading, running = (told[0], told[-1]) if told else (0, 0)
    return dict(zip(MINUTES, (reading, sum(told[1:-1]), running), strict=True))


def numbers_of(names: Sequence[str]) -> str:
    """Numbers of chapters as a reader says them.

    >>> numbers_of(["10_deployment", "02_dataset"]), numbers_of(["01_a", "02_b", "03_c"])
    ('2, 10', '1 to 3')
    """
    numbers = sorted(int(name[:2]) for name in names)
    if len(numbers) > 2 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return ", ".join(map(str, numbers)) or "–"


def chapter_table(chapters: Sequence[Chapter]) -> pd.DataFrame:
    """What each chapter gives, what it builds on and how long it takes.

    Parameters
    ----------
    chapters : sequence of Chapter
        In order.

    Returns
    -------
    DataFrame of shape (n_chapters, 6)
        Columns ``chapter``, ``gives`` and ``builds on``, and minutes by `MINUTES`.
    """
    rows = [
        {
            "chapter": f"{int(chapter.number)} {chapter.title}",
            "gives": chapter.aim,
            "builds on": numbers_of(chapter.builds_on),
            **minutes_of(chapter),
        }
        for chapter in chapters
    ]
    return pd.DataFrame(rows)


def abilities(chapter: Chapter) -> str:
    """What a reader can do after a chapter, in one line.

    >>> from pathlib import Path
    >>> abilities(Chapter("01_a", Path("01_a.ipynb"), "A", objectives=("Read it;", "do it.")))
    'read it; do it'
    """
    said = (objective.rstrip(";. ") for objective in chapter.objectives)
    return "; ".join(text[:1].lower() + text[1:] for text in said)


def way_table(chapters: Sequence[Chapter], ways: Mapping[str, str]) -> pd.DataFrame:
    """How long the parts of a way through the book take.

    Parameters
    ----------
    chapters : sequence of Chapter
        Those that can be read; what a way names besides is left out.
    ways : mapping of str to str
        For each part of the way its chapters, as in ``"01,02"``.

    Returns
    -------
    DataFrame of shape (n_parts, 6)
        Of the parts that have a chapter left. Columns ``part`` and ``chapters``, minutes by
        `MINUTES`, and ``hours`` of all three.

    Raises
    ------
    ConfigError
        If a way names a chapter that the book does not have.
    """
    book = find_chapters()
    there = {chapter.name for chapter in chapters}
    rows = []
    for part, numbers in ways.items():
        wanted, added = select_chapters(book, numbers)
        chosen = [c for c in wanted if c not in added and c.name in there]
        if not chosen:
            continue
        minutes = pd.DataFrame([minutes_of(c) for c in chosen], columns=list(MINUTES)).sum()
        told = numbers_of([chapter.name for chapter in chosen])
        rows.append({"part": part, "chapters": told, **minutes, "hours": minutes.sum() / 60})
    return pd.DataFrame(rows)
