"""Chapters as one page that needs no other file, or as a folder of one page a chapter."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helpers.core import atomic_file, cjk_characters, cjk_cut
from helpers.report.cover import Cover
from helpers.report.html_body import ManyFiles, OneFile, Site, section_blocks
from helpers.report.pandoc import Node, plain_text, write
from helpers.report.parts import Heading, Section
from helpers.report.search_index import passages_of

_PAGE = Path(__file__).with_name("page")
MINISEARCH = Path(__file__).parent / "vendor" / "minisearch.js"
_LANGUAGE = re.compile(r'<span lang="zh-Hant"[^>]*>([^<]*)</span>')
_INDEX = "index.html"


@dataclass(frozen=True)
class Entry:
    """Line of the table of contents, or the way to the chapter before or after."""

    href: str
    number: str
    title: str
    children: tuple[Entry, ...] = ()
    here: bool = False


def write_html(sections: list[Section], cover: Cover, target: Path) -> None:
    """Write the chapters of a report as one self-contained page.

    Pictures are ``data:`` addresses, formulas MathML, styles and scripts inline; a policy in the
    page forbids it to ask any host. Source code is folded away and opens on a click. Without
    scripts the page lacks its search and nothing else.

    Parameters
    ----------
    sections : list of Section
        The chapters, parsed and numbered.
    cover : Cover
        What stands above the first chapter.
    target : Path
        The page to write.

    Raises
    ------
    ReportError
        If pandoc fails.
    """
    site = OneFile()
    blocks = [block for section in sections for block in section_blocks(section, site)]
    body = _written(blocks)
    cjk = _cjk_font(body)
    font = f"data:font/otf;base64,{base64.b64encode(cjk).decode()}" if cjk else ""
    programs = [_bare(MINISEARCH), *(_bare(_PAGE / name) for name in ("search.js", "book.js"))]
    index = json.dumps(passages_of(sections, site), ensure_ascii=False, separators=(",", ":"))
    index = index.replace("<", "\\u003c")
    scripts = [f'<script type="application/json" id="search-index">{index}</script>']
    scripts += [f"<script>{program}</script>" for program in programs]
    hashes = " ".join(_hash(program) for program in programs)
    page = _page(
        cover=cover,
        title=cover.title,
        opening=True,
        contents=[_entry(section, site) for section in sections],
        body=body,
        style=_style(font),
        scripts=scripts,
        policy=(
            f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; "
            "img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
        ),
    )
    with atomic_file(target) as temporary:
        temporary.write_text(page, encoding="utf-8")


def write_pages(sections: list[Section], cover: Cover, folder: Path) -> None:
    """Write the chapters of a report as a folder of one page each, for any static host.

    All addresses are relative, so that the folder works below any path and from a disk. The
    styles, scripts and pictures, and what the search looks through, are files that the pages
    share.

    Parameters
    ----------
    sections : list of Section
        The chapters, parsed and numbered.
    cover : Cover
        What stands on the first page, ``index.html``.
    folder : Path
        The folder to write; one that is there is replaced.

    Raises
    ------
    ReportError
        If pandoc fails.
    """
    homes = {section.anchor: f"{Path(section.chapter.name).stem}.html" for section in sections}
    site = ManyFiles(homes)
    contents = [_entry(section, site) for section in sections]
    bodies = [_written(section_blocks(section, site)) for section in sections]
    scripts = ("minisearch.js", "search-index.js", "search.js", "book.js")
    shared: dict[str, Any] = {
        "cover": cover,
        "style": "",
        "scripts": [f'<script src="{name}"></script>' for name in scripts],
        "policy": (
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; font-src 'self'; base-uri 'none'; form-action 'none'"
        ),
    }
    turns = [Entry(_INDEX, "", cover.title), *contents]
    files: dict[str, bytes] = {
        _INDEX: _page(
            **shared, title=cover.title, opening=True, contents=contents, body="", after=turns[1]
        ).encode()
    }
    for place, (entry, body) in enumerate(zip(contents, bodies, strict=True), start=1):
        marked = [replace(other, here=other is entry) for other in contents]
        page = _page(
            **shared,
            title=f"{entry.title} · {cover.title}",
            opening=False,
            contents=marked,
            body=_as_page(body),
            before=turns[place - 1],
            after=turns[place + 1] if place + 1 < len(turns) else None,
        )
        files[entry.href] = page.encode()
    cjk = _cjk_font("".join(bodies))
    files["book.css"] = _style("cjk.otf" if cjk else "").encode()
    files |= {"cjk.otf": cjk} if cjk else {}
    index = json.dumps(passages_of(sections, site), ensure_ascii=False, separators=(",", ":"))
    files["search-index.js"] = f"window.dermbookIndex = {index};\n".encode()
    files["minisearch.js"] = _bare(MINISEARCH).encode()
    files |= {name: (_PAGE / name).read_bytes() for name in ("search.js", "book.js")}
    _write_folder(files | site.files, folder)


def _write_folder(files: dict[str, bytes], folder: Path) -> None:
    """Write files into a folder that takes its name when it is whole."""
    new, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    for rest in (new, old):
        shutil.rmtree(rest, ignore_errors=True)
    for name, data in files.items():
        path = new / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _written(blocks: list[Node]) -> str:
    body = write(blocks, "html5", "--mathml", "--syntax-highlighting=none", "--wrap=preserve")
    # A formula that is wider than a phone scrolls: keys have to reach it, as tables and code.
    return body.replace('<math display="block"', '<math display="block" tabindex="0"')


def _as_page(body: str) -> str:
    """A chapter on a page of its own: its title is the page's, and all headings follow it."""
    return re.sub(r"<(/?)h([2-6])(?=[\s>])", lambda tag: f"<{tag[1]}h{int(tag[2]) - 1}", body)


