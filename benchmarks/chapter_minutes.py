"""Minutes that a chapter takes: words to read, exercises to do, seconds to run, of a finished run.

    python -m benchmarks.chapter_minutes runs/quick
    python -m benchmarks.chapter_minutes runs/quick --write

Nothing is run. The first command prints what a run of the profile ``quick`` measured beside what
the chapters say; the second keeps it in ``benchmarks/chapter_minutes.json`` and writes the line
"Time" of each chapter anew. A test holds the lines against the file. What a chapter computed is
counted as the reader sees it, which is why the words are those of the executed notebooks.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.report_profile import profile_run
from helpers.core import CHAPTERS, ROOT, ConfigError, atomic_file, read_json, write_json
from helpers.notebook import FIGURE_MIME, TABLE_MIME, find_chapters

MEASURES = Path(__file__).with_name("chapter_minutes.json")
EXERCISES = ROOT / "exercises"

WORDS_A_MINUTE = 200
"""Of a text that is studied: below the 238 of non-fiction that is read for pleasure. Brysbaert,
"How many words do we read per minute?", Journal of Memory and Language 109 (2019)."""

MINUTES_AN_EXERCISE = 5
"""Between two for a number that is read off and ten for an experiment that is changed."""

STEP = 5
"""Reading is told in steps of so many minutes."""

_EXERCISE = re.compile(r"^## (?:\d\d\.\d|Quiz$)", re.MULTILINE)
"""A quiz takes as long as an exercise: its three or four questions need no code."""
_TRY_IT = re.compile(r"^## Try it\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_TIME = re.compile(r"^\*\*Time:\*\*.*$", re.MULTILINE)
_UNREAD = re.compile(r"https?://\S+|<[^>]*>|\]\([^)]*\)")


@dataclass(frozen=True)
class Measure:
    """What a run says of a chapter.

    Attributes
    ----------
    words : int
        That a reader sees: prose, sentences that were computed, captions; no references, tables,
        code or figures.
    written : int
        Those among them that stand in the chapter's own cells of prose.
    seconds : float
        To execute it, from an empty cache.
    """

    words: int
    written: int
    seconds: float

    @property
    def reading(self) -> int:
        """Minutes to read, in steps of `STEP` and at least one step."""
        return max(STEP, STEP * round(self.words / WORDS_A_MINUTE / STEP))

    @property
    def running(self) -> int:
        """Minutes to run, begun ones counted whole."""
        return max(1, math.ceil(self.seconds / 60))


def count_words(markdown: str) -> int:
    """Words of a text, without addresses and tags.

    >>> count_words("A [link](https://a.b) of **two** — no: four words.")
    8
    """
    return sum(bool(re.search(r"\w", word)) for word in _UNREAD.sub("", markdown).split())


def _source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def written_words(notebook: dict[str, Any]) -> int:
    """Words of a notebook's own prose, without its references."""
    cells = [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "markdown" and "notice" not in cell["metadata"].get("tags", [])
    ]
    return sum(count_words(_source(cell).partition("## References")[0]) for cell in cells)


def _told(notebook: dict[str, Any]) -> Iterator[str]:
    """Sentences and captions that an executed notebook shows."""
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            yield "".join(data.get("text/markdown", ""))
            for mime in (FIGURE_MIME, TABLE_MIME):
                yield data.get(mime, {}).get("caption", "")


def measure_run(folder: str | Path) -> dict[str, Measure]:
    """Words and seconds of each chapter of a finished run.

    Parameters
    ----------
    folder : str or Path
        Of the profile ``quick``, and trained from an empty cache; only read.

    Returns
    -------
    dict of str to Measure
        By the chapter's name.

    Raises
    ------
    ConfigError
        If it is no finished run, one of another profile, or one whose trainings were there before.
    """
    folder = Path(folder)
    profiles = profile_run(folder).chapters
    profile = read_json(folder / "manifest.json")["configuration"]["profile"]["name"]
    if profile != "quick":
        raise ConfigError(f"{folder}: expected a run of the profile quick but got one of {profile}")
    listed = [read_json(path) for path in sorted((folder / "trials").glob("*.json"))]
    n_trials = len({trial["key"] for trials in listed for trial in trials})
    n_trained = sum(len(chapter.trainings) + chapter.missing for chapter in profiles)
    if n_trained < n_trials:
        raise ConfigError(
            f"{folder}: expected a run from an empty cache but {n_trials - n_trained} of its "
            f"{n_trials} trainings were there before; set DERMBOOK_HOME to an empty folder, and "
            "run the report again"
        )
    measures = {}
    for chapter in profiles:
        notebook = read_json(folder / "notebooks" / f"{chapter.name}.ipynb")
        written = written_words(notebook)
        words = written + sum(map(count_words, _told(notebook)))
        measures[chapter.name] = Measure(words, written, round(chapter.total or 0.0, 1))
    return measures


