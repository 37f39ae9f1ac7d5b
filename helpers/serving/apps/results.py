"""Results to take home: what a model said of some pictures, as a table or as pages."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from helpers.core import COLOURS, MALIGNANT, ReportError, cjk_characters, gather_fonts
from helpers.report import TYPST_TEMPLATE
from helpers.serving.cards import Card
from helpers.serving.uploads import defused

RESULTS_TEMPLATE = Path(__file__).with_name("results.typ")
_SHOWN_CHARACTERS = 120
_WIDEST_PX = 480
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"

Texts = Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Result:
    """What became of one picture.

    Attributes
    ----------
    name : str
        Of its file.
    probabilities : ndarray of shape (n_classes,) or None
        Calibrated; None where the picture was refused.
    malignant : float or None
        Probability of all malignant classes together.
    refusal : str
        Why it was refused, in the reader's language.
    notes : tuple of str
        What was done to it, or is to be known of it, in the reader's language.
    picture, overlay : ndarray of shape (height, width, 3), uint8, or None
        For the pages: the picture, and the picture under its heat map.
    """

    name: str
    probabilities: NDArray[np.float64] | None = None
    malignant: float | None = None
    refusal: str = ""
    notes: tuple[str, ...] = ()
    picture: NDArray[np.uint8] | None = None
    overlay: NDArray[np.uint8] | None = None


def results_csv(results: Sequence[Result], card: Card, threshold: float, texts: Texts) -> bytes:
    """Results as a table for a spreadsheet or a program.

    Parameters
    ----------
    results : sequence of Result
        A row each.
    card : Card
        Of the model that was asked.
    threshold : float
        A picture is called malignant where its malignant probability is at least this.
    texts : mapping
        Of ``apps/texts``, in the reader's language.

    Returns
    -------
    bytes
        UTF-8 with a byte order mark, which spreadsheets need for Chinese. The names of the
        columns are the same in all languages; numbers have four decimals and a point.
    """
    header = ["file", "outcome", "most_probable", "name", *(f"p_{name}" for name in card.classes)]
    header += ["malignant", "threshold", "called_malignant", "notes", "model", "trial", "notice"]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for result in results:
        row = [result.name, texts["results"]["answered"], "", "", *[""] * len(card.classes)]
        called = ["", f"{threshold:.4f}", ""]
        notes = " ".join(result.notes)
        if result.probabilities is None or result.malignant is None:
            row[1] = texts["results"]["refused"]
            notes = " ".join([result.refusal, *result.notes]).strip()
        else:
            best = card.classes[int(np.argmax(result.probabilities))]
            row[2:4] = [best, _class_text(best, texts, "name")]
            row[4:] = [f"{value:.4f}" for value in result.probabilities]
            above = result.malignant >= threshold
            called = [f"{result.malignant:.4f}", f"{threshold:.4f}", "yes" if above else "no"]
        notice = f"{texts['notice']['title']} – {texts['notice']['short']}"
        row += [*called, notes, card.name, card.trial, notice]
        writer.writerow([defused(cell) for cell in row])
    return b"\xef\xbb\xbf" + buffer.getvalue().encode("utf-8", "replace")


def results_pdf(
    results: Sequence[Result],
    card: Card,
    threshold: float,
    texts: Texts,
    moment: datetime | None = None,
) -> bytes:
    """Results as pages to print or to show, which screen readers can read (PDF/UA-1).

    Parameters
    ----------
    results : sequence of Result
        In this order.
    card : Card
        Of the model that was asked.
    threshold : float
        A picture is called malignant where its malignant probability is at least this.
    texts : mapping
        Of ``apps/texts``, in the reader's language.
    moment : datetime, optional
        When they were made; now where None. The same moment gives the same bytes.

    Returns
    -------
    bytes
        The PDF. Characters of a file's name that the fonts lack are shown as a question mark in
        a diamond.

    Raises
    ------
    ReportError
        If a font is missing.
    """
    moment = (moment or datetime.now(UTC)).replace(microsecond=0)  # Typst knows seconds alone
    files: dict[str, bytes] = {
        TYPST_TEMPLATE.name: TYPST_TEMPLATE.read_bytes(),
        "main.typ": RESULTS_TEMPLATE.read_bytes(),
    }
    pages = {
        "texts": texts["results"] | {"notice": texts["notice"]},
        "language": texts["language"]["tag"],
        "model": f"{card.name} ({card.trial})" if card.trial else card.name,
        "licence": card.licence,
        "made": f"{moment:%Y-%m-%d %H:%M} UTC",
        "day": {"year": moment.year, "month": moment.month, "day": moment.day},
        "threshold": f"{100 * threshold:.4g} %",  # set, not estimated: 0 and 1 are what they say
        "results": [_page_of(result, card, threshold, texts) for result in results],
    }
    files["results.json"] = json.dumps(_printable(pages)).encode()
    return _compile(files, moment)


def _compile(files: Mapping[str, bytes], moment: datetime) -> bytes:
    """Compile ``main.typ``, all in memory: of a visitor's pictures nothing reaches the disk."""
    import typst

    with tempfile.TemporaryDirectory(prefix="dermbook-fonts-") as fonts:
        sources: Any = dict(files)  # its stubs know of no sources by name
        compiler = typst.Compiler(
            sources,
            font_paths=[str(path) for path in gather_fonts(Path(fonts))],
            ignore_system_fonts=True,
        )
        try:  # fonts are read when they are needed
            pdf, warnings = compiler.compile_with_warnings(
                format="pdf", pdf_standards="ua-1", timestamp=moment
            )
        except typst.TypstError as error:
            raise ReportError(f"the results were not set: {error.message}") from error
    fonts_missing = sorted({str(w.message) for w in warnings if "unknown font" in str(w.message)})
    if fonts_missing:
        raise ReportError(f"the results were not set: {'; '.join(fonts_missing)}")
    assert isinstance(pdf, bytes)
    return pdf


