"""Files that people (and others) upload: pictures of every kind, and what is no picture."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from PIL import Image, ImageChops

WIDTH, HEIGHT = 80, 60


def scene() -> np.ndarray:
    """A picture whose four corners differ, so that a turn shows; smooth enough for JPEG."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / [[[HEIGHT]], [[WIDTH]]]
    return np.stack([60 + 150 * x, 200 - 120 * y, 40 + 90 * x * y], axis=2).astype(np.uint8)


def encode(image: Image.Image | None = None, kind: str = "PNG", **options: object) -> bytes:
    """A picture as a file; of the scene where None."""
    buffer = io.BytesIO()
    (Image.fromarray(scene()) if image is None else image).save(buffer, kind, **options)
    return buffer.getvalue()


def turned(orientation: int, kind: str = "JPEG") -> bytes:
    """The scene, stored in another orientation, with the EXIF tag that says so."""
    back = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    image = Image.fromarray(scene())
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, object] = {"exif": exif}
    options |= {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    options |= {"lossless": True} if kind == "WEBP" else {}
    return encode(image if back is None else image.transpose(back), kind, **options)


def sixteen_bits(suffix: str = ".png", channels: int = 3) -> bytes:
    """The scene with 16 bits a channel: grey, colour, or colour with alpha."""
    values = scene().astype(np.uint16) * 257
    if channels == 1:
        values = values[..., 0]
    elif channels == 4:
        opaque = np.full((HEIGHT, WIDTH, 1), 65535, dtype=np.uint16)
        values = np.concatenate([values[..., ::-1], opaque], axis=2)
    else:
        values = values[..., ::-1]
    return cv2.imencode(suffix, values)[1].tobytes()


def cmyk_jpeg(*, adobe: bool) -> bytes:
    """A CMYK JPEG: with Adobe's mark and inverted inks, or without both."""
    image = Image.fromarray(scene()).convert("CMYK")
    if adobe:
        return encode(image, "JPEG", quality=100)
    data = encode(ImageChops.invert(image), "JPEG", quality=100)  # saving inverts once more
    start = data.index(b"\xff\xee")
    length = struct.unpack(">H", data[start + 2 : start + 4])[0]
    return data[:start] + data[start + 2 + length :]


def animation(kind: str) -> bytes:
    """Three frames, the scene first, then grey ones."""
    frames = [Image.new("RGB", (WIDTH, HEIGHT), (v, v, v)) for v in (0, 128)]
    options: dict[str, object] = {"lossless": True} if kind == "WEBP" else {}
    return encode(None, kind, save_all=True, append_images=frames, **options)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG."""
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)


def flat_png(width: int, height: int, colour_type: int = 0) -> bytes:
    """A PNG of zeros, honest in every byte and small in bytes; its pixels are never all held."""
    channels = {0: 1, 2: 3, 6: 4}[colour_type]
    row = bytes(1 + width * channels)
    packer = zlib.compressobj(1)

    def packed() -> Iterator[bytes]:
        n_rows = max(1, 2**22 // len(row))
        block = row * n_rows
        for _ in range(height // n_rows):
            yield packer.compress(block)
        yield packer.compress(row * (height % n_rows)) + packer.flush()

    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", b"".join(packed()))
        + png_chunk(b"IEND", b"")
    )


def many_scans(n_scans: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again: little data, much work."""
    data = encode(None, "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * n_scans + data[-2:]


def tiff_of_huge_tiles() -> bytes:
    """A TIFF of 64 x 64 pixels whose one tile claims 20,000 x 20,000."""
    packed = zlib.compress(bytes(20_000 * 2_000), 1)
    entries = [
        (256, 4, 64),
        (257, 4, 64),
        (258, 3, 8),
        (259, 3, 8),
        (262, 3, 1),
        (277, 3, 1),
        (322, 4, 20_000),
        (323, 4, 20_000),
        (324, 4, 8),
        (325, 4, len(packed)),
    ]
    table = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    start = struct.pack("<2sHI", b"II", 42, 8 + len(packed))
    return start + packed + struct.pack("<H", len(entries)) + table + struct.pack("<I", 0)


def wide_gamut_profile() -> bytes:
    """An ICC profile with the primaries of Display P3 and a gamma of 2.2."""

    def xyz(*values: float) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    text = b"wide gamut of a test\0"
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)) + b"\0\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)
    tags = {
        b"desc": description + bytes(-len(description) % 4),
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.5151, 0.2412, -0.0011),
        b"gXYZ": xyz(0.2920, 0.6922, 0.0419),
        b"bXYZ": xyz(0.1571, 0.0666, 0.7841),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    offset = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, offset + len(body), len(content))
        body += content
    size = 128 + len(table) + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28)
    header += struct.pack(">iii", 63190, 65536, 54061)
    return header + bytes(128 - len(header)) + table + body


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>'
HTML = b"<!DOCTYPE html>\n<html><script>alert(1)</script></html>"

