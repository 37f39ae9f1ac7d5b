"""Pictures that are no dermoscopy: photographs, drawings and patterns to try a gate on."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from helpers.serving.uploads.pictures import PictureError, read_picture

SIZE = (450, 600)
SKIN = ("#f2d6c9", "#e8beac", "#d9a88f", "#c68863", "#a86f4c", "#8a5635", "#6b4226", "#f6e0d5")
_MOST_PIXELS = 64


def _colour(text: str) -> np.ndarray:
    return np.array([int(text[i : i + 2], 16) for i in (1, 3, 5)], dtype=float)


def _pixels(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0, 255).astype(np.uint8)


def photographs() -> Iterator[tuple[str, np.ndarray]]:
    """Photographs of packages that are installed, whole and in pieces."""
    import matplotlib
    from sklearn.datasets import load_sample_images

    for name, pixels in zip(("china", "flower"), load_sample_images().images, strict=True):
        yield f"photo {name}", pixels
    sample = Path(matplotlib.get_data_path()) / "sample_data"
    for name in ("grace_hopper.jpg", "Minduka_Present_Blue_Pack.png"):
        yield f"photo {name}", read_picture((sample / name).read_bytes()).pixels
    whole = [*load_sample_images().images]
    whole.append(read_picture((sample / "grace_hopper.jpg").read_bytes()).pixels)
    rng = np.random.default_rng(0)
    for number in range(60):
        pixels = whole[number % 3]
        side = int(rng.integers(120, 300))
        top = int(rng.integers(0, pixels.shape[0] - side))
        left = int(rng.integers(0, pixels.shape[1] - side))
        yield f"piece {number}", pixels[top : top + side, left : left + side]


def package_pictures() -> Iterator[tuple[str, np.ndarray]]:
    """Pictures that come with installed packages: icons, diagrams, plots."""
    folders = {
        Path(spec.origin).parents[1]
        for name in ("numpy", "matplotlib", "sklearn", "jupyterlab")
        if (spec := importlib.util.find_spec(name)) is not None and spec.origin
    }
    seen = set()
    for folder in sorted(folders):
        for path in sorted([*folder.rglob("*.png"), *folder.rglob("*.jpg")]):
            if "sample_data" in path.parts or path.name in ("china.jpg", "flower.jpg"):
                continue
            data = path.read_bytes()
            try:
                pixels = read_picture(data).pixels
            except PictureError:
                continue
            if min(pixels.shape[:2]) >= _MOST_PIXELS and hash(data) not in seen:
                seen.add(hash(data))
                yield f"package {path.name}", pixels


def plots() -> Iterator[tuple[str, np.ndarray]]:
    """Plots of matplotlib in several styles."""
    from matplotlib.figure import Figure

    rng = np.random.default_rng(1)
    for number in range(12):
        figure = Figure(figsize=(6, 4.5), facecolor=("white", "black", "#eeeeee")[number % 3])
        axes = figure.add_subplot()
        x = np.linspace(0, 10, 50)
        if number % 4 == 0:
            axes.plot(x, rng.normal(size=(50, 3)).cumsum(axis=0))
        elif number % 4 == 1:
            axes.bar(np.arange(7), rng.random(7), color="C" + str(number % 7))
        elif number % 4 == 2:
            axes.scatter(*rng.normal(size=(2, 200)), c=rng.random(200))
        else:
            axes.imshow(rng.random((12, 12)), cmap=("viridis", "pink", "Reds")[number // 4])
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png")
        yield f"plot {number}", read_picture(buffer.getvalue()).pixels


def pages() -> Iterator[tuple[str, np.ndarray]]:
    """Pages of text and screens with windows, light and dark."""
    words = ["the", "lesion", "was", "seen", "in", "two", "visits", "and", "no", "change", "found"]
    rng = np.random.default_rng(2)
    for number in range(16):
        ink, paper = ("black", "white") if number % 2 else ("#d0d0d0", "#202428")
        image = Image.new("RGB", (600, 450), paper)
        draw = ImageDraw.Draw(image)
        font = ImageFont.load_default(size=int(rng.integers(9, 30)))
        for top in range(10, 440, int(rng.integers(14, 36))):
            line = " ".join(rng.choice(words, 14))
            draw.text((10 + 60 * (number % 3), top), line, fill=ink, font=font)
        if number >= 8:
            for _ in range(5):
                x, y = int(rng.integers(0, 400)), int(rng.integers(0, 300))
                fill = tuple(int(v) for v in rng.integers(0, 256, 3))
                draw.rounded_rectangle((x, y, x + 180, y + 120), 12, fill=fill, outline=ink)
                draw.text((x + 10, y + 10), "OK  Cancel", fill="white", font=font)
        yield f"page {number}", np.asarray(image)


def noise() -> Iterator[tuple[str, np.ndarray]]:
    """Noise of several grains, in colour and in grey."""
    rng = np.random.default_rng(3)
    for number in range(24):
        grain = (1, 2, 5, 15, 50, 150)[number % 6]
        shape = (-(-SIZE[0] // grain), -(-SIZE[1] // grain), 3 if number % 4 else 1)
        values = rng.integers(0, 256, shape).astype(np.uint8).repeat(3 // shape[2], axis=2)
        how = cv2.INTER_NEAREST if number % 2 else cv2.INTER_CUBIC
        yield f"noise {number}", cv2.resize(values, SIZE[::-1], interpolation=how)


def flat() -> Iterator[tuple[str, np.ndarray]]:
    """One colour all over."""
    names = ("#000000", "#ffffff", "#808080", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#ff8000")
    for name in (*names, "#800080", "#00ffff", "#204060", "#306030", "#602020", "#c0c0ff"):
        yield f"flat {name}", np.full((*SIZE, 3), _colour(name), dtype=np.uint8)


def gradients() -> Iterator[tuple[str, np.ndarray]]:
    """From one colour to another, straight or round."""
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    for number in range(20):
        first, last = rng.integers(0, 256, (2, 3))
        if number % 2:
            share = np.hypot(y - SIZE[0] / 2, x - SIZE[1] / 2) / 375
        else:
            angle = rng.uniform(0, np.pi)
            share = (np.cos(angle) * x / SIZE[1] + np.sin(angle) * y / SIZE[0] + 1) / 2.5
        share = np.clip(share, 0, 1)[..., None]
        yield f"gradient {number}", _pixels(first * (1 - share) + last * share)


def flat_skin() -> Iterator[tuple[str, np.ndarray]]:
    """Skin without anything on it: flat, lit from a side, grainy."""
    rng = np.random.default_rng(5)
    light = np.linspace(0.8, 1.15, SIZE[1])[None, :, None]
    for name in SKIN:
        colour = np.ones((*SIZE, 1)) * _colour(name)
        yield f"skin flat {name}", _pixels(colour)
        yield f"skin lit {name}", _pixels(colour * light)
        yield f"skin grainy {name}", _pixels(colour * light + rng.normal(0, 6, (*SIZE, 1)))


KINDS = {
    "photographs": photographs,
    "package pictures": package_pictures,
    "plots": plots,
    "pages and screens": pages,
    "noise": noise,
    "flat colours": flat,
    "gradients": gradients,
    "bare skin": flat_skin,
}
"""What makes each kind of negative."""