def _page_of(
    result: Result,
    card: Card,
    threshold: float,
    texts: Texts,
) -> dict[str, Any]:
    """One result as the template reads it; its pictures are JPEGs."""
    pictures = []
    for kind in ("picture", "overlay"):
        pixels = getattr(result, kind)
        if pixels is not None:
            image = Image.fromarray(pixels)
            image.thumbnail((_WIDEST_PX, _WIDEST_PX))
            buffer = io.BytesIO()
            image.save(buffer, "JPEG", quality=92)
            alt = texts["results"][f"{kind}_alt"]
            pictures.append({"jpeg": buffer.getvalue(), "alt": alt})
    name = result.name.strip() or "–"
    if len(name) > _SHOWN_CHARACTERS:
        name = f"{name[:_SHOWN_CHARACTERS]}…"
    page: dict[str, Any] = {
        "name": name,
        "refusal": result.refusal,
        "notes": list(result.notes),
        "pictures": pictures,
        "rows": [],
    }
    if result.probabilities is None or result.malignant is None:
        page["refusal"] = result.refusal or texts["results"]["refused"]
        return page
    order = np.argsort(-result.probabilities, kind="stable")
    page["rows"] = [
        {
            "name": _class_text(card.classes[index], texts, "name"),
            "share": float(result.probabilities[index]),
            "percent": probability_text(result.probabilities[index]),
            "colour": _colour(card.classes[index]),
        }
        for index in order
    ]
    page["note"] = _class_text(card.classes[order[0]], texts, "note")
    page["malignant"] = probability_text(result.malignant)
    page["above"] = bool(result.malignant >= threshold)
    return page


def _class_text(name: str, texts: Texts, key: str) -> str:
    entry = texts["classes"].get(name) or texts["kinds"][name]
    return str(entry[key])


def _colour(name: str) -> str:
    malignant = name in MALIGNANT or name == "malignant"
    return COLOURS.get(name, COLOURS["mel" if malignant else "nv"])


def probability_text(share: float) -> str:
    """A probability for people, which never says that something is certain.

    >>> probability_text(0.1234), probability_text(0.9999), probability_text(0.0001)
    ('12.3 %', '> 99.9 %', '< 0.1 %')
    """
    if share > 0.9995:
        return "> 99.9 %"
    return "< 0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"


def _printable(value: Any) -> Any:
    """All texts in a JSON-like value, without characters that the fonts lack."""
    if isinstance(value, str):
        known = _characters()
        return "".join(c if ord(c) in known else _UNKNOWN for c in " ".join(value.split()))
    if isinstance(value, Mapping):
        return {key: _printable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_printable(part) for part in value]
    return list(value) if isinstance(value, bytes) else value  # Typst makes bytes of numbers


@cache
def _characters() -> frozenset[int]:
    """Code points that the pages' fonts have."""
    import matplotlib
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    own = frozenset(TTFont(path, lazy=True).getBestCmap())
    # Characters of control and format, such as those that turn the direction, show nothing.
    return frozenset(c for c in own | cjk_characters() if unicodedata.category(chr(c))[0] != "C")
