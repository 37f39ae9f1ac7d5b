"""Prose of a chapter as pandoc parsed it: pictures found, HTML read, nothing lost unseen."""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_to_bytes, urlparse

from helpers.core import ReportError
from helpers.report.cells import Chapter, Prose, Table
from helpers.report.inline_html import image_node, with_tags
from helpers.report.pandoc import Node, plain_text, walk
from helpers.report.pictures import TEXT_WIDTH_CM, Picture, clean_picture, natural_size, picture_of

_FILLERS = frozenset({"", "image", "img", "alt text", "alt", "drawing", "title", "png"})
MISSING_CLASS = "missing"
"""Of a span that stands for a picture that is not there."""
FOLD = "fold"
"""Language of the tags that fold an answer away: on the page; on paper everything is open."""
_CSS_CM = {"px": 2.54 / 96, "": 2.54 / 96, "pt": 2.54 / 72, "cm": 1.0, "mm": 0.1, "in": 2.54,
           "em": 0.42, "rem": 0.42, "%": TEXT_WIDTH_CM / 100}  # fmt: skip


class ProseReader:
    """Reads the prose of one chapter, and keeps the pictures that it shows.

    Parameters
    ----------
    chapter : Chapter
        Says where relative pictures are.
    faults : list of str
        Gets what is not there or cannot be printed, by cell.
    """

    def __init__(self, chapter: Chapter, faults: list[str]) -> None:
        self.chapter = chapter
        self.faults = faults
        self.pictures: dict[str, Picture] = {}

    def read(self, blocks: list[Node], block: Prose | Table) -> list[Node]:
        """Resolve pictures, and turn HTML tags into what they say.

        Parameters
        ----------
        blocks : list of dict
            As pandoc parsed them.
        block : Prose or Table
            Where they are from.

        Returns
        -------
        list of dict
        """
        cleaned: list[Node] = walk(
            _with_folds(with_tags(blocks)), lambda node: self._clean(node, block)
        )
        return cleaned

    def _clean(self, node: Node, block: Prose | Table) -> Node | list[Node] | None:
        kind, content = node["t"], node.get("c", [])
        if kind == "Image":
            return self._resolve(node, block)
        if kind == "Link":  # a picture on another host became a link, and links hold no links
            flat = walk(content[1], lambda part: part["c"][1] if part["t"] == "Link" else None)
            return {"t": "Link", "c": [content[0], flat or [_text(content[2][0])], content[2]]}
        if kind in ("RawInline", "RawBlock"):
            return self._raw(kind == "RawBlock", content, block)
        return None

    def _raw(self, is_block: bool, content: list[str], block: Prose | Table) -> list[Node]:
        language, text = content
        if language == FOLD:
            return [{"t": "RawBlock", "c": ["html", text]}]
        if language in ("tex", "latex"):  # all but the definition of a macro
            return []
        if pre := re.fullmatch(r"(?s)<pre\b[^>]*>(.*?)</pre>", text.strip()):
            return [{"t": "CodeBlock", "c": [["", [], []], re.sub(r"<[^>]*>", "", pre[1])]}]
        images = [image_node(tag) for tag in re.findall(r"(?is)<img\b[^>]*>", text)]
        nodes = [self._resolve(image, block) for image in images]
        return [{"t": "Para", "c": [node]} for node in nodes] if is_block else nodes

    def _resolve(self, node: Node, block: Prose | Table) -> Node:
        """Keep a picture under a key of its own; where it cannot be had, say so in its place."""
        attributes, caption, (source, _) = node["c"]
        name = unquote(source).strip()
        where = self.chapter.where(block.cell)
        said = plain_text(caption).strip()
        try:
            picture = self._picture(name, source, block)
        except ReportError as error:
            self.faults.append(f"{where}: {error}")
            if re.match(r"(https?:)?//", name):
                shown = said or Path(urlparse(source).path).name or source
                address = "https:" + source if source.startswith("//") else source
                return {"t": "Link", "c": [["", [], []], [_text(shown)], [address, ""]]}
            file = "" if name.startswith("data:") else Path(name.removeprefix("attachment:")).name
            parts = ["Picture missing", file, said if said != file else ""]
            words = " – ".join(filter(None, parts))
            return {"t": "Span", "c": [["", [MISSING_CLASS], []], [_text(words)]]}
        key = f"{len(self.pictures)}-chapter-{self.chapter.number}-{block.cell}"
        self.pictures[key] = picture
        return {"t": "Image", "c": [_sized(attributes, picture), caption, [key, ""]]}

    def _picture(self, name: str, source: str, block: Prose | Table) -> Picture:
        if name.startswith("attachment:"):
            attachments = block.attachments if isinstance(block, Prose) else {}
            found = attachments.get(name.removeprefix("attachment:"))
            if found is None:
                raise ReportError(f"unresolved picture: the cell has no {name}")
            return found
        if name.startswith("data:"):
            return _data_picture(source)
        if name.startswith("//") or re.match(r"[A-Za-z][\w+.-]+:", name):
            raise ReportError(f"unresolved picture: {name[:80]} is not a file of the chapter")
        folder = self.chapter.folder
        plain = re.sub(r"[?#].*$", "", name)
        for candidate in (name, plain, plain.replace("\\", "/")):
            try:
                if candidate and (folder / candidate).is_file():
                    return picture_of(folder / candidate)
            except (OSError, ValueError):  # a name that no file system takes
                continue
        raise ReportError(
            f"unresolved picture: expected the file {folder / name} but found none"
            if name
            else "unresolved picture: it names no file"
        )


