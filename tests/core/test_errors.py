"""What Jupyter shows of an error that DermBook raises on purpose, and how lines are broken."""

from __future__ import annotations

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers.core import ConfigError, DataError, DermBookError, TrialError, wrapped

COMMAND = "'dermbook report quick --run mine --chapters 06'"
LONG = (
    f"4 of 4 models of chapter 06 are not trained yet (EfficientNetLite0, ResNet50): run {COMMAND}"
)


def shown(error: Exception, capsys: pytest.CaptureFixture[str]) -> str:
    """What a notebook's cell shows where it is raised."""
    shell = InteractiveShell.instance()
    try:
        raise error
    except Exception:
        shell.showtraceback()
    taken = capsys.readouterr()
    return taken.out + taken.err


@pytest.mark.parametrize("kind", [ConfigError, DataError, TrialError, DermBookError])
def test_a_student_sees_the_message_alone(
    kind: type[DermBookError],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No line of the helpers' code, none wider than a notebook, and the command whole."""
    monkeypatch.delenv("DERMBOOK_CHAPTER", raising=False)
    lines = shown(kind(LONG), capsys).rstrip("\n").splitlines()
    assert " ".join(" ".join(lines).split()) == f"{kind.__name__}: {LONG}"
    assert max(map(len, lines)) <= 88
    assert sum(COMMAND in line for line in lines) == 1


def test_a_report_keeps_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads the log of a run wants to know where it was raised."""
    monkeypatch.setenv("DERMBOOK_CHAPTER", "06_confusion_matrix")
    assert "Traceback" in shown(ConfigError("profile: expected one"), capsys)


def test_each_line_of_a_list_is_broken_by_itself() -> None:
    """With what follows its first line indented by two more."""
    problem = "  - " + "an image that is not there " * 6
    lines = wrapped(f"folder: 2 problems\n{problem}\n  - short").splitlines()
    assert lines[0] == "folder: 2 problems" and lines[-1] == "  - short"
    assert lines[1].startswith("  - an image") and lines[2].startswith("    ")
    assert max(map(len, lines)) <= 88
