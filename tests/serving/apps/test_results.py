"""Results to take home: complete, harmless to spreadsheets, readable in both languages."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pypdf
import pytest
from support.pdf_pages import Pdf
from support.small_served import small_card

from helpers.core import APPS
from helpers.core.classes import CLASSES
from helpers.serving.apps.results import Result, results_csv, results_pdf
from helpers.serving.uploads.formula_injection import defused

TEXTS = APPS / "texts"
MOMENT = datetime(2026, 1, 31, 12, 30, tzinfo=UTC)
NASTY = (
    "=HYPERLINK(\"http://x\")",
    "+1+1.png",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "  =1",
    "＝1+1",
)  # fmt: skip


@pytest.fixture(params=["en", "zh-Hant"])
def texts(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The shared texts of each language."""
    loaded: dict[str, Any] = json.loads((TEXTS / f"{request.param}.json").read_text("utf-8"))
    return loaded


def _answered(name: str = "mole.jpg", **fields: Any) -> Result:
    y_prob = np.array([0.02, 0.05, 0.1, 0.03, 0.62, 0.17, 0.01])
    return Result(name, y_prob, 0.69, **fields)


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_table_has_a_row_a_picture(texts: dict[str, Any]) -> None:
    """Probabilities, the call at the threshold, the model, and the notice in every row."""
    refused = Result("broken.jpg", refusal="cut short", notes=("first page",))
    data = results_csv([_answered(), refused], small_card(), 0.35, texts)
    assert data.startswith(b"\xef\xbb\xbf")
    first, second = _rows(data)
    assert first["most_probable"] == "mel"
    assert first["name"] == texts["classes"]["mel"]["name"]
    assert [float(first[f"p_{dx}"]) for dx in CLASSES] == [0.02, 0.05, 0.1, 0.03, 0.62, 0.17, 0.01]
    assert (first["malignant"], first["threshold"], first["called_malignant"]) == (
        "0.6900",
        "0.3500",
        "yes",
    )
    assert second["most_probable"] == second["p_mel"] == second["malignant"] == ""
    assert second["notes"] == "cut short first page"
    for row in (first, second):
        assert texts["notice"]["title"] in row["notice"]
        assert row["model"] == small_card().name


def test_the_call_is_made_at_the_threshold(texts: dict[str, Any]) -> None:
    """At least the threshold is malignant; a little more asked, and it is not."""
    for threshold, called in ((0.69, "yes"), (0.6901, "no")):
        rows = _rows(results_csv([_answered()], small_card(), threshold, texts))
        assert rows[0]["called_malignant"] == called


@pytest.mark.parametrize("name", NASTY)
def test_no_cell_begins_a_formula(texts: dict[str, Any], name: str) -> None:
    """Names of files are anything; a spreadsheet must show them, not compute them."""
    nasty = _answered(name, notes=(name,))
    data = results_csv([nasty, Result(name, refusal=name)], small_card(name=name), 0.5, texts)
    cells = [
        cell
        for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        for cell in row
    ]
    assert sum(name in cell for cell in cells) >= 4
    for cell in cells:
        assert cell.lstrip()[:1] not in tuple("=+-@＝＋－＠"), cell
        assert cell[:1] not in ("\t", "\r", "\n")
    assert defused("mole-1.jpg") == "mole-1.jpg"


def test_two_classes_have_a_table_too(texts: dict[str, Any]) -> None:
    """A screening model's columns are benign and malignant."""
    card = small_card(target="malignant", classes=("benign", "malignant"))
    result = Result("a.png", np.array([0.2, 0.8]), 0.8)
    row = _rows(results_csv([result], card, 0.5, texts))[0]
    assert row["p_malignant"] == "0.8000"
    assert row["name"] == texts["kinds"]["malignant"]["name"]
    assert results_pdf([result], card, 0.5, texts, MOMENT).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("threshold", "shown"), [(0.0, "0%"), (1.0, "100%"), (0.29, "29%"), (0.0004, "0.04%")]
)
def test_a_threshold_is_printed_as_it_was_set(
    texts: dict[str, Any], threshold: float, shown: str
) -> None:
    """Of a probability nobody is certain; a threshold is a number that somebody chose."""
    words = _words(results_pdf([_answered()], small_card(), threshold, texts, MOMENT))
    name = texts["results"]["threshold"].replace(" ", "")
    assert f"{name}：{shown}" in words or f"{name}:{shown}" in words


