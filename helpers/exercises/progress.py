"""What a student has tried and solved, kept beside the run in ``progress.json``."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from helpers.core import ConfigError, read_json, write_json
from helpers.exercises.registry import chapters_with_exercises, exercises_of, quiz_of

HINTS = 3
_WAIT_S = 10
_FIELDS: dict[str, type] = {"tries": int, "wrong": int, "solved": bool, "when": str, "last": str}


def keeps_progress() -> bool:
    """Whether tries count: not in a batch run, and not in the notebooks of solutions."""
    session = Path(os.environ.get("JPY_SESSION_NAME", ""))
    return "DERMBOOK_CHAPTER" not in os.environ and session.parent.name != "solutions"


class Progress:
    """Tries by exercise.

    Parameters
    ----------
    path : Path or None
        The file; None keeps them in `entries` alone.
    entries : dict, optional
        Where they are kept without a file.

    Attributes
    ----------
    notes : list of str
        What the student should know: that a damaged file was put aside, that nothing could be
        written.
    """

    def __init__(self, path: Path | None, entries: dict[str, dict[str, Any]] | None = None) -> None:
        self.path = path
        self.notes: list[str] = []
        self._entries = {} if entries is None else entries

    def record(self, exercise_id: str, solved: bool, fingerprint: str) -> int:
        """Count a try.

        Parameters
        ----------
        exercise_id : str
            Such as "06.2".
        solved : bool
            Whether the answer was right.
        fingerprint : str
            Tells it from other answers: the same as in the try before counts no more.

        Returns
        -------
        int
            Wrong tries of this exercise so far, this one included.
        """
        if self.path is None:
            return self._count(self._entries, exercise_id, solved, fingerprint)
        try:
            with FileLock(f"{self.path}.lock", timeout=_WAIT_S):
                entries = self.read()
                wrong = self._count(entries, exercise_id, solved, fingerprint)
                if self.path.exists():
                    shutil.copyfile(self.path, _previous(self.path))
                write_json(self.path, {"exercises": entries})
                return wrong
        except (ConfigError, OSError, Timeout) as error:
            self.notes.append(f"this try could not be kept: {error}")
            return self._count(self._entries, exercise_id, solved, fingerprint)

    def read(self) -> dict[str, dict[str, Any]]:
        """The entries of the file; of the copy of the try before, where the file is damaged."""
        path = self.path
        if path is None:
            return self._entries
        entries = _read(path)
        if entries is not None:
            return entries
        if not path.exists():
            return {}
        aside = path.with_name(f"{path.stem}-damaged-{datetime.now():%Y%m%d-%H%M%S}{path.suffix}")
        os.replace(path, aside)
        entries = _read(_previous(path))
        if entries is None:
            self.notes.append(
                f"{path.name} was damaged and is now {aside.name}; progress begins anew"
            )
            return {}
        self.notes.append(
            f"{path.name} was damaged and is now {aside.name}; progress goes on from the try before"
        )
        write_json(path, {"exercises": entries})
        return entries

    @staticmethod
    def _count(
        entries: dict[str, dict[str, Any]], exercise_id: str, solved: bool, fingerprint: str
    ) -> int:
        entry = entries.setdefault(
            exercise_id, {"tries": 0, "wrong": 0, "solved": False, "when": "", "last": ""}
        )
        if entry["last"] != fingerprint:
            entry["tries"] += 1
            entry["wrong"] += not solved
            entry["last"] = fingerprint
        if solved and not entry["solved"]:
            entry["solved"] = True
            entry["when"] = datetime.now().astimezone().isoformat(timespec="seconds")
        return int(entry["wrong"])


def _previous(path: Path) -> Path:
    return path.with_name(f".{path.stem}-previous{path.suffix}")


def _read(path: Path) -> dict[str, dict[str, Any]] | None:
    """The entries of a file; None if it is missing, or not as `Progress.record` writes it."""
    try:
        entries = read_json(path)["exercises"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    whole = isinstance(entries, dict) and all(
        isinstance(entry, dict)
        and all(isinstance(entry.get(name), kind) for name, kind in _FIELDS.items())
        for entry in entries.values()
    )
    return entries if whole else None


def progress_table(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """How far a student has come in a run.

    Parameters
    ----------
    folder : Path
        Of the run.

    Returns
    -------
    table : DataFrame
        A row an exercise or a question of a quiz: ``chapter``, ``exercise``, ``title``, ``quiz``
        (whether it is a question), ``solved``, ``tries``, ``hints`` (how many were shown) and
        ``when`` (it was solved).
    notes : list of str
        As of `Progress`.
    """
    progress = Progress(folder / "progress.json")
    entries: Mapping[str, dict[str, Any]] = progress.read()
    rows = []
    for chapter in chapters_with_exercises():
        for exercise in (*exercises_of(chapter), *quiz_of(chapter)):
            entry = entries.get(exercise.id, {})
            rows.append(
                {
                    "chapter": chapter,
                    "exercise": exercise.id,
                    "title": exercise.title,
                    "quiz": exercise.kind == "choose",
                    "solved": entry.get("solved", False),
                    "tries": entry.get("tries", 0),
                    "hints": min(entry.get("wrong", 0), HINTS),
                    "when": entry.get("when", ""),
                }
            )
    return pd.DataFrame(rows), progress.notes
