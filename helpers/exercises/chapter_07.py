"""Exercises of chapter 07: heat maps by hand, and how much of them lies on the lesion."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from helpers.exercises.answers import Number, Share
from helpers.exercises.exercise import (
    AS_TEXT,
    IN_PER_CENT,
    OFF,
    ONE_MISSING,
    Exercise,
    Mistake,
    NotHere,
    differing,
)
from helpers.exercises.function_answers import Case, Function
from helpers.exercises.listed_answers import Values
from helpers.exercises.of_run import finished_trials, number, once
from helpers.exercises.table_answers import Matrix
from helpers.explanation import outline_mask

if TYPE_CHECKING:
    from helpers.notebook import Run

Maps = NDArray[np.float64]

SIDES = (2, 4, 8, 16, 32, 64)
MOST_MASKS = 100
WANTED = 0.9


def lesion_masks(run: Run) -> NDArray[np.bool_]:
    """Masks of the first test images at the size of the chosen model."""

    def compute() -> NDArray[np.bool_]:
        trials = finished_trials(run, "comparison", "07")
        chosen = run.choose(trials)
        paths = run.catalogue().set_index("image_id")["mask_path"]
        names = chosen.predictions_of("test")["image_id"].head(MOST_MASKS)
        size = chosen.config.image_size
        masks = [mask for path in paths[names] if (mask := outline_mask(path, size)) is not None]
        if not masks:
            raise NotHere("its test images have no lesion masks")
        return np.stack(masks)

    masks: NDArray[np.bool_] = once(run, "07.masks", compute)
    return masks


def grid_of(run: Run) -> tuple[int, int]:
    """Rows and columns of the cells of the chosen model's last layer."""
    return int(number(run, "07", "grid.rows")), int(number(run, "07", "grid.columns"))


# 07.1: cells of a lesion


def _cells_of_lesion(run: Run) -> float:
    rows, columns = grid_of(run)
    return float(lesion_masks(run).mean()) * rows * columns


def _area_alone(right: float, run: Run) -> float:
    return float(differing(float(lesion_masks(run).mean()), right, by=0.1))


def _cells_of_all(right: float, run: Run) -> float:
    rows, columns = grid_of(run)
    return float(differing(float(rows * columns), right, by=0.1))


def _pixels(right: float, run: Run) -> float:
    return float(differing(float(lesion_masks(run).sum(axis=(1, 2)).mean()), right, by=0.1))


def _cells_of_skin(right: float, run: Run) -> float:
    rows, columns = grid_of(run)
    return float(differing(rows * columns - right, right, by=0.1))


# 07.2: Grad-CAM in NumPy


def _grad_cam(maps: Maps, gradients: Maps) -> Maps:
    alpha = gradients.mean(axis=(0, 1))
    return np.maximum((maps * alpha).sum(axis=-1), 0)


def _without_relu(maps: Maps, gradients: Maps) -> Maps:
    result: Maps = (maps * gradients.mean(axis=(0, 1))).sum(axis=-1)
    return result


def _summed(maps: Maps, gradients: Maps) -> Maps:
    return np.maximum((maps * gradients.sum(axis=(0, 1))).sum(axis=-1), 0)


def _cell_by_cell(maps: Maps, gradients: Maps) -> Maps:
    return np.maximum((maps * gradients).sum(axis=-1), 0)


def _relu_first(maps: Maps, gradients: Maps) -> Maps:
    result: Maps = np.maximum(maps * gradients.mean(axis=(0, 1)), 0).sum(axis=-1)
    return result


def _unweighted(maps: Maps, gradients: Maps) -> Maps:
    result: Maps = maps.sum(axis=-1)
    return result


def _as_table(function: Callable[..., Maps]) -> Callable[..., pd.DataFrame]:
    """A function with its result in the form of right answers."""
    return lambda *arguments: pd.DataFrame(function(*arguments))


