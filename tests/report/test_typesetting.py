"""The PDF, read back: pages, headings, characters, and the same bytes twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from support.pdf_pages import Pdf
from support.report_notebooks import COVER, code, figure, markdown, write_chapter, write_notebook

from helpers.core.errors import ReportError
from helpers.report import typesetting
from helpers.report.cover import Cover
from helpers.report.rendering import Targets, render


@pytest.fixture(scope="module")
def chapters(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two executed chapters."""
    folder = tmp_path_factory.mktemp("chapters")
    first = write_chapter(folder, "01_diseases", "The diseases")
    return [first, write_chapter(folder, "04_augmentation")]


@pytest.fixture(scope="module")
def report(chapters: list[Path]) -> Pdf:
    """Their report, code shown."""
    target = chapters[0].parent / "report.pdf"
    render(chapters, Targets(pdf=target), COVER, "show")
    return Pdf(target)


def test_all_formats_at_once_are_those_made_alone(chapters: list[Path], report: Pdf) -> None:
    """The writers share what was read of the chapters, and leave it as it is."""
    folder = chapters[0].parent
    at_once, alone = folder / "at once", folder / "alone"
    at_once.mkdir()
    alone.mkdir()
    targets = Targets(at_once / "r.pdf", at_once / "r.html", at_once / "pages")
    assert set(render(chapters, targets, COVER, "show")) == {"read", "pdf", "html", "pages"}
    render(chapters, Targets(html=alone / "r.html"), COVER, "show")
    render(chapters, Targets(pages=alone / "pages"), COVER, "show")
    assert (at_once / "r.pdf").read_bytes() == (folder / "report.pdf").read_bytes()
    names = sorted(path.relative_to(alone) for path in alone.rglob("*") if path.is_file())
    assert len(names) > 5
    for name in names:
        assert (at_once / name).read_bytes() == (alone / name).read_bytes(), name


def test_cover_says_what_was_run(report: Pdf) -> None:
    """Title, source, profile, date and devices, and that the sample is drawn."""
    cover = report.pages[0].text
    for piece in ("Seven lesions", "seed 0", "smoke", "5 March 2026", "CPU, 2 cores"):
        assert piece in cover
    assert "not patients" in " ".join(cover.split())


def test_outline_numbers_chapters_as_their_files(report: Pdf) -> None:
    """Chapters 1 and 4, each on a new page, with their sections below them."""
    outline = report.outline()
    chapters = [title for level, title, _ in outline if level == 1]
    assert chapters == ["1 The diseases", "4 Augmentation"]
    page = next(page for _, title, page in outline if title == "4 Augmentation")
    text = report.pages[page - 1].text
    assert "Chapter 4" in text and "4.1 黑色素瘤 and its mimics" in text
    contents = report.pages[1].text
    assert "Augmentation" in contents and str(page) in contents.split()


def test_captions_code_and_clean_output_are_on_the_pages(report: Pdf) -> None:
    """Numbered captions, source code, no terminal junk, header rows on each page."""
    pages = [page.text for page in report.pages]
    text = "\n".join(pages)
    for piece in ("Figure 4.1", "Figure 4.2", "Table 4.1", "run.train()", "trial one"):
        assert piece in text
    assert "secret" not in text and "a warning" not in text and "\x1b" not in text
    start = next(n for n, page in enumerate(pages) if "Table 4.2" in page)
    assert "ISIC_0000089" in pages[start + 1] or "ISIC_0000089" in pages[start + 2]
    assert pages[start + 1].count("image_id") >= 1


def test_nothing_runs_over_the_margin(report: Pdf) -> None:
    """All words end within the text's 16 cm, the wide table's too."""
    left, right = 2.5 / 2.54 * 72, 18.5 / 2.54 * 72
    places = [place for page in report.pages for _, place in page.words()]
    assert len(places) > 500
    assert min(place.left for place in places) >= left - 2
    assert max(place.right for place in places) <= right + 2


def test_same_run_gives_the_same_bytes(chapters: list[Path], report: Pdf) -> None:
    """Rendered again, the PDF is byte for byte the same; on another date it is not."""
    again, later = (chapters[0].parent / name for name in ("again.pdf", "later.pdf"))
    render(chapters, Targets(pdf=again), COVER, "show")
    render(chapters, Targets(pdf=later), COVER | {"date": "2026-03-06"}, "show")
    assert again.read_bytes() == (chapters[0].parent / "report.pdf").read_bytes()
    assert again.read_bytes() != later.read_bytes()


