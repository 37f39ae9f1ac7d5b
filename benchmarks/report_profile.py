"""Where the time of a report went, chapter by chapter, from what its run wrote.

    python -m benchmarks.report_profile runs/quick

Nothing is run. Read are the run's ``manifest.json``, ``state/``, ``trials/`` and executed
notebooks, and the trials' ``trial.json`` and ``history.csv`` in the cache folder.
What these do not tell is said to be not recorded.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from helpers.core import ConfigError, cache_home, read_json
from helpers.report import events_path

NOT_RECORDED = "not recorded"
PLOTS = ("run.figure(", "plots.")

Span = tuple[float, float]


@dataclass(frozen=True)
class Training:
    """Seconds of one training in its process.

    Attributes
    ----------
    imports, build : float
        Of the framework (nothing, where its process was forked or kept) and of the network.
    trace : float
        First epochs of stages above the median of the stage's later ones: tracing, and features
        of a frozen backbone. A stage of one epoch gives none: all of it counts as steps.
    steps : float
        Of all epochs without that.
    validate : float
        Of the training outside of its epochs' steps: validation scores, checkpoints, logs.
    save : float
        Predictions of the best epoch, and the files.
    """

    imports: float
    build: float
    trace: float
    steps: float
    validate: float
    save: float


@dataclass(frozen=True)
class ChapterProfile:
    """Seconds of one chapter; None where they are not recorded.

    Attributes
    ----------
    name : str
        Of the chapter.
    total : float or None
        As the report says it.
    kernel : float or None
        From the start of papermill until the first cell began.
    imports : float
        Of the cells that do nothing but import.
    waiting : float or None
        While at least one training of the chapter was under way, by the clock.
    plots, other : float
        Of the cells that make a figure and of all other cells, without what is waiting.
    gaps : float
        Between cells, while papermill writes the notebook.
    end : float or None
        From the end of the last cell until the chapter had ended: the kernel's end.
    trainings : tuple of Training
        Those made here, and not taken from the cache.
    missing : int
        Trainings whose trial is not in the cache any more.
    """

    name: str
    total: float | None
    kernel: float | None
    imports: float
    waiting: float | None
    plots: float
    other: float
    gaps: float
    end: float | None
    trainings: tuple[Training, ...]
    missing: int


def _json(path: Path, default: Any) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError):
        return default


def _moment(text: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return None


def training_of(folder: Path) -> Training | None:
    """Seconds of a trial's training, from its ``trial.json`` and ``history.csv``.

    None where they cannot be read.
    """
    seconds = _json(folder / "trial.json", {}).get("seconds")
    try:
        epochs = pd.read_csv(folder / "history.csv")[["stage", "seconds"]]
    except (OSError, ValueError, KeyError):
        return None
    if not seconds:
        return None
    trace = 0.0
    for _, stage in epochs.groupby("stage")["seconds"]:
        if len(stage) > 1:
            trace += max(0.0, float(stage.iloc[0] - stage.iloc[1:].median()))
    fitting = float(epochs["seconds"].sum())
    return Training(
        float(seconds["import"]),
        float(seconds["build"]),
        trace,
        fitting - trace,
        max(0.0, float(seconds["train"]) - fitting),
        float(seconds["predict_and_save"]),
    )


def _only_imports(source: str) -> bool:
    try:
        body = ast.parse(source).body
    except SyntaxError:  # magics of IPython
        return False
    return bool(body) and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)


def _cells(notebook: dict[str, Any]) -> list[tuple[Span, str]]:
    """When each executed cell of code began and ended, and its source."""
    cells = []
    for cell in notebook.get("cells", []):
        told = cell.get("metadata", {}).get("papermill", {})
        begin, end = _moment(told.get("start_time")), _moment(told.get("end_time"))
        if cell.get("cell_type") == "code" and begin is not None and end is not None:
            cells.append(((begin, end), "".join(cell["source"])))
    return cells


def _union(spans: Sequence[Span]) -> list[Span]:
    """The same time as spans that do not overlap."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _within(spans: Sequence[Span], cell: Span) -> float:
    return sum(max(0.0, min(end, cell[1]) - max(begin, cell[0])) for begin, end in spans)


