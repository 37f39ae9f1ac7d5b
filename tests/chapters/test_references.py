"""The chapters' works and terms: none is missing, none is idle, each is whole."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from helpers.core.errors import ConfigError
from helpers.core.paths import CHAPTERS
from helpers.evaluation.confusions import LOOK_ALIKE
from helpers.notebook import references
from helpers.notebook.chapters import find_chapters
from helpers.notebook.marks import REFERENCES_MIME
from helpers.notebook.references import chapter_text, cited_keys, known_keys, processed
from helpers.report.glossary import read_glossary
from helpers.sample.atlas import SOURCES

WORKS = CHAPTERS / "references.bib"
_IN_BRACKETS = re.compile(r"\[(@[A-Za-z][^\]]*)\]")
_LISTED = re.compile(r"run\.references\((.*?)\)", re.DOTALL)


def _problems(folder: Path, computed: set[str]) -> list[str]:
    """Works that a chapter cites and nobody knows, or that are known and nobody cites."""
    known = known_keys(folder / "references.bib")
    problems, used = [], set(computed)
    for path in sorted(folder.glob("??_*.ipynb")):
        text = chapter_text(path)
        cited = set(cited_keys(text, known))
        listed = {key for call in _LISTED.findall(text) for key in re.findall(r'"([\w-]+)"', call)}
        asked = {
            key for part in _IN_BRACKETS.findall(text) for key in re.findall(r"@([\w-]+)", part)
        }
        problems += [f"{path.name}: no work {key}" for key in sorted((asked | listed) - set(known))]
        problems += [f"{path.name}: {key} is cited and listed" for key in sorted(cited & listed)]
        if not _LISTED.search(text):
            problems.append(f"{path.name}: does not list what it cites")
        used |= cited | listed
    return [*problems, *(f"nobody cites {key}" for key in known if key not in used)]


def test_chapters_cite_what_there_is_and_nothing_is_idle() -> None:
    """Each key is that of a work, each work is cited, and each chapter lists what it cites."""
    computed = {work for _, work in LOOK_ALIKE.values()} | set(SOURCES.values())
    assert _problems(CHAPTERS, computed) == []


def test_a_wrong_key_and_an_idle_work_are_found(tmp_path: Path) -> None:
    """The check can fail, both ways."""
    (tmp_path / "references.bib").write_text("@book{a2001,\n}\n@book{b2002,\n}\n")
    cells = [{"source": ["See [@a2001; ", "@c2003, p. 4]."]}, {"source": ["run.references()"]}]
    (tmp_path / "01_a.ipynb").write_text(json.dumps({"cells": cells}))
    assert _problems(tmp_path, set()) == ["01_a.ipynb: no work c2003", "nobody cites b2002"]


def test_every_work_can_be_printed() -> None:
    """Each has an author or a title that stands for one, and most an address to go to."""
    keys = known_keys(WORKS)
    entries = references.entries_of(processed([], keys, WORKS))
    assert sorted(key for key, _, _ in entries) == sorted(keys)
    text = WORKS.read_text(encoding="utf-8")
    for entry in re.findall(r"^@.*?^\}", text, re.MULTILINE | re.DOTALL):
        assert "title = {" in entry, entry[:40]
        for doi in re.findall(r"doi = \{(.*)\}", entry):
            assert re.fullmatch(r"10\.\d{4,}/\S+", doi), entry[:40]


def test_every_list_of_a_kernel_names_keys_and_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In JupyterLab a key stands beside its work; an unknown one is told with the way out."""
    shown: list[dict[str, object]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    monkeypatch.setenv("DERMBOOK_CHAPTER_FOLDER", str(tmp_path))
    (tmp_path / "references.bib").write_text(
        "@book{a2001, author = {Ant, A.}, title = {On ants}, year = {2001}\n}\n"
        "@book{b2002, author = {Bee, B.}, title = {On bees}, year = {2002}\n}\n"
    )
    cells = [{"source": ["Ants [@a2001], mail a@b2002.org."]}]
    (tmp_path / "01_a.ipynb").write_text(json.dumps({"cells": cells}))
    references.show_references("01_a")
    references.show_references("01_a", "b2002")
    first, second = (str(data["text/markdown"]) for data in shown)
    assert "@a2001" in first and "A. Ant" in first and "Bee" not in first
    assert second.index("Ant") < second.index("B. Bee")
    assert shown[1][REFERENCES_MIME] == {"also": ["b2002"]}
    with pytest.raises(ConfigError, match="c2003; add them there"):
        references.show_references("01_a", "c2003")


def test_the_glossary_is_of_this_book() -> None:
    """Every term is taught by a chapter that there is, and is used in it."""
    names = {chapter.name: chapter.path for chapter in find_chapters()}
    terms = read_glossary(CHAPTERS / "glossary.yml")
    assert 60 <= len(terms) <= 90
    for term in terms:
        assert term.chapter in names, term.term
        text = chapter_text(names[term.chapter]).casefold()
        forms = [form.casefold() for form in (term.term, *term.forms)]
        assert any(form in text for form in forms), f"{term.term} in {term.chapter}"
        assert len(re.findall(r"[.?]( |$)", term.definition)) <= 2, term.term
        assert len(term.definition) <= 200, term.term
