"""Heat maps of any image and class: each image's are computed once, and described."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from support.predictions import make_predictions

from helpers.core.classes import CLASSES
from helpers.interactive.heat_map import HeatMaps, heat_in_words, heat_maps

SIZE = (12, 18)


class Network:
    """Stands in for an explainer and its store: class k is warm in pixel k, the last nowhere."""

    def __init__(self) -> None:
        self.asked = 0

    def take(self, ids: Sequence[str]) -> np.ndarray:
        """A grey picture each."""
        return np.full((len(ids), *SIZE, 3), 128, np.uint8)

    def maps(self, images: np.ndarray, classes: Sequence[int], method: str) -> np.ndarray:
        """One warm pixel."""
        self.asked += 1
        maps = np.zeros((len(images), *SIZE), np.float32)
        for heat, k in zip(maps, classes, strict=True):
            heat[2 * k % 12, 3 * k % 18] = float(k < 6)
        return maps


@pytest.fixture
def network() -> Network:
    """The stand-in."""
    return Network()


@pytest.fixture
def maps(network: Any) -> HeatMaps:
    """Of a table of predictions without masks."""
    table = make_predictions(counts=(1,) * 7)
    return HeatMaps(network, network, table, table.assign(mask_path=""))


def test_an_image_is_explained_once(maps: HeatMaps, network: Network) -> None:
    """For all classes, whichever is asked for first; another image is another call."""
    first, second = maps.predictions["image_id"].iloc[:2]
    for dx in ("mel", "nv"):
        heat_maps(maps, first, [dx])
        heat_in_words(maps, first, dx)
    assert network.asked == 1
    assert maps.of(second)[1].shape == (7, *SIZE)
    assert network.asked == 2


def test_the_printed_picture_has_the_most_probable_classes(maps: HeatMaps) -> None:
    """Three of them, by falling probability, beside the picture."""
    image_id = maps.predictions["image_id"].iloc[0]
    probable = maps.probabilities(image_id)
    assert probable.is_monotonic_decreasing and probable.sum() == pytest.approx(1)
    titles = [ax.get_title("left") or ax.get_title() for ax in heat_maps(maps).axes]
    assert titles[1:] == [f"{dx}, {p:.0%}" for dx, p in probable.iloc[:3].items()]
    assert maps.label(image_id).startswith(
        f"{maps.predictions['dx'].iloc[0]}, called {probable.index[0]}"
    )


def test_words_say_where_it_is_warm(maps: HeatMaps) -> None:
    """By ninths of the picture; a map that is cold everywhere is no place."""
    image_id = maps.predictions["image_id"].iloc[0]
    assert "warmest at the top left." in heat_in_words(maps, image_id, CLASSES[0])
    assert "warmest at the middle." in heat_in_words(maps, image_id, CLASSES[3])
    assert "cold everywhere" in heat_in_words(maps, image_id, CLASSES[6])


def test_words_give_the_share_on_the_lesion(
    maps: HeatMaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is a mask."""
    monkeypatch.setattr(maps, "mask", lambda image_id: np.ones(SIZE, bool))
    image_id = maps.predictions["image_id"].iloc[0]
    assert "100% of it lies inside the lesion" in heat_in_words(maps, image_id, CLASSES[0])