def _events(folder: Path, name: str) -> list[dict[str, Any]]:
    try:
        lines = events_path(folder, name).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            events.append(json.loads(line))
        except ValueError:  # a run that was killed while it wrote
            continue
    return events


def _trained(
    folder: Path, name: str, begin: float, events: Sequence[dict[str, Any]], home: Path
) -> tuple[list[Training], list[Span], int]:
    """Trainings that a chapter made, when each was under way, and how many are not in the cache.

    An event says that a training has ended, after how many epochs and seconds, and the list of
    the chapter's trials says the same of each; a trial that the chapter asked for twice is listed
    under its last name alone, so that the name is not compared.
    """
    ended = [
        event
        for event in events
        if event.get("finished") and event["time"] >= begin and " epochs in " in event["text"]
    ]
    listed: dict[str, list[dict[str, Any]]] = {}
    for trial in _json(folder / "trials" / f"{name}.json", []):
        listed.setdefault(f"{trial['epochs']} epochs in {trial['seconds']:.0f} s", []).append(trial)
    trainings, spans, missing = [], [], 0
    for event in ended:
        title, _, lasted = event["text"].rpartition(": ")
        alike = listed.get(lasted, [])
        alike.sort(key=lambda trial: trial["name"] != title)  # its own name first
        found = alike.pop(0) if alike else None
        training = training_of(home / "trials" / found["key"]) if found else None
        seconds = float(found["seconds"] if found else lasted.split()[-2])
        spans.append((event["time"] - seconds, event["time"]))
        if training is None:
            missing += 1
        else:
            trainings.append(training)
    return trainings, _union(spans), missing


def profile_chapter(folder: Path, name: str, home: Path) -> ChapterProfile:
    """Where the time of one chapter of a run went."""
    events = _events(folder, name)
    notebook = _json(folder / "notebooks" / f"{name}.ipynb", {})
    total = _json(folder / "state" / f"{name}.json", {}).get("seconds")
    cells = _cells(notebook)
    began = _moment(notebook.get("metadata", {}).get("papermill", {}).get("start_time"))
    kernel = cells[0][0][0] - began if cells and began is not None else None
    trainings: list[Training] = []
    spans: list[Span] = []
    missing, recorded = 0, bool(events) and began is not None
    if began is not None:
        trainings, spans, missing = _trained(folder, name, began, events, home)
    imports = plots = other = waiting = 0.0
    for cell, source in cells:
        here = _within(spans, cell)
        waiting += here
        left = cell[1] - cell[0] - here
        if _only_imports(source):
            imports += left
        elif any(mark in source for mark in PLOTS):
            plots += left
        else:
            other += left
    inside = sum(end - begin for (begin, end), _ in cells)
    lasted = cells[-1][0][1] - cells[0][0][0] if cells else 0.0
    after = None
    if total is not None and kernel is not None:
        after = max(0.0, total - kernel - lasted)
    return ChapterProfile(
        name, total, kernel, imports, waiting if recorded else None, plots, other,
        max(0.0, lasted - inside), after,tuple(trainings), missing,
    )  # fmt: skip


@dataclass(frozen=True)
class RunProfile:
    """Where the time of a run went.

    Attributes
    ----------
    folder : Path
        The run.
    chapters : tuple of ChapterProfile
        In their order.
    executing : float or None
        From the start of the command's first chapter until the end of its last, by the clock.
    read, pdf, html : float or None
        Of typesetting: reading the chapters, then the PDF and the page at the same time. None where
        the run does not say.
    """

    folder: Path
    chapters: tuple[ChapterProfile, ...]
    executing: float | None
    read: float | None
    pdf: float | None
    html: float | None


