"""What a chapter is made of once it is parsed and numbered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from helpers.report.cells import Chapter, Code, Figure, Text
from helpers.report.pandoc import Node
from helpers.report.pictures import Picture


@dataclass(frozen=True)
class Heading:
    """A heading inside a chapter; ``number`` is as in ``4.1``, or empty below two levels."""

    level: int
    anchor: str
    inlines: list[Node]
    number: str


@dataclass(frozen=True)
class Passage:
    """Pandoc blocks of running text."""

    blocks: list[Node]


@dataclass(frozen=True)
class NumberedFigure:
    """A figure with its caption parsed; ``number`` is empty where it has no caption."""

    figure: Figure
    caption: list[Node]
    number: str


@dataclass(frozen=True)
class NumberedTable:
    """A table as a pandoc block with its caption parsed apart; ``number`` may be empty."""

    cell: int
    table: Node
    caption: list[Node]
    number: str


@dataclass(frozen=True)
class Work:
    """What a chapter cites: the number of the citation, and the entry as the style prints it."""

    anchor: str
    number: str
    inlines: list[Node]


@dataclass(frozen=True)
class Works:
    """List of what a chapter cites, and the keys of what it lists besides."""

    works: tuple[Work, ...]
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """Entry of the glossary."""

    anchor: str
    term: str
    inlines: list[Node]


@dataclass(frozen=True)
class Definitions:
    """The glossary, by the alphabet."""

    entries: tuple[Definition, ...]


@dataclass(frozen=True)
class Exercise:
    """One exercise, or the quiz; ``solution`` is empty in the students' edition."""

    anchor: str
    title: list[Node]
    task: tuple[Passage | Code, ...]
    solution: tuple[Passage | Code, ...] = ()
    is_quiz: bool = False


@dataclass(frozen=True)
class Exercises:
    """The exercises of a chapter, from the file that a reader opens to do them."""

    anchor: str
    file: str
    exercises: tuple[Exercise, ...]


Part = (
    Heading
    | Passage
    | NumberedFigure
    | NumberedTable
    | Code
    | Text
    | Works
    | Definitions
    | Exercises
)


@dataclass
class Section:
    """One chapter of the report, or with ``appendix``, what stands behind all chapters."""

    chapter: Chapter
    title: list[Node]
    parts: list[Part] = field(default_factory=list)
    pictures: dict[str, Picture] = field(default_factory=dict)
    anchors: dict[str, str] = field(default_factory=dict)
    appendix: str = ""

    @property
    def anchor(self) -> str:
        """Name that links go to."""
        return self.appendix or f"chapter-{self.chapter.number}"


def map_inlines(part: Part, change: Callable[[Any], Any]) -> Part:
    """A part whose words are changed: its blocks, its title or its caption."""
    if isinstance(part, Passage):
        return Passage(change(part.blocks))
    if isinstance(part, Heading):
        return replace(part, inlines=change(part.inlines))
    if isinstance(part, NumberedFigure):
        return replace(part, caption=change(part.caption))
    if isinstance(part, NumberedTable):
        return replace(part, table=change(part.table), caption=change(part.caption))
    return part
