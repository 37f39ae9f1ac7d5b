"""The glossary: its file, its terms marked where a chapter first uses them, and its own pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from helpers.core import ConfigError
from helpers.report.cells import Chapter
from helpers.report.html_body import TERM_CLASS
from helpers.report.links import slug
from helpers.report.pandoc import Node
from helpers.report.parts import Definition, Definitions, Passage, Section

_KEYS = frozenset({"definition", "forms", "chapter"})
_NESTED = frozenset({"Para", "Plain", "Emph", "Strong", "Quoted", "BlockQuote", "BulletList",
                     "OrderedList", "Div", "Span"})  # fmt: skip
_BLANK = frozenset({"Space", "SoftBreak"})


@dataclass(frozen=True)
class Term:
    """A term, its definition in a sentence or two, other forms, and the chapter that teaches it."""

    term: str
    definition: str
    forms: tuple[str, ...]
    chapter: str

    @property
    def anchor(self) -> str:
        """Name that links go to."""
        return f"term-{slug(self.term)}"


def read_glossary(path: Path) -> tuple[Term, ...]:
    """Read the terms of a glossary, by the alphabet.

    Parameters
    ----------
    path : Path
        YAML: a mapping from a term to its ``definition``, the ``chapter`` that teaches it (the
        name of its notebook), and ``forms``, other words for it.

    Raises
    ------
    ConfigError
        With all problems of the file: entries that are not as above, and forms that two share.
    """
    try:
        loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: expected a glossary in YAML but got: {error}") from error
    problems: list[str] = []
    terms: list[Term] = []
    seen: dict[str, str] = {}
    for name, entry in (loaded or {}).items():
        fits = isinstance(entry, Mapping) and {"definition", "chapter"} <= set(entry) <= _KEYS
        if not fits:
            problems.append(f"{name}: expected definition, chapter and perhaps forms, got {entry}")
            continue
        forms = tuple(map(str, entry.get("forms", ())))
        terms.append(
            Term(
                str(name), " ".join(str(entry["definition"]).split()), forms, str(entry["chapter"])
            )
        )
        for form in (str(name), *forms):
            if form in seen:
                problems.append(f"{name}: {form!r} is a form of {seen[form]} too")
            seen[form] = str(name)
    if problems:
        raise ConfigError(f"{path}: " + "; ".join(problems))
    return tuple(sorted(terms, key=lambda term: term.term.casefold()))


def mark_terms(sections: list[Section], glossary: Path | None) -> list[Section]:
    """Link each term to the glossary where a chapter's text first has it, and add the glossary.

    Headings, captions, tables, code and links are left alone.

    Parameters
    ----------
    sections : list of Section
        The chapters, changed in place.
    glossary : Path or None
        Its file; without one nothing changes.

    Returns
    -------
    list of Section
        The chapters, and one more for the glossary.
    """
    if glossary is None or not sections:
        return sections
    terms = read_glossary(glossary)
    for section in sections:
        marker = _Marker(terms)
        for place, part in enumerate(section.parts):
            if isinstance(part, Passage):
                section.parts[place] = Passage(marker.marked(part.blocks))
    return [*sections, _appendix(terms, sections)]


def _appendix(terms: tuple[Term, ...], sections: list[Section]) -> Section:
    chapter = Chapter("glossary", 0, sections[0].chapter.folder, (), ())
    by_name = {Path(section.chapter.name).stem: section for section in sections}
    entries = []
    for term in terms:
        inlines: list[Node] = [*_words(term.definition)]
        if section := by_name.get(term.chapter):
            said = _words(f"Chapter\u00a0{section.chapter.number}")
            link = {"t": "Link", "c": [["", [], []], said, [f"#{section.anchor}", ""]]}
            inlines += [{"t": "Space"}, link, {"t": "Str", "c": "."}]
        entries.append(Definition(term.anchor, term.term, inlines))
    title = [{"t": "Str", "c": "Glossary"}]
    return Section(chapter, title, [Definitions(tuple(entries))], appendix="glossary")


def _words(text: str) -> list[Node]:
    nodes: list[Node] = []
    for word in text.split(" "):
        nodes += [{"t": "Space"}] if nodes else []
        nodes.append({"t": "Str", "c": word})
    return nodes


class _Marker:
    """Marks each term once, in the order of a chapter's text."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        self.left = {term.anchor: term for term in terms}
        self.owner: dict[str, Term] = {}
        for term in terms:
            for form in (term.term, *term.forms):
                self.owner[form if _keeps_case(form) else form.casefold()] = term
        by_length = sorted(self.owner, key=len, reverse=True)
        written = [_pattern(form) for form in by_length]
        self.pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(written)})(?![\w-])")

    def marked(self, blocks: list[Node]) -> list[Node]:
        changed: list[Node] = self._in(blocks)
        return changed

    def _in(self, node: Any) -> Any:
        if isinstance(node, list):
            if node and all(isinstance(part, dict) and "t" in part for part in node):
                return self._in_run(node)
            return [self._in(part) if isinstance(part, list) else part for part in node]
        return node

    def _in_run(self, nodes: list[Node]) -> list[Node]:
        """Blocks, or inlines: words that follow each other are looked at as one text."""
        done: list[Node] = []
        words: list[Node] = []
        for node in nodes:
            if node["t"] == "Str" or (node["t"] in _BLANK and words):
                words.append(node)
                continue
            done += self._in_words(words)
            words = []
            is_citation = node["t"] == "Span" and "citation" in node["c"][0][1]
            if node["t"] in _NESTED and not is_citation:
                node = {"t": node["t"], "c": self._in(node["c"])}
            done.append(node)
        return [*done, *self._in_words(words)]

    def _in_words(self, words: list[Node]) -> list[Node]:
        text = "".join(node["c"] if node["t"] == "Str" else " " for node in words)
        found, place = [], 0
        while match := self.pattern.search(text, place):
            term = self._term_of(match[0])
            place = match.end()
            if term is not None and term.anchor in self.left:
                del self.left[term.anchor]
                found.append((match.start(), match.end(), term))
        if not found:
            return words
        done: list[Node] = []
        place = 0
        for start, end, term in found:
            done += _nodes(text[place:start])
            link = ["", [TERM_CLASS], []]
            target = [f"#{term.anchor}", term.definition]
            done.append({"t": "Link", "c": [link, _nodes(text[start:end]), target]})
            place = end
        return [*done, *_nodes(text[place:])]

    def _term_of(self, words: str) -> Term | None:
        """Term that words are a form of, or a plural of a form."""
        for form in (words, words.removesuffix("s"), words.removesuffix("es")):
            for key in (form, form.casefold()):
                if key in self.owner:
                    return self.owner[key]
        return None


def _keeps_case(form: str) -> bool:
    return form != form.casefold()


def _pattern(form: str) -> str:
    spaced = re.escape(form).replace(r"\ ", " ")
    return (spaced if _keeps_case(form) else f"(?i:{spaced})") + "(?:s|es)?"


def _nodes(text: str) -> list[Node]:
    """Text as pandoc has it: words, and the blanks between them."""
    pieces = re.split(r"( )", text)
    return [
        {"t": "Space"} if piece == " " else {"t": "Str", "c": piece} for piece in pieces if piece
    ]
