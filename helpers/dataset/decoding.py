"""Decoding one image or mask, and finding out whether it is whole."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from helpers.core import DataError, read_bytes
from helpers.dataset.pictures import DamagedError, decode_picture
from helpers.dataset.png import PNG_START, is_whole_png

MASK_SIZE = (600, 450)
"""Width and height of the published masks, whatever size the images were reduced to."""

_GREY, _PALETTE = 0, 3  # colour types of a PNG, its byte 25; the bits of a value are byte 24
_BROKEN_MASK = (OSError, ValueError, SyntaxError)  # Pillow raises all three on bad PNGs


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
    orientation : int
        EXIF orientation that an image was turned by, 1 to 8; 1 for none.
    problem : str
        Why it cannot be used, or "".
    """

    digest: str
    width: int = 0
    height: int = 0
    measure: float = 0.0
    palette: bool = False
    orientation: int = 1
    problem: str = ""


def _grey_values(data: bytes) -> tuple[NDArray[np.integer[Any]], bool]:
    """A mask's picture as grey values, and whether it was stored with a palette.

    402 published masks carry an inverted palette: the stored index says the opposite of the
    colour, so only the colour is looked at.
    """
    if data.startswith(PNG_START) and not is_whole_png(data):
        raise ValueError("the PNG was cut short, or a checksum in it differs")
    palette = data.startswith(PNG_START) and data[25:26] == bytes([_PALETTE])
    plain = palette or data[25:26] == bytes([_GREY])
    if data.startswith(PNG_START) and plain and data[24] <= 8:
        # OpenCV leaves other threads free.
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if values is not None and values.dtype == np.uint8 and values.shape[2:] in ((), (3,)):
            grey = values if values.ndim == 2 else cv2.cvtColor(values, cv2.COLOR_BGR2GRAY)
            return np.asarray(grey, dtype=np.uint8), palette
    with Image.open(io.BytesIO(data)) as picture:
        if picture.mode.startswith("I"):  # 16 bits and more
            return np.asarray(picture), False
        return np.asarray(picture.convert("L")), picture.mode == "P"


def _decode_mask(data: bytes) -> tuple[NDArray[np.bool_], bool]:
    values, palette = _grey_values(data)
    highest = int(values.max(initial=0))
    if 0 < highest <= 127 or values.dtype != np.uint8:
        # Written as 0 and 1 (or another number), as segmentation programs do.
        if not ((values == 0) | (values == highest)).all():
            raise ValueError(
                f"expected two values, such as 0 and 255, but got {len(np.unique(values))} up to "
                f"{highest}"
            )
        return values > 0, palette
    return values > 127, palette


def inspect_image(data: bytes) -> FileFacts:
    """Decode an image completely and say whether it is whole.

    Parameters
    ----------
    data : bytes
        The file as stored, usually JPEG.

    Returns
    -------
    FileFacts
        With a ``problem`` where `helpers.dataset.pictures.decode_picture` finds one.
    """
    digest = hashlib.sha256(data).hexdigest()[:16]
    try:
        pixels, orientation = decode_picture(data)
    except DamagedError as damage:
        return FileFacts(digest, problem=str(damage))
    height, width = pixels.shape[:2]
    # Grey values only: a picture of one brightness shows no lesion, whatever its colour.
    spread = float(cv2.meanStdDev(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY))[1][0, 0])
    return FileFacts(digest, width, height, spread, orientation=orientation)


def inspect_mask(data: bytes) -> FileFacts:
    """Decode a lesion mask completely and say whether it is whole."""
    digest = hashlib.sha256(data).hexdigest()[:16]
    if not data:
        return FileFacts(digest, problem="is empty")
    try:
        mask, palette = _decode_mask(data)
    except _BROKEN_MASK as error:
        return FileFacts(digest, problem=f"cannot be decoded as a mask ({error})")
    height, width = mask.shape
    return FileFacts(digest, width, height, np.count_nonzero(mask) / mask.size, palette)


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
        RGB, upright and in sRGB.

    Raises
    ------
    DataError
        If the file cannot be decoded.
    """
    locator = _locator(image, "path")
    try:
        return decode_picture(read_bytes(locator))[0]
    except DamagedError as damage:
        raise DataError(
            f"{locator}: expected a whole image but it {damage}; fetch it again or replace it"
        ) from None


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
    except _BROKEN_MASK as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise DataError(f"{locator}: expected a mask but it cannot be decoded ({error})") from None