def profile_run(folder: str | Path, home: Path | None = None) -> RunProfile:
    """Read a finished run.

    Parameters
    ----------
    folder : str or Path
        As in ``runs/quick``; only read.
    home : Path, optional
        The cache folder that has its trials; that of ``DERMBOOK_HOME`` by default.

    Raises
    ------
    ConfigError
        If it is not the folder of a run that has ended.
    """
    folder = Path(folder)
    manifest = _json(folder / "manifest.json", {})
    if not manifest.get("chapters"):
        raise ConfigError(
            f"{folder}: expected the folder of a finished run, with a manifest.json that names "
            "chapters, but there is none; run 'make report', or name one, as in runs/quick"
        )
    home = home or cache_home()
    chapters = tuple(profile_chapter(folder, name, home) for name in manifest["chapters"])
    begin, end = _moment(manifest.get("started")), _moment(manifest.get("finished"))
    typeset = _json(folder / "state" / "report.json", {}).get("seconds", {})
    executing = end - begin if begin is not None and end is not None else None
    parts = (typeset.get(name) for name in ("read", "pdf", "html"))
    return RunProfile(folder, chapters, executing, *parts)


def _told(seconds: float | None) -> str:
    return NOT_RECORDED if seconds is None else f"{seconds:.1f}"


_BY_CLOCK: dict[str, Callable[[ChapterProfile], float | None]] = {
    "kernel": lambda c: c.kernel,
    "imports": lambda c: c.imports,
    "waiting on trainings": lambda c: c.waiting,
    "figures": lambda c: c.plots,
    "other cells": lambda c: c.other,
    "between cells": lambda c: c.gaps,
    "end": lambda c: c.end,
    "all": lambda c: c.total,
}

_IN_TRAININGS: dict[str, Callable[[Training], float]] = {
    "import": lambda t: t.imports,
    "build": lambda t: t.build,
    "trace": lambda t: t.trace,
    "steps": lambda t: t.steps,
    "validate, keep": lambda t: t.validate,
    "predict, save": lambda t: t.save,
}


def profile_tables(profile: RunProfile) -> tuple[Table, Table]:
    """Seconds by the clock, and seconds inside the processes that train."""
    clock = Table(title=f"{profile.folder}: seconds by the clock")
    clock.add_column("chapter")
    for column in _BY_CLOCK:
        clock.add_column(column, justify="right")
    sums: Counter[str] = Counter()
    for chapter in profile.chapters:
        values = {column: value(chapter) for column, value in _BY_CLOCK.items()}
        clock.add_row(chapter.name, *map(_told, values.values()))
        sums.update({column: value for column, value in values.items() if value is not None})
    clock.add_section()
    clock.add_row("all chapters", *(_told(sums[column]) for column in _BY_CLOCK))
    inside = Table(title="Inside trainings: seconds of their processes, two of which run at a time")
    inside.add_column("chapter")
    inside.add_column("trainings", justify="right")
    for column in [*_IN_TRAININGS, "all"]:
        inside.add_column(column, justify="right")
    everything = [t for chapter in profile.chapters for t in chapter.trainings]
    rows = [(c.name, c.trainings, c.missing) for c in profile.chapters]
    missing = sum(chapter.missing for chapter in profile.chapters)
    for name, trainings, lost in [*rows, ("all chapters", tuple(everything), missing)]:
        if name == "all chapters":
            inside.add_section()
        if trainings or lost:
            parts = [sum(value(t) for t in trainings) for value in _IN_TRAININGS.values()]
            told = map(_told, [*parts, sum(parts)])
            count = f"{len(trainings)}" + (f" and {lost} {NOT_RECORDED}" if lost else "")
            inside.add_row(name, count, *told)
    return clock, inside


def main() -> None:
    """Print the two tables of a run, and what comes before and after its chapters."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", default="runs/quick", help="a run, as in runs/quick")
    try:
        profile = profile_run(parser.parse_args().folder)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    console = Console(width=None if Console().is_terminal else 150)
    for table in profile_tables(profile):
        console.print(table)
    chapters = sum(chapter.total or 0.0 for chapter in profile.chapters)
    if profile.executing is not None:
        between = profile.executing - chapters
        console.print(
            f"Last call: {profile.executing:.0f} s until its last chapter had ended"
            + (f", {between:.0f} s of them outside of chapters" if between >= 0 else "")
        )
    console.print(
        f"Reading the chapters {_told(profile.read)} s, then at the same time "
        f"PDF {_told(profile.pdf)} and HTML {_told(profile.html)} s"
    )
    console.print(
        f"What the command itself took to start, and to end after typesetting: {NOT_RECORDED}"
    )


if __name__ == "__main__":
    main()
