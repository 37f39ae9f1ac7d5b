"""What libraries in C log goes to the terminal in JupyterLab, and stays in a report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers.notebook.native_log import keep_native_log_out


@pytest.mark.parametrize(("chapter", "moved"), [(None, True), ("04_a", False)])
def test_the_log_goes_to_the_terminal_in_jupyterlab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chapter: str | None, moved: bool
) -> None:
    """By the descriptor that a kernel keeps; a report's kernel is left as it is."""
    monkeypatch.delenv("DERMBOOK_CHAPTER", raising=False)
    if chapter:
        monkeypatch.setenv("DERMBOOK_CHAPTER", chapter)
    before = os.dup(2)
    try:
        with (tmp_path / "notebook").open("wb") as notebook, (tmp_path / "log").open("wb") as log:
            os.dup2(notebook.fileno(), 2)
            stream = SimpleNamespace(_original_stdstream_copy=log.fileno())
            monkeypatch.setattr(sys, "stderr", stream)
            keep_native_log_out()
            os.write(2, b"of the machine")
    finally:
        os.dup2(before, 2)
        os.close(before)
    told = {name: (tmp_path / name).read_bytes() for name in ("notebook", "log")}
    assert told == {
        "notebook": b"" if moved else b"of the machine",
        "log": b"of the machine" if moved else b"",
    }


def test_a_stream_that_keeps_none_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a terminal's own."""
    monkeypatch.setattr(sys, "stderr", SimpleNamespace())
    before = os.fstat(2).st_ino
    keep_native_log_out()
    assert os.fstat(2).st_ino == before