def _tag(node: Node) -> str:
    """Tag that a block of HTML is, or nothing."""
    return node["c"][1].strip() if node["t"] == "RawBlock" and node["c"][0] == "html" else ""


def _with_folds(blocks: list[Node]) -> list[Node]:
    """Mark the tags of each whole ``<details>`` whose first line is its ``<summary>``.

    Of another one the tags are dropped like those of any HTML, and its words stay.
    """
    found: list[Node] = []
    place = 0
    while place < len(blocks):
        tags = [_tag(node) for node in blocks[place:]]
        end = tags.index("</details>") if "</details>" in tags else 0
        whole = tags[:2] == ["<details>", "<summary>"] and tags[3:4] == ["</summary>"]
        if not whole or not end or "<details>" in tags[1:end]:
            found.append(blocks[place])
            place += 1
            continue
        said = {"t": "Plain", "c": [{"t": "Strong", "c": blocks[place + 2]["c"]}]}
        found += [_fold("<details><summary>"), said, _fold("</summary>")]
        found += [*blocks[place + 4 : place + end], _fold("</details>")]
        place += end + 1
    return found


def _fold(tag: str) -> Node:
    return {"t": "RawBlock", "c": [FOLD, tag]}


def _text(text: str) -> Node:
    return {"t": "Str", "c": text}


def _data_picture(source: str) -> Picture:
    """A picture that is written out in its own address."""
    head, _, body = source.partition(",")
    try:
        plain = unquote_to_bytes(body)
        data = base64.b64decode(plain) if head.endswith(";base64") else plain
    except (binascii.Error, ValueError) as error:
        raise ReportError(f"unresolved picture: its data cannot be read ({error})") from error
    try:
        return clean_picture(data)
    except ReportError as error:
        raise ReportError(f"unresolved picture: {error}") from error


def _sized(attributes: list[Any], picture: Picture) -> list[Any]:
    """Attributes of a picture with the width that a person asked for, in centimetres, or none."""
    asked = dict(map(tuple, attributes[2]))
    style = dict(re.findall(r"(?:^|;)\s*(width|height)\s*:\s*([^;]+)", asked.get("style", "")))
    width = _cm(asked.get("width", "") or style.get("width", ""))
    height = _cm(asked.get("height", "") or style.get("height", ""), share=False)
    if width is None and height is not None:
        across, down = natural_size(picture)
        width = height * across / down
    kept = [["width", f"{width:.3f}"]] if width else []
    return [attributes[0], attributes[1], kept]


def _cm(length: str, share: bool = True) -> float | None:
    """A length of HTML in centimetres."""
    found = re.fullmatch(r"\s*([\d.]+)\s*(px|pt|cm|mm|in|em|rem|%|)\s*(?:!important)?", length)
    if found is None or (found[2] == "%" and not share):
        return None
    try:
        return float(found[1]) * _CSS_CM[found[2]] or None
    except ValueError:
        return None


def asked_width(image: Node) -> float | None:
    """Width of a resolved picture in centimetres, where a person asked for one."""
    asked = dict(map(tuple, image["c"][0][2]))
    return float(asked["width"]) if "width" in asked else None


def is_caption(image: Node) -> bool:
    """Whether the text of a picture is said to readers, not only to screen readers."""
    text = plain_text(image["c"][1]).strip()
    is_name = re.fullmatch(r"[^\s/]+\.(png|jpe?g|svg|gif|webp|bmp|tiff?)", text, re.IGNORECASE)
    is_filler = text.casefold() in _FILLERS
    return "html" not in image["c"][0][1] and not is_name and not is_filler


def layout_cells(table: Node) -> list[list[Node]] | None:
    """Cells of a table of HTML that only puts things side by side: one row and no head."""
    head, bodies, foot = table["c"][3:]
    rows = [row for body in bodies for row in [*body[2], *body[3]]]
    if head[1] or foot[1] or len(rows) != 1:
        return None
    return [cell[4] for cell in rows[0][1]]
