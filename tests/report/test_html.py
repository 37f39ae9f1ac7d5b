"""The page stands alone, and its structure serves readers who do not see it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from support.pdf_pages import Pdf
from support.report_notebooks import ALT, COVER, markdown, write_chapter, write_notebook

from helpers.report.exporter import DermBookPDFExporter
from helpers.report.rendering import Targets, render


class Reader(HTMLParser):
    """Collects tags with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Page of two chapters."""
    folder = tmp_path_factory.mktemp("page")
    paths = [write_chapter(folder, "01_diseases", "The diseases"), write_chapter(folder)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DERMBOOK_HOME", str(folder / "home"))
        render(paths, Targets(html=folder / "report.html"), COVER, "show")
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def tags(page: str) -> list[tuple[str, dict[str, str | None]]]:
    """Its tags."""
    reader = Reader()
    reader.feed(page)
    return reader.tags


def test_page_asks_no_host(page: str, tags: list[tuple[str, dict[str, str | None]]]) -> None:
    """No source, style, font or import leaves the file."""
    for tag, attributes in tags:
        source = attributes.get("src")
        if tag == "link":
            source = attributes["href"]
        assert source is None or source.startswith("data:"), (tag, source)
    assert not re.search(r"@import|url\((?!\"data:)", page)


def test_links_of_the_page_lead_somewhere(tags: list[tuple[str, dict[str, str | None]]]) -> None:
    """Each anchor has one target, and ids are unique."""
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    anchors = [a["href"] or "" for tag, a in tags if tag == "a" and "href" in a]
    inner = [anchor[1:] for anchor in anchors if anchor.startswith("#")]
    assert len(inner) > 8 and not set(inner) - set(ids)


def test_pictures_have_alternatives(tags: list[tuple[str, dict[str, str | None]]]) -> None:
    """Every picture says what it shows."""
    texts = [attributes.get("alt") for tag, attributes in tags if tag == "img"]
    assert texts.count(ALT) == 2 and texts.count("A brown patch.") == 2 and all(texts)


def test_headings_skip_no_level(tags: list[tuple[str, dict[str, str | None]]]) -> None:
    """One h1, and each heading at most one level below the one before."""
    levels = [int(tag[1]) for tag, _ in tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_chinese_is_marked_and_has_a_font(page: str) -> None:
    """Chinese words carry their language, and the page brings their glyphs."""
    assert '<span lang="zh-Hant">黑色素瘤</span>' in page
    assert 'src: url("data:font/otf;base64,' in page


def test_formulas_are_mathml_and_code_folds(page: str) -> None:
    """No script draws formulas; code is there, closed."""
    assert "<mfrac>" in page and '<details class="source">' in page
    assert "<summary>Parameters" in page and "secret" not in page


def test_captions_are_numbered(page: str) -> None:
    """Figures and tables carry the numbers that they have in the PDF."""
    for piece in ("Figure 4.1", "Table 4.2", "Chapter 4", "Drawn sample."):
        assert piece in page


def test_hidden_code_is_absent(tmp_path: Path) -> None:
    """``hide`` leaves no code and no button for it."""
    chapter = write_chapter(tmp_path)
    render([chapter], Targets(html=tmp_path / "r.html"), COVER, "hide")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert '<details class="source">' not in page and 'class="all"' not in page


def test_answers_are_folded_on_the_page_and_open_on_paper(tmp_path: Path) -> None:
    """A whole ``<details>`` folds; of another, the words stay and hide nothing."""
    answer = "<details>\n<summary>Answer.</summary>\n\nIt *leaks*.\n\n</details>"
    chapter = write_notebook(
        tmp_path / "01_a.ipynb",
        markdown(f"# A\n\nWhy?\n\n{answer}\n\nNext."),
        markdown("<details>\n<summary>Open</summary>\n\nNever closed.\n\nLast words."),
        markdown("</details>\n\n<details>\n\nNo summary.\n\n</details>"),
    )
    render([chapter], Targets(html=tmp_path / "r.html"), COVER, "hide")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    body = page[page.index('<section class="chapter"') :]
    assert body.count("<details>") == body.count("</details>") == 1
    assert re.search(r"<summary>\s*<strong>Answer.</strong>\s*</summary>\s*<p>It <em>leaks", body)
    assert all(words in body for words in ("Open", "Never closed.", "Last words.", "No summary."))
    pdf, _ = DermBookPDFExporter().from_filename(str(chapter))
    assert "Answer. It leaks." in Pdf(pdf).text
