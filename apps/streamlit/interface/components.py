"""Pieces of HTML that Streamlit has no widget for; every text from outside is escaped here."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

ACCENT = "var(--db-accent)"


@dataclass(frozen=True)
class Bar:
    """A row of a table of bars: its name, how full the bar is, and what stands behind it."""

    name: str
    share: float
    counts: tuple[str, ...]
    colour: str = ACCENT


def percent(share: float, digits: int = 0) -> str:
    r"""A share in per cent, with a space that does not break.

    >>> percent(0.956, 1)
    '95.6\xa0%'
    """
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%"


def show(html: str) -> None:
    """Draw a piece."""
    st.html(html)


def lead(text: str) -> str:
    """The first sentences of a page."""
    return f'<p class="db-lead">{escape(text)}</p>'


def soft(text: str) -> str:
    """A remark in a softer colour."""
    return f'<p class="db-soft">{escape(text)}</p>'


def notice_bar(strong: str, rest: str) -> str:
    """The notice at the foot of every page."""
    return f'<p class="db-notice" role="note"><strong>{escape(strong)}</strong> {escape(rest)}</p>'


def tile(name: str, number: str, interval: str = "", note: str = "") -> str:
    """A number with its name, interval and meaning."""
    parts = [
        f'<span class="db-name">{escape(name)}</span>',
        f'<span class="db-number">{escape(number)}</span>',
    ]
    if interval:
        parts.append(f'<span class="db-interval">{escape(interval)}</span>')
    if note:
        parts.append(f'<span class="db-note">{escape(note)}</span>')
    return f"<li>{''.join(parts)}</li>"


def tiles(items: Iterable[str], kind: str = "") -> str:
    """Tiles beside each other, as many as there is room for; "db-small" or "db-plain" ones."""
    return f'<ul class="db-tiles {kind}">{"".join(items)}</ul>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are."""
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in pairs)
    return f'<dl class="db-facts">{rows}</dl>'


def text_list(items: Iterable[str]) -> str:
    """Sentences with dots before them."""
    return f'<ul class="db-list">{"".join(f"<li>{escape(item)}</li>" for item in items)}</ul>'


def dot(colour: str) -> str:
    """A round mark in the colour of a diagnosis."""
    return f'<span class="db-dot" style="background:{escape(colour)}"></span>'


def class_list(items: Iterable[tuple[str, str, str, str]]) -> str:
    """Diagnoses: colour, name, whether malignant, and a note each."""
    rows = (
        f"<li>{dot(colour)}<strong>{escape(name)}</strong> "
        f'<span class="db-kind">{escape(kind)}</span>{escape(note)}</li>'
        for colour, name, kind, note in items
    )
    return f'<ul class="db-classes">{"".join(rows)}</ul>'


