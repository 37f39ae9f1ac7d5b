"""What the terminal shows while the chapters run: one line a chapter, one line a trial."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from helpers.notebook.chapters import Chapter
    from helpers.report.results import ChapterResult

STYLES = {"done": "green", "cached": "cyan", "failed": "bold red", "skipped": "yellow"}


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds, or hours.

    >>> clock(75.2), clock(3700)
    ('1:15', '1:01:40')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class EventReader:
    """Reads what is new in a file of JSON lines, and waits for lines to be whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = path.stat().st_size if path.exists() else 0

    def read(self) -> list[dict[str, Any]]:
        """Events since the last call; a line that is no JSON object is passed over."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self.offset += len(whole)
        events = []
        for line in whole.splitlines():
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
        return events


@dataclass
class _Lines:
    """What is shown of one chapter while it runs."""

    label: str
    cells: str = ""
    note: str | None = None
    since: float = field(default_factory=monotonic)
    spinner: Spinner = field(default_factory=lambda: Spinner("dots"))

    def drawn(self) -> list[Spinner | Text]:
        """A line, and another from its first note on, so that the lines below rarely move."""
        since = clock(monotonic() - self.since)
        self.spinner.update(text=Text(f"{self.label}   {self.cells}   {since}", no_wrap=True))
        if self.note is None:
            return [self.spinner]
        note = Text(f"      {self.note}", style="dim", no_wrap=True, overflow="ellipsis")
        return [self.spinner, note]


class Progress:
    """Shows chapters as they run: live in a terminal, else in plain single lines.

    Parameters
    ----------
    console : Console
        Where to show it.
    n_chapters : int
        How many chapters there are in all.

    Attributes
    ----------
    several : bool
        Whether more than one chapter may run at a time; a trial's line then names its chapter.
    """

    def __init__(self, console: Console, n_chapters: int) -> None:
        self.console = console
        self.n_chapters = n_chapters
        self.several = False
        self.n_begun = 0
        self.running: dict[str, _Lines] = {}
        self.live: Live | None = None

    def __enter__(self) -> Progress:
        if self.console.is_terminal:
            self.live = Live(console=self.console, refresh_per_second=8, transient=True)
            self.live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.update("")
            self.live.stop()
            self.live = None

    def _say(self, line: str, style: str = "") -> None:
        self.console.print(Text(line, style=style), soft_wrap=True)

    def _begun(self, chapter: Chapter) -> str:
        self.n_begun += 1
        return f"[{self.n_begun}/{self.n_chapters}] {chapter.number} {chapter.title}"

    def chapter_started(self, chapter: Chapter) -> None:
        """Show that a chapter begins."""
        lines = self.running[chapter.name] = _Lines(self._begun(chapter))
        if self.live is None:
            self._say(f"{lines.label} ...")
        self.refresh()

    def cell(self, chapter: Chapter, done: int, total: int, *, waiting: bool = False) -> None:
        """Show which cell runs, or waits to be alone; ``total`` is 0 while the kernel starts."""
        cells = f"cell {done}/{total}" if total else "starting the kernel"
        self.running[chapter.name].cells = f"{cells}, waits to be alone" if waiting else cells
        self.refresh()

    def event(self, chapter: Chapter, event: dict[str, Any]) -> None:
        """Show what a kernel tells: a line that says ``finished`` stays, the rest is fleeting."""
        text = " ".join(str(event.get("text", "")).split())
        if not text:
            return
        lines = self.running[chapter.name]
        if event.get("finished"):
            self._say(f"      {chapter.number} {text}" if self.several else f"      {text}")
            lines.note = ""
            return
        done, total = event.get("done"), event.get("total")
        lines.note = f"{text} ({done}/{total})" if done is not None and total else text

    def refresh(self) -> None:
        """Draw the live lines again."""
        if self.live is not None:
            parts = [part for lines in self.running.values() for part in lines.drawn()]
            self.live.update(Group(*parts))

    def chapter_ended(self, result: ChapterResult) -> None:
        """Leave one line that says how a chapter ended."""
        lines = self.running.pop(result.chapter.name, None)
        label = lines.label if lines is not None else self._begun(result.chapter)
        took = f" in {clock(result.seconds)}" if result.status in ("done", "failed") else ""
        why = f": {result.reason}" if result.reason else ""
        self._say(f"{label}: {result.status}{took}{why}", STYLES[result.status])
        self.refresh()


def results_table(results: Sequence[ChapterResult]) -> Table:
    """The closing table: chapter, seconds, status, and the cell that failed.

    Parameters
    ----------
    results : sequence of ChapterResult
        One a chapter; seconds of a cached chapter are those of the run that made it.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("chapter", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    troubled = any(result.reason for result in results)
    if troubled:
        table.add_column("what happened", overflow="fold")
    for result in results:
        seconds = f"{result.seconds:.1f}" if result.seconds else "–"
        status = Text(result.status, style=STYLES[result.status])
        row: list[str | Text] = [result.chapter.name, seconds, status]
        table.add_row(*row, *([Text(result.reason)] if troubled else []))
    return table
