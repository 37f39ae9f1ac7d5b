"""How wide a text is, in characters of half the width of a Chinese one, and lists of names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from textwrap import fill
from typing import Any

SHOWN = 20
"""How many names a problem lists."""

_WIDTH = 88
_WHOLE = re.compile(r"\w\([^()]*\)|'(?:dermbook|make) [^']*'")


def text_units(text: str) -> int:
    r"""Width of the longest line in half-width characters; a Chinese character counts two.

    >>> text_units("nv"), text_units("黑色素瘤"), text_units("mel\n黑色素瘤")
    (2, 8, 8)
    """
    wide = {"W", "F"}
    return max(
        sum(2 if unicodedata.east_asian_width(c) in wide else 1 for c in line)
        for line in text.split("\n")
    )


def name_some(names: Iterable[Any], shown: int = SHOWN) -> str:
    """Join names with commas, cut after ``shown`` with the number that is left.

    >>> name_some(["a", "b", "c"], shown=2)
    'a, b ... and 1 more'
    """
    listed = [str(name) for name in names]
    text = ", ".join(listed[:shown])
    return text + (f" ... and {len(listed) - shown} more" if len(listed) > shown else "")


def wrapped(text: str) -> str:
    """Lines broken between words: JupyterLab breaks a long one in the middle of a word.

    A call such as ``check("06.q1", "b")``, or a command in quotes, stays on one line, so that it
    can be copied. What follows a first line is indented by two more.
    """
    lines = []
    for line in text.splitlines():
        indent = " " * (len(line) - len(line.lstrip()) + 2)
        whole = _WHOLE.sub(lambda kept: kept[0].replace(" ", "\0"), line)
        broken = fill(
            whole,
            _WIDTH,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        lines.append(broken.replace("\0", " "))
    return "\n".join(lines)
