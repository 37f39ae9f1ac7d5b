"""What stands around the chapters: citations, the glossary, exercises; in pages and on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4
from support.accessibility import violations
from support.pdf_pages import Pdf
from support.report_notebooks import COVER, code, markdown, write_notebook

from helpers.core.errors import ConfigError, ReportError
from helpers.notebook.marks import REFERENCES_MIME, TABLE_MIME
from helpers.report.glossary import read_glossary
from helpers.report.matter import find_matter
from helpers.report.rendering import Targets, render

pytest_plugins = ("support.chromium",)

WORKS = """@article{holm1979,
  author = {Holm, S.}, title = {A simple procedure}, journal = {Scand J}, year = {1979}
}
@article{wilson1927,
  author = {Wilson, E. B.}, title = {Probable inference}, journal = {JASA}, year = {1927}
}
@book{rosner2011,
  author = {Rosner, B.}, title = {Biostatistics}, year = {2011}
}
"""
GLOSSARY = """
balanced accuracy:
  definition: The mean of the recalls of all classes.
  forms: [balanced accuracies]
  chapter: 01_first
ROC curve:
  definition: True against false alarms.
  chapter: 09_gone
"""
CELL = "<table><tr><th>a</th></tr><tr><td>Known [@rosner2011].</td></tr></table>"


def _table(page: str) -> object:
    bundle = {"caption": "Causes [@holm1979].", "name": "t"}
    return v4.new_output("display_data", data={TABLE_MIME: bundle, "text/html": page})


def _listed(*also: str) -> object:
    data = {REFERENCES_MIME: {"also": list(also)}, "text/markdown": "- **[@holm1979]**"}
    return v4.new_output("display_data", data=data)


def _write_book(folder: Path) -> list[Path]:
    chapters = folder / "chapters"
    for name in ("chapters", "exercises", "solutions"):
        (folder / name).mkdir()
    (chapters / "references.bib").write_text(WORKS)
    (chapters / "glossary.yml").write_text(GLOSSARY)
    first = write_notebook(
        chapters / "01_first.ipynb",
        markdown(
            "# First\n\n## Balanced accuracy\n\nThe `balanced accuracy` and [balanced accuracy]"
            "(https://x.org) aside, *balanced accuracies* are means [@wilson1927; @holm1979]. "
            "Balanced accuracy again, mail a@b.org, a @decorator."
        ),
        markdown("How to open this on Colab.", metadata={"tags": ["notice"]}),
        code("run.table()", _table(CELL)),
        markdown("## References"),
        code("run.references()", _listed()),
    )
    second = write_notebook(
        chapters / "02_second.ipynb",
        markdown("# Second\n\nA ROC\ncurve; see [@holm1979]."),
        markdown(
            "Do [`exercises/01_first.ipynb`](../exercises/01_first.ipynb), and not "
            "[`exercises/02_second.ipynb`](../exercises/02_second.ipynb)."
        ),
        markdown("## References"),
        code("run.references('rosner2011')", _listed("rosner2011")),
    )
    cells = [
        markdown("# Exercises: first\n\nHow they are used."),
        code("run = open_run()"),
        markdown("## 01.1 Read a recall\n\nWhat is the *recall*? See [two](02_second.ipynb)."),
        code("recall = 0.25", tags=("solution",)),
        code('check("01.1", recall)'),
        markdown("*For teachers.* Watch the axis.", metadata={"tags": ["teacher"]}),
        markdown("## 01.2 Change it\n\nNow change the threshold."),
        code("given = 1"),
        code("changed = 2", tags=("solution",)),
        code('check("01.2", changed)'),
    ]
    of_quiz = {"tags": ["quiz"]}
    quiz = [
        markdown("## Quiz\n\nA letter will do.", metadata=of_quiz),
        markdown("**01.q1** Which one?\n\n- **a)** This.\n- **b)** That.", metadata=of_quiz),
    ]
    told = markdown("*For teachers, 01.q1.* Why.", metadata={"tags": ["quiz", "teacher"]})
    asked = code('import x\n\ncheck("01.q1", "b")', tags=("quiz",))
    cells += [*quiz, asked, told]
    write_notebook(folder / "solutions" / "01_first.ipynb", *cells)
    blank = [code("recall = ...", tags=("answer",)), cells[4], cells[6], cells[7], *quiz, asked]
    write_notebook(folder / "exercises" / "01_first.ipynb", *cells[:3], *blank)
    return [first, second]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two chapters with all that may stand around them, written as each edition."""
    folder = tmp_path_factory.mktemp("matter")
    paths = _write_book(folder)
    for edition in ("student", "teacher"):
        matter = find_matter(folder / "chapters", edition)
        render(paths, Targets(html=folder / f"{edition}.html"), COVER, "hide", matter)
        render(paths, Targets(pdf=folder / f"{edition}.pdf"), COVER, "hide", matter)
    render(paths, Targets(pages=folder / "pages"), COVER, "hide", find_matter(folder / "chapters"))
    return folder


