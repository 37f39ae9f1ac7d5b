"""How a chapter ended: what the runner makes, and what the display and the manifest read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.notebook.chapters import Chapter

Status = Literal["done", "cached", "failed", "skipped"]


@dataclass(frozen=True)
class ChapterResult:
    """How a chapter ended.

    Attributes
    ----------
    chapter : Chapter
        Which one.
    status : {"done", "cached", "failed", "skipped"}
        Executed, unchanged since an earlier run, stopped by an error, or not begun because a
        chapter that it needs failed.
    seconds : float
        Of its execution, in this run or in the earlier one; 0 when it was not begun.
    reason : str
        Why it failed or was skipped, in one line; else "".
    detail : str
        The whole message of its error where that has more lines; else "".
    """

    chapter: Chapter
    status: Status
    seconds: float = 0.0
    reason: str = ""
    detail: str = ""

    @property
    def broken(self) -> bool:
        """Whether what needs the chapter cannot run."""
        return self.status in ("failed", "skipped")
