"""Faults seen on pages, each a kind: the page is looked at, as words, pixels and bytes."""

from __future__ import annotations

import base64
import io
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from nbformat import v4
from PIL import Image
from support.pdf_pages import Page, Pdf, Place, overlapping
from support.report_notebooks import COVER, code, figure, markdown, write_notebook

from helpers.notebook.marks import TABLE_MIME
from helpers.report.matter import Matter
from helpers.report.pictures import clean_picture
from helpers.report.rendering import Targets, render

SPACES = "\n\n".join(rf"$$7{space}8$$" for space in (r"\!", "", r"\;", r"\hspace{1cm}"))


def pages_of(folder: Path, *cells: object) -> Pdf:
    """A chapter's pages, without the cover and the contents."""
    path = write_notebook(folder / "01_a.ipynb", markdown("# A"), *cells)
    render([path], Targets(pdf=folder / "r.pdf"), COVER, "show")
    pdf = Pdf(folder / "r.pdf")
    pdf.pages = pdf.pages[2:]
    return pdf


def page_html(folder: Path, *cells: object) -> str:
    """The same as HTML."""
    path = write_notebook(folder / "01_a.ipynb", markdown("# A"), *cells)
    render([path], Targets(html=folder / "r.html"), COVER, "show")
    return (folder / "r.html").read_text(encoding="utf-8")


def test_few_tall_rows_break_over_pages(tmp_path: Path) -> None:
    """A table of eight rows that are higher than a page prints each word once, in its place."""
    rows = "".join(f"<tr><td>{n}</td><td>{'many<br>' * 12}</td></tr>" for n in range(8))
    page = f"<table><thead><tr><th>n</th><th>x</th></tr></thead><tbody>{rows}</tbody></table>"
    pdf = pages_of(tmp_path, code("t", v4.new_output("display_data", data={"text/html": page})))
    assert len(pdf.pages) > 1
    for page in pdf.pages:
        assert max(place.bottom for _, place in page.words()) < page.height - 40
    assert not overlapping(pdf.pages[-1])
    assert pdf.text.split().count("many") == 8 * 12


def test_long_caption_stays_on_the_pages(tmp_path: Path) -> None:
    """A high picture with a caption of a page's length runs into no footer."""
    Image.new("RGB", (300, 900), "#884422").save(tmp_path / "tall.png")
    pdf = pages_of(tmp_path, code("f", figure(tmp_path / "tall.png", "Long words. " * 200)))
    assert pdf.text.split().count("words.") == 200
    for page in pdf.pages:
        footer = [place for word, place in page.words() if place.top > page.height - 71]
        assert len(footer) <= 6  # the sample's name and the page's number


def test_foot_is_printed_once(tmp_path: Path) -> None:
    """The sums below a long table are on its last page alone."""
    rows = "".join(f"<tr><td>{n}</td><td>row</td></tr>" for n in range(120))
    page = f"<table><thead><tr><th>n</th><th>x</th></tr></thead><tbody>{rows}</tbody>"
    page += "<tfoot><tr><td>total</td><td>sum</td></tr></tfoot></table>"
    pdf = pages_of(tmp_path, code("t", v4.new_output("display_data", data={"text/html": page})))
    assert len(pdf.pages) > 2 and pdf.text.count("total") == 1
    assert "total" in pdf.pages[-1].text


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\begin{cases}a & b\\c & d\end{cases}", "abcd"),
        (r"\begin{aligned}a &= b\\c &= d\end{aligned}", "abcd"),
        (r"\begin{array}{l|r}a & b\\c & d\end{array}", "abcd"),
        (r"\begin{pmatrix}a & b\\c & d\end{pmatrix}", "abcd"),
        (r"\begin{vmatrix}a & b\\c & d\end{vmatrix}", "abcd"),
        (r"\begin{split}a &= b\\&= d\end{split}", "abd"),
        (r"\begin{alignat}{2}a &= b & c &= d\end{alignat}", "abcd"),
        (
            r"\begin{equation*}a = \left\{\begin{array}{ll}b\\c\end{array}\right.\end{equation*}",
            "abc",
        ),
    ],
)
def test_bare_environments_are_formulas(tmp_path: Path, tex: str, words: str) -> None:
    """They are printed and apart from each other, in the PDF and in MathML, among prose too."""
    cell = markdown(f"We say {tex} of it.")
    pdf, page = pages_of(tmp_path, cell), page_html(tmp_path, cell)
    letters = {"abcd"[n]: chr(0x1D44E + n) for n in range(4)}
    for letter in words:
        assert letters[letter] in pdf.text or letter in pdf.text.split()
        assert re.search(rf"<mi>{letter}</mi>", page)
    assert not overlapping(pdf.pages[0]) and "begin" not in pdf.text


