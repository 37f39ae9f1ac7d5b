"""One line a trial, under its chapter's cell and for the runner."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import Any

from helpers.training import Event, Trial


class CellLines:
    """One line a trial: updated while it trains, final when it is done."""

    def __init__(self, names: Sequence[str], chapter: str) -> None:
        self._chapter = chapter
        self._events = os.environ.get("DERMBOOK_EVENTS")
        self._trained: set[str] = set()
        self._handles = {name: self._show(f"{name}: waiting") for name in names}

    @staticmethod
    def _show(text: str) -> Any:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if get_ipython() is None:
            return None
        return display({"text/plain": text}, raw=True, display_id=True)

    def _write(self, name: str, text: str) -> None:
        handle = self._handles.get(name)
        if handle is not None:
            handle.update({"text/plain": f"{name}: {text}"}, raw=True)

    def update(self, event: Event) -> None:
        """Tell what a training tells."""
        if event["kind"] != "cached":
            self._trained.add(event["trial"])
        self._write(event["trial"], event["text"])
        if self._events:
            line = {
                "time": time.time(),
                "chapter": self._chapter,
                "kind": "trial",
                "text": f"{event['trial']}: {event['text']}",
                "done": event.get("done"),
                "total": event.get("total"),
                "finished": event["kind"] in ("done", "failed"),
            }
            with open(self._events, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def finish(self, trial: Trial) -> None:
        """Tell what came of a training."""
        record = trial.record
        best = record["best"]
        came = "" if trial.name in self._trained else "from the cache, "
        text = (
            f"{came}{record['epochs']} epochs in {record['seconds']['total']:.0f} s; "
            f"validation {best['val_accuracy']:.3f}, balanced {best['val_balanced_accuracy']:.3f}"
        )
        if record["memory_steps"]:
            least = record["memory_steps"][-1]["micro_batch"]
            text += f"; memory ran out, so {least} images went through at a time"
        self._write(trial.name, text)
