"""What of a cell's output belongs on a page, and the name of what cannot be printed."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from helpers.core import ReportError
from helpers.report.markdown import without_embeds
from helpers.report.pictures import Picture, clean_picture

_PICTURES = ("image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp")
_INTERACTIVE = {
    "application/vnd.plotly.v1+json": "Interactive figure of Plotly",
    "application/vnd.jupyter.widget-view+json": "Widget",
    "application/vnd.bokehjs_exec.v0+json": "Interactive figure of Bokeh",
    "application/vnd.holoviews_exec.v0+json": "Interactive figure of HoloViews",
    "application/javascript": "Output of a script",
    "application/pdf": "PDF",
    "video/mp4": "Video",
    "application/geo+json": "Map",
}
_VEGA = re.compile(r"application/vnd\.vega(lite)?\.v\d+\+json")
_LAID_OUT = re.compile(r"(?i)<(table|dl|ol|ul)\b")
_LOADS = re.compile(r"application/vnd\.(bokehjs|holoviews)_load\.v\d+\+json")
_OBJECT = re.compile(r"^\[?<(Figure|Axes|matplotlib|IPython|helpers)\b.*>\]?$", re.DOTALL)
_REPR = re.compile(r"^<[\w.]+( .*)?>$", re.DOTALL)
_PROGRESS_WIDGET = re.compile(r"\b(Float|Int)?Progress\(|^\s*\d+%\||it/s\]|\?it/s|B/s\]")
_DATA = re.compile(r"""data:[^"'\s]+;base64,[^"'<>]*""")
_SAID_OF_PAGE = {
    "plotly": "Interactive figure of Plotly", "bokeh": "Interactive figure of Bokeh",
    "vega": "Interactive figure of Vega", "leaflet": "Interactive map", "d3.": "Drawing of D3",
}  # fmt: skip


@dataclass(frozen=True)
class Shown:
    """What a page shows of an output.

    Attributes
    ----------
    kind : str
        What ``content`` is; ``"named"`` is the name of something that cannot be printed.
    content : str or Picture
        None for nothing.
    """

    kind: Literal["html", "prose", "picture", "text", "named", "nothing"]
    content: Any = None


def shown(data: Mapping[str, Any]) -> Shown:
    """Choose what a page shows of the formats that an output comes in.

    Parameters
    ----------
    data : mapping
        The output's data by MIME type.

    Returns
    -------
    Shown

    Raises
    ------
    ReportError
        If it has a picture that cannot be read.
    """
    page, plain = _joined(data.get("text/html", "")), _joined(data.get("text/plain", ""))
    if "text/markdown" in data:
        if _LAID_OUT.search(page) and "<script" not in page.lower():
            return Shown("html", page)  # of R, whose Markdown loses the values of named vectors
        return Shown("prose", _joined(data["text/markdown"]))
    for media in _PICTURES:
        if media in data:
            return Shown("picture", decoded(media, data[media]))
    said = next((said for media, said in _INTERACTIVE.items() if media in data), "")
    if any(map(_VEGA.fullmatch, data)):
        said = "Interactive figure of Vega"
    if said:
        is_progress = said == "Widget" and _PROGRESS_WIDGET.search(plain)
        return Shown("nothing") if is_progress else Shown("named", said)
    if any(map(_LOADS.fullmatch, data)):
        return Shown("nothing")
    is_diagram = 'class="sk-' in page  # scikit-learn draws an estimator, and says it in text too
    if "<table" in page and not is_diagram:
        return Shown("html", page)
    if "text/latex" in data:
        return Shown("prose", _joined(data["text/latex"]))
    drawn = _drawn_by(page) if "<script" in page.lower() else ""
    if drawn and "\n" not in plain.strip():
        return Shown("named", drawn)
    if plain.strip() and not _REPR.match(plain.strip()):
        return Shown("text", plain)
    if page.strip():
        return _of_page(page)
    if not plain and data:
        return Shown("named", f"Output as {', '.join(sorted(data))}")
    return Shown("nothing") if _OBJECT.match(plain.strip()) else Shown("text", plain)


def decoded(media: str, text: Any) -> Picture:
    """Picture of an output.

    Raises
    ------
    ReportError
        If it cannot be read.
    """
    joined = _joined(text)
    try:
        data = joined.encode() if media == "image/svg+xml" else base64.b64decode(joined)
        return clean_picture(data)
    except (binascii.Error, ValueError, ReportError) as error:
        raise ReportError(f"unresolved picture: {error}") from error


def _joined(text: Any) -> str:
    return text if isinstance(text, str) else "".join(map(str, text))


def _drawn_by(page: str) -> str:
    """What a page with scripts shows, by the name of the library that draws it, or nothing."""
    lower = _DATA.sub("", page).lower()  # a video's letters may spell a library's name
    return next((said for word, said in _SAID_OF_PAGE.items() if word in lower), "")


def _of_page(page: str) -> Shown:
    """HTML that comes without a text: its words and pictures, or its name."""
    lost: list[str] = []
    bare = without_embeds(page, lost)
    words = re.sub(r"<[^>]*>|&\w+;", " ", bare)
    is_script = "<script" in page.lower()
    if re.search(r"(?i)<(svg|img)\b", bare) and not is_script:
        return Shown("html", bare)
    if words.strip() and not lost and not (is_script and len(words.split()) < 3):
        return Shown("html", bare)
    said = _drawn_by(page)
    if not said and lost:
        said = "; ".join(dict.fromkeys(lost))
    draws = is_script and re.search(r"(?i)<(div|canvas|svg|span|p|img)\b", bare)
    if not said and not draws and not words.strip():
        return Shown("nothing")  # styles alone, the settings of a page
    return Shown("named", said or "HTML with a script")
