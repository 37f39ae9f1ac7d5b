"""Notebooks that are no chapters of the book: a PDF in any case, and a list of what is amiss."""

from __future__ import annotations

import base64
import io
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4
from PIL import Image
from support.pdf_pages import Pdf, overlapping
from support.report_notebooks import SVG, code, markdown, printed, write_notebook

from helpers.core.errors import ReportError
from helpers.core.paths import ROOT
from helpers.report.cells import shortened
from helpers.report.exporter import DermBookPDFExporter


def png(colour: str = "#884422", size: tuple[int, int] = (220, 110)) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def out(data: dict[str, Any]) -> Any:
    """An output in the given formats."""
    return v4.new_output("display_data", data=data)


def convert(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Pdf, str]:
    """The notebook's PDF, and what standard error said."""
    pdf, _ = DermBookPDFExporter().from_filename(str(path))
    return Pdf(pdf), capsys.readouterr().err


BADGE = "[![Open in Colab](https://colab.example/badge.svg)](https://colab.example/notebook)"
TRACE = ["\x1b[31m---------\x1b[0m", "ValueError: no \x1b[32mlesions\x1b[0m"]


@pytest.fixture(scope="module")
def teaching(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook as teachers have them: badges, HTML, pictures here and elsewhere, a traceback."""
    folder = tmp_path_factory.mktemp("teaching")
    (folder / "own.png").write_bytes(png())
    (folder / "drawn.svg").write_text(SVG)
    error = v4.new_output("error", ename="ValueError", evalue="no lesions", traceback=TRACE)
    return write_notebook(
        folder / "lesson.ipynb",
        markdown(f"# A [lesson](https://example.org)\n\n{BADGE}"),
        markdown(
            '<table align="left"><tr><td><a href="https://colab.example/x"><img '
            'src="https://colab.example/y.svg" alt="Colab badge"/></a></td><td><a '
            'href="https://kaggle.example/z"><img src="https://kaggle.example/z.svg"/></a></td>'
            "</tr></table>\n\nAfter the badges."
        ),
        markdown('Before.\n\n<img src="own.png" width="200">\n\n![Ours](drawn.svg)'),
        markdown("<center>\n<img src='own.png' style='width: 50%'/></center>"),
        markdown("![A lost one](gone.png) and ![](attachment:x.png)"),
        markdown("$\\nosuchthing{x}$ and 🤗 and <iframe src='https://films.example/1'></iframe>"),
        code("bad()", error),
        code("never()", count=None),
    )


@pytest.fixture(scope="module")
def pages(teaching: Path) -> Pdf:
    """Its PDF."""
    return Pdf(DermBookPDFExporter().from_filename(str(teaching))[0])


def test_pictures_elsewhere_are_links_by_their_text(pages: Pdf) -> None:
    """A badge is the link that it was, a table of badges a line of links."""
    text = " ".join(pages.text.split())
    for words in ("Open in Colab", "Colab badge · z.svg", "After the badges."):
        assert words in text
    assert {"https://colab.example/notebook", "https://kaggle.example/z"} <= set(pages.links())


def test_pictures_here_are_printed_as_wide_as_asked(pages: Pdf) -> None:
    """200 pixels of CSS are 5.3 cm, half of the text's width is 8 cm."""
    places = [place for page in pages.pages for place in page.pictures()]
    widths = sorted(round((place.right - place.left) / 72 * 2.54, 1) for place in places)
    assert widths == [5.3, 8.0]


def test_what_is_missing_is_marked(pages: Pdf) -> None:
    """A lost picture, a film, a formula and a character each leave their name."""
    text = " ".join(pages.text.split())
    for words in (
        "Picture missing – gone.png – A lost one",
        "Embedded page: https://films.example/1",
        "\\nosuchthing{x}",
        "‹hugging face›",
        "ValueError: no lesions",
    ):
        assert words in text
    assert "\x1b" not in text and "[31m" not in text


def test_warnings_are_listed_together(teaching: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard error names the cell of each; the exporter returns."""
    _, said = convert(teaching, capsys)
    assert "lesson.ipynb: 9 warnings" in said.splitlines()[0]
    for words in ("cell 0", "cell 4", "gone.png", "nosuchthing", "U+1F917", "shows a traceback"):
        assert words in said


def test_strict_makes_them_errors(teaching: Path) -> None:
    """``strict`` holds any notebook to the book's rules."""
    with pytest.raises(ReportError, match="shows a traceback, ValueError"):
        DermBookPDFExporter(strict=True).from_filename(str(teaching))


def test_nothing_amiss_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No warning without a cause."""
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A"), code("1"))
    assert convert(path, capsys)[1] == ""


def test_outputs_that_cannot_be_printed_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Plotly, widgets, maps and scripts leave their name; HTML of words and a GIF are printed."""
    frames = [Image.new("P", (60, 30), n) for n in (1, 2)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    gif = base64.b64encode(buffer.getvalue()).decode()
    html, plain = "text/html", "text/plain"
    path = write_notebook(
        tmp_path / "a.ipynb",
        markdown("# A"),
        code("a", out({"application/vnd.plotly.v1+json": {"data": []}, html: "<div></div>"})),
        code("b", out({html: "<b>Bold words</b>", plain: "<IPython.core.display.HTML object>"})),
        code("c", out({"image/gif": gif, plain: "<IPython.core.display.Image object>"})),
        code("d", out({html: "<iframe srcdoc='leaflet'></iframe>", plain: "<folium.Map at 0x1>"})),
        code("e", out({html: '<div class="sk-x"><table></table></div>', plain: "Lasso(0.1)"})),
        code("f", out({"application/vnd.jupyter.widget-view+json": {}, plain: "IntSlider(3)"})),
        code("g", out({html: "<audio src='data:audio/wav;base64,AA'></audio>", plain: "<A b>"})),
    )
    pdf, said = convert(path, capsys)
    text = pdf.text
    for words in (
        "[Interactive figure of Plotly: not printed]",
        "Bold words",
        "[Interactive map: not printed]",
        "Lasso(0.1)",
        "[Widget: not printed]",
        "[Sound: not printed]",
    ):
        assert words in text
    assert "<IPython" not in text and "<folium" not in text
    assert sum(len(page.pictures()) for page in pdf.pages) == 1
    assert said.count("named in its place") == 4


def test_a_cell_that_raises_on_purpose_is_no_fault(tmp_path: Path) -> None:
    """``raises-exception`` and ``skip-execution`` are right in the strict book, too."""
    error = v4.new_output("error", ename="ValueError", evalue="no lesions", traceback=TRACE)
    path = write_notebook(
        tmp_path / "a.ipynb",
        markdown("# A"),
        code("bad()", error, tags=("raises-exception",)),
        code("later()", count=None, tags=("skip-execution",)),
    )
    pdf, _ = DermBookPDFExporter(strict=True).from_filename(str(path))
    assert "ValueError: no lesions" in Pdf(pdf).text


def test_language_of_the_code_is_the_notebooks(tmp_path: Path) -> None:
    """A notebook in R, or in a language that nobody knows, is printed as well."""
    for language in ("R", "brand-new"):
        book = v4.new_notebook(cells=[markdown("# A"), code("x <- 1")])
        book.metadata["language_info"] = {"name": language}
        pdf, _ = DermBookPDFExporter().from_notebook_node(book)
        assert "x <- 1" in Pdf(pdf).text


def test_a_notebook_may_be_chapter_nought(tmp_path: Path) -> None:
    """``00_start.ipynb`` is chapter 0, and its sections 0.1 and 0.2."""
    path = write_notebook(tmp_path / "00_start.ipynb", markdown("# Start\n\n## One\n\n## Two"))
    text = Pdf(DermBookPDFExporter().from_filename(str(path))[0]).text
    assert "Chapter 0" in text and "0.1 One" in text and "0.2 Two" in text


def test_outputs_stay_below_their_code(tmp_path: Path) -> None:
    """A picture without a number never moves to the head of a page, away from what drew it."""
    picture = {"image/png": base64.b64encode(png(size=(500, 350))).decode()}
    cells = [code(f"draw{n}()", out(picture)) for n in range(4)]
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A"), *cells)
    pdf = Pdf(DermBookPDFExporter().from_filename(str(path))[0])
    shown = 0
    for page in pdf.pages:
        drawn = [place.top for word, place in page.words() if word.startswith("draw")]
        pictures = sorted(place.top for place in page.pictures())
        assert len(drawn) == len(pictures)
        assert all(above < below for above, below in zip(sorted(drawn), pictures, strict=True))
        shown += len(pictures)
    assert shown == 4


def test_nothing_moves_above_the_title(tmp_path: Path) -> None:
    """A numbered picture on the page that a chapter opens goes to its foot."""
    (tmp_path / "large.png").write_bytes(png(size=(500, 350)))
    words = "# Title\n\n![A caption in words](large.png)\n\nAfter."
    path = write_notebook(tmp_path / "a.ipynb", markdown(words))
    page = Pdf(DermBookPDFExporter().from_filename(str(path))[0]).pages[0]
    (title,), (picture,) = page.places_of("Title"), page.pictures()
    assert title.bottom < picture.top


def test_raw_cells(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Words, Markdown and HTML are printed, what is meant for another format is not."""
    kinds = {"": "plain", "text/markdown": "*slanted*", "text/html": "<b>bold</b>"}
    kinds["text/latex"] = "\\clearpage"
    raw = [v4.new_raw_cell(text, metadata={"raw_mimetype": kind}) for kind, text in kinds.items()]
    pdf, said = convert(write_notebook(tmp_path / "a.ipynb", *raw), capsys)
    words = pdf.text.split()
    assert {"plain", "slanted", "bold"} <= set(words) and "clearpage" not in pdf.text
    assert said == ""


def test_a_notebook_with_nothing_to_print(tmp_path: Path) -> None:
    """It is its title."""
    path = write_notebook(tmp_path / "empty.ipynb", v4.new_raw_cell("x", metadata={"format": "a"}))
    assert "Empty" in Pdf(DermBookPDFExporter().from_filename(str(path))[0]).text


def test_outputs_of_r(tmp_path: Path) -> None:
    """A named vector keeps its values, and a data frame its own caption, without a number."""
    vector = "<dl><dt>first</dt><dd>11</dd><dt>last</dt><dd>22</dd></dl>"
    frame = (
        "<table class='dataframe'>\n<caption>A data.frame: 1 x 1</caption>\n<thead>"
        "<tr><th scope=col>dx</th></tr><tr><th scope=col>&lt;chr&gt;</th></tr></thead>"
        "<tbody><tr><td>nevus</td></tr></tbody></table>"
    )
    path = write_notebook(
        tmp_path / "a.ipynb",
        markdown("# A"),
        code("v", out({"text/html": vector, "text/markdown": "first\n:   11last\n:   22\n\n"})),
        code("f", out({"text/html": frame, "text/markdown": "A data.frame\n\n| dx |\n|---|\n"})),
    )
    text = Pdf(DermBookPDFExporter().from_filename(str(path))[0]).text
    assert {"first", "11", "last", "22", "nevus", "<chr>"} <= set(text.split())
    assert "A data.frame: 1 x 1" in " ".join(text.split()) and "Table" not in text


def test_a_chart_that_a_script_draws_is_named(tmp_path: Path) -> None:
    """Altair gives a page beside a line of text that says nothing."""
    page = '<div id="v"></div><script>vegaEmbed("#v", {})</script>'
    chart = out({"text/html": page, "text/plain": "alt.Chart(...)"})
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A"), code("c", chart))
    text = Pdf(DermBookPDFExporter().from_filename(str(path))[0]).text
    assert "[Interactive figure of Vega: not printed]" in text and "alt.Chart" not in text


def test_letters_of_a_video_name_no_library(tmp_path: Path) -> None:
    """Base64 spells whatever it likes."""
    page = (
        '<video controls src="data:video/mp4;base64,AAAA\nGveGABokehd3VEGA==">Old browser</video>'
    )
    path = write_notebook(
        tmp_path / "a.ipynb", markdown("# A"), code("c", out({"text/html": page}))
    )
    text = Pdf(DermBookPDFExporter().from_filename(str(path))[0]).text
    assert "[Video: not printed]" in text


def test_a_mark_that_no_font_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Typst names it by its number; the letters that it stands on are spelt, too."""
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A\n\nதமிழ் and words"))
    pdf, said = convert(path, capsys)
    assert "‹tamil letter ta›" in " ".join(pdf.text.split()) and "words" in pdf.text
    assert "U+0BCD" in said


def test_long_outputs_are_shortened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log of many lines, or one of many letters, keeps its start and its end, and says so."""
    lines = "\n".join(f"line{n}" for n in range(3000))
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A"), code("x", printed(lines)))
    pdf, told = convert(path, capsys)
    text = pdf.text
    assert "cell 1 ('x'): 2,000 lines with" in told
    assert {"line0", "line899", "line2900", "line2999"} <= set(text.split())
    assert "line900" not in text.split() and "[2,000 lines with" in text
    whole = shortened("a" + "b" * 500_000 + "c")
    assert len(whole) < 101_000 and whole.startswith("ab") and whole.endswith("bc")
    assert "[400,002 characters are not printed]" in whole


def test_large_tables(tmp_path: Path) -> None:
    """Rows beyond the first are told, and columns come in turns that keep their words whole."""
    head = "".join(f"<th>feature_{n}</th>" for n in range(30))
    rows = "".join(f"<tr><td>row{n}</td>{'<td>0.123456</td>' * 29}</tr>" for n in range(502))
    page = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    wide = "<table>" + re.sub(r"<tr><td>row[2-9].*", "", rows) + "</table>"
    narrow = page.replace("<td>0.123456</td>" * 29, "").replace(head, "<th>feature_0</th>")
    cells = [code("a", out({"text/html": one, "text/plain": "x"})) for one in (narrow, wide)]
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A"), *cells)
    pdf = Pdf(DermBookPDFExporter().from_filename(str(path))[0])
    assert "row499" in pdf.text and "row500" not in pdf.text
    assert "[2 further rows are not printed]" in pdf.text
    assert pdf.text.split().count("0.123456") == 2 * 29 and not any(map(overlapping, pdf.pages))


def test_a_broken_drawing_is_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An SVG that is cut short does not stop the rest."""
    broken = out({"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg" width="9"><g'})
    path = write_notebook(tmp_path / "a.ipynb", markdown("# A"), code("a", broken), code("later"))
    pdf, said = convert(path, capsys)
    assert "Picture that cannot be read" in pdf.text and "later" in pdf.text
    assert "picture that cannot be read: failed to parse SVG" in said


def test_a_conversion_loads_no_library_of_numbers(tmp_path: Path) -> None:
    """Their imports would take longer than most notebooks."""
    path = write_notebook(tmp_path / "mine.ipynb", markdown("# Mine\n\nA line with $x^2$."))
    program = (
        "import sys; from helpers.report.exporter import DermBookPDFExporter as Exporter; "
        f"assert Exporter().from_filename({str(path)!r})[0].startswith(b'%PDF'); "
        "print({'pandas', 'scipy', 'matplotlib', 'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
