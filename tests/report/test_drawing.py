"""The sample drawn beside what comes first in a report."""

from __future__ import annotations

import time
from pathlib import Path
from threading import Event

import pytest
from filelock import FileLock
from psutil import Process

from helpers.dataset import open_source
from helpers.report.drawing import drawn_ahead
from helpers.sample import folder as sample


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    """A cache folder that no other test writes to."""
    monkeypatch.setenv("DERMBOOK_HOME", str(tmp_path))
    return tmp_path


def test_what_was_drawn_ahead_is_what_chapters_open(home: Path, monkeypatch) -> None:
    """A chapter that opens the sample meanwhile waits for it and draws none of its own."""
    begun, calls = Event(), []
    draw = sample.draw_sample

    def note(*args, **options):
        calls.append(options["n_images"])
        begun.set()
        return draw(*args, **options, workers=2)

    monkeypatch.setattr(sample, "draw_sample", note)
    with drawn_ahead("sample", 42, 5):
        assert begun.wait(60)
        source = open_source("sample", sample_images=42, seed=5)
    assert calls == [42]
    assert len(list(source.folder.glob("*/*.jpg"))) == 42


def test_an_unfinished_one_is_given_up(home: Path, monkeypatch) -> None:
    """However the block ends, nothing of it is left, and nothing hides why it ended."""
    begun = Event()
    draw = sample.draw_sample

    def slow(*args, progress, **options):
        def report(done, total):
            begun.set()
            progress(done, total)

        return draw(*args, **options, progress=report, workers=2)

    monkeypatch.setattr(sample, "draw_sample", slow)
    with pytest.raises(KeyboardInterrupt), drawn_ahead("sample", 4000, 5):
        assert begun.wait(60)
        raise KeyboardInterrupt
    assert [path.suffix for path in (home / "sources").iterdir()] == [".lock"]
    drawing = [child for child in Process().children() if "helpers.sample" in child.cmdline()]
    assert drawing == []


def test_the_end_does_not_wait_for_another_process_that_draws(home: Path) -> None:
    """Who waits for a sample gives that up as well."""
    folder = open_source("sample", sample_images=42).folder
    mark = folder / "drawn_sample.json"
    mark.unlink()  # as if it were not whole yet
    with FileLock(f"{folder}.lock"), drawn_ahead("sample", 42, 0):
        time.sleep(1)
    assert not mark.exists()


def test_what_is_wrong_is_left_to_the_chapters_to_tell(home: Path, capfd) -> None:
    """Fewer images than there can be, or another source: the block runs, and nothing is said."""
    for spec, n_images in (("sample", 3), ("ham10000", 600)):
        with drawn_ahead(spec, n_images, 0):
            pass
    assert capfd.readouterr() == ("", "")
    with pytest.raises(Exception, match="42"):
        open_source("sample", sample_images=3)
