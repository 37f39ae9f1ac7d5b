"""Pictures of a report: what a file really is, upright, and without what a camera wrote into it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from helpers.core import ReportError

MEDIA = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
}
"""What a report may hold, by the suffix that the bytes deserve."""
_FORMATS = {"PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg", "GIF": ".gif", "WEBP": ".webp"}
_SVG_CM = {b"pt": 2.54 / 72, b"": 2.54 / 96, b"px": 2.54 / 96, b"cm": 1.0, b"mm": 0.1, b"in": 2.54}
_ORIENTATION = 0x0112
_KEPT_PNG = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sRGB", b"sBIT",
     b"bKGD", b"pHYs", b"cICP", b"acTL", b"fcTL", b"fdAT"}
)  # fmt: skip
_READABLE = (OSError, SyntaxError, ValueError, UnidentifiedImageError, Image.DecompressionBombError)


TEXT_WIDTH_CM = 16.0
"""Width of the page's text."""


@dataclass(frozen=True)
class Picture:
    """Bytes of a picture and the suffix that says what they are."""

    data: bytes
    suffix: str


def picture_of(path: Path) -> Picture:
    """Read a picture file.

    Raises
    ------
    ReportError
        If it is not there, empty, or of a kind that cannot be printed.
    """
    try:
        data = path.read_bytes() if path.is_file() else b""
    except OSError as error:
        raise ReportError(f"unresolved picture: {path} cannot be read ({error})") from error
    if not data:
        raise ReportError(f"unresolved picture: expected the file {path} but found none, or empty")
    try:
        return clean_picture(data)
    except ReportError as error:
        raise ReportError(f"unresolved picture: {path}: {error}") from error


def clean_picture(data: bytes) -> Picture:
    """Picture as it is printed: turned upright, without place, date and camera.

    Pixels are encoded again only where they have to be turned, or where the format is none that
    a page can hold; else what a camera or a program wrote about a picture is cut out of the file
    and the rest stays as it is, colour profile included.

    Parameters
    ----------
    data : bytes
        A file's content, of any format that Pillow reads, or SVG.

    Returns
    -------
    Picture

    Raises
    ------
    ReportError
        If the bytes are no picture.
    """
    if is_svg(data):
        return Picture(re.sub(rb"(?s)<metadata\b.*?</metadata>", b"", data), ".svg")
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.verify()
        with Image.open(io.BytesIO(data)) as image:
            suffix = _FORMATS.get(image.format or "")
            turned = image.getexif().get(_ORIENTATION, 1) not in (0, 1)
            if suffix is None or turned:
                return _encoded(image, suffix)
    except _READABLE as error:
        raise ReportError(f"it cannot be read ({error})") from error
    strip = {".png": _bare_png, ".jpg": _bare_jpeg, ".webp": _bare_webp}.get(suffix)
    return Picture(strip(data) if strip else data, suffix)


def is_svg(data: bytes) -> bool:
    """Whether bytes begin as SVG does, after a declaration, comments and blanks."""
    start = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"<svg", b"<?xml", b"<!")) and b"<svg" in data[:65536]


def first_frame(picture: Picture) -> Picture:
    """The picture itself, or the first frame of one that moves, as PNG."""
    if picture.suffix not in (".gif", ".webp"):
        return picture
    with Image.open(io.BytesIO(picture.data)) as image:
        return _encoded(image, ".png")


def is_animated(picture: Picture) -> bool:
    """Whether a picture has more than one frame."""
    if picture.suffix not in (".gif", ".webp", ".png"):
        return False
    with Image.open(io.BytesIO(picture.data)) as image:
        return bool(getattr(image, "is_animated", False))


def pixel_size(picture: Picture) -> tuple[int, int]:
    """Width and height of a picture that is made of pixels."""
    with Image.open(io.BytesIO(picture.data)) as image:
        return image.size


