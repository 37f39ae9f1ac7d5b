"""What stands around the chapters of a book: works to cite, a glossary, exercises."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helpers.core import BESIDE, ConfigError
from helpers.notebook import REFERENCES

EDITIONS = ("student", "teacher")


@dataclass(frozen=True)
class Matter:
    """Where the files around the chapters are; None for what there is not.

    Attributes
    ----------
    works : Path or None
        BibTeX of what the chapters cite.
    glossary : Path or None
        Terms with their definitions.
    exercises, solutions : Path or None
        Folders of notebooks named as the chapters; solutions in the teacher's edition alone.
    """

    works: Path | None = None
    glossary: Path | None = None
    exercises: Path | None = None
    solutions: Path | None = None

    def files(self) -> list[Path]:
        """All files that the pages depend on."""
        found = [path for path in (self.works, self.glossary) if path]
        for folder in (self.exercises, self.solutions):
            found += sorted(folder.glob("*.ipynb")) if folder else []
        return found


NO_MATTER = Matter()


def find_matter(chapters: Path, edition: str = "student") -> Matter:
    """What there is beside a folder of chapters.

    Parameters
    ----------
    chapters : Path
        The folder; ``exercises`` and ``solutions`` stand next to it.
    edition : {"student", "teacher"}, default="student"
        Whether solutions are part of the book.

    Raises
    ------
    ConfigError
        If there is no such edition.
    """
    if edition not in EDITIONS:
        raise ConfigError(f"edition {edition!r}: expected 'student' or 'teacher'")
    files = [chapters / name for name in (REFERENCES, "glossary.yml")]
    folders = [chapters.parent / name for name in BESIDE]
    works, glossary = (path if path.is_file() else None for path in files)
    exercises, solutions = (path if path.is_dir() else None for path in folders)
    return Matter(works, glossary, exercises, solutions if edition == "teacher" else None)