def test_spaces_of_formulas_are_as_wide_as_in_tex(tmp_path: Path) -> None:
    r"""``\!`` is -3/18 em, ``\;`` 5/18 em, a centimetre a centimetre; letters stay apart."""
    pdf = pages_of(tmp_path, markdown(SPACES))
    (page,) = pdf.pages
    firsts, seconds = page.places_of("7"), page.places_of("8")
    gaps = [after.left - before.left for before, after in zip(firsts, seconds, strict=True)]
    none = gaps[1]
    assert [round((gap - none) / 10.6, 2) for gap in gaps] == pytest.approx(
        [-0.17, 0, 0.28, 2.85], abs=0.02
    )


def lowest_ink(page: Page, place: Place) -> float:
    """Where the ink of a word ends, in points from the top of the page."""
    around = place._replace(top=place.top - 2, bottom=place.bottom + 4)
    rows = page.ink(around, scale=6).max(axis=1)
    return around.top + float(np.flatnonzero(rows > 120).max()) / 6


def phone_picture(path: Path) -> None:
    """A tall picture as a phone writes it: lying, red at its top, with place, date and camera."""
    pixels = np.full((60, 180, 3), 200, np.uint8)
    pixels[:, :60] = (200, 0, 0)  # left, which turning puts on top
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0132] = 6, "SecretCamera", "2026:01:02 03:04:05"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[29] = "SecretPlace"
    image.save(path, exif=exif, quality=90)


def test_phone_picture_stands_upright(tmp_path: Path) -> None:
    """Tall as on the phone, its top on top, whole and above its caption, in PDF and HTML."""
    phone_picture(tmp_path / "phone.jpg")
    cell = markdown("![A phone's picture.](phone.jpg)")
    (page,) = pages_of(tmp_path, cell).pages
    (picture,), (caption,) = page.pictures(), page.places_of("phone’s picture")
    assert picture.bottom - picture.top == pytest.approx(3 * (picture.right - picture.left), 0.02)
    assert picture.bottom < caption.top < page.height - 71
    ink = page.ink(picture)
    third = len(ink) // 3
    assert ink[4 : third - 4].mean() > ink[third + 8 : -4].mean() + 50
    data = re.search(r'src="data:image/jpeg;base64,([^"]+)"', page_html(tmp_path, cell))
    assert data is not None
    with Image.open(io.BytesIO(base64.b64decode(data[1]))) as image:
        assert image.height > image.width and not dict(image.getexif())


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_no_place_date_or_camera_is_handed_on(tmp_path: Path, suffix: str) -> None:
    """Neither turned nor upright pictures carry them, in any format; pixels stay as they are."""
    for turned in (1, 6):
        exif = Image.Exif()
        exif[0x0112], exif[0x010F] = turned, "SecretCamera"
        exif.get_ifd(0x8825)[29] = "SecretPlace"
        buffer = io.BytesIO()
        pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
        Image.fromarray(pixels).save(
            buffer, {"jpg": "JPEG"}.get(suffix, suffix), exif=exif, lossless=True
        )
        assert b"Secret" in buffer.getvalue()
        clean = clean_picture(buffer.getvalue() + b"SecretTail")
        assert b"Secret" not in clean.data
        with Image.open(io.BytesIO(clean.data)) as image, Image.open(buffer) as before:
            assert image.size == ((20, 30) if turned == 6 else (30, 20))
            if turned == 1:
                assert np.array_equal(np.asarray(image), np.asarray(before))


