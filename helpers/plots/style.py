"""The one style of all figures: colours, sizes in print, and a font for Chinese labels."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from helpers.core import CUT_FAMILY, cjk_cut, cjk_file

STYLE_FILE = Path(__file__).with_name("dermbook.mplstyle")


def use_style() -> None:
    """Make matplotlib draw in the book's style from now on, Chinese labels included.

    Text is 9 points high where a figure is as wide as the page's text (16 cm). Latin text is
    set in DejaVu Sans. Chinese class names come from a regular cut, which is made at the first
    call on a machine; other Chinese characters come from the whole font, which matplotlib can
    only draw in its thinnest weight.

    Raises
    ------
    ReportError
        If the package with the Chinese font is missing.
    """
    import matplotlib.pyplot as plt

    plt.style.use(STYLE_FILE)
    families = [
        _register(cjk_cut(), CUT_FAMILY),
        _register(cjk_file(), "Noto Sans CJK"),
    ]
    plt.rcParams["font.family"] = ["DejaVu Sans", *families]
    # The Chinese font has one weight; a bold title falls back to it, which is no news.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def _register(path: Path, family: str) -> str:
    """Register a font once a process, as one of regular weight; give back its family."""
    from matplotlib.font_manager import fontManager

    known = [entry for entry in fontManager.ttflist if entry.fname == str(path)]
    if not known:
        before = len(fontManager.ttflist)
        fontManager.addfont(path)
        added = fontManager.ttflist[before:]
        # The variable font calls itself "thin", and matplotlib warns of that at every label.
        known = [replace(entry, weight=400) for entry in added]
        fontManager.ttflist[before:] = known
    traditional = [entry.name for entry in known if entry.name == f"{family} TC"]
    return (traditional or [entry.name for entry in known])[0]
