"""Where things lie in the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

APPS = ROOT / "apps"
CHAPTERS = ROOT / "chapters"
PUBLISHED = ROOT / "data" / "published"

BESIDE = ("exercises", "solutions")
"""Folders beside the chapters, whose notebooks have the chapters' names and are other ones."""


def captions_path(chapter: Path) -> Path:
    """Where the captions of a chapter stand.

    Parameters
    ----------
    chapter : Path
        Its notebook.
    """
    return chapter.parent / "captions" / f"{chapter.stem}.yml"