def test_heads_that_wrap_leave_the_words_below_their_room(tmp_path: Path) -> None:
    """Where all heads do not fit on a line, no name runs into the next column, and none breaks."""
    name = "InceptionResNetV2"
    heads = ["other model", "p", "p by Holm", "verdict", "leader alone", "other alone"]
    heads += ["McNemar", "McNemar by Holm"]
    rows = [["ResNet50", "< 0.001", "0.003", "higher", "40", "4", "< 0.001", "< 0.001"]]
    rows += [[name, "0.029", "0.029", "higher", "21", "8", "0.026", "0.026"]]
    parts = "".join(
        f"<tr>{''.join(f'<{tag}>{text}</{tag}>' for text in cells)}</tr>"
        for tag, cells in (("th", heads), *(("td", row) for row in rows))
    )
    table = v4.new_output("display_data", data={"text/html": f"<table>{parts}</table>"})
    pdf = pages_of(tmp_path, code("t", table))
    assert not overlapping(pdf.pages[0])
    assert name in [word for word, _ in pdf.pages[0].words()]


def test_long_names_stay_in_their_column(tmp_path: Path) -> None:
    """Inline code, dotted names and hashes break within their column, and in prose on the page."""
    long = "helpers.report.typesetting.numbered_table.breakable_rows_of_names"
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    row = f"| `{long}` | {long} | {digest} | `{digest}` | end | {'word ' * 30} |\n"
    text = "| a | b | c | d | e | f |\n|---|---|---|---|---|---|\n" + row
    pdf = pages_of(tmp_path, markdown(text), markdown(f"Prose `{digest * 3}` and {digest * 3}."))
    for page in pdf.pages:
        assert not overlapping(page)
        assert max(place.right for _, place in page.words()) < 18.5 / 2.54 * 72 + 2


def test_long_lines_of_code_stay_on_the_page(tmp_path: Path) -> None:
    """An address longer than a line, and Chinese that is twice as wide as Latin letters."""
    printed = v4.new_output("stream", name="stdout", text="黑" * 90 + "\n" + "x" * 200)
    (page,) = pages_of(tmp_path, code('url = "https://' + "a" * 200 + '"', printed)).pages
    assert max(place.right for _, place in page.words()) < 18.5 / 2.54 * 72 + 2


def test_table_of_html_is_a_table(tmp_path: Path) -> None:
    """Its cells stand side by side, with the formulas and marks that are in them."""
    cell = markdown(
        "<table>\n  <tr><th>Name</th><th>Rate</th></tr>\n\n"
        "  <tr><td><b>mel</b></td><td>10<sup>-3</sup></td></tr>\n</table>"
    )
    (page,) = pages_of(tmp_path, cell).pages
    name, rate = page.places_of("Name")[0], page.places_of("Rate")[0]
    assert abs(name.top - rate.top) < 2 and rate.left > name.right
    assert page.places_of("mel")[0].top > name.bottom
    html = page_html(tmp_path, cell)
    assert "<th" in html and "<sup>" in html


def test_powers_and_marks_of_html_are_kept(tmp_path: Path) -> None:
    """``10<sup>-3</sup>`` is a power, ``<b>`` bold, and what is no element is text."""
    text = "It is 10<sup>-3</sup> of H<sub>2</sub>O, <b>bold</b>, <code>f(x)</code>, list<int>."
    (page,) = pages_of(tmp_path, markdown(text)).pages
    base, power = page.places_of("10")[0], page.places_of("-3") or page.places_of("−3")
    index = page.places_of("2")[0]
    assert lowest_ink(page, power[0]) < lowest_ink(page, base) - 1
    assert lowest_ink(page, index) > lowest_ink(page, base) + 0.5
    assert power[0].left >= base.right - 1 and "list<int>" in page.text
    html = page_html(tmp_path, markdown(text))
    for piece in ("<sup>-3</sup>", "<sub>2</sub>", "<strong>bold</strong>", "<code>f(x)</code>"):
        assert piece in html


