"""Pictures that people bring: read with care, and brought to what a model is used to.

Nothing here trusts a file. What it is, is decided by its content and never by its name; its size
is read from its header before anything is decoded; and only the decoders of six common formats
are ever called.
"""

from __future__ import annotations

import io
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from helpers.core import DermBookError
from helpers.dataset import (
    ACCEPTED,
    BOMBS,
    BROKEN,
    KINDS,
    DamagedError,
    develop,
    jpeg_structure,
    orientation_of,
    prepare_image,
)
from helpers.serving.uploads.formats import begins_like_a_picture, recognise

MAX_BYTES = 25_000_000
MAX_PIXELS = 40_000_000
MAX_SCANS = 40
"""Passes of a progressive JPEG. Each costs time for the whole picture; cameras write about ten."""
MIN_SIDE = 32
MAX_OBLONG = 4
"""Most that the long side of a picture may be, in short sides."""
KEPT_SIDE = 1024
"""A picture is halved, also repeatedly, as long as its short side keeps so many pixels."""
TRAINED_ASPECT = (3, 4)
"""Height to width of the pictures of HAM10000, whatever size a model sees them in."""

ERRORS: dict[str, str] = {
    "empty": "The file is empty. Choose the picture again.",
    "too_many_bytes": (
        "The file has {megabytes} MB, but at most {limit} MB are read. Save the picture smaller."
    ),
    "too_many_pixels": (
        "The picture has more than {limit} million pixels, which is more than are read. Save it "
        "smaller."
    ),
    "too_many_scans": (
        "The JPEG is stored in {scans} passes, but at most {limit} are read. Save it again as an "
        "ordinary JPEG."
    ),
    "too_small": (
        "The picture has {width} x {height} pixels, but each side needs at least {limit}. Take a "
        "larger one."
    ),
    "too_oblong": (
        "The picture has {width} x {height} pixels, but its long side may be at most {limit} "
        "times its short side. Crop it to the lesion."
    ),
    "unsupported": (
        "The file is {found}, which is not read here. Save the picture as JPEG or PNG."
    ),
    "not_a_picture": (
        "The file is not a picture. Choose a JPEG, PNG, WebP, BMP, TIFF or GIF, whatever its name."
    ),
    "damaged": "The picture is damaged or cut short. Copy it again from where it came from.",
}
"""English texts by code; the faces have them in their languages, with the same fields."""

NOTES = (
    "rotated",
    "first_frame",
    "alpha_removed",
    "sixteen_bit",
    "cmyk",
    "colour_profile",
    "reduced",
)
"""Codes of what may have been done to a picture while it was read."""

_TILE_WIDTH, _TILE_LENGTH = 322, 323

_decoding = threading.Lock()  # one picture at a time bounds the memory of all visitors together


class PictureError(DermBookError):
    """A file that is no picture for a model; its text is English, its code for translation.

    Parameters
    ----------
    code : str
        Key of `ERRORS`.
    name : str, default=""
        The file's name, put before the text.
    **fields
        What the text of the code has braces for.
    """

    def __init__(self, code: str, name: str = "", **fields: Any) -> None:
        self.code = code
        self.name = name
        self.fields = fields
        text = ERRORS[code].format(**fields)
        super().__init__(f"{name}: {text}" if name else text)


@dataclass(frozen=True)
class Picture:
    """A picture as it was read.

    Attributes
    ----------
    pixels : ndarray of shape (height, width, 3), uint8
        RGB, the right way up.
    notes : tuple of str
        Codes among `NOTES`.
    """

    pixels: NDArray[np.uint8]
    notes: tuple[str, ...] = ()


def read_picture(data: bytes, name: str = "") -> Picture:
    """Read one picture.

    Parameters
    ----------
    data : bytes
        The file's content: JPEG, PNG, WebP, BMP, TIFF or GIF. Of several pages or frames the
        first is read.
    name : str, default=""
        The file's name, for messages alone.

    Returns
    -------
    Picture
        Turned as its EXIF says, transparent parts on white, 16 bits brought to 8, and colours to
        sRGB where the file brings a profile. Where its short side has 2,048 pixels or more it is
        reduced by a power of 2.

    Raises
    ------
    PictureError
        If it cannot be read; see `ERRORS` for the codes.
    """
    _check_bytes(data, name)
    with _decoding:
        image = _open(data, name)
        try:
            _check_size(image, name)
            return _decode(image, name)
        except PictureError:
            raise
        except BOMBS:
            raise _too_many_pixels(name) from None
        except (DamagedError, *BROKEN):
            raise PictureError("damaged", name) from None