def _page(book: Path, name: str) -> str:
    return (book / name).read_text(encoding="utf-8")


def _words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))


def test_citations_are_numbers_that_lead_to_their_works(book: Path) -> None:
    """Numbered by chapter in the order of citing, tables too; what is no citation is text."""
    page = _page(book, "student.html")
    assert "[1], [2]" in _words(page) and "Known [3]." in _words(page)
    assert "Causes [2]." in _words(page)
    assert "mail a@b.org, a @decorator." in _words(page)
    targets = set(re.findall(r'href="#(work-[^"]+)"', page))
    assert targets == {f"work-1-{key}" for key in ("wilson1927", "holm1979", "rosner2011")} | {
        "work-2-holm1979"
    }
    assert all(f'id="{target}"' in page for target in targets)
    assert page.count('class="csl-entry"') == 5  # each once in the list of its chapter
    assert "[@" not in _words(page.split("<main")[1].split("<script")[0])
    text = Pdf(book / "student.pdf").text
    assert "[3]" in text and "Probable inference" in text and "[@" not in text


def test_a_work_that_is_not_there_names_the_chapter(tmp_path: Path) -> None:
    """A misspelt key in brackets stops the report; without a list of works it is text."""
    path = write_notebook(tmp_path / "01_a.ipynb", markdown("# A\n\nSee [@hollm1979]."))
    (tmp_path / "references.bib").write_text(WORKS)
    with pytest.raises(ReportError, match=r"01_a\.ipynb: cites \[@hollm1979\].* no hollm1979"):
        render([path], Targets(html=tmp_path / "a.html"), COVER, "hide", find_matter(tmp_path))
    render([path], Targets(html=tmp_path / "a.html"), COVER, "hide")
    assert "See [@hollm1979]." in _words(_page(tmp_path, "a.html"))


def test_terms_are_marked_at_their_first_use_alone(book: Path) -> None:
    """Once a chapter, not in headings, code or links; plurals and line breaks are no hindrance."""
    page = _page(book, "student.html")
    found = re.findall(
        r'<a class="term" href="#(term-[\w-]+)" aria-describedby="([\w-]+)">(.*?)</a>'
        r'<span class="tip" role="tooltip" id="([\w-]+)">(.*?)</span>',
        page,
        re.DOTALL,
    )
    assert [(anchor, " ".join(words.split())) for anchor, _, words, _, _ in found] == [
        ("term-balanced-accuracy", "balanced accuracies"),
        ("term-roc-curve", "ROC curve"),
    ]
    assert all(described == name for _, described, _, name, _ in found)
    assert found[0][4] == "The mean of the recalls of all classes."
    assert '<dt id="term-roc-curve">ROC curve</dt>' in page
    assert 'href="glossary.html#term-roc-curve"' in _page(book, "pages/02_second.html")
    assert 'href="01_first.html"' in _page(book, "pages/glossary.html")


def test_the_glossary_is_the_last_chapter_on_paper(book: Path) -> None:
    """Its heading has no number, and terms lead to its page."""
    pdf = Pdf(book / "student.pdf")
    assert [title for level, title, _ in pdf.outline() if level == 1][-1] == "Glossary"
    assert "The mean of the recalls" in pdf.pages[-1].text