def _map_cases(run: Run) -> list[tuple[Case, pd.DataFrame]]:
    """Feature maps of the model's grid with gradients of both signs, and of one."""
    rows, columns = grid_of(run)
    rng = np.random.default_rng(run.seed)
    maps = rng.random((rows, columns, 6))
    gradients = rng.normal(size=maps.shape)
    pairs = {
        "gradients of both signs": (maps, gradients),
        "gradients that are all negative": (maps, -np.abs(gradients)),
        "gradients that are all positive": (maps, np.abs(gradients)),
        "a grid of 3 by 5 cells": (rng.random((3, 5, 4)), rng.normal(size=(3, 5, 4))),
    }
    return [(Case(name, pair), pd.DataFrame(_grad_cam(*pair))) for name, pair in pairs.items()]


# 07.3: the share inside


def _inside(heat: Maps, mask: NDArray[np.bool_]) -> float:
    total = heat.sum()
    return float(heat[mask].sum() / total) if total else float("nan")


def _cold_is_nought(heat: Maps, mask: NDArray[np.bool_]) -> float:
    return _inside(heat, mask) if heat.any() else 0.0


def _area(heat: Maps, mask: NDArray[np.bool_]) -> float:
    return float(mask.mean())


def _mean_heat(heat: Maps, mask: NDArray[np.bool_]) -> float:
    return float(heat[mask].mean())


def _warm_pixels(heat: Maps, mask: NDArray[np.bool_]) -> float:
    warm = heat > 0.5
    return float(warm[mask].sum() / warm.sum()) if warm.any() else float("nan")


def _share_cases(run: Run) -> list[tuple[Case, float]]:
    """Maps over a mask of the run: random, warm in a corner, cold."""
    mask = lesion_masks(run)[0]
    rng = np.random.default_rng(run.seed)
    corner = np.zeros(mask.shape)
    corner[: mask.shape[0] // 2, : mask.shape[1] // 2] = 1.0
    pairs = {
        "a map of random values": (rng.random(mask.shape) ** 4, mask),
        "a map of one value throughout": (np.full(mask.shape, 0.3), mask),
        "a map that is warm in one corner": (corner, mask),
        "a map that is cold everywhere": (np.zeros(mask.shape), mask),
    }
    return [(Case(name, pair), _inside(*pair)) for name, pair in pairs.items()]


# 07.4: a map that has seen no picture


def centre_map(height: int, width: int) -> Maps:
    """A map that is warm in the middle of the frame and cold at its edges, whatever it shows."""
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    return np.maximum(0, 1 - np.hypot(x, y))


def _blind_shares(run: Run) -> dict[str, float]:
    masks = lesion_masks(run)
    centre = centre_map(masks.shape[1], masks.shape[2])
    return {
        "area": float(masks.mean()),
        "centre": float(np.mean([_inside(centre, mask) for mask in masks])),
    }


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = {"area": right["centre"], "centre": right["area"]}
    return dict(differing(wrong, right))


def _heat_on_lesion(right: dict[str, float], run: Run) -> dict[str, float]:
    masks = lesion_masks(run)
    centre = centre_map(masks.shape[1], masks.shape[2])
    mean = float(np.mean([centre[mask].mean() for mask in masks]))
    return dict(differing(right | {"centre": mean}, right))


def _outside(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing({name: 1 - value for name, value in right.items()}, right))


# 07.5: how fine a grid


def _best_share(masks: NDArray[np.bool_], side: int) -> float:
    """Mean share inside of each mask when it is seen at side by side cells."""
    height, width = masks.shape[1:]
    shares = []
    for mask in masks:
        cells = cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA)
        shares.append(_inside(cv2.resize(cells, (width, height)), mask))
    return float(np.mean(shares))


def _fine_enough(run: Run) -> float:
    masks = lesion_masks(run)
    enough = [side for side in SIDES if _best_share(masks, side) >= WANTED]
    if not enough:
        raise NotHere("no grid of the list is fine enough for its pictures")
    return float(enough[0])


def _of_the_model(right: float, run: Run) -> float:
    return float(differing(float(grid_of(run)[0]), right))


