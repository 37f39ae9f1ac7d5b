"""What a file is, by its first bytes: the formats that are read, and names for others."""

from __future__ import annotations

import re

ACCEPTED = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Pillow's names of the formats whose decoders may be called."""

_PICTURES = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|RIFF....WEBP|II\*\0|MM\0\*|GIF8[79]a", flags=re.DOTALL
)

_MARKUP = rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml.*?\?>\s*)?(?:<!--.*?-->\s*)*<(?:!DOCTYPE\s+)?"

_OTHERS = (
    ("PDF", re.compile(rb"\s*%PDF")),
    ("ZIP", re.compile(rb"PK\x03\x04")),
    ("GZIP", re.compile(rb"\x1f\x8b")),
    ("PSD", re.compile(rb"8BPS")),
    ("JPEG 2000", re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51")),
    ("JPEG XL", re.compile(rb"\xff\x0a|\0\0\0\x0cJXL ")),
    ("ICO", re.compile(rb"\0\0\x01\0")),
    ("DICOM", re.compile(rb".{128}DICM", flags=re.DOTALL)),
    ("HEIC", re.compile(rb"....ftyp(hei|hev|mif1|msf1)", flags=re.DOTALL)),
    ("AVIF", re.compile(rb"....ftypavi[fs]", flags=re.DOTALL)),
    ("MP4", re.compile(rb"....ftyp", flags=re.DOTALL)),
    ("SVG", re.compile(_MARKUP + rb"svg\b", flags=re.DOTALL | re.IGNORECASE)),
    ("HTML", re.compile(_MARKUP + rb"(html|head|body)\b", flags=re.DOTALL | re.IGNORECASE)),
)

_LOOKED_AT = 1024

_SEGMENT = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")
"""A marker of a JPEG that has a length, or its end. Within the data of a scan a byte FF is
followed by 00 or D0 to D7; FF itself fills."""


def recognise(data: bytes) -> str | None:
    """Name of a format that is not read, by the first bytes of a file.

    Parameters
    ----------
    data : bytes
        The file's content.

    Returns
    -------
    str or None
        Such as "PDF" or "HEIC", the same in every language; None where it is unknown.

    Examples
    --------
    >>> recognise(b"<!DOCTYPE html><title>x</title>"), recognise(b"hello")
    ('HTML', None)
    """
    start = data[:_LOOKED_AT]
    return next((name for name, pattern in _OTHERS if pattern.match(start)), None)


def begins_like_a_picture(data: bytes) -> bool:
    """Whether a file begins as the formats that are read do, however it goes on."""
    return _PICTURES.match(data[:16]) is not None


def count_scans(data: bytes) -> int:
    """Scans of a JPEG, each of which is decoded over the whole picture.

    Parameters
    ----------
    data : bytes
        The file's content. What follows the picture's end, such as the film that telephones
        append, is not looked at.

    Returns
    -------
    int
        0 of a file that is no JPEG.

    References
    ----------
    .. [1] ITU-T T.81 (1992), annex B: markers, and lengths of their segments.
    """
    scans, place = 0, 2
    while data.startswith(b"\xff\xd8") and (found := _SEGMENT.search(data, place)):
        if found[1] == b"\xd9":
            break
        scans += found[1] == b"\xda"
        length = int.from_bytes(data[found.end() : found.end() + 2], "big")
        place = found.end() + max(length, 2)
    return scans
