"""The commands of ``dermbook`` for exercises: their notebooks, and how far a student is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from helpers.core import ROOT, ConfigError

if TYPE_CHECKING:
    import pandas as pd

console = Console()


def exercises(
    write: Annotated[
        bool,
        typer.Option("--write", help="Generate exercises/ and quizzes again."),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what is out of step; exit 1 if anything is.")
    ] = False,
) -> None:
    """List exercises and questions, or keep their notebooks in step with their sources."""
    from helpers import exercises as room

    if write and check:
        raise ConfigError("expected --write or --check but got both")
    if check:
        stale = room.out_of_step()
        if stale:
            raise ConfigError(
                f"{', '.join(stale)} not as solutions/ and chapters/quizzes/ give them; run "
                "'dermbook exercises --write'"
            )
        console.print("exercises/ is what solutions/ and chapters/quizzes/ give.")
        return
    if write:
        for path in room.write_exercises():
            _say(f"{path.relative_to(ROOT)} {'written' if path.exists() else 'removed'}")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("exercise", "kind", "title"):
        table.add_column(column)
    for chapter in room.chapters_with_exercises():
        for one in (*room.exercises_of(chapter), *room.quiz_of(chapter)):
            table.add_row(one.id, one.kind, Text(one.title))
    console.print(table)


def progress(
    run: Annotated[str, typer.Option(help="Name of the run's folder in runs/.")] = "quick",
    every: Annotated[bool, typer.Option("--all", help="A row an exercise or question.")] = False,
) -> None:
    """Show how many exercises and quiz questions are solved, with how many tries and hints."""
    from helpers.exercises import progress_table

    folder = ROOT / "runs" / run
    if not folder.is_dir():
        known = sorted(path.name for path in folder.parent.glob("*") if path.is_dir())
        there = f"expected one of {', '.join(known)}" if known else "there is none yet"
        raise ConfigError(f"runs/{run}: no such run; {there} ('dermbook report' makes one)")
    found, notes = progress_table(folder)
    table = Table(box=None, pad_edge=False, header_style="bold")
    if every:
        for column in ("exercise", "title", "solved", "tries", "hints"):
            table.add_column(column, justify="right" if column in ("tries", "hints") else "left")
        for row in found.to_dict("records"):
            solved = row["when"][:16].replace("T", " ") if row["solved"] else ""
            counts = (str(row["tries"]), str(row["hints"]))
            table.add_row(row["exercise"], Text(row["title"]), solved, *counts)
    else:
        for column in ("chapter", "solved", "quiz", "tries", "hints"):
            table.add_column(column, justify="left" if column == "chapter" else "right")
        for chapter, rows in found.groupby("chapter"):
            counts = (str(rows["tries"].sum()), str(rows["hints"].sum()))
            parts = (rows[~rows["quiz"]], rows[rows["quiz"]])
            table.add_row(str(chapter), *map(_solved, parts), *counts)
    console.print(table)
    for note in notes:
        _say(note)


def _solved(rows: pd.DataFrame) -> str:
    return f"{int(rows['solved'].sum())} of {len(rows)}" if len(rows) else "none"


def _say(line: str) -> None:
    console.print(Text(line), soft_wrap=True)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(exercises)
    app.command()(progress)
