"""The errors that DermBook raises on purpose; each says what was expected, got, and to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from helpers.core.text import wrapped

if TYPE_CHECKING:
    from pydantic import ValidationError


class DermBookError(Exception):
    """Base of every error that DermBook raises on purpose."""

    @property
    def _render_traceback_(self) -> Callable[[], list[str]]:
        """What Jupyter shows in place of a traceback: the message is all there is to know.

        A report's runner keeps the traceback, as it does for any other error: Jupyter shows one
        where an error has no attribute of this name.
        """
        if "DERMBOOK_CHAPTER" in os.environ:
            raise AttributeError("_render_traceback_")
        return lambda: wrapped(f"{type(self).__name__}: {self}").splitlines()


class ConfigError(DermBookError):
    """A profile, parameter or trial configuration that cannot be used."""


class DataError(DermBookError):
    """One or more problems with data, collected and reported together.

    Parameters
    ----------
    problems : str or sequence of str
        One sentence a problem: what was expected, what was got, what to do.
    where : str, default=""
        The folder or file that the problems are about.
    shown : int, default=20
        How many problems the message lists; ``problems`` keeps them all.
    """

    def __init__(self, problems: str | Sequence[str], where: str = "", shown: int = 20) -> None:
        self.problems: list[str] = [problems] if isinstance(problems, str) else list(problems)
        n_problems = len(self.problems)
        if n_problems == 1 and not where:
            message = self.problems[0]
        else:
            noun = "problem" if n_problems == 1 else "problems"
            lines = [f"{where}: {n_problems} {noun}" if where else f"{n_problems} {noun}"]
            lines += [f"  - {problem}" for problem in self.problems[:shown]]
            if n_problems > shown:
                lines.append(f"  ... and {n_problems - shown} more")
            message = "\n".join(lines)
        super().__init__(message)


class TrialError(DermBookError):
    """A trial that failed; the message ends with the last lines of its log."""


class ReportError(DermBookError):
    """A report that cannot be built: a missing font, a traceback, an unresolved picture."""


def explain_validation(error: ValidationError) -> str:
    """A validation error as one line a field: where, what is wrong, what was got."""
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        got = "" if problem["type"] == "missing" else f", got {problem['input']!r}"
        lines.append(f"{where}: {problem['msg']}{got}")
    return "\n".join(lines)
