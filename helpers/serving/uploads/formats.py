"""What a file is, by its first bytes: the formats that are read, and names for others."""

from __future__ import annotations

import re

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
