"""The book's colours as three kinds of colour-blind readers see them.

Simulated after G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, "A physiologically-based
model for simulation of color vision deficiency", IEEE Trans. Vis. Comput. Graph. 15 (2009)
1291-1298, https://doi.org/10.1109/TVCG.2009.113: the matrices of severity 1, on linear RGB.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from helpers.core.classes import COLOURS
from helpers.plots.axes import SERIES, SPLIT_COLOURS
from helpers.plots.screening import LESION_COLOURS

SEEN = {
    "everybody": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip
LEAST = 12.0
"""Distance in CIELAB; two patches side by side are told apart from about 2.3 on (Mahy et al.,
Color Res. Appl. 19, 1994), and lines and marks apart need some times that."""
PALETTES = {
    "diagnoses": list(COLOURS.values()),
    "splits": list(SPLIT_COLOURS.values()),
    "series": list(SERIES),
    "lesions": list(LESION_COLOURS.values()),
}
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_WHITE = np.array([0.95047, 1.0, 1.08883])


def lab(colour: str, seen: object) -> np.ndarray:
    """A colour of sRGB in CIELAB (D65), as somebody sees it."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = _TO_XYZ @ np.clip(np.array(seen) @ linear, 0, 1) / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def nearest(colours: list[str], seen: object) -> tuple[float, str, str]:
    """The two colours of a palette that are hardest to tell apart, and their distance."""
    pairs = combinations(dict.fromkeys(colours), 2)
    return min((float(np.linalg.norm(lab(a, seen) - lab(b, seen))), a, b) for a, b in pairs)


@pytest.mark.parametrize("who", SEEN)
@pytest.mark.parametrize("palette", PALETTES)
def test_colours_of_a_palette_are_told_apart(palette: str, who: str) -> None:
    """Any two colours that stand in one figure differ for each reader."""
    distance, first, second = nearest(PALETTES[palette], SEEN[who])
    assert distance >= LEAST, f"{first} and {second} are {distance:.1f} apart for {who}"


def test_red_and_green_would_fail() -> None:
    """The check can fail: matplotlib's own red and green are as good as one colour for some."""
    colours = ["#d62728", "#2ca02c"]
    assert (
        nearest(colours, SEEN["deuteranopia"])[0] < LEAST < nearest(colours, SEEN["everybody"])[0]
    )


def test_lab_agrees_with_known_values() -> None:
    """White is 100, and sRGB red is where the tables have it."""
    assert lab("white", np.eye(3)) == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#ff0000", np.eye(3)) == pytest.approx([53.24, 80.09, 67.20], abs=0.05)
