"""Uploads stay in memory."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser

from helpers.serving.uploads.in_memory import UPLOAD_MB, keep_uploads_in_memory


def upload(size: int) -> bool:
    """Whether a file of a size, sent as a browser does, is held in memory."""
    body = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n" + b"\xff" * size + b"\r\n--x--\r\n"
    )

    async def stream():  # type: ignore[no-untyped-def]
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    async def parse() -> bool:
        headers = Headers({"content-type": "multipart/form-data; boundary=x"})
        form = await MultiPartParser(headers, stream()).parse()
        file = form["file"]
        kept = not file.file._rolled  # type: ignore[union-attr]
        await form.close()
        return kept

    # A browser that other tests have open keeps an event loop running in this thread.
    with ThreadPoolExecutor(1) as other_thread:
        return other_thread.submit(lambda: asyncio.run(parse())).result()


@pytest.fixture(autouse=True)
def as_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server as it comes."""
    monkeypatch.setattr(MultiPartParser, "spool_max_size", 1024 * 1024)


def test_uploads_would_go_to_disk() -> None:
    """Left alone, the server puts an upload of 3 MB into a temporary file."""
    assert upload(1000)
    assert not upload(3_000_000)


def test_uploads_are_held_in_memory() -> None:
    """The largest file that is accepted is held in memory, however often it was asked for."""
    keep_uploads_in_memory()
    keep_uploads_in_memory()
    assert upload(3_000_000)
    assert upload(UPLOAD_MB * 2**20)