def test_backslashes_of_prose_are_printed(tmp_path: Path) -> None:
    r"""A path of Windows and ``\textbf{}`` in prose are what they are in JupyterLab."""
    cell = markdown("Look in C:\\Users\\name for \\textbf{x} and $\\alpha$ and `\\n`.")
    (page,) = pages_of(tmp_path, cell).pages
    text = " ".join(page.text.split())
    assert "C:\\Users\\name for \\textbf{x} and" in text and "\\alpha" not in text
    assert "C:\\Users\\name" in page_html(tmp_path, cell)


def test_links_by_name_hold_in_their_own_chapter(tmp_path: Path) -> None:
    """Two chapters, and two cells, may each have a ``[1]`` of their own; code is left alone."""
    paths = [
        write_notebook(
            tmp_path / f"0{n}_a.ipynb",
            markdown("# A"),
            markdown(
                f"See [one][1] and `[^1]`.[^1]\n\n[1]: https://a{n}.example/x\n[^1]: Note {n}."
            ),
            markdown(f"See [two][1].\n\n[1]: https://b{n}.example/x"),
        )
        for n in (1, 2)
    ]
    plain = write_notebook(tmp_path / "03_a.ipynb", markdown("# A"), markdown("As in [1]."))
    render([*paths, plain], Targets(pdf=tmp_path / "r.pdf"), COVER, "show")
    pdf = Pdf(tmp_path / "r.pdf")
    assert [link for link in pdf.links() if "example" in link] == [
        f"https://{letter}{n}.example/x" for n in (1, 2) for letter in "ab"
    ]
    assert "As in [1]." in pdf.text and pdf.text.count("[^1]") == 2
    assert "Note 1." in pdf.text and "Note 2." in pdf.text


def test_macros_of_a_chapter_are_its_own(tmp_path: Path) -> None:
    r"""``\newcommand`` in a formula holds for what follows, as in MathJax."""
    cells = markdown(r"$$\newcommand{\mean}[1]{\bar{#1}}$$"), markdown(r"So $\mean{x} + \R$.")
    assert "<mover>" in page_html(tmp_path, *cells)


def test_title_and_head_of_a_table_may_hold_links(tmp_path: Path) -> None:
    """What is repeated on every page holds no link, which PDF/UA would refuse."""
    rows = "".join(f"| {n} | row |\n" for n in range(120))
    text = f"| [n](https://example.org) | x |\n|---|---|\n{rows}"
    pdf = pages_of(tmp_path, markdown("## See [it](https://example.org)"), markdown(text))
    assert len(pdf.pages) > 2
    title = "# See [it](https://example.org)[^1]\n\n[^1]: Note."
    path = write_notebook(tmp_path / "02_b.ipynb", markdown(title), markdown("word " * 900))
    render([path], Targets(pdf=tmp_path / "b.pdf"), COVER, "show")
    assert "Chapter 2: See it" in Pdf(tmp_path / "b.pdf").pages[3].text


def test_formulas_that_jupyter_reads_are_formulas(tmp_path: Path) -> None:
    r"""``$ x $`` with blanks, ``\\(x\\)``, and lines without an environment; money is money."""
    cell = markdown(r"A $ x^2 $ and \\(y^2\\) but $5 and $6." + "\n\n" + r"$$a = b \\ c = d$$")
    html = page_html(tmp_path, cell)
    assert html.count("<msup>") == 2 and "$5 and $6" in html


