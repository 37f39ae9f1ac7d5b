"""The book's search and its folder of pages, read back and used in a real browser."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.accessibility import violations
from support.report_notebooks import COVER, write_chapter

from helpers.notebook.references import STYLE
from helpers.report.html import MINISEARCH
from helpers.report.rendering import Targets, render

pytest_plugins = ("support.chromium",)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chapters as one file and as a folder of pages."""
    folder = tmp_path_factory.mktemp("book")
    paths = [write_chapter(folder, "01_diseases", "The diseases"), write_chapter(folder)]
    targets = Targets(html=folder / "report.html", pages=folder / "pages")
    seconds = render(paths, targets, COVER, "show")
    assert set(seconds) == {"read", "html", "pages"} and min(seconds.values()) >= 0
    return folder


@pytest.fixture(scope="module")
def passages(book: Path) -> list[list[str]]:
    """What the one file's search looks through."""
    page = (book / "report.html").read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="search-index">(.*?)</script>', page)
    assert found
    loaded: list[list[str]] = json.loads(found[1])
    return loaded


def test_every_passage_leads_to_a_place_of_its_page(book: Path, passages: list[list[str]]) -> None:
    """Addresses of the search are ids of the page, in one file and in many."""
    page = (book / "report.html").read_text(encoding="utf-8")
    assert len(passages) > 10
    for address, *_ in passages:
        assert f'id="{address[1:]}"' in page
    index = (book / "pages" / "search-index.js").read_text(encoding="utf-8")
    several = json.loads(index.removeprefix("window.dermbookIndex = ").removesuffix(";\n"))
    assert len(several) == len(passages)
    for address, *_ in several:
        name, _, anchor = address.partition("#")
        assert not anchor or f'id="{anchor}"' in (book / "pages" / name).read_text(encoding="utf-8")


def test_prose_captions_and_tables_are_looked_through_and_code_is_not(
    passages: list[list[str]],
) -> None:
    """What a reader reads is found where it stands; what a machine reads is not."""
    by_address = {address: (chapter, heading, text) for address, chapter, heading, text in passages}
    assert by_address["#figure-4.1"][2].startswith("Accuracy of the frozen stage.")
    assert by_address["#table-4.1"][2].startswith("Recall by class. diagnosis class_0")
    assert (
        by_address["#chapter-4-1"]
        == (
            "Chapter 4: Augmentation",
            "4.1 黑色素瘤 and its mimics",
            "Text. A quote.",
        )
        or "A quote." in by_address["#chapter-4-1"][2]
    )
    assert not any("import numpy" in text or "run.train" in text for *_, text in passages)


def test_pages_stand_on_any_path(book: Path) -> None:
    """All addresses of the folder are relative and lead to its files; each page has its ways."""
    folder = book / "pages"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"index.html", "01_diseases.html", "04_augmentation.html", "book.css"} <= names
    for page in folder.glob("*.html"):
        text = page.read_text(encoding="utf-8")
        for address in re.findall(r'(?:href|src)="([^"]+)"', text):
            name, _, anchor = address.partition("#")
            if address.startswith("data:") or not (name or anchor):
                continue
            assert (name or page.name) in names, address
            if anchor:
                there = (folder / (name or page.name)).read_text(encoding="utf-8")
                assert f'id="{anchor}"' in there, address
        assert text.count("<h1") == 1
    first = (folder / "01_diseases.html").read_text(encoding="utf-8")
    assert 'rel="prev" href="index.html"' in first
    assert 'rel="next" href="04_augmentation.html"' in first


def test_pages_replace_what_is_there(book: Path, tmp_path: Path) -> None:
    """A chapter that is gone leaves no page, and nothing half-written is left."""
    path = write_chapter(tmp_path)
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "09_old.html").write_text("old")
    render([path], Targets(pages=tmp_path / "pages"), COVER, "hide")
    assert not (tmp_path / "pages" / "09_old.html").exists()
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("path", [MINISEARCH, STYLE], ids=lambda path: path.name)
def test_files_from_elsewhere_are_as_published(path: Path) -> None:
    """Size and checksum are those of the table beside it."""
    table = (path.parent / "README.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| `{path.name}` \|.*\| ([\d,]+) \| `(\w{{64}})` \|$", table, re.MULTILINE)
    assert row
    data = path.read_bytes()
    assert (f"{len(data):,}", hashlib.sha256(data).hexdigest()) == row.groups()


@pytest.fixture
def open_book(chromium: Any, book: Path) -> Iterator[Any]:
    """Open a file of the book; what the console says, or a host that is asked, fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    told: list[str] = []
    context.on("request", lambda request: told.append(request.url))

    def visit(name: str) -> Any:
        page = context.new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(f"file://{book}/{name}")
        return page

    yield visit
    context.close()
    assert [said for said in told if not said.startswith(("file://", "data:"))] == []


@pytest.mark.parametrize("name", ["report.html", "pages/index.html"])
def test_search_by_keys_alone(open_book: Any, name: str) -> None:
    """A slash, words, an arrow and Enter lead to the place; Escape closes; a slip is forgiven."""
    page = open_book(name)
    page.keyboard.press("/")
    page.keyboard.type("frozn stag")
    first = page.locator("#found li").first
    assert "Accuracy of the frozen stage." in first.inner_text()
    assert first.locator("mark").all_inner_texts() == ["frozen", "stage"]
    page.keyboard.press("ArrowDown")
    assert first.get_attribute("aria-selected") == "true"
    assert page.get_attribute("#search", "aria-activedescendant") == "found-0"
    page.keyboard.press("Escape")
    assert page.is_hidden("#found")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**#figure-*")
    assert page.is_visible(f'[id="{page.url.partition("#")[2]}"]')


def test_search_finds_chinese_and_says_when_it_finds_nothing(open_book: Any) -> None:
    """Characters without blanks between them are words; no hit is told."""
    page = open_book("report.html")
    page.fill("#search", "黑色素瘤")
    assert "黑色素瘤" in page.locator("#found li").first.inner_text()
    page.fill("#search", "zzzzqqqq")
    assert page.inner_text(".told") == "Nothing found"


def test_a_page_without_scripts_is_whole_but_for_its_search(chromium: Any, book: Path) -> None:
    """No empty box stands where nothing can be searched, and all text is there."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"file://{book}/report.html")
    assert page.locator(".search").is_hidden() and page.is_visible("#chapter-4")
    context.close()


def test_headings_look_alike_in_one_file_and_in_many(open_book: Any) -> None:
    """On a page of its own a chapter's headings are a level higher, and no larger or closer."""
    look = """heading => {
        const style = part => (({fontSize, marginTop, borderBottomWidth, display}) =>
            [fontSize, marginTop, borderBottomWidth, display].join())(getComputedStyle(part));
        return [heading, heading.querySelector('.number')].map(style);
    }"""
    whole, alone = open_book("report.html"), open_book("pages/04_augmentation.html")
    for one_file, own_page in (("h2", "h1"), ("h3", "h2")):
        there = whole.locator(f'[aria-labelledby="chapter-4"] {one_file}').first
        here = alone.locator(f"main {own_page}").first
        assert there.inner_text().split() == here.inner_text().split()
        assert there.evaluate(look) == here.evaluate(look)


@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_nothing_serious(open_book: Any, width: int) -> None:
    """No serious or critical violation, with the search's list open and formulas that scroll."""
    page = open_book("report.html")
    page.set_viewport_size({"width": width, "height": 800})
    page.fill("#search", "accuracy")
    assert violations(page) == []