def bars(caption: str, heads: Sequence[str], rows: Iterable[Bar], *, first: bool = False) -> str:
    """A table whose rows have a bar.

    Parameters
    ----------
    caption : str
        For those who do not see it.
    heads : sequence of str
        Of the names and of each column of counts; shown where there is more than one of these.
    rows : iterable of Bar
    first : bool, default=False
        Whether the first row stands out.
    """
    body = []
    for place, row in enumerate(rows):
        counts = "".join(
            f'<td class="db-count{" db-lesion" if column else ""}">{escape(count)}</td>'
            for column, count in enumerate(row.counts)
        )
        width = f"{100 * min(max(row.share, 0.0), 1.0):.2f}%"
        fill = f'<span class="db-fill" style="width:{width};background:{row.colour}"></span>'
        body.append(
            f"<tr{' class=db-first' if first and place == 0 else ''}>"
            f'<th scope="row">{escape(row.name)}</th>'
            f'<td><span class="db-track">{fill if row.share > 0 else ""}</span></td>{counts}</tr>'
        )
    hidden = "" if len(heads) > 2 else ' class="db-hidden"'
    columns = "".join(f'<th scope="col" class="db-count">{escape(head)}</th>' for head in heads[1:])
    return (
        f'<table class="db-bars"><caption class="db-hidden">{escape(caption)}</caption>'
        f'<thead{hidden}><tr><th scope="col">{escape(heads[0])}</th>'
        f"<td></td>{columns}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


def column_chart(
    caption: str, steps: Sequence[tuple[int, str, int, int]], heads: Sequence[str]
) -> str:
    """Columns over steps of numbers, with a table of the same for those who do not see them.

    Parameters
    ----------
    caption : str
    steps : sequence of (first number, name, images, lesions)
    heads : sequence of str
        Of name, images and lesions.
    """
    most = max((images for _, _, images, _ in steps), default=0) or 1
    columns = "".join(
        f'<span style="height:{100 * images / most:.2f}%"><b>{images:,}</b></span>'
        for _, _, images, _ in steps
    )
    ticks = "".join(
        f"<span>{low if low % 10 == 0 or len(steps) < 6 else ''}</span>" for low, *_ in steps
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{images:,}</td><td>{lesions:,}</td></tr>'
        for _, name, images, lesions in steps
    )
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return (
        f'<div aria-hidden="true"><div class="db-columns">{columns}</div>'
        f'<div class="db-ticks">{ticks}</div></div>'
        f'<div class="db-hidden"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def meter(score: float, threshold: float, verdict: str, number: str, note: str) -> str:
    """The malignant score on a line, with the threshold as a mark on it."""
    side = "db-above" if score >= threshold else "db-below"
    return (
        f'<div class="db-meter {side}"><p class="db-verdict">'
        f'<span class="db-said">{escape(verdict)}</span><strong>{escape(number)}</strong></p>'
        f'<div class="db-meter-line" aria-hidden="true">'
        f'<span class="db-fill" style="width:{100 * score:.2f}%"></span>'
        f'<span class="db-mark" style="left:{100 * threshold:.2f}%"></span></div>'
        f'<span class="db-note">{escape(note)}</span></div>'
    )


def heading(text: str) -> str:
    """The heading of a card."""
    return f'<h3 class="db-heading">{escape(text)}</h3>'


def subtitle(text: str) -> str:
    """The heading of a part of a card."""
    return f'<h4 class="db-subtitle">{escape(text)}</h4>'


def about(name: str, note: str) -> str:
    """What a diagnosis is."""
    return f'<p class="db-about"><strong>{escape(name)}</strong> {escape(note)}</p>'


def warning(title: str, items: Sequence[str] = (), *, texts: Sequence[str] = ()) -> str:
    """Something that needs attention, and what it is about."""
    listed = "".join(f"<li>{escape(item)}</li>" for item in items)
    under = "".join(f"<p>{escape(text)}</p>" for text in texts)
    under += f"<ul>{listed}</ul>" if items else ""
    return f'<div class="db-warning" role="status"><strong>{escape(title)}</strong>{under}</div>'


def empty(text: str) -> str:
    """What is said where there is nothing yet."""
    return f'<p class="db-empty">{escape(text)}</p>'


def picture(pixels: NDArray[np.uint8], alt: str) -> str:
    """A picture with its alternative text; it goes to this visitor's page and nowhere else."""
    _, encoded = cv2.imencode(
        ".jpg", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 92]
    )
    return stored_picture(encoded.tobytes(), alt)


def stored_picture(jpeg: bytes, alt: str) -> str:
    """A picture that is a JPEG already, with its alternative text."""
    data = base64.b64encode(jpeg).decode()
    return f'<img class="db-picture" alt="{escape(alt)}" src="data:image/jpeg;base64,{data}">'


def row_table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str | None]], missing: str
) -> str:
    """Rows as they are; None is said to be missing."""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = []
    for row in rows:
        cells = "".join(
            f'<td class="db-missing">{escape(missing)}</td>'
            if cell is None
            else f"<td>{escape(cell[:80])}</td>"
            for cell in row
        )
        body.append(f"<tr>{cells}</tr>")
    return (
        f'<div class="db-scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table class="db-rows"><caption class="db-hidden">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )
