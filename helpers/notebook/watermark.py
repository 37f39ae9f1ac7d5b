"""The mark below every picture of a drawn sample, added to the finished file.

Adding it afterwards, in a strip of its own, leaves the figure's layout as it was.
"""

from __future__ import annotations

import io
import re

MARK = "drawn sample – not patients"
_STRIP_PT = 12.0
_SIZE_PT = 6.5
_INK = "#6b6b6b"
_ROOT = re.compile(
    r'(<svg\b[^>]*?width="(?P<width>[\d.]+)pt" height=")(?P<height>[\d.]+)(pt" viewBox="0 0 '
    r'[\d.]+ )[\d.]+(")'
)


def mark_svg(text: str) -> str:
    """Add the mark below a figure that matplotlib wrote as SVG, as a path.

    Parameters
    ----------
    text : str
        The SVG document, with its size in points.

    Returns
    -------
    str
        The document, 12 points higher.

    Raises
    ------
    ValueError
        If the document has no size in points.
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    root = _ROOT.search(text)
    if root is None:
        raise ValueError("expected an SVG of matplotlib, with its size in points")
    width, height = float(root["width"]), float(root["height"])
    letters = TextPath((0, 0), MARK, size=_SIZE_PT, prop=FontProperties(family="DejaVu Sans"))
    left = width - 3 - letters.get_extents().x1
    base = height + _STRIP_PT - 3.5
    commands = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    steps = []
    for points, code in letters.iter_segments(simplify=False, curves=True):
        pairs = zip(points[::2], points[1::2], strict=True)
        places = "" if code == 79 else " ".join(f"{left + x:.2f} {base - y:.2f}" for x, y in pairs)
        steps.append(f"{commands[int(code)]}{places}")
    strip = (
        f'<rect x="0" y="{height:g}" width="{width:g}" height="{_STRIP_PT:g}" fill="white"/>'
        f'<path d="{"".join(steps)}" fill="{_INK}"/>'
    )
    taller = f"{height + _STRIP_PT:g}"
    text = _ROOT.sub(lambda m: f"{m[1]}{taller}{m[4]}{taller}{m[5]}", text, count=1)
    head, end, tail = text.rpartition("</svg>")
    return f"{head}<g>{strip}</g>\n{end}{tail}"


def mark_png(data: bytes, dpi: int) -> bytes:
    """Add the mark below a picture in PNG.

    Parameters
    ----------
    data : bytes
        The PNG file.
    dpi : int
        Its dots an inch.

    Returns
    -------
    bytes
        A PNG file, 12 points higher.
    """
    from matplotlib.font_manager import findfont
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.open(io.BytesIO(data)).convert("RGB")
    unit = dpi / 72
    strip = round(_STRIP_PT * unit)
    taller = Image.new("RGB", (picture.width, picture.height + strip), "white")
    taller.paste(picture, (0, 0))
    font = ImageFont.truetype(findfont("DejaVu Sans"), _SIZE_PT * unit)
    place = (picture.width - 3 * unit, taller.height - 3.5 * unit)
    ImageDraw.Draw(taller).text(place, MARK, fill=_INK, font=font, anchor="rs")
    buffer = io.BytesIO()
    taller.save(buffer, format="PNG", dpi=(dpi, dpi))  # to optimise takes five times as long
    return buffer.getvalue()
