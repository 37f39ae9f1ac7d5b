"""What a chapter cites: keys in its text, works in ``references.bib``, one style by pandoc."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from helpers.core import CHAPTERS, ConfigError
from helpers.notebook.marks import REFERENCES_MIME

REFERENCES = "references.bib"
"""Name of the works' file, which stands beside the chapters."""
STYLE = Path(__file__).parent / "vendor" / "ieee.csl"
"""How works and citations are printed; ``vendor/README.md`` says whose it is."""

_ENTRY = re.compile(r"^@\w+\{([^,\s]+),", re.MULTILINE)
_KEY = re.compile(r"(?<![\w@.])@([A-Za-z][\w-]*)")
_LOCALE = "en-GB"


def known_keys(path: Path) -> tuple[str, ...]:
    """Keys of the works of a file, in its order.

    Raises
    ------
    ConfigError
        If it cannot be read, or two works have the same key.
    """
    try:
        keys = _ENTRY.findall(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: expected works in BibTeX but got: {error}") from error
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ConfigError(f"{path}: expected each key once but got two of {', '.join(twice)}")
    return tuple(keys)


def cited_keys(text: str, known: Sequence[str]) -> list[str]:
    """Keys of works that a text cites, each once, in its order.

    >>> cited_keys("Wilson [@wilson1927], again [@wilson1927; @holm1979], and a@b.org.",
    ...            ["holm1979", "wilson1927"])
    ['wilson1927', 'holm1979']
    """
    return list(dict.fromkeys(key for key in _KEY.findall(text) if key in known))


def chapter_text(chapter: Path) -> str:
    """Text of a notebook's cells, and of its captions where it has some.

    Code is part of it, because captions and sentences stand in it too.
    """
    notebook = json.loads(chapter.read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    captions = chapter.parent / "captions" / f"{chapter.stem}.yml"
    if captions.is_file():
        sources.append(captions.read_text(encoding="utf-8"))
    return "\n".join(sources)


def processed(blocks: list[Any], listed: Sequence[str], works: Path) -> list[Any]:
    """Let pandoc's citeproc number the citations of blocks, and add the list of works to them.

    Parameters
    ----------
    blocks : list of dict
        Pandoc's syntax tree, with ``Cite`` where something is cited.
    listed : sequence of str
        Keys of works that are listed though no block cites them.
    works : Path
        A file of BibTeX.

    Returns
    -------
    list of dict
        The blocks, then a ``Div`` named ``refs`` that holds one a work.

    Raises
    ------
    ConfigError
        If pandoc cannot read the works.
    """
    import pypandoc  # type: ignore[import-untyped]

    nocite = [_cite(key) for key in listed]
    meta = {
        "nocite": {"t": "MetaInlines", "c": nocite},
        "link-citations": {"t": "MetaBool", "c": True},
        "lang": {"t": "MetaString", "c": _LOCALE},
    }
    document = {"pandoc-api-version": [1, 23, 1, 1], "meta": meta, "blocks": blocks}
    command = [pypandoc.get_pandoc_path(), "--sandbox", "-f", "json", "-t", "json", "--citeproc"]
    command += [f"--bibliography={works}", f"--csl={STYLE}"]
    done = subprocess.run(command, input=json.dumps(document).encode(), capture_output=True)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise ConfigError(f"{works}: pandoc cannot read the works: {said}")
    found: list[Any] = json.loads(done.stdout)["blocks"]
    return found


def _cite(key: str) -> dict[str, Any]:
    citation = {
        "citationId": key,
        "citationPrefix": [],
        "citationSuffix": [],
        "citationMode": {"t": "NormalCitation"},
        "citationNoteNum": 0,
        "citationHash": 0,
    }
    return {"t": "Cite", "c": [[citation], [{"t": "Str", "c": f"[@{key}]"}]]}


def entries_of(blocks: list[Any]) -> list[tuple[str, str, list[Any]]]:
    """Key, number and text of each work in what `processed` gave."""
    found = []
    for block in blocks:
        if block["t"] != "Div" or block["c"][0][0] != "refs":
            continue
        for entry in block["c"][1]:
            (name, _, _), paragraphs = entry["c"]
            margin, text = (span["c"][1] for span in paragraphs[0]["c"] if span["t"] == "Span")
            number = str(margin[0]["c"]).strip("[]")
            found.append((name.removeprefix("ref-"), number, text))
    return found


@cache
def _listed(works: Path, keys: tuple[str, ...]) -> str:
    """Works as Markdown, each with the key by which the text names it."""
    import pypandoc

    items = []
    blocks = processed([{"t": "Para", "c": [_cite(key)]} for key in keys], (), works)
    for key, _, text in entries_of(blocks):
        label = {"t": "Strong", "c": [{"t": "Str", "c": f"[@{key}]"}]}
        items.append([{"t": "Plain", "c": [label, {"t": "Space"}, *text]}])
    document = {
        "pandoc-api-version": [1, 23, 1, 1],
        "meta": {},
        "blocks": [{"t": "BulletList", "c": items}],
    }
    command = [pypandoc.get_pandoc_path(), "--sandbox", "-f", "json", "-t", "commonmark-raw_html"]
    command += ["--wrap=none"]
    done = subprocess.run(
        command, input=json.dumps(document).encode(), capture_output=True, check=True
    )
    return done.stdout.decode()


def show_references(chapter: str, *also: str) -> None:
    """List the works that a chapter cites, in the style of the book.

    In JupyterLab each stands beside the key that the text has, such as ``[@holm1979]``; in the
    report numbers take the place of keys, and a citation leads to its work.

    Parameters
    ----------
    chapter : str
        Name of the notebook.
    *also : str
        Keys of works that the chapter rests on and names nowhere.

    Raises
    ------
    ConfigError
        If ``also`` names a work that ``references.bib`` does not have.
    """
    from IPython.display import display

    folder = Path(os.environ.get("DERMBOOK_CHAPTER_FOLDER") or CHAPTERS)
    works, path = folder / REFERENCES, folder / f"{chapter}.ipynb"
    known = known_keys(works)
    unknown = [key for key in also if key not in known]
    if unknown:
        raise ConfigError(
            f"{chapter}: expected works of {works} but got {', '.join(unknown)}; add them there"
        )
    text = chapter_text(path) if path.is_file() else ""
    keys = tuple(dict.fromkeys([*cited_keys(text, known), *also]))
    said = _listed(works, keys) if keys else "No works are cited here."
    bundle = {"also": list(also)}
    display({REFERENCES_MIME: bundle, "text/markdown": said, "text/plain": said}, raw=True)