def kept_measures() -> dict[str, Measure]:
    """What `benchmarks/chapter_minutes.json` holds."""
    return {name: Measure(**values) for name, values in read_json(MEASURES).items()}


def n_exercises(name: str, chapters: Path = CHAPTERS, exercises: Path = EXERCISES) -> int:
    """Exercises of a chapter: those of its notebook, with the quiz as one, or else of "Try it"."""
    path = exercises / f"{name}.ipynb"
    if path.is_file():
        texts = [_source(cell) for cell in read_json(path)["cells"]]
        return sum(len(_EXERCISE.findall(text)) for text in texts)
    texts = [_source(cell) for cell in read_json(chapters / f"{name}.ipynb")["cells"]]
    found = [match[1] for text in texts for match in _TRY_IT.finditer(text)]
    return sum(len(re.findall(r"^\d+\. ", text, re.MULTILINE)) for text in found)


def time_line(measure: Measure, n: int, needs: Sequence[str] = ()) -> str:
    """The line of a chapter that says how long it takes, once what it needs has been run."""
    numbers = " and ".join(str(int(name[:2])) for name in needs)
    after = f" after {'chapter' if len(needs) == 1 else 'chapters'} {numbers}" if needs else ""
    exercises = f", {n * MINUTES_AN_EXERCISE} for the exercises" if n else ""
    minutes = "minute" if measure.running == 1 else "minutes"
    return (
        f"**Time:** {measure.reading} minutes to read{exercises}, "
        f"{measure.running} {minutes} to run in `quick`{after}."
    )


def write_time(path: Path, line: str) -> bool:
    """Write a chapter's line "Time"; say whether it was another."""
    notebook = read_json(path)
    opening = notebook["cells"][0]
    text = _TIME.sub(line, _source(opening))
    if text == _source(opening):
        return False
    opening["source"] = text.splitlines(keepends=True)
    with atomic_file(path) as temporary:
        written = json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True)
        temporary.write_text(written + "\n", encoding="utf-8")
    return True


def main() -> None:
    """Print the measures of a run beside what the chapters say, and keep them if asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", default="runs/quick", help="a run, as in runs/quick")
    parser.add_argument("--write", action="store_true", help="keep them, and write the lines anew")
    options = parser.parse_args()
    try:
        measures = measure_run(options.folder)
    except ConfigError as error:
        raise SystemExit(str(error)) from None
    if options.write:
        kept = kept_measures() if MEASURES.is_file() else {}
        write_json(MEASURES, {n: asdict(m) for n, m in sorted((kept | measures).items())})
    table = Table(title=f"{options.folder}: minutes to read, for the exercises and to run")
    for column in ("chapter", "words", "seconds", "says", "measured"):
        table.add_column(column, justify="left" if column == "chapter" else "right")
    for chapter in find_chapters():
        if (measure := measures.get(chapter.name)) is None:
            continue
        n = n_exercises(chapter.name)
        if options.write:
            write_time(chapter.path, time_line(measure, n, chapter.needs))
        minutes = f"{measure.reading}/{n * MINUTES_AN_EXERCISE}/{measure.running}"
        row = (f"{measure.words}", f"{measure.seconds:.0f}", chapter.minutes, minutes)
        table.add_row(chapter.name, *row)
    Console(width=None if Console().is_terminal else 120).print(table)


if __name__ == "__main__":
    main()