def test_hidden_code_is_not_printed(chapters: list[Path], tmp_path: Path) -> None:
    """``hide`` leaves output and figures and drops every code cell."""
    render(chapters, Targets(pdf=tmp_path / "hidden.pdf"), COVER, "hide")
    text = Pdf(tmp_path / "hidden.pdf").text
    assert "run.train()" not in text and "trial one" in text and "Figure 4.1" in text


def test_character_without_a_glyph_fails_and_names_the_cell(tmp_path: Path) -> None:
    """No empty boxes: the error names the character, the chapter and the cell."""
    path = write_notebook(
        tmp_path / "02_data.ipynb", markdown("# Data"), markdown("Fine."), code("x = '\u1200'")
    )
    with pytest.raises(ReportError, match=r"02_data\.ipynb, cell 2 .*U\+1200"):
        render([path], Targets(pdf=tmp_path / "x.pdf"), COVER, "show")
    assert not (tmp_path / "x.pdf").exists()
    render([path], Targets(pdf=tmp_path / "x.pdf"), COVER, "hide")


def test_unknown_font_fails(
    chapters: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A font that is not there is an error, not another font."""
    template = tmp_path / "template.typ"
    text = typesetting.TYPST_TEMPLATE.read_text().replace(
        '("Libertinus Serif",', '("No Such Serif",'
    )
    template.write_text(text)
    monkeypatch.setattr(typesetting, "TYPST_TEMPLATE", template)
    with pytest.raises(ReportError, match="(?i)no such serif"):
        render(chapters, Targets(pdf=tmp_path / "x.pdf"), COVER, "show")


def test_broken_picture_and_formula_fail(tmp_path: Path) -> None:
    """A picture that is none, and TeX that nobody can read, stop the report."""
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    picture = write_notebook(
        tmp_path / "01_a.ipynb", markdown("# A"), code("f()", figure(tmp_path / "broken.png"))
    )
    with pytest.raises(ReportError, match=r"01_a\.ipynb, cell 1 .*unresolved picture"):
        render([picture], Targets(pdf=tmp_path / "x.pdf"), COVER, "show")
    formula = write_notebook(tmp_path / "02_b.ipynb", markdown("# B\n\n$\\nosuchthing{x}$"))
    with pytest.raises(ReportError, match="nosuchthing"):
        render([formula], Targets(pdf=tmp_path / "x.pdf"), COVER, "show")


def test_cover_refuses_unknown_keys_and_dates() -> None:
    """A misspelt key or a date in words is an error that says what is expected."""
    with pytest.raises(ReportError, match="profil"):
        Cover.of({"title": "T", "profil": "quick"})
    with pytest.raises(ReportError, match="2026-01-31"):
        Cover.of({"title": "T", "date": "yesterday"})


def test_markup_in_text_stays_text(tmp_path: Path) -> None:
    """Typst's and the page's own signs in a title or a caption are printed as they are."""
    (tmp_path / "c.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="10pt" height="10pt" viewBox="0 0 10 10"/>'
    )
    caption = 'Costs $5 and #show "a" \\ [x] (y) @z_1'
    path = write_notebook(
        tmp_path / "03_c.ipynb",
        markdown("# Is *C#* <b>safe</b>? #let x"),
        code("f()", figure(tmp_path / "c.svg", caption)),
    )
    render([path], Targets(pdf=tmp_path / "c.pdf"), COVER | {"title": "#T [x] $y"}, "show")
    text = Pdf(tmp_path / "c.pdf").text
    assert "#show" in text and "@z_1" in text and "#T [x] $y" in text and "#let x" in text


def test_tall_figure_stays_on_its_page(tmp_path: Path) -> None:
    """A picture far higher than wide is printed smaller, caption on the same page."""
    Image.new("RGB", (300, 900), "#884422").save(tmp_path / "tall.png")
    path = write_notebook(
        tmp_path / "01_a.ipynb",
        markdown("# A"),
        code("f()", figure(tmp_path / "tall.png", "Tall.")),
    )
    render([path], Targets(pdf=tmp_path / "t.pdf"), COVER, "hide")
    page = next(page for page in Pdf(tmp_path / "t.pdf").pages if page.pictures())
    picture, caption = page.pictures()[0], page.places_of("Tall.")[0]
    assert picture.top > 0 and picture.bottom < caption.top
    assert caption.bottom < page.height - 60