def test_exercises_are_folded_and_solutions_are_the_teachers(book: Path) -> None:
    """Students get tasks without solutions, teachers both; checks and blanks are nobody's."""
    student, teacher = _page(book, "student.html"), _page(book, "teacher.html")
    for page in (student, teacher):
        assert (
            '<details class="exercises" id="tasks-1"><summary>2 exercises and a quiz</summary>'
            in page
        )
        assert "01.1 Read a recall" in page and "given" in page
        assert "check(" not in page.split("<script")[0] and "recall = ..." not in page
        assert "How they are used" not in page
        assert "Which one?" in page and "import x" not in page.split("<script")[0]
    assert "For teachers" not in student and "solution" not in student.split("<main")[1]
    assert "For teachers" in teacher and teacher.count('<details class="solution">') == 3
    assert "2.1 Exercises" not in _words(teacher)  # chapter 2 has none


def test_a_link_to_exercises_leads_to_where_they_stand(book: Path) -> None:
    """Below their chapter, on its page; to a file that the report does not hold it is its name."""
    page = _page(book, "student.html")
    assert '<a href="#exercises-1"><code>exercises/01_first.ipynb</code></a>' in page
    assert 'id="exercises-1"' in page
    assert "not <code>exercises/02_second.ipynb</code>." in " ".join(page.split())
    assert 'href="01_first.html#exercises-1"' in _page(book, "pages/02_second.html")
    assert "exercises/02_second.ipynb" in Pdf(book / "student.pdf").text


def test_a_notice_leaves_no_trace(book: Path) -> None:
    """What is for readers of the notebook alone is on no page."""
    assert "Colab" not in _page(book, "student.html")
    assert "Colab" not in Pdf(book / "student.pdf").text


def test_exercises_on_paper(book: Path) -> None:
    """Tasks as a list; solutions with their code in the teacher's edition."""
    student, teacher = Pdf(book / "student.pdf").text, Pdf(book / "teacher.pdf").text
    assert "01.2 Change it" in student and "changed = 2" not in student
    assert "b) That." in student and "For teachers, 01.q1." in teacher
    assert "given = 1" not in student
    assert "changed = 2" in teacher and "Watch the axis" in teacher


def test_definitions_by_keys_and_axe(chromium: Any, book: Path) -> None:
    """A term in focus shows what it means, Escape closes it; axe finds nothing serious."""
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"file://{book}/pages/01_first.html")
    tip = page.locator(".tip").first
    assert tip.is_hidden()
    page.locator(".term").first.focus()
    assert tip.is_visible() and "mean of the recalls" in tip.inner_text()
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert tip.is_hidden()
    # All code of this page stands in folded exercises: no button opens it out of sight.
    assert page.locator(".source").count() and page.locator(".all").is_hidden()
    page.close()


def test_definitions_stay_on_the_page(chromium: Any, book: Path) -> None:
    """At any width, also of a term that is broken over two lines."""
    page = chromium.new_page(viewport={"width": 320, "height": 800})
    page.goto(f"file://{book}/pages/01_first.html")
    term, tip = page.locator("main .term").first, page.locator("main .tip").first
    broken = 0
    for width in range(300, 480, 6):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("document.activeElement.blur()")
        term.focus()
        broken += term.evaluate("term => term.getClientRects().length") > 1
        place = tip.bounding_box()
        assert place["x"] >= 0 and place["x"] + place["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert broken
    page.close()


def test_faults_of_a_glossary_are_one_message(tmp_path: Path) -> None:
    """Missing definitions and forms that two terms share are told together."""
    path = tmp_path / "glossary.yml"
    entry = {"definition": "D.", "chapter": "01_a", "forms": ["twice"]}
    path.write_text(f"a: {entry}\nb: {entry}\nc: {{chapter: 01_a}}\n")
    with pytest.raises(ConfigError, match=r"b: 'twice' is a form of a too; c: expected definition"):
        read_glossary(path)
