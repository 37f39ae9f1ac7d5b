"""One reading of pictures for training, app and page: upright, opaque, 8 bits, in sRGB."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageChops, ImageFile

from helpers.dataset.colours import on_white, reduced, to_eight_bits, to_srgb
from helpers.dataset.jpeg import START, jpeg_structure
from helpers.dataset.png import PNG_START, is_whole_png

ACCEPTED = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF")
"""Pillow's names of the formats whose decoders may be called."""

BROKEN = (
    OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError,
    EOFError, RuntimeError, MemoryError, Warning, struct.error, zlib.error,
)  # fmt: skip
"""What the decoders raise on damaged files, found by feeding them such."""

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
KINDS = {"I": "32 bit", "F": "32 bit", "LAB": "CIELAB"}
"""Modes that have no one reading as a picture."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture upright, by its EXIF orientation."""

_FILLER_GREY = 128  # what libjpeg paints where the compressed data ended too early
_STRIP = 16


class DamagedError(Exception):
    """A file that is no whole picture; the text says why, without the file's name."""


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation of an opened picture, 1 to 8; 1 where there is none that can be read."""
    try:
        found = int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except BROKEN:  # what a camera wrote badly does not spoil its picture
        return 1
    return found if found in TURNS else 1


def ends_in_filler(pixels: NDArray[np.uint8]) -> bool:
    """Whether a decoded JPEG turns into exact mid-grey in the middle of a row of blocks.

    That is how data that end too early decode. A picture with a grey border is grey in whole
    rows or in whole columns, and is left alone; so is the one cut in fifteen or so that falls
    between two rows of blocks.
    """
    last = -1
    for bottom in range(len(pixels), 0, -_STRIP):  # almost always decided by the last strip
        top = max(0, bottom - _STRIP)
        rows = np.flatnonzero((pixels[top:bottom] != _FILLER_GREY).any(axis=(1, 2)))
        if len(rows):
            last = top + int(rows[-1])
            break
    # Colour bleeds a pixel or two over the edges of blocks (8 or 16 pixels): look well inside
    # the last row of blocks that is not filler, and inside the one above it.
    inside = last - 6
    if inside < 0:
        return False

    if (pixels[inside, -8:] != _FILLER_GREY).any():  # almost always decided here
        return False
    off_grey = np.abs(pixels[inside].astype(np.int16) - _FILLER_GREY)
    above = inside - 16
    return bool(off_grey.max() > 16 and (above < 0 or (pixels[above, -8:] != _FILLER_GREY).any()))


def develop(
    image: ImageFile.ImageFile, factor: int = 1, *, watch_end: bool = True
) -> tuple[NDArray[np.uint8], list[str]]:
    """Make a loaded picture what every model sees of it.

    Parameters
    ----------
    image : ImageFile
        Opened by Pillow and loaded.
    factor : int, default=1
        Sides of the blocks that are averaged to make it smaller.
    watch_end : bool, default=True
        Whether a JPEG that ends in grey filler is an error.

    Returns
    -------
    ndarray of uint8 of shape (height, width, 3)
        RGB, turned as its EXIF says, transparent parts on white, and colours brought to sRGB where
        the file has a profile.
    list of str
        What was done: among ``cmyk``, ``alpha_removed``, ``colour_profile``.

    Raises
    ------
    DamagedError
        If the picture has 32 bits or is CIELAB, or ends in filler.
    """
    jpeg = image.format in ("JPEG", "MPO")
    if image.mode in KINDS:
        raise DamagedError(f"is {image.format} ({KINDS[image.mode]}), which is not read here")
    # Decoding turns a TIFF, and forgets its orientation; of a PNG, it may follow the pixels.
    orientation = orientation_of(image)
    notes = []
    frame = to_eight_bits(image)
    if jpeg and frame.mode == "CMYK" and "adobe" not in image.info:
        frame = ImageChops.invert(frame)  # Pillow takes all for Adobe's, whose inks are inverted
    frame = reduced(frame, factor)
    if frame.mode == "CMYK":
        notes.append("cmyk")
    if frame.mode == "RGBA":
        frame, seen_through = on_white(frame)
        notes += ["alpha_removed"] if seen_through else []
    if jpeg and watch_end and ends_in_filler(np.asarray(frame.convert("RGB"))):
        raise DamagedError("was cut short (its end is grey filler)")
    frame, changed = to_srgb(frame, image.info.get("icc_profile"))
    notes += ["colour_profile"] if changed else []
    if orientation in TURNS:
        frame = frame.transpose(TURNS[orientation])
    return np.array(frame.convert("RGB"), dtype=np.uint8), notes


def decode_picture(data: bytes) -> tuple[NDArray[np.uint8], int]:
    """Decode a picture of a data set.

    Parameters
    ----------
    data : bytes
        JPEG, PNG, WebP, BMP, TIFF or GIF, whatever the file's name says.

    Returns
    -------
    pixels : ndarray of uint8 of shape (height, width, 3)
        As `develop` makes them.
    orientation : int
        The EXIF orientation, 1 to 8, that was applied; 1 for none.

    Raises
    ------
    DamagedError
        If it is empty, no picture, or was cut short. A decoder alone does not tell the last: it
        may paint the missing part grey and say nothing.
    """
    if not data:
        raise DamagedError("is empty")
    if data.startswith(START):
        structure = jpeg_structure(data)
        if not structure.whole:
            raise DamagedError("was cut short (no end-of-image mark)")
        if structure.plain and (pixels := _decode_plain(data)) is not None:
            if ends_in_filler(pixels):
                raise DamagedError("was cut short (its end is grey filler)")
            return pixels, 1
    if data.startswith(PNG_START) and not is_whole_png(data):
        raise DamagedError("was cut short, or a checksum in it differs")
    try:
        with Image.open(io.BytesIO(data), formats=ACCEPTED) as image:
            orientation = orientation_of(image)
            image.load()
            return develop(image)[0], max(orientation, orientation_of(image))
    except BOMBS:
        raise DamagedError("has more pixels than are read; save it smaller") from None
    except DamagedError:
        raise
    except BROKEN:
        raise DamagedError("cannot be decoded as an image") from None


def _decode_plain(data: bytes) -> NDArray[np.uint8] | None:
    """Decode by OpenCV, which lets other threads go on, and shows what Pillow shows."""
    try:
        return cv2.imdecode(  # type: ignore[return-value]
            np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR_RGB
        )
    except cv2.error:
        return None