def _page(**values: Any) -> str:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    template = environment.from_string((_PAGE / "page.html.j2").read_text(encoding="utf-8"))
    return template.render({"before": None, "after": None} | values)


def _bare(path: Path) -> str:
    """A script without the name of a file that is not there."""
    return re.sub(r"\n//# sourceMappingURL=.*", "", path.read_text(encoding="utf-8"))


def _hash(script: str) -> str:
    """Name of a script in a policy."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _style(cjk: str) -> str:
    """Styles of the book, with the colours of source code, and a font where one is needed."""
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]

    face = f'@font-face {{ font-family: "DermBook CJK"; src: url("{cjk}") format("opentype"); }}\n'
    # Styles whose every colour has a contrast of at least 4.5 to the ground of code.
    light = _highlight_rules(HtmlFormatter(style="xcode"))
    dark = _highlight_rules(HtmlFormatter(style="github-dark"))
    return "".join(
        [
            face if cjk else "",
            (_PAGE / "book.css").read_text(encoding="utf-8"),
            f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n",
        ]
    )


def _cjk_font(body: str) -> bytes:
    """Font of just the Chinese characters of the page, for readers who have none; or nothing."""
    used = {character for words in _LANGUAGE.findall(body) for character in words}
    covered = "".join(sorted(c for c in used if ord(c) in cjk_characters()))
    return cjk_cut(covered).read_bytes() if covered else b""


def _highlight_rules(formatter: Any) -> str:
    """Colours of source code, without the formatter's own background."""
    rules = formatter.get_style_defs(".code").splitlines()
    return "\n".join(rule for rule in rules if rule.startswith(".code .") and "linenos" not in rule)


def _entry(section: Section, site: Site) -> Entry:
    children = tuple(
        Entry(site.link(part.anchor), part.number, plain_text(part.inlines))
        for part in section.parts
        if isinstance(part, Heading) and part.level == 2
    )
    number = "" if section.appendix else str(section.chapter.number)
    return Entry(site.link(section.anchor), number, plain_text(section.title), children)