def test_pages_are_made_now_where_no_moment_is_named(texts: dict[str, Any]) -> None:
    """Without a moment the pages have the present one, in whole seconds."""
    assert results_pdf([_answered()], small_card(), 0.35, texts).startswith(b"%PDF")


def _words(data: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(data)).pages
    return "".join("".join(page.extract_text() for page in pages).replace("\u200b", "").split())


def test_pages_say_what_the_table_says(texts: dict[str, Any]) -> None:
    """Every class by name, the notice, the refusal, pictures; the same moment, the same bytes."""
    picture = np.full((90, 120, 3), 128, dtype=np.uint8)
    picture[:, 60:] = [200, 90, 80]
    results = [
        _answered(picture=picture, overlay=picture[:, ::-1], notes=("turned",)),
        Result("broken.jpg", refusal="The picture is damaged."),
    ]
    data = results_pdf(results, small_card(), 0.35, texts, MOMENT)
    assert data == results_pdf(results, small_card(), 0.35, texts, MOMENT)
    words = _words(data)
    expected = [texts["classes"][dx]["name"] for dx in CLASSES]
    expected += [texts["notice"]["title"], texts["results"]["above"], "mole.jpg", "62.0%", "69.0%"]
    expected += ["Thepictureisdamaged.", "turned", "2026-01-3112:30UTC"]
    for text in expected:
        assert "".join(text.split()) in words, text
    reader = pypdf.PdfReader(io.BytesIO(data))
    assert sum(len(page.images) for page in reader.pages) == 2
    assert reader.trailer["/Root"]["/Lang"].startswith(texts["language"]["tag"][:2])
    assert "/StructTreeRoot" in reader.trailer["/Root"]


@pytest.mark.parametrize(
    "name",
    [
        "#import \"/etc/passwd\"; $x$ *b* @a <c> `d` \\ \"",
        "左手背 ذراع बाँह 🩺 \x00\x1b\u202e.png",
        "a" * 400,
        "",
        "\n\n",
    ],
)  # fmt: skip
def test_names_of_files_are_only_text(name: str) -> None:
    """Markup stays text, characters without a font are replaced, a long name is cut."""
    loaded = json.loads((TEXTS / "en.json").read_text("utf-8"))
    words = _words(results_pdf([_answered(name)], small_card(), 0.5, loaded, MOMENT))
    assert "Melanoma" in words
    if name.startswith("#"):
        assert "".join(name.split()) in words
    if "左手背" in name:
        assert "左手背" in words
        assert "\ufffd" in words
        assert "\u202e" not in words


@pytest.mark.parametrize("letter", ["a", "W", "痣", "_"])
def test_a_long_name_stays_on_the_page(letter: str) -> None:
    """One word of 400 letters is cut, broken into lines, and ends before the margin."""
    loaded = json.loads((TEXTS / "en.json").read_text("utf-8"))
    data = results_pdf([_answered(letter * 400)], small_card(), 0.5, loaded, MOMENT)
    page = Pdf(data).pages[0]
    assert max(place.right for _, place in page.words()) <= page.width - 50


def test_nothing_chosen_gives_an_empty_table_and_a_page(texts: dict[str, Any]) -> None:
    """No row, but the header and the notice."""
    assert _rows(results_csv([], small_card(), 0.5, texts)) == []
    words = _words(results_pdf([], small_card(), 0.5, texts, MOMENT))
    assert "".join(texts["notice"]["title"].split()) in words


def test_both_languages_have_the_same_keys() -> None:
    """A text that one lacks would be found by a visitor."""

    def keys(value: Any, path: str = "") -> set[str]:
        if not isinstance(value, dict):
            assert isinstance(value, str) and value.strip(), path
            return {path}
        return {key for name, part in value.items() for key in keys(part, f"{path}.{name}")}

    loaded = [json.loads((TEXTS / f"{name}.json").read_text("utf-8")) for name in ("en", "zh-Hant")]
    assert keys(loaded[0]) == keys(loaded[1])
    assert set(loaded[0]["classes"]) == set(CLASSES)