EXERCISES = (
    Exercise(
        "07.1",
        "Cells for a lesion",
        "read",
        _cells_of_lesion,
        Number(0.05, "one decimal is enough", "a number of cells"),
        (
            "How many cells has the whole picture?",
            "A lesion has a share of the picture, and the same share of its cells.",
            "Multiply masks.mean() by rows and by columns.",
        ),
        (
            Mistake("the lesion's share of the picture", _area_alone),
            Mistake("the cells of the whole picture", _cells_of_all),
            Mistake("the pixels of a lesion", _pixels),
            Mistake("the cells beside the lesion", _cells_of_skin),
            Mistake("a cell off", lambda right, run: right + 1, told=False),
            AS_TEXT,
            OFF,
        ),
        "A map of this layer cannot say more about a lesion than so many numbers.",
    ),
    Exercise(
        "07.2",
        "Grad-CAM in NumPy",
        "compute",
        _map_cases,
        Function(Matrix(Number(0.001, "rounding is allowed", "a value of the map"))),
        (
            "Two formulas, two lines: a weight for each channel, then the weighted sum.",
            "The weight is the mean of the channel's gradients over all cells: axes 0 and 1.",
            "np.maximum(..., 0) of the sum over channels, (maps * alpha).sum(axis=-1).",
        ),
        (
            Mistake("the sum without the ReLU", lambda right, run: _as_table(_without_relu)),
            Mistake(
                "gradients summed over the cells, not their mean",
                lambda right, run: _as_table(_summed),
            ),
            Mistake(
                "each cell's own gradient as its weight, in place of the channel's mean",
                lambda right, run: _as_table(_cell_by_cell),
            ),
            Mistake(
                "the ReLU of each channel before the sum", lambda right, run: _as_table(_relu_first)
            ),
            Mistake("the maps without weights", lambda right, run: _as_table(_unweighted)),
            Mistake("a map", lambda right, run: right[0][1], told=False),
        ),
        "Where all gradients are negative, nothing in the layer speaks for the class, and the map "
        "is cold everywhere, as some in the chapter are.",
    ),
    Exercise(
        "07.3",
        "The share inside the lesion",
        "compute",
        _share_cases,
        Function(Share()),
        (
            "Of all the heat there is, how much lies where the mask is True?",
            "Add up heat[mask], and divide by the sum of the whole map. Can that sum be 0?",
            "Give back heat[mask].sum() / heat.sum(), and float('nan') where heat.sum() is 0.",
        ),
        (
            Mistake("the lesion's area, which does not know the map", lambda right, run: _area),
            Mistake("the mean heat on the lesion", lambda right, run: _mean_heat),
            Mistake("a count of warm pixels, not their heat", lambda right, run: _warm_pixels),
            Mistake(
                "0 for a map that is cold everywhere: it has no share at all",
                lambda right, run: _cold_is_nought,
            ),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "A map of one value throughout has the area as its share: that is why the area is a "
        "control.",
    ),
    Exercise(
        "07.4",
        "A map that has seen no picture",
        "compare",
        _blind_shares,
        Values(Share()),
        (
            "For each mask: how much of the map lies inside? Then the mean over the masks.",
            "The map is the same for all: centre_map(height, width) of the masks' size.",
            "centre[mask].sum() / centre.sum() for each mask; the area is masks.mean().",
        ),
        (
            Mistake("the two exchanged", _exchanged),
            Mistake("the mean heat on the lesion, not the share of the heat", _heat_on_lesion),
            Mistake("the shares outside of the lesion", _outside),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "Where the second is larger, lesions lie in the middle, for whoever took the pictures put "
        "them there. A map may beat the area and have seen nothing.",
    ),
    Exercise(
        "07.5",
        "How fine a grid has to be",
        "decide",
        _fine_enough,
        Number(0.01, "it is one of the list", "a number of cells"),
        (
            "The better the grid follows the outline, the more heat stays inside. Try each side.",
            "For a side, compute the share inside of each of seen_at(side), and take the mean.",
            f"The answer is the first side whose mean share is at least {WANTED:g}.",
        ),
        (
            Mistake("a grid twice as fine as it has to be", lambda right, run: right * 2),
            Mistake("a grid that is still too coarse", lambda right, run: right / 2),
            Mistake("the grid of this run's model", _of_the_model),
            AS_TEXT,
            OFF,
        ),
        "Where this number is above the model's own rows and columns, even the best map of its "
        "layer spills over the outline.",
    ),
)