def crop_picture(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Turn a portrait picture on its side, and cut its middle to the shape that models know.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), uint8
        RGB of any size.

    Returns
    -------
    ndarray of shape (h, w, 3), uint8
        A view of it with ``3 * w`` as near to ``4 * h`` as whole pixels allow. A picture that is
        higher than wide was turned by 90 degrees against the clock: a lesion has no up. What is
        too wide, or too high, loses as much on both sides, an odd pixel at the end.
    """
    if pixels.shape[0] > pixels.shape[1]:
        pixels = np.rot90(pixels)
    height, width = pixels.shape[:2]
    rows, columns = TRAINED_ASPECT
    kept_width = min(width, max(1, (2 * height * columns + rows) // (2 * rows)))  # rounded
    kept_height = min(height, max(1, (2 * width * rows + columns) // (2 * columns)))
    top, left = (height - kept_height) // 2, (width - kept_width) // 2
    return pixels[top : top + kept_height, left : left + kept_width]


def fit_picture(pixels: NDArray[np.uint8], image_size: tuple[int, int]) -> NDArray[np.uint8]:
    """Bring a picture to a model's input as the image store brings those of the data set.

    Parameters
    ----------
    pixels : ndarray of shape (height, width, 3), uint8
        RGB of any size.
    image_size : tuple of int
        (height, width) of the model's input.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        `crop_picture` of it, resampled by `helpers.dataset.prepare_image`. A model of square
        pictures was trained on pictures of 4 to 3 that were pressed into a square, and gets this
        one pressed in the same way.
    """
    cropped = np.ascontiguousarray(crop_picture(pixels))
    return np.ascontiguousarray(prepare_image(cropped, image_size))


def _check_bytes(data: bytes, name: str) -> None:
    if not data:
        raise PictureError("empty", name)
    if len(data) > MAX_BYTES:
        megabytes, limit = -(-len(data) // 1_000_000), MAX_BYTES // 1_000_000
        raise PictureError("too_many_bytes", name, megabytes=megabytes, limit=limit)
    if (scans := jpeg_structure(data).scans) > MAX_SCANS:
        raise PictureError("too_many_scans", name, scans=scans, limit=MAX_SCANS)


def _open(data: bytes, name: str) -> ImageFile.ImageFile:
    """Read the header, by the decoders of the accepted formats alone."""
    try:
        return Image.open(io.BytesIO(data), formats=ACCEPTED)
    except BOMBS:
        raise _too_many_pixels(name) from None
    except BROKEN:
        if (found := recognise(data)) is not None:
            raise PictureError("unsupported", name, found=found) from None
        code = "damaged" if begins_like_a_picture(data) else "not_a_picture"
        raise PictureError(code, name) from None


def _too_many_pixels(name: str) -> PictureError:
    return PictureError("too_many_pixels", name, limit=MAX_PIXELS // 1_000_000)


def _check_size(image: ImageFile.ImageFile, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name)
    if image.format == "TIFF":  # a tile is decoded whole, however small the picture is
        tags = image.tag_v2  # type: ignore[attr-defined]
        if int(tags.get(_TILE_WIDTH, 0)) * int(tags.get(_TILE_LENGTH, 0)) > MAX_PIXELS:
            raise _too_many_pixels(name)
    if min(width, height) < MIN_SIDE:
        raise PictureError("too_small", name, width=width, height=height, limit=MIN_SIDE)
    if max(width, height) > MAX_OBLONG * min(width, height):
        raise PictureError("too_oblong", name, width=width, height=height, limit=MAX_OBLONG)


def _decode(image: ImageFile.ImageFile, name: str) -> Picture:
    notes = _notes_of_header(image)
    # Decoding turns a TIFF; of a PNG, the orientation may follow the pixels.
    turned = image.format == "TIFF" and orientation_of(image) != 1
    factor = _factor(image.size)
    if factor > 1:
        notes.append("reduced")
    if image.format in ("JPEG", "MPO") and factor > 1:  # JPEGs can be decoded smaller at once
        before = image.size
        image.draft(None, (image.width // factor, image.height // factor))
        factor = 1 if image.size != before else factor
    image.load()
    if image.mode in KINDS:
        raise PictureError("unsupported", name, found=f"{image.format} ({KINDS[image.mode]})")
    notes += ["rotated"] if turned or orientation_of(image) != 1 else []
    pixels, done = develop(image, factor, watch_end="reduced" not in notes)
    return Picture(pixels, tuple(sorted([*notes, *done], key=NOTES.index)))


def _notes_of_header(image: ImageFile.ImageFile) -> list[str]:
    notes = []
    # The further pictures of an MPO are the camera's own copies.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        notes.append("first_frame")
    if image.mode.startswith("I;16") or any(";16" in str(tile.args) for tile in image.tile):
        notes.append("sixteen_bit")
    return notes


def _factor(size: tuple[int, int]) -> int:
    """Power of 2 that a picture is reduced by; 8 at most, as JPEG decoders go no further."""
    factor = 1
    while factor < 8 and min(size) // (2 * factor) >= KEPT_SIDE:
        factor *= 2
    return factor