REFUSED: dict[str, tuple[str, Callable[[], bytes]]] = {
    "nothing.jpg": ("empty", lambda: b""),
    "text.jpg": ("not_a_picture", lambda: b"this is a letter, not a picture\n" * 20),
    "noise.png": ("not_a_picture", lambda: np.random.default_rng(0).bytes(5000)),
    "one byte.jpg": ("not_a_picture", lambda: b"\xff"),
    "page.jpg": ("unsupported", lambda: HTML),
    "page with a comment.png": ("unsupported", lambda: b"\xef\xbb\xbf <!-- x --> " + HTML),
    "drawing.svg": ("unsupported", lambda: SVG),
    "drawing.png": ("unsupported", lambda: SVG[22:]),
    "letter.jpg": ("unsupported", lambda: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF"),
    "archive.jpg": ("unsupported", lambda: b"PK\x03\x04" + bytes(100)),
    "phone.heic": ("unsupported", lambda: b"\0\0\0\x18ftypheic" + bytes(100)),
    "film.jpg": ("unsupported", lambda: b"\0\0\0\x18ftypisom" + bytes(100)),
    "scan.dcm": ("unsupported", lambda: bytes(128) + b"DICM" + bytes(100)),
    "icon.png": ("unsupported", lambda: encode(Image.new("RGB", (64, 64)), "ICO")),
    "float.tif": ("unsupported", lambda: encode(Image.new("F", (80, 60)), "TIFF")),
    "lab.tif": ("unsupported", lambda: encode(Image.new("LAB", (80, 60)), "TIFF")),
    "start of a png": ("damaged", lambda: encode()[:12]),
    "half a png": ("damaged", lambda: encode(noisy())[:9000]),
    "half a jpeg": ("damaged", lambda: encode(noisy(), "JPEG")[:2000]),
    "start of a jpeg": ("damaged", lambda: encode(None, "JPEG")[:100]),
    "a jpeg without its middle": ("damaged", lambda: without_middle()),
    "half a progressive jpeg": (
        "damaged",
        lambda: encode(noisy(), "JPEG", progressive=True)[:2000],
    ),
    "half a webp": ("damaged", lambda: encode(noisy(), "WEBP")[:700]),
    "half a bmp": ("damaged", lambda: encode(None, "BMP")[:9000]),
    "half a gif": ("damaged", lambda: encode(noisy(), "GIF")[:1500]),
    "half a tiff": ("damaged", lambda: encode(None, "TIFF")[:9000]),
    "broken.png": ("damaged", lambda: encode().replace(b"IDAT", b"IDAT\xff", 1)),
    "100 MB.jpg": ("too_many_bytes", lambda: encode(None, "JPEG") + bytes(100_000_000)),
    "30,000 x 30,000.png": ("too_many_pixels", lambda: flat_png(30_000, 30_000)),
    "10,000 x 9,000.png": ("too_many_pixels", lambda: flat_png(10_000, 9_000)),
    "6,400 x 6,400.png": ("too_many_pixels", lambda: flat_png(6_400, 6_400)),
    "claims.bmp": ("too_many_pixels", lambda: claiming_bmp()),
    "claims.webp": ("too_many_pixels", lambda: claiming_webp()),
    "claims.gif": ("too_many_pixels", lambda: b"GIF89a" + b"\xff" * 4 + encode(kind="GIF")[10:]),
    "tiles.tif": ("too_many_pixels", tiff_of_huge_tiles),
    "scans.jpg": ("too_many_scans", lambda: many_scans(5000)),
    "1 x 1.png": ("too_small", lambda: encode(Image.new("RGB", (1, 1)))),
    "1 x 1.gif": ("too_small", lambda: encode(Image.new("RGB", (1, 1)), "GIF")),
    "thread.png": ("too_small", lambda: encode(Image.new("RGB", (4000, 10)))),
    "strip.png": ("too_oblong", lambda: encode(Image.new("RGB", (4000, 100)))),
    "tower.jpg": ("too_oblong", lambda: encode(Image.new("RGB", (100, 4000)), "JPEG")),
}
"""Name, the code of its refusal, and what makes its bytes."""


def noisy() -> Image.Image:
    """A picture that does not get small, so that its half is really a half."""
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    return Image.fromarray(pixels)


def without_middle() -> bytes:
    """A JPEG cut short whose end was put back, so that decoders fill it with grey."""
    data = encode(noisy().resize((320, 240)), "JPEG", quality=95)
    return data[: len(data) // 2] + data[-2:]


def claiming_bmp() -> bytes:
    """A BMP that claims 60,000 x 60,000 pixels."""
    data = bytearray(encode(None, "BMP"))
    data[18:26] = struct.pack("<ii", 60_000, 60_000)
    return bytes(data)


def claiming_webp() -> bytes:
    """A WebP animation that claims a canvas of 16,000 x 16,000 pixels."""
    data = bytearray(animation("WEBP"))
    place = data.index(b"VP8X") + 12
    data[place : place + 6] = (15_999).to_bytes(3, "little") * 2
    return bytes(data)
