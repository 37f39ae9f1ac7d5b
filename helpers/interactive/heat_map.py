"""The Grad-CAM of any image and class, each computed once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from helpers.core import CLASS_INDEX, CLASSES, NAMES
from helpers.explanation import Explainer, method_grid, outline_mask
from helpers.interactive.someone import can_show_controls
from helpers.interactive.touch import touch
from helpers.notebook import Run

_COLUMNS = [f"p_{dx}" for dx in CLASSES]
_PLACES = (
    ("top left", "top", "top right"),
    ("left", "middle", "right"),
    ("bottom left", "bottom", "bottom right"),
)


class HeatMaps:
    """Heat maps of a split's images; those of an image are computed when it is first asked for.

    Parameters
    ----------
    explainer : Explainer
        Of the network.
    store : ImageStore
        With the images at the network's size; see `helpers.training.open_trial_store`.
    predictions : DataFrame
        Of one split, by the network.
    catalogue : DataFrame
        With ``image_id`` and ``mask_path``.
    """

    def __init__(
        self, explainer: Explainer, store: Any, predictions: pd.DataFrame, catalogue: pd.DataFrame
    ) -> None:
        self._explainer, self._store = explainer, store
        self.predictions = predictions.set_index("image_id", drop=False)
        self._mask_paths = dict(zip(catalogue["image_id"], catalogue["mask_path"], strict=True))
        self._known: dict[str, tuple[NDArray[np.uint8], NDArray[np.float32]]] = {}

    def of(self, image_id: str) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """An image and its heat maps.

        Returns
        -------
        pixels : ndarray of uint8 of shape (height, width, 3)
        maps : ndarray of float32 of shape (7, height, width)
            In [0, 1], a class each, in the order of `helpers.core.CLASSES`.
        """
        if image_id not in self._known:
            pixels = self._store.take([image_id])[0]
            every = list(range(len(CLASSES)))  # at once: the classes of an image are one batch
            maps = self._explainer.maps(np.stack([pixels] * len(every)), every, "gradcam")
            self._known[image_id] = pixels, maps
        return self._known[image_id]

    def probabilities(self, image_id: str) -> pd.Series:
        """The network's seven probabilities of an image, the highest first."""
        values = self.predictions.loc[[image_id], _COLUMNS].to_numpy(dtype=float)[0]
        return pd.Series(values, list(CLASSES)).sort_values(ascending=False, kind="stable")

    def mask(self, image_id: str) -> NDArray[np.bool_] | None:
        """The image's lesion mask at the network's size; None without one."""
        height, width = self.of(image_id)[0].shape[:2]
        return outline_mask(str(self._mask_paths[image_id]), (height, width))

    def label(self, image_id: str) -> str:
        """The image in a list: its diagnosis, what it is called, and its name."""
        row, first = self.predictions.loc[image_id], self.probabilities(image_id)
        return f"{row['dx']}, called {first.index[0]} ({first.iloc[0]:.0%}): {image_id}"


def heat_maps(
    maps: HeatMaps, image_id: str | None = None, classes: list[str] | None = None
) -> Figure:
    """Draw an image beside its heat maps of some classes.

    Parameters
    ----------
    maps : HeatMaps
        Of the network.
    image_id : str, optional
        The first of the predictions where None.
    classes : list of str, optional
        The three most probable where None.

    Returns
    -------
    Figure
        The image, and a map a class with its probability over it; the line is the lesion's
        outline, where there is a mask.
    """
    chosen = str(maps.predictions["image_id"].iloc[0]) if image_id is None else image_id
    probable = maps.probabilities(chosen)
    named = list(probable.index[:3]) if classes is None else classes
    pixels, heat = maps.of(chosen)
    columns = {f"{dx}, {probable[dx]:.0%}": heat[[CLASS_INDEX[dx]]] for dx in named}
    dx = str(maps.predictions.loc[chosen, "dx"])
    return method_grid(pixels[np.newaxis], columns, [maps.mask(chosen)], [dx])


def heat_in_words(maps: HeatMaps, image_id: str, dx: str) -> str:
    """What a heat map shows, as sentences: where it is warmest, and its share on the lesion."""
    heat, probability = maps.of(image_id)[1][CLASS_INDEX[dx]], maps.probabilities(image_id)[dx]
    truth = str(maps.predictions.loc[image_id, "dx"])
    start = (
        f"{image_id}, {NAMES[truth]} ({truth}): Grad-CAM of {NAMES[dx]} ({dx}), to which the "
        f"model gives {probability:.0%}. "
    )
    if not heat.any():
        return f"{start}The map is cold everywhere: nothing in the layer speaks for this class."
    mask, place = maps.mask(image_id), _place(heat)
    if mask is None:
        return f"{start}It is warmest at the {place}."
    share = (heat * mask).sum() / heat.sum()
    return f"{start}It is warmest at the {place}, and {share:.0%} of it lies inside the lesion."


def _place(heat: NDArray[np.float32]) -> str:
    """Which ninth of the picture is warmest, in words."""
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    return _PLACES[3 * int(row) // heat.shape[0]][3 * int(column) // heat.shape[1]]


def touch_heat_map(run: Run, maps: HeatMaps) -> None:
    """Let the student choose an image and a class; nothing in a batch run.

    Parameters
    ----------
    run : Run
        The chapter's.
    maps : HeatMaps
        Of the network. A map is computed when its image is first chosen.
    """
    if not can_show_controls():
        return
    import ipywidgets as widgets

    ids = [str(image_id) for image_id in maps.predictions["image_id"]]
    controls = {
        "image_id": widgets.Dropdown(
            options=[(maps.label(image_id), image_id) for image_id in ids], description="Image"
        ),
        "dx": widgets.Dropdown(
            options=[(f"{NAMES[dx]} ({dx})", dx) for dx in CLASSES],
            value=maps.probabilities(ids[0]).index[0],
            description="Class",
        ),
    }
    touch(
        run,
        controls,
        lambda image_id, dx: heat_maps(maps, image_id, [dx]),
        lambda image_id, dx: heat_in_words(maps, image_id, dx),
    )
