"""Figures, tables and computed prose as a chapter shows them, and as the report finds them.

One display output carries a bundle: for JupyterLab ``text/html`` and ``text/plain``, for the
report the file, the caption and the alternative text under a mime type of the book's own.
"""

from __future__ import annotations

import base64
import html
import io
import math
import numbers
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from helpers.core import atomic_file
from helpers.notebook.marks import FIGURE_MIME, TABLE_MIME
from helpers.notebook.watermark import MARK, mark_png, mark_svg
from helpers.statistics import Estimate, with_interval

TEXT_WIDTH_CM = 16.0
"""Width of the page's text, and the widest that a figure is printed."""

PHOTO_DPI = 200
MISSING = "–"
Format = str | Callable[[Any], str]

_MEDIA = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}


def show_figure(
    fig: Figure,
    path_stem: Path,
    caption: str,
    alt: str,
    kind: str = "plot",
    drawn: bool = False,
    width: float | None = None,
) -> Path:
    """Save a figure, display it with its caption, and close it.

    Parameters
    ----------
    fig : Figure
        What to show.
    path_stem : Path
        Folder and name without suffix; the name is the figure's name in the report.
    caption : str
        One or two sentences in Markdown, printed below the figure.
    alt : str
        What the figure shows, in words, for readers who do not see it.
    kind : {"plot", "photo"}, default="plot"
        A plot is saved as SVG with text as paths, a photograph as PNG of 200 dots an inch.
    drawn : bool, default=False
        Whether the images behind it are drawn; then figure and caption say so.
    width : float or None
        Printed width in centimetres, by default the figure's own; at most 16.

    Returns
    -------
    Path
        The saved file.

    Raises
    ------
    ValueError
        If the caption or the alternative text is empty, or the kind is unknown.
    """
    import matplotlib.pyplot as plt
    from IPython.display import display

    path_stem = Path(path_stem)
    for what, text in (("a caption", caption), ("an alternative text", alt)):
        if not text.strip():
            raise ValueError(f"figure {path_stem.name}: expected {what} but got none")
    if kind not in ("plot", "photo"):
        raise ValueError(
            f"figure {path_stem.name}: expected kind 'plot' or 'photo' but got {kind!r}"
        )
    if drawn:
        caption = f"{caption.strip()} Drawn sample."
    own_width = float(fig.get_size_inches()[0]) * 2.54
    width = round(min(width or own_width, TEXT_WIDTH_CM), 2)
    suffix = ".svg" if kind == "plot" else ".png"
    path = path_stem.with_name(path_stem.name + suffix).resolve()
    data = svg_bytes(fig, drawn) if kind == "plot" else _png(fig, drawn)
    with atomic_file(path) as temporary:
        temporary.write_bytes(data)
    plt.close(fig)
    bundle = {
        "path": str(path),
        "caption": caption,
        "alt": alt,
        "name": path_stem.name,
        "kind": kind,
        "width": width,
    }
    image = (
        f'<img src="{data_uri(path)}" alt="{html.escape(alt)}" '
        f'style="width: {width:g}cm; max-width: 100%; background: white">'
    )
    figure = f"<figure>{image}<figcaption>{_caption_html(caption)}</figcaption></figure>"
    plain = f"[Figure {path_stem.name}: {caption}]"
    display({FIGURE_MIME: bundle, "text/html": figure, "text/plain": plain}, raw=True)
    return path


