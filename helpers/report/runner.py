"""Run chapters in order: skip what is unchanged, go on after a failure, keep what is done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from helpers.core import ConfigError, read_json, write_json
from helpers.report.chapters import Chapter
from helpers.report.progress import EventReader, Progress
from helpers.report.results import ChapterResult

LEAST_CHAPTERS = 3
"""From how many chapters on it pays to read all libraries once for all kernels."""


def notebook_path(folder: Path, name: str) -> Path:
    """Executed copy of a chapter in a run folder; there only when it was executed whole."""
    return folder / "notebooks" / f"{name}.ipynb"


def failed_path(folder: Path, name: str) -> Path:
    """Copy of a chapter up to the cell that failed."""
    return folder / "notebooks" / f"{name}.failed.ipynb"


def state_path(folder: Path, name: str) -> Path:
    """What is known of a chapter's last whole execution."""
    return folder / "state" / f"{name}.json"


def read_state(folder: Path, name: str) -> dict[str, Any]:
    """State of a chapter in a run folder: ``digest``, ``seconds``, ``finished``; or empty."""
    path = state_path(folder, name)
    if not path.exists() or not notebook_path(folder, name).exists():
        return {}
    try:
        state = read_json(path)
    except ValueError:  # written by hand or broken: run the chapter again
        return {}
    return state if isinstance(state, dict) else {}


def _check_all(chapters: Sequence[Chapter], parameters: Mapping[str, Any]) -> None:
    if not chapters:
        return
    from helpers.report.execution import check_parameters  # papermill comes with it

    problems = []
    for chapter in chapters:
        try:
            check_parameters(chapter, parameters)
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))


def _execute(
    chapter: Chapter,
    parameters: Mapping[str, Any],
    folder: Path,
    inputs: str,
    progress: Progress,
    provisioner: str | None,
) -> ChapterResult:
    # papermill comes with it, and nothing needs it where all is up to date.
    from helpers.report.execution import ChapterError, execute_chapter

    target, failed = notebook_path(folder, chapter.name), failed_path(folder, chapter.name)
    partial = target.with_name(f".{chapter.name}.{os.getpid()}.partial.ipynb")
    # What an earlier run left must not pass for this one's, whatever happens now.
    numbers = folder / "numbers" / f"{chapter.name}.json"
    for path in (state_path(folder, chapter.name), target, failed, numbers):
        path.unlink(missing_ok=True)
    events = folder / "events.jsonl"
    reader = EventReader(events)
    began = monotonic()

    def show(done: int, total: int) -> None:
        for event in reader.read():
            progress.event(event)
        progress.cell(done, total)

    progress.chapter_started(chapter)
    try:
        execute_chapter(
            chapter,
            partial,
            parameters,
            events=events,
            state=folder / "state",
            provisioner=provisioner,
            on_tick=show,
        )
        show(0, 0)
        os.replace(partial, target)
    except ChapterError as failure:
        show(0, 0)
        if partial.exists():
            os.replace(partial, failed)
        seconds = monotonic() - began
        return ChapterResult(chapter, "failed", seconds, str(failure), failure.detail)
    finally:
        partial.unlink(missing_ok=True)
    seconds = monotonic() - began
    state = {
        "digest": inputs,
        "seconds": round(seconds, 2),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(state_path(folder, chapter.name), state)
    return ChapterResult(chapter, "done", seconds)


def run_chapters(
    chapters: Sequence[Chapter],
    parameters: Mapping[str, Any],
    folder: Path,
    digests: Mapping[str, str],
    progress: Progress,
    *,
    force: bool = False,
) -> list[ChapterResult]:
    """Run chapters in order, each in a fresh kernel.

    Parameters
    ----------
    chapters : sequence of Chapter
        In order; what a chapter needs comes before it.
    parameters : mapping
        Handed to every chapter that is executed.
    folder : Path
        The run folder. Executed copies go to ``notebooks/``, under their final name only when
        they were executed whole; after a failure ``notebooks/<name>.failed.ipynb`` is kept.
    digests : mapping of str to str
        Of :func:`helpers.report.inputs.chapter_digests`; a chapter whose digest is that of
        its executed copy is not executed again.
    progress : Progress
        Told of everything.
    force : bool, default=False
        Execute unchanged chapters as well.

    Returns
    -------
    list of ChapterResult
        One a chapter, in order. A failure stops only the chapters that need it.

    Raises
    ------
    ConfigError
        If a chapter does not have one of the parameters; then none was executed.
    KeyboardInterrupt
        With finished chapters kept.
    """
    states = {chapter.name: read_state(folder, chapter.name) for chapter in chapters}
    unchanged = {
        chapter.name
        for chapter in chapters
        if not force and states[chapter.name].get("digest") == digests[chapter.name]
    }
    _check_all([chapter for chapter in chapters if chapter.name not in unchanged], parameters)
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    results: list[ChapterResult] = []
    broken: set[str] = set()
    with _kernels(len(chapters) - len(unchanged)) as provisioner:
        for chapter in chapters:
            missing = [name for name in chapter.needs if name in broken]
            if missing:
                reason = f"needs {', '.join(missing)}"
                result = ChapterResult(chapter, "skipped", reason=reason)
            elif chapter.name in unchanged:
                seconds = float(states[chapter.name].get("seconds", 0.0))
                result = ChapterResult(chapter, "cached", seconds)
            else:
                inputs = digests[chapter.name]
                result = _execute(chapter, parameters, folder, inputs, progress, provisioner)
            if result.status in ("failed", "skipped"):
                broken.add(chapter.name)
            progress.chapter_ended(result)
            results.append(result)
    return results


@contextmanager
def _kernels(n_chapters: int) -> Iterator[str | None]:
    """Who starts the kernels of so many chapters; None for Jupyter itself."""
    if n_chapters < LEAST_CHAPTERS:
        yield None
        return
    from helpers.report import kernels  # Jupyter comes with it
    from helpers.report.execution import kernel_variables

    if not kernels.can_serve():
        yield None
        return
    kernels.start_server(dict(os.environ) | kernel_variables())
    try:
        yield kernels.PROVISIONER
    finally:
        kernels.stop_server()