def test_a_table_may_follow_a_line_of_text(tmp_path: Path) -> None:
    """As JupyterLab has it, without a blank line between."""
    assert "<th" in page_html(tmp_path, markdown("These:\n| a | b |\n|---|---|\n| 1 | 2 |"))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("By lesion it is\n0. On all it is more.", "is 0. On"),
        ("> It is\n> 12. On all it is more.", "is 12. On"),
        ("As said on\np. 5, and\n(b) that.", "on p.\u00a05, and (b) that"),
        ("Of\niv. and\nb) and\n#. and\n(2) all.", "Of iv. and b) and #. and (2) all"),
        ("The share of\n| x | is\n: a sum, H~2~O^2^ as it is.", "of | x | is : a sum, H~2~O^2^"),
    ],
)
def test_sentences_that_go_on_in_a_line_are_no_list(tmp_path: Path, text: str, kept: str) -> None:
    """In JupyterLab only a 1 begins a list there, letters and bars nothing."""
    html = (
        page_html(tmp_path, markdown(text)).partition('id="chapter-1"')[2].partition("<script")[0]
    )
    assert not re.search("<(li|dl|sub|sup)>", html)
    assert kept in re.sub(r"[ \n]+", " ", html)


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("These:\n1. one\n2. two", 2),
        ("5. one\n6. two", 2),
        ("1. one\n\n   more of it\n2. two", 2),
        ("# Title\n7. one", 1),
        ("- one\n7. two", 2),
    ],
)
def test_lists_of_jupyter_are_lists(tmp_path: Path, text: str, items: int) -> None:
    """What begins with a 1, stands alone, follows a heading or another item."""
    html = (
        page_html(tmp_path, markdown(text)).partition('id="chapter-1"')[2].partition("<script")[0]
    )
    assert html.count("<li>") == items


def test_a_number_stays_in_its_line_wherever_that_breaks(tmp_path: Path) -> None:
    """Pandoc breaks lines of its own, and Typst would begin a list at one with ``9.``."""
    lengths = range(40, 80)
    cells = [markdown(f"{'w ' * (length // 2)}{'v' * (length % 2)} 9. End.") for length in lengths]
    pages = pages_of(tmp_path, *cells).pages
    numbers = [(page, place) for page in pages for word, place in page.words() if word == "9."]
    assert len(numbers) == len(lengths)
    for page, number in numbers:
        assert any(abs(place.top - number.top) < 1 for place in page.places_of("w w w w"))


def captioned(page: str, caption: str) -> object:
    """A displayed table with a number."""
    bundle = {"caption": caption, "name": "t"}
    return v4.new_output("display_data", data={TABLE_MIME: bundle, "text/html": page})


def test_cells_begin_at_the_top_of_their_row(tmp_path: Path) -> None:
    """On a chapter's first page as well, where tables move to the foot."""
    frame = "".join(f"<tr><td>short</td><td>{'long words ' * 30}</td></tr>" for _ in range(6))
    page = f"<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>{frame}</tbody></table>"
    pages = pages_of(tmp_path, code("t", captioned(page, "Tall.")), markdown("word " * 100)).pages
    shorts = [(page, place) for page in pages for place in page.places_of("short")]
    assert len(shorts) == 6
    for page, short in shorts:
        assert any(abs(place.top - short.top) < 1 for place in page.places_of("long words"))


def test_numbers_keep_their_order(tmp_path: Path) -> None:
    """A low table moves behind a high one that has moved, and stays where none has."""

    def rows(count: int) -> str:
        return "<table><tr><th>a</th></tr>" + "<tr><td>x</td></tr>" * count + "</table>"

    cells = [markdown("word " * 500)]
    for high, low in ((14, 2), (16, 3), (18, 1)):
        cells += [code("t", captioned(rows(high), "High."), captioned(rows(low), "Low."))]
        cells += [markdown("word " * 150), code("t", captioned(rows(2), "Alone."))]
        cells += [markdown("word " * 350)]
    pages = pages_of(tmp_path, *cells).pages
    found = [
        (number, page.places_of(f"Table 1.{table}")[0].top)
        for table in range(1, 10)
        for number, page in enumerate(pages)
        if page.places_of(f"Table 1.{table}")
    ]
    assert len(found) == 9 and found == sorted(found)