def _caption_html(caption: str) -> str:
    """A caption for JupyterLab, with its code marked; in the report pandoc reads the Markdown."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(caption))


def data_uri(path: Path) -> str:
    """Picture file as a ``data:`` address, so that a page needs no file beside it."""
    media = _MEDIA[path.suffix.lower()]
    return f"data:{media};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _lay_out(fig: Figure) -> None:
    """Keep the labels of plain subplots inside the figure."""
    plain = fig.axes and all(ax.get_subplotspec() is not None for ax in fig.axes)
    if plain and fig.get_layout_engine() is None:
        fig.set_layout_engine("constrained")


def svg_bytes(fig: Figure, drawn: bool) -> bytes:
    """A plot as SVG with text as paths, the same bytes each time; drawn images are marked so."""
    _lay_out(fig)
    buffer = io.BytesIO()
    with rc_context({"svg.hashsalt": "dermbook", "svg.fonttype": "path"}):
        fig.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().decode()
    return (mark_svg(text) if drawn else text).encode()


def _png(fig: Figure, drawn: bool) -> bytes:
    _lay_out(fig)
    buffer = io.BytesIO()
    options = {"compress_level": 1} if drawn else {}  # it is written once more, with its mark
    metadata = {"Software": None}
    fig.savefig(buffer, format="png", dpi=PHOTO_DPI, metadata=metadata, pil_kwargs=options)
    return mark_png(buffer.getvalue(), PHOTO_DPI) if drawn else buffer.getvalue()


def show_table(
    table: pd.DataFrame,
    name: str,
    caption: str,
    formats: Mapping[str, Format] | None = None,
    index: bool = False,
    folder: Path | None = None,
) -> None:
    """Display a table with its caption, and write its exact values as CSV.

    Parameters
    ----------
    table : DataFrame
        Values as computed; rounding is the display's task.
    name : str
        Name of the table in the report and of its CSV file.
    caption : str
        One or two sentences in Markdown, printed above the table.
    formats : mapping of str to str or callable, optional
        How to write a column: a format such as ``"{:.1%}"`` or ``".2f"``, or a function of the
        value. Missing values are written as a dash whatever the format, and an `Estimate` with its
        interval. The column ``"*"`` stands for all columns of numbers that are not named.
    index : bool, default=False
        Whether the index is a column of its own.
    folder : Path or None
        Folder for ``<name>.csv``; None writes no file.

    Raises
    ------
    ValueError
        If the caption is empty, or a format is given for a column that is not there.
    """
    from IPython.display import display

    if not caption.strip():
        raise ValueError(f"table {name}: expected a caption but got none")
    formats = _spread(formats or {}, table)
    unknown = sorted(set(formats) - set(map(str, table.columns)))
    if unknown:
        raise ValueError(f"table {name}: formats for columns it does not have: {unknown}")
    if folder is not None:
        with atomic_file(Path(folder) / f"{name}.csv") as temporary:
            table.to_csv(temporary, index=index)
    shown = table.reset_index() if index else table
    n_heads = shown.shape[1] - table.shape[1]
    columns = [
        [format_value(value, formats.get(str(key))) for value in shown.iloc[:, place]]
        for place, key in enumerate(shown.columns)
    ]
    heads = [_head(key) for key in shown.columns]
    right = [_is_numeric(shown.iloc[:, place]) for place in range(shown.shape[1])]
    body = _table_html(heads, columns, right, n_heads, caption)
    text = pd.DataFrame(dict(enumerate(columns))).set_axis(heads, axis=1).to_string(index=False)
    bundle = {"caption": caption, "name": name}
    display(
        {TABLE_MIME: bundle, "text/html": body, "text/plain": f"{caption}\n{text}"},
        raw=True,
    )


def show_markdown(text: str) -> None:
    """Display Markdown that was computed in the run."""
    from IPython.display import Markdown, display

    display(Markdown(text))


def format_value(value: Any, how: Format | None = None) -> str:
    """Write one value of a table.

    >>> format_value(10015), format_value(0.8254), format_value(float("nan"))
    ('10,015', '0.825', '–')
    >>> format_value(0.8254, "{:.1%}"), format_value(0.8254, ".1f")
    ('82.5%', '0.8')
    """
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, numbers.Real) and math.isnan(value):
        return MISSING
    if callable(how):
        return how(value)
    if isinstance(value, Estimate):
        spec = how.removeprefix("{:").removesuffix("}") if how else ".2f"
        return how.format(value) if how and "{" in spec else with_interval(value, spec)
    if how is not None:
        return how.format(value) if "{" in how else format(value, how)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if not isinstance(value, numbers.Real):
        return str(value)
    if isinstance(value, numbers.Integral):
        return f"{int(value):,}"
    number = float(value)
    return f"{number:.3f}" if abs(number) < 10 else f"{number:,.1f}"


def _spread(formats: Mapping[str, Format], table: pd.DataFrame) -> dict[str, Format]:
    """Formats in which the one of ``"*"`` is that of each column of numbers without its own."""
    named = {name: how for name, how in formats.items() if name != "*"}
    if "*" not in formats:
        return named
    spread = {
        str(key): formats["*"]
        for place, key in enumerate(table.columns)
        if _holds_numbers(table.iloc[:, place])
    }
    return spread | named


def _holds_numbers(column: pd.Series) -> bool:
    if pd.api.types.is_bool_dtype(column):
        return False
    return pd.api.types.is_numeric_dtype(column) or any(isinstance(v, Estimate) for v in column)


def _head(key: Any) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    return ", ".join(str(part) for part in parts if str(part))


_NUMBER_LIKE = re.compile(r"[-+−–]?[\d.,]+( ?%| s)?( [\[(±].*)?")


def _is_numeric(column: pd.Series) -> bool:
    """Whether a column reads better aligned to the right."""
    if pd.api.types.is_bool_dtype(column):
        return False
    if pd.api.types.is_numeric_dtype(column):
        return True
    present = [str(value) for value in column if format_value(value) != MISSING]
    return bool(present) and all(_NUMBER_LIKE.fullmatch(value) for value in present)


def _table_html(
    heads: list[str],
    columns: list[list[str]],
    right: list[bool],
    n_heads: int,
    caption: str,
) -> str:
    align = ["right" if is_right else "left" for is_right in right]

    def cell(tag: str, text: str, place: int) -> str:
        return f'<{tag} style="text-align: {align[place]}">{html.escape(text)}</{tag}>'

    lines = [f"<table>\n<caption>{_caption_html(caption)}</caption>", "<thead><tr>"]
    lines += [
        cell("th", head, place).replace("<th ", '<th scope="col" ')
        for place, head in enumerate(heads)
    ]
    lines.append("</tr></thead>\n<tbody>")
    for row in zip(*columns, strict=True):
        cells = [
            cell("th", text, place).replace("<th ", '<th scope="row" ')
            if place < n_heads
            else cell("td", text, place)
            for place, text in enumerate(row)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    lines.append("</tbody>\n</table>")
    return "\n".join(lines)


__all__ = [
    "MARK",
    "show_figure",
    "show_markdown",
    "show_table",
]
