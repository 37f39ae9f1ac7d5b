"""Keeping what visitors upload off the disk."""

from __future__ import annotations

UPLOAD_MB = 25
"""The most that one file may have; the same stands in the app's configuration."""

_ROOM = 2 * 2**20


def keep_uploads_in_memory() -> None:
    """Have the web server hold whole uploads in memory.

    Starlette, which serves Streamlit, puts the part of an upload beyond its first MiB into a
    temporary file. Called before the first page is drawn, and so before anybody can upload.
    """
    from starlette.formparsers import MultiPartParser

    needed = UPLOAD_MB * 2**20 + _ROOM
    if MultiPartParser.spool_max_size < needed:
        MultiPartParser.spool_max_size = needed
