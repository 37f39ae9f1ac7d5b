"""Texts that a spreadsheet would take for formulas, and the apostrophe that keeps it from it."""

from __future__ import annotations

import pandas as pd

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take a text for a formula, in full-width characters too.

    >>> is_formula(" =1+1"), is_formula("＝1+1"), is_formula("mole-1.jpg")
    (True, True, False)
    """
    return text.startswith(_STARTS) or text.lstrip().startswith(_STARTS)


def are_formulas(texts: pd.Series) -> pd.Series:
    """`is_formula` of each text of a column, all at once: bool, of the same length."""
    starts = texts.str.startswith(_STARTS) | texts.str.lstrip().str.startswith(_STARTS)
    return starts.astype(bool)


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe goes before one that might.

    References
    ----------
    .. [1] OWASP, "CSV injection", https://owasp.org/www-community/attacks/CSV_Injection.

    Examples
    --------
    >>> defused("=1+1"), defused(" =1+1"), defused("mole.jpg")
    ("'=1+1", "' =1+1", 'mole.jpg')
    """
    return f"'{text}" if is_formula(text) else text
