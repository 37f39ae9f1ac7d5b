"""The section of a Markdown file between two comments, written by a program."""

from __future__ import annotations

from helpers.core import ConfigError

BEGIN = "<!-- reference: begin; written by `dermbook reference --recompute` -->"
END = "<!-- reference: end -->"


def between_marks(text: str) -> str | None:
    r"""What stands between the two marks, or None where they are not there.

    >>> between_marks(f"a\n{BEGIN}\nb\n{END}\nc")
    'b\n'
    """
    if BEGIN not in text or END not in text:
        return None
    return text.partition(BEGIN)[2].partition(END)[0].removeprefix("\n")


def put_between_marks(text: str, section: str) -> str:
    r"""The text with another section between its marks.

    Raises
    ------
    ConfigError
        If the marks are missing or in the wrong order.

    >>> put_between_marks(f"a\n{BEGIN}\nb\n{END}\nc", "d\n").splitlines()[2]
    'd'
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ConfigError(
            f"expected the lines {BEGIN} and {END} but they are missing; put them where the "
            "results should stand"
        )
    return f"{before}{BEGIN}\n{section.rstrip()}\n{END}{after}"
