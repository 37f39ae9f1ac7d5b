"""The structure of a JPEG, read without decoding: what it carries, and whether it has its end."""

from __future__ import annotations

import re
from dataclasses import dataclass

START = b"\xff\xd8"

_SEGMENT = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
"""A marker that has a length, or the end. Within the data of a scan a byte FF is followed by 00 or
D0 to D7; FF itself fills."""

_END, _SCAN, _EXIF, _PROFILE = 0xD9, 0xDA, 0xE1, 0xE2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class JpegStructure:
    """What the markers of a JPEG say.

    Attributes
    ----------
    whole : bool
        Whether the picture has its end mark. What follows it, such as the film that telephones
        append, is not looked at.
    scans : int
        Passes, each of which is decoded over the whole picture.
    plain : bool
        Whether it is grey or colour of 8 bits, with neither an EXIF block (which may turn it) nor
        a colour profile: every decoder shows the same.
    """

    whole: bool
    scans: int
    plain: bool


def jpeg_structure(data: bytes) -> JpegStructure:
    """Walk the markers of a JPEG to the end of its picture.

    Parameters
    ----------
    data : bytes
        The file's content.

    Returns
    -------
    JpegStructure
        Not whole, without scans and not plain where the file is no JPEG.

    References
    ----------
    .. [1] ITU-T T.81 (1992), annex B: markers, and lengths of their segments.
    """
    scans, place, whole, plain, components = 0, 2, False, True, 0
    while data.startswith(START) and (found := _SEGMENT.search(data, place)):
        marker, start = found[1][0], found.end()
        if marker == _END:
            whole = True
            break
        content = data[start + 2 : start + 16]
        if marker in _FRAMES:
            components = content[5] if len(content) > 5 else 0
            plain = plain and content[:1] == b"\x08"
        plain = plain and not (
            (marker == _EXIF and content.startswith(b"Exif\0"))
            or (marker == _PROFILE and content.startswith(b"ICC_PROFILE"))
        )
        scans += marker == _SCAN
        place = start + max(int.from_bytes(data[start : start + 2], "big"), 2)
    return JpegStructure(whole, scans, plain and components in (1, 3))
