"""What is shown while chapters run: a line a chapter, one after the other or two at a time."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from helpers.notebook.chapters import Chapter
from helpers.report.progress import EventReader, Progress
from helpers.report.results import ChapterResult


def test_events_are_read_line_by_line(tmp_path):
    """A half-written line waits for its end; a line that is no JSON is passed over."""
    path = tmp_path / "events.jsonl"
    path.write_text('{"text": "old"}\n')
    reader = EventReader(path)
    with path.open("a") as file:
        file.write('{"text": "one"}\nnot json\n{"text": "tw')
        file.flush()
        assert [event["text"] for event in reader.read()] == ["one"]
        file.write('o"}\n')
    assert [event["text"] for event in reader.read()] == ["two"]


def test_a_terminal_shows_cell_and_note_and_keeps_finished_trials():
    """Live lines are replaced; chapter and trial lines stay."""
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True, color_system=None)
    chapter = Chapter("01_x", Path("01_x.ipynb"), "Title")
    with Progress(console, 1) as progress:
        progress.chapter_started(chapter)
        progress.cell(chapter, 3, 9)
        progress.event(chapter, {"kind": "trial", "text": "vgg16 epoch", "done": 2, "total": 5})
        progress.refresh()
        progress.live.refresh()
        progress.event(chapter, {"kind": "trial", "text": "vgg16: 0.5", "finished": True})
        progress.chapter_ended(ChapterResult(chapter, "done", 61))
    shown = text.getvalue()
    assert "cell 3/9" in shown and "vgg16 epoch (2/5)" in shown
    assert "01 Title: done in 1:01" in shown


def test_a_terminal_has_lines_for_each_chapter_that_runs():
    """Note and cell stand with their own chapter; what has ended leaves its place."""
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True, color_system=None)
    one, two = (
        Chapter(name, Path(f"{name}.ipynb"), f"Title {name[1]}") for name in ("01_x", "02_y")
    )
    with Progress(console, 2) as progress:
        progress.several = True
        progress.chapter_started(one)
        progress.chapter_started(two)
        progress.cell(one, 3, 9)
        progress.cell(two, 0, 0)
        progress.event(one, {"text": "vgg16 epoch", "done": 2, "total": 5})
        progress.refresh()
        shown = _drawn(progress, console)
        assert ["cell 3/9" in shown[0], "Title 1" in shown[0]] == [True, True]
        assert shown[1].strip() == "vgg16 epoch (2/5)"
        assert ["starting the kernel" in shown[2], "Title 2" in shown[2]] == [True, True]
        assert len(shown) == 3
        progress.event(one, {"text": "vgg16: 0.5", "finished": True})
        progress.refresh()
        assert len(_drawn(progress, console)) == 3  # the second chapter's line stays in its place
        progress.chapter_ended(ChapterResult(one, "failed", 61, "Cell 3: KeyError: 1"))
        shown = _drawn(progress, console)
        assert len(shown) == 1 and "Title 2" in shown[0]
    assert "      01 vgg16: 0.5" in text.getvalue()
    assert "[1/2] 01 Title 1: failed in 1:01: Cell 3: KeyError: 1" in text.getvalue()


def _drawn(progress: Progress, console: Console) -> list[str]:
    """The live lines as they are now."""
    lines = console.render_lines(progress.live.renderable, pad=False)
    return ["".join(segment.text for segment in line) for line in lines]