def natural_size(picture: Picture) -> tuple[float, float]:
    """Width and height of a picture in centimetres; pixels are 110 to the inch."""
    if picture.suffix != ".svg":
        across, down = pixel_size(picture)
        return across / 110 * 2.54, down / 110 * 2.54
    root = re.search(rb"<svg\b[^>]*>", picture.data)
    tag = root[0] if root else b""
    found = re.findall(rb"""\s(width|height)\s*=\s*["']([\d.]+)(pt|px|cm|mm|in)?["']""", tag)
    sides = {key: float(side) * _SVG_CM[unit] for key, side, unit in found}
    if sides.get(b"width") and sides.get(b"height"):
        return sides[b"width"], sides[b"height"]
    box = re.search(rb"""\sviewBox\s*=\s*["']([^"']*)["']""", tag)
    numbers = [float(n) for n in re.findall(rb"-?[\d.]+", box[1])] if box else []
    if len(numbers) == 4 and numbers[2] > 0 and numbers[3] > 0:
        width = sides.get(b"width") or TEXT_WIDTH_CM
        return width, width * numbers[3] / numbers[2]
    return TEXT_WIDTH_CM, TEXT_WIDTH_CM


def _encoded(image: Image.Image, suffix: str | None) -> Picture:
    """Pixels alone, upright, with the colour profile."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    buffer = io.BytesIO()
    if suffix == ".jpg":
        upright.info.clear()
        upright.save(buffer, "JPEG", quality=95, subsampling=0, icc_profile=profile)
        return Picture(buffer.getvalue(), ".jpg")
    if upright.mode not in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        upright = upright.convert("RGB")
        profile = None
    upright.info = {key: upright.info[key] for key in ("transparency",) if key in upright.info}
    upright.save(buffer, "PNG", icc_profile=profile)
    return Picture(buffer.getvalue(), ".png")


def _bare_png(data: bytes) -> bytes:
    """PNG without texts, time and EXIF."""
    parts, place = [data[:8]], 8
    while place + 12 <= len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] in _KEPT_PNG:
            parts.append(data[place:end])
        place = end
    return b"".join(parts)


def _bare_jpeg(data: bytes) -> bytes:
    """JPEG without EXIF, XMP, IPTC and comments; colour profile and Adobe's marker stay."""
    parts, place = [data[:2]], 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # padding
            place += 1
            continue
        if marker == 0xDA:  # pixels follow, and after them what is no part of the picture
            end = data.rfind(b"\xff\xd9")
            own_end = _scan_end(data, place)
            parts.append(data[place : own_end if own_end > 0 else (end + 2 if end > 0 else None)])
            return b"".join(parts)
        end = place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        is_note = 0xE0 <= marker <= 0xEF or marker == 0xFE
        kept = marker in (0xE0, 0xEE) or (marker == 0xE2 and data[place + 4 :].startswith(b"ICC_"))
        if not is_note or kept:
            parts.append(data[place:end])
        place = end
    return data


def _scan_end(data: bytes, place: int) -> int:
    """Where the picture ends whose first scan starts here: other pictures may follow, as MPO."""
    while (place := data.find(b"\xff", place)) >= 0:
        marker = data[place + 1 : place + 2]
        if marker == b"\xd9":
            return place + 2
        if marker in (b"\x00", b"\xff") or b"\xd0" <= marker <= b"\xd7":
            place += 1 if marker == b"\xff" else 2
        elif marker:
            place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        else:
            return -1
    return -1


def _bare_webp(data: bytes) -> bytes:
    """WebP without EXIF and XMP."""
    parts, place = [], 12
    data = data[: 8 + int.from_bytes(data[4:8], "little")]
    while place + 8 <= len(data):
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        end = place + 8 + length + length % 2
        name, chunk = data[place : place + 4], data[place:end]
        if name == b"VP8X":
            flags = bytes([chunk[8] & ~0b1100])  # neither EXIF nor XMP
            chunk = chunk[:8] + flags + chunk[9:]
        if name not in (b"EXIF", b"XMP "):
            parts.append(chunk)
        place = end
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + len(body).to_bytes(4, "little") + body