def test_code_in_prose_breaks_and_spreads_no_line(tmp_path: Path) -> None:
    """A call of several words goes on in the next line, so that the line before keeps its gaps."""
    text = 'Split by image with the seeds (`split(catalogue, by="image", seed=s, k=0)`) and look. '
    (page,) = pages_of(tmp_path, markdown(text * 6)).pages
    words = [(word, place) for word, place in page.words() if place.top < page.height - 71]
    gaps = [
        after.left - before.right
        for (_, before), (_, after) in pairwise(words)
        if abs(after.top - before.top) < 4 and after.left > before.right
    ]
    assert max(gaps) < 12


def test_a_question_stays_with_its_choices(tmp_path: Path) -> None:
    """Wherever the page ends in a quiz."""
    of_quiz = {"tags": ["quiz"]}
    choices = "\n".join(f"- **{letter})** A choice." for letter in "abcd")
    asked = [
        markdown(f"**01.q{n}** Question {n} of all?\n\n{choices}", metadata=of_quiz)
        for n in range(30)
    ]
    quiz = markdown("## Quiz\n\nChoose.", metadata=of_quiz)
    (tmp_path / "exercises").mkdir()
    write_notebook(tmp_path / "exercises" / "01_a.ipynb", quiz, *asked)
    path = write_notebook(tmp_path / "01_a.ipynb", markdown("# A"))
    matter = Matter(exercises=tmp_path / "exercises")
    render([path], Targets(pdf=tmp_path / "r.pdf"), COVER, "show", matter)
    pages = Pdf(tmp_path / "r.pdf").pages[2:]
    assert len(pages) > 2
    for page in pages:
        assert page.text.count("A choice.") == 4 * page.text.count("of all?")


WIDE = " + ".join(r"\frac{g(x+\epsilon)h(x+\epsilon)}{\epsilon}" for _ in range(8))


@pytest.mark.parametrize(
    "tex",
    [
        rf"$$f(x) = {WIDE} \quad \text{{definition}}$$",
        rf"$\begin{{align}}f(x) &= {WIDE} && \text{{definition}}\\ &= 0\end{{align}}$",
        rf"- $$f(x) = {WIDE} \quad \text{{definition}}$$",
    ],
    ids=["alone", "of several lines among words", "in a list"],
)
def test_wide_formulas_are_made_smaller(tmp_path: Path, tex: str) -> None:
    """What cannot go on in a next line ends at the margin, and is whole."""
    pdf = pages_of(tmp_path, markdown(tex), markdown(r"$$f(x) = 0 \quad \text{small}$$"))
    words = [(word, place) for page in pdf.pages for word, place in page.words()]
    (definition,) = (place for word, place in words if word == "definition")
    (small,) = (place for word, place in words if word == "small")
    margin = pdf.pages[0].width - 2.5 / 2.54 * 72
    assert definition.right < margin + 1
    assert definition.bottom - definition.top < small.bottom - small.top


def test_intervals_stay_in_their_column(tmp_path: Path) -> None:
    """Both ends of one share a line where their column holds them, and run into no other cell."""
    head = [
        "",
        "X",
        "Y",
        "method",
        "alternative",
        "n",
        "r",
        "CI95",
        "p_unc",
        "p_corr",
        "p_adjust",
        "power",
    ]
    row = ["0", "Neuroticism", "Conscientiousness", "spearman", "two-sided", "500", "-0.365",
           "[-0.44, -0.29]", "0.000", "0.015", "holm", "1.000"]  # fmt: skip
    cells = "".join(f"<td>{cell}</td>" for cell in row)
    names = "".join(f"<th>{name}</th>" for name in head)
    page = f"<table><thead><tr>{names}</tr></thead><tbody>{f'<tr>{cells}</tr>' * 4}</tbody></table>"
    pdf = pages_of(tmp_path, code("t", v4.new_output("display_data", data={"text/html": page})))
    assert not overlapping(pdf.pages[0])
    words = pdf.pages[0].words()
    first = [place for word, place in words if word.startswith("[")]
    p_values = [place for word, place in words if word == "0.000"]
    assert len(first) == len(p_values) == 4
    for interval, p_value in zip(first, p_values, strict=True):
        assert interval.right < p_value.left
