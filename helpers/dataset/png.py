"""Whether a PNG is whole: its decoders pass over damaged data in silence."""

from __future__ import annotations

import zlib

PNG_START = b"\x89PNG\r\n\x1a\n"


def is_whole_png(data: bytes) -> bool:
    """Whether all chunks that make the picture are there and have their checksums.

    Parameters
    ----------
    data : bytes
        The file's content. What follows the picture's end, and damage in chunks that are not
        needed to show it, such as texts, do not count.

    Returns
    -------
    bool

    References
    ----------
    .. [1] W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", section 5: the
       layout of chunks; the case of a name's first letter says whether a chunk is needed.
    """
    place = len(PNG_START)
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        kind = data[place + 4 : place + 8]
        if end > len(data):
            return False
        checksum = int.from_bytes(data[end - 4 : end], "big")
        if kind[:1].isupper() and zlib.crc32(data[place + 4 : end - 4]) != checksum:
            return False
        if kind == b"IEND":
            return True
        place = end
    return False
