"""Decoding one image or mask, and finding out whether it is whole."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from helpers.core import DataError, read_bytes

MASK_SIZE = (600, 450)
"""Width and height of the published masks, whatever size the images were reduced to."""

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_FILLER_GREY = 128  # what libjpeg paints where the compressed data ended too early


@dataclass(frozen=True)
class FileFacts:
    """What one decoded file is.

    Attributes
    ----------
    digest : str
        First 16 hexadecimal digits of the SHA-256 of the bytes.
    width, height : int
        Pixels; 0 where the file could not be decoded.
    measure : float
        Of an image, the standard deviation of its grey values, in [0, 127.5]; of a mask,
        the fraction of its pixels that are inside, in [0, 1].
    palette : bool
        Whether it is a mask stored with a palette.
    problem : str
        Why it cannot be used, or "".
    """

    digest: str
    width: int = 0
    height: int = 0
    measure: float = 0.0
    palette: bool = False
    problem: str = ""


def _decode_rgb(data: bytes) -> np.ndarray | None:
    if not data:
        return None
    buffer = np.frombuffer(data, dtype=np.uint8)
    try:
        return cv2.imdecode(buffer, cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        return None


def _decode_mask(data: bytes) -> tuple[np.ndarray, bool]:
    with Image.open(io.BytesIO(data)) as picture:
        # 402 published masks carry an inverted palette: the stored index says the opposite
        # of the colour, so only the colour is looked at.
        return np.asarray(picture.convert("L")) > 127, picture.mode == "P"


def ends_in_filler(pixels: np.ndarray) -> bool:
    """Whether a decoded JPEG turns into exact mid-grey in the middle of a row of blocks.

    That is how data that end too early decode. A picture with a grey border is grey in whole
    rows or in whole columns, and is left alone; so is the one cut in fifteen or so that falls
    between two rows of blocks.
    """
    off_grey = np.abs(pixels.astype(np.int16) - _FILLER_GREY).max(axis=2)
    rows = np.flatnonzero(off_grey.any(axis=1))
    # Colour bleeds a pixel or two over the edges of blocks (8 or 16 pixels): look well inside
    # the last row of blocks that is not filler, and inside the one above it.
    inside = int(rows[-1]) - 6 if len(rows) else -1
    if inside < 0:
        return False
    ends_grey = not off_grey[inside, -8:].any() and off_grey[inside].max() > 16
    above = inside - 16
    return bool(ends_grey and (above < 0 or off_grey[above, -8:].any()))


def decode_whole(data: bytes) -> tuple[np.ndarray | None, str]:
    """Decode an image completely, and say whether it is whole.

    A decoder alone does not tell that an image was cut short: it may paint the missing part grey
    and say nothing.

    Parameters
    ----------
    data : bytes
        The file as stored, usually JPEG.

    Returns
    -------
    pixels : ndarray of uint8, shape (height, width, 3), or None
        RGB, as far as it could be decoded.
    problem : str
        Why it cannot be used (it is empty, is no image, or was cut short), or "".
    """
    if not data:
        return None, "is empty"
    jpeg = data.startswith(_JPEG_START)
    if jpeg and not data.rstrip(b"\0\r\n ").endswith(_JPEG_END):
        return None, "was cut short (no end-of-image mark)"
    pixels = _decode_rgb(data)
    if pixels is None:
        return None, "cannot be decoded as an image"
    if jpeg and ends_in_filler(pixels):
        return pixels, "was cut short (its end is grey filler)"
    return pixels, ""


def inspect_image(data: bytes) -> FileFacts:
    """Decode an image completely and say what it is.

    Parameters
    ----------
    data : bytes
        The file as stored, usually JPEG.

    Returns
    -------
    FileFacts
        With a ``problem`` where `decode_whole` finds one.
    """
    digest = hashlib.sha256(data).hexdigest()[:16]
    pixels, problem = decode_whole(data)
    if pixels is None:
        return FileFacts(digest, problem=problem)
    height, width = pixels.shape[:2]
    if problem:
        return FileFacts(digest, width, height, problem=problem)
    # Grey values only: a picture of one brightness shows no lesion, whatever its colour.
    spread = float(cv2.meanStdDev(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))[1][0, 0])
    return FileFacts(digest, width, height, spread)


def inspect_mask(data: bytes) -> FileFacts:
    """Decode a lesion mask completely and say whether it is whole."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    if not data:
        return FileFacts(digest, problem="is empty")
    try:
        mask, palette = _decode_mask(data)
    except (
        OSError,
        ValueError,
        SyntaxError,
    ) as error:  # PIL raises all three on bad PNGs
        return FileFacts(digest, problem=f"cannot be decoded as a mask ({error})")
    height, width = mask.shape
    return FileFacts(digest, width, height, float(mask.mean()), palette)


def _locator(image: Any, column: str) -> str:
    return str(image) if isinstance(image, str | Path) else str(image[column])


def read_image(image: Any) -> np.ndarray:
    """Read one image.

    Parameters
    ----------
    image : str, Path or row of a catalogue
        A locator, or a Series or mapping with the key ``path``.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        RGB.

    Raises
    ------
    DataError
        If the file cannot be decoded.
    """
    locator = _locator(image, "path")
    pixels = _decode_rgb(read_bytes(locator))
    if pixels is None:
        raise DataError(f"{locator}: expected an image but it cannot be decoded; fetch it again")
    return pixels


def read_mask(mask: Any) -> np.ndarray:
    """Read one lesion mask.

    Parameters
    ----------
    mask : str, Path or row of a catalogue
        A locator, or a Series or mapping with the key ``mask_path``.

    Returns
    -------
    ndarray of bool, shape (height, width)
        True inside the lesion.

    Raises
    ------
    DataError
        If there is no mask, or it cannot be decoded.
    """
    locator = _locator(mask, "mask_path")
    if not locator:
        raise DataError("expected the locator of a mask but got ''; this image has no mask")
    try:
        return _decode_mask(read_bytes(locator))[0]
    except (OSError, ValueError, SyntaxError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise DataError(f"{locator}: expected a mask but it cannot be decoded ({error})") from None
