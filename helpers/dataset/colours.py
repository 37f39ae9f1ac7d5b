"""Modes and colours of decoded pictures: all of them to RGB of 8 bits, as screens show it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageCms

_STRIP = 256  # rows of a reduced picture that are made at once
_MAX_PROFILE_BYTES = 4_000_000


def to_eight_bits(image: Image.Image) -> Image.Image:
    """Bring a grey picture of 16 bits to 8, and leave others as they are."""
    if image.mode.startswith("I;16"):  # the high byte, as the decoder does with 16-bit colours
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image


def _plain(frame: Image.Image) -> Image.Image:
    """Grey, colour or inks, or RGBA where something may be seen through."""
    mode = "RGBA" if frame.has_transparency_data else frame.mode
    mode = mode if mode in ("L", "RGB", "RGBA", "CMYK") else "RGB"
    return frame if frame.mode == mode else frame.convert(mode)


def reduced(frame: Image.Image, factor: int) -> Image.Image:
    """Bring a picture to a plain mode, reduced, without a second picture of full size.

    Parameters
    ----------
    frame : Image
        Of any mode of 8 bits.
    factor : int
        Sides of the blocks that are averaged; the last of a row or column may be smaller.

    Returns
    -------
    Image
        Of the mode L, RGB or CMYK, or RGBA where something may be seen through.
    """
    if factor == 1:
        return _plain(frame)
    width, height = frame.size
    strips = []
    for top in range(0, height, _STRIP * factor):
        bottom = min(top + _STRIP * factor, height)
        strips.append(_plain(frame.crop((0, top, width, bottom))).reduce(factor))
    whole = Image.new(strips[0].mode, (strips[0].width, sum(strip.height for strip in strips)))
    for number, strip in enumerate(strips):
        whole.paste(strip, (0, number * _STRIP))
    return whole


def on_white(frame: Image.Image) -> tuple[Image.Image, bool]:
    """Lay a picture of the mode RGBA on white.

    Returns
    -------
    Image
        Of the mode RGB.
    bool
        Whether white shows anywhere.
    """
    alpha = frame.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return frame.convert("RGB"), False
    white = Image.new("RGB", frame.size, "white")
    white.paste(frame.convert("RGB"), mask=alpha)
    return white, True


def to_srgb(frame: Image.Image, profile: bytes | None) -> tuple[Image.Image, bool]:
    """Bring colours from a file's profile to sRGB, which models and screens expect.

    Parameters
    ----------
    frame : Image
        Only the modes RGB and CMYK have their colours changed.
    profile : bytes or None
        An ICC profile. One that cannot be used counts as none.

    Returns
    -------
    Image
        Of the mode RGB where its colours were changed.
    bool
        Whether they were.
    """
    if not profile or len(profile) > _MAX_PROFILE_BYTES or frame.mode not in ("RGB", "CMYK"):
        return frame, False
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(own).lower():
            return frame, False
        converted = ImageCms.profileToProfile(
            frame, own, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return frame, False
    return (frame, False) if converted is None else (converted, True)
