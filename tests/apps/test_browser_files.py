"""Files that people bring to the browser page: a clear message or a right answer, soon."""

from __future__ import annotations

import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.odd_files import many_scans
from support.page_steps import wait_for_answer, wait_until

from helpers.serving.apps.browser_page import EXAMPLES

pytest_plugins = ("support.small_page",)

LIMIT = 5.0  # seconds
EXAMPLE = (EXAMPLES / "nv.jpg").read_bytes()


def _encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + checksum


def _png(width: int, height: int, depth: int = 8, colour: int = 2, content: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = _chunk(b"IHDR", header) + _chunk(b"IDAT", content) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _deep_png() -> bytes:
    values = np.linspace(0, 65535, 200 * 150 * 3).astype(">u2").reshape(150, 200 * 3)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    return _png(200, 150, depth=16, content=zlib.compress(rows))


def _with_comment(content: bytes) -> bytes:
    return EXAMPLE[:2] + b"\xff\xfe" + struct.pack(">H", len(content) + 2) + content + EXAMPLE[2:]


FILM = np.random.default_rng(0).bytes(4_000_000)  # what a phone puts behind a "motion photo"
PHOTO = Image.open(io.BytesIO(EXAMPLE)).convert("RGB")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="200" height="150"><rect width="9"/></svg>'
BAD = {
    "zero bytes": (b"", "empty"),
    "text": (b"hello, this is no picture" * 20, "not a picture"),
    "SVG": (SVG, "SVG"),
    "HTML renamed": (b"<!doctype html><html><script>alert(1)</script></html>", "HTML"),
    "PDF": (b"%PDF-1.7\n" + b"x" * 100, "PDF"),
    "TIFF": (_encoded(PHOTO, "TIFF"), "TIFF"),
    "bomb": (_png(30_000, 30_000, content=zlib.compress(b"\0" * 90_001)), "40 million pixels"),
    "tiny": (_encoded(PHOTO.resize((20, 15)), "PNG"), "at least 32"),
    "strip": (_encoded(PHOTO.resize((600, 60)), "PNG"), "Crop it"),
    "cut JPEG": (EXAMPLE[: len(EXAMPLE) // 2], "damaged"),
    "cut PNG": (_encoded(PHOTO, "PNG")[:5000], "damaged"),
    "head of a JPEG": (EXAMPLE[:12], "damaged"),
    "JPEG without its end": (EXAMPLE[:-2], "damaged"),
    "cut JPEG with a whole thumbnail": (
        _with_comment(b"\xff\xda\0\2..\xff\xd9")[: len(EXAMPLE) // 2], "damaged"
    ),
    "many passes": (many_scans(60), "passes"),
    "broken PNG": (_png(200, 150, content=b"nonsense"), "damaged"),
}  # fmt: skip
GOOD = {
    "grey": (_encoded(PHOTO.convert("L"), "JPEG"), ""),
    "CMYK": (_encoded(PHOTO.convert("CMYK"), "JPEG"), "CMYK"),
    "16 bits": (_deep_png(), "16 bits"),
    "alpha": (_encoded(PHOTO.convert("RGBA"), "PNG"), "white"),
    "palette": (_encoded(PHOTO.quantize(64), "PNG"), ""),
    "animated GIF": (
        _encoded(PHOTO, "GIF", save_all=True, append_images=[PHOTO.rotate(9)]), "first"
    ),
    "WebP": (_encoded(PHOTO, "WEBP"), ""),
    "BMP": (_encoded(PHOTO, "BMP"), ""),
    "progressive": (_encoded(PHOTO, "JPEG", progressive=True), ""),
    "wide": (_encoded(PHOTO.resize((1200, 450)), "JPEG"), "middle"),
    "small": (_encoded(PHOTO.resize((120, 90)), "PNG"), "enlarged"),
    "data behind the end": (EXAMPLE + b"\0phone's own data" * 50, ""),
    "a film behind the end": (EXAMPLE + FILM, ""),
    "bytes like passes in a comment": (_with_comment(b"\xff\xda" * 60), ""),
}  # fmt: skip


def give(page: Any, content: bytes | Path, name: str = "lesion.jpg") -> float:
    """Open a file; seconds until the page was done with it."""
    page.evaluate("document.querySelector('#problem').textContent = ''")
    begun = time.perf_counter()
    if isinstance(content, Path):
        page.set_input_files("#file", content)
    else:
        page.set_input_files("#file", {"name": name, "mimeType": "image/jpeg", "buffer": content})
    wait_until(
        page,
        """!document.querySelector('#stage').classList.contains('is-busy')
        && Boolean(document.querySelector('#problem').textContent
            || !document.querySelector('#answer').hidden)""",
    )
    return time.perf_counter() - begun


def test_bad_files_are_refused_with_a_reason(
    open_page: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """Whatever a file calls itself, what it is decides; the page goes on afterwards."""
    page = open_page()
    for name, (content, expected) in BAD.items():
        seconds = give(page, content)
        assert expected in page.inner_text("#problem"), name
        assert page.is_hidden("#answer") and seconds < LIMIT, name
    huge = tmp_path / "huge.jpg"
    with open(huge, "wb") as file:
        file.write(EXAMPLE)
        file.truncate(100_000_000)
    assert give(page, huge) < LIMIT
    assert "100 MB" in page.inner_text("#problem")
    give(page, EXAMPLE)
    assert wait_for_answer(page).startswith("Most likely")
    assert page.inner_text("#problem") == ""


def test_unusual_pictures_are_read_and_what_was_done_is_said(
    open_page: Callable[..., Any],
) -> None:
    """Grey, inks, 16 bits, alpha, palette, animation: an answer, with a note where one is due."""
    page = open_page()
    for name, (content, note) in GOOD.items():
        page.evaluate("document.querySelector('#clear').click()")
        seconds = give(page, content)
        assert page.inner_text("#problem") == "", name
        assert note in page.inner_text("#status"), name
        assert seconds < LIMIT, name


@pytest.mark.slow
def test_a_picture_at_the_limit_is_read(open_page: Callable[..., Any]) -> None:
    """Forty million pixels go through in strips."""
    page = open_page()
    large = PHOTO.resize((7300, 5475))
    assert give(page, _encoded(large, "JPEG", quality=60)) < 2 * LIMIT
    assert wait_for_answer(page).startswith("Most likely")


def test_several_files_open_the_first_and_say_so(open_page: Callable[..., Any]) -> None:
    """No file is dropped in silence."""
    page = open_page()
    page.evaluate(
        """(data) => {
          const carried = new DataTransfer();
          const bytes = Uint8Array.from(data);
          carried.items.add(new File([bytes], 'a.jpg'));
          carried.items.add(new File([bytes], 'b.jpg'));
          document.dispatchEvent(new DragEvent('drop', {
            bubbles: true, cancelable: true, dataTransfer: carried,
          }));
        }""",
        list(EXAMPLE),
    )
    assert "2 files" in wait_for_answer(page)


def test_text_that_is_pasted_is_told_apart(open_page: Callable[..., Any]) -> None:
    """Pasting text says that there was no picture."""
    page = open_page()
    page.evaluate(
        "document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: new DataTransfer() }))"
    )
    assert "no picture" in page.inner_text("#problem")
