"""How wide a text is, in characters of half the width of a Chinese one."""

from __future__ import annotations

import unicodedata


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
