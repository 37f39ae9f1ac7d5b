"""Run chapters, as many at a time as suit the machine and their needs allow.

What is unchanged is not executed again, a failure stops only what needs it, and what is done is
kept.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from helpers.core import ConfigError, read_json, sha256_file, write_json
from helpers.notebook.chapters import Chapter
from helpers.report.progress import EventReader, Progress
from helpers.report.results import ChapterResult

if TYPE_CHECKING:
    from helpers.report.execution import Execution

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


def numbers_path(folder: Path, name: str) -> Path:
    """The numbers that a chapter's text quotes; not there where it quotes none."""
    return folder / "numbers" / f"{name}.json"


def events_path(folder: Path, name: str) -> Path:
    """What a chapter's trainings told during its last execution, one JSON object a line."""
    return folder / "state" / f"{name}.events.jsonl"


def read_state(folder: Path, name: str) -> dict[str, Any]:
    """State of a chapter in a run folder: ``digest``, ``seconds``, ``finished``, ``sha256``.

    Empty where the chapter has to be run: never yet, or what it wrote is not what it was.
    """
    try:
        state = read_json(state_path(folder, name))
        whole = _sums(folder, name) == state["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return dict(state) if whole else {}


def _sums(folder: Path, name: str) -> dict[str, str]:
    """SHA-256 of what a chapter left for the report."""
    paths = [notebook_path(folder, name), numbers_path(folder, name)]
    return {path.parent.name: sha256_file(path) for path in paths if path.is_file()}


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


def suitable_at_once() -> int:
    """How many chapters run at a time where nobody says how many.

    Returns
    -------
    int
        2 where trainings compute with TensorFlow on the CPU and there are two cores, because
        much of a chapter computes on one; else 1: a training fills a GPU by itself, and other
        backends take all cores.
    """
    from helpers.models import backend_name
    from helpers.training import has_gpu

    several = (os.cpu_count() or 1) > 1 and backend_name() == "tensorflow" and not has_gpu()
    return 2 if several else 1


@dataclass
class _Running:
    """A chapter that is being executed, and where its parts go."""

    chapter: Chapter
    folder: Path
    execution: Execution
    reader: EventReader
    partial: Path
    began: float

    @classmethod
    def of(cls, chapter: Chapter, parameters: Mapping[str, Any], folder: Path) -> _Running:
        # papermill comes with it, and nothing needs it where all is up to date.
        from helpers.report.execution import Execution

        name, target = chapter.name, notebook_path(folder, chapter.name)
        # What an earlier run left must not pass for this one's, whatever happens now.
        events = events_path(folder, name)
        numbers = numbers_path(folder, name)
        for path in (state_path(folder, name), target, failed_path(folder, name), numbers, events):
            path.unlink(missing_ok=True)
        partial = target.with_name(f".{name}.{os.getpid()}.partial.ipynb")
        log = folder / "state" / f"{name}.kernel.log"
        execution = Execution(chapter, partial, parameters, events=events, log=log)
        return cls(chapter, folder, execution, EventReader(events), partial, monotonic())

    def show(self, progress: Progress) -> None:
        """Tell what is new."""
        for event in self.reader.read():
            progress.event(self.chapter, event)
        one = self.execution
        progress.cell(self.chapter, one.done, one.total, waiting=one.waiting)

    def finish(self, inputs: str) -> ChapterResult:
        """Give an execution that has ended its final names."""
        from helpers.report.execution import ChapterError

        name = self.chapter.name
        seconds = monotonic() - self.began - self.execution.waited
        try:
            self.execution.check()
            os.replace(self.partial, notebook_path(self.folder, name))
        except ChapterError as failure:
            if self.partial.exists():
                os.replace(self.partial, failed_path(self.folder, name))
            return ChapterResult(self.chapter, "failed", seconds, str(failure), failure.detail)
        state = {
            "digest": inputs,
            "seconds": round(seconds, 2),
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
            "sha256": _sums(self.folder, name),
        }
        write_json(state_path(self.folder, name), state)
        return ChapterResult(self.chapter, "done", seconds)


def run_chapters(
    chapters: Sequence[Chapter],
    parameters: Mapping[str, Any],
    folder: Path,
    digests: Mapping[str, str],
    progress: Progress,
    *,
    force: bool = False,
    at_once: int | None = 1,
    beside: AbstractContextManager[None] | None = None,
) -> list[ChapterResult]:
    """Run chapters, each in a fresh kernel.

    They are gone through in order, where several may run at a time those first that most others
    need, so that these do not end alone; and the next one starts whose needs are done while fewer
    than `at_once` compute. One that has come to a cell tagged ``alone`` waits until no other
    computes or can start, and is then alone until its end.

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
    at_once : int, default=1
        How many may run at a time; where None, :func:`suitable_at_once`.
    beside : context manager, optional
        Entered while chapters are executed, and not where none has to be.

    Returns
    -------
    list of ChapterResult
        One a chapter, in order. A failure stops only the chapters that need it.

    Raises
    ------
    ConfigError
        If a chapter does not have one of the parameters; then none was executed.
    KeyboardInterrupt
        After all kernels and what they started were ended; finished chapters are kept.
    """
    states = {chapter.name: read_state(folder, chapter.name) for chapter in chapters}
    changed = [
        chapter
        for chapter in chapters
        if force or states[chapter.name].get("digest") != digests[chapter.name]
    ]
    _check_all(changed, parameters)
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    if at_once is None:
        at_once = suitable_at_once() if len(changed) > 1 else 1
    progress.several = min(at_once, len(changed)) > 1
    waiting = _most_needed_first(chapters) if at_once > 1 else list(chapters)
    running = list[_Running]()
    results: dict[str, ChapterResult] = {}

    def end(result: ChapterResult) -> None:
        results[result.chapter.name] = result
        progress.chapter_ended(result)

    def go_on() -> None:
        """Start what can be started, and end what needs no start."""
        for chapter in list(waiting):
            computing = [one.execution for one in running if not one.execution.waiting]
            if len(computing) >= at_once or any(one.alone for one in computing):
                return
            unfinished = {other.name for other in waiting} | {r.chapter.name for r in running}
            if unfinished.intersection(chapter.needs):
                continue
            broken = [name for name in chapter.needs if name in results and results[name].broken]
            if broken:
                end(ChapterResult(chapter, "skipped", reason=f"needs {', '.join(broken)}"))
            elif chapter not in changed:
                seconds = float(states[chapter.name].get("seconds", 0.0))
                end(ChapterResult(chapter, "cached", seconds))
            else:
                progress.chapter_started(chapter)
                running.append(_Running.of(chapter, parameters, folder))
                running[-1].execution.start()
            waiting.remove(chapter)
        if running and all(one.execution.waiting for one in running):
            running[0].execution.go_alone()

    # When Ctrl-C ends the block, a kernel that waits for its server is told first that none comes.
    with _ended(running), _kernels(len(changed), folder / "state", beside):
        go_on()
        while running:
            running[0].execution.wait()
            for one in list(running):
                ended = not one.execution.running
                one.show(progress)
                if ended:
                    result = one.finish(digests[one.chapter.name])
                    running.remove(one)
                    end(result)
            go_on()
    return [results[chapter.name] for chapter in chapters]


def _most_needed_first(chapters: Sequence[Chapter]) -> list[Chapter]:
    """Chapters that many others wait for come first; of equals, as they come."""
    waited_for = Counter(name for chapter in chapters for name in chapter.needs)
    return sorted(chapters, key=lambda chapter: -waited_for[chapter.name])


@contextmanager
def _ended(running: list[_Running]) -> Iterator[None]:
    """Leave no kernel behind, and no copy that is not whole."""
    try:
        yield
    finally:
        if running:
            from helpers.report.execution import stop

            stop([one.execution for one in running])
        for one in running:
            one.partial.unlink(missing_ok=True)


@contextmanager
def _kernels(
    n_chapters: int, state: Path, beside: AbstractContextManager[None] | None
) -> Iterator[None]:
    """Have so many chapters executed in the block: by forked kernels where that pays."""
    if n_chapters == 0:
        yield
        return
    with ExitStack() as stack:
        if beside is not None:
            stack.enter_context(beside)
        from helpers.report import kernels  # Jupyter comes with it
        from helpers.report.execution import kernel_variables, prepared

        provisioner = None
        if n_chapters >= LEAST_CHAPTERS and kernels.can_serve():
            kernels.start_server(dict(os.environ) | kernel_variables())
            stack.callback(kernels.stop_server)
            provisioner = kernels.PROVISIONER
        stack.enter_context(prepared(state, provisioner))
        yield
