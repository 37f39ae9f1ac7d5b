"""What a model answers to a folder of pictures: decoded, resized as for training, asked once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from helpers.core import BROKEN_MEMBER, DataError, read_bytes
from helpers.dataset import DamagedError, Entry, decode_picture, prepare_image
from helpers.serving.cards import FaceName
from helpers.serving.external.scored_models import Scorer

AT_ONCE = 128
"""Pictures that are in memory at their own size; as many are decoded while the model computes."""

STRETCH = 1.02
"""A picture counts as stretched where its shape differs from the usual 4 to 3 by more than this."""

Progress = Callable[[int, int], None]
_Decoded = tuple[NDArray[np.uint8] | None, tuple[int, int], str]


@dataclass(frozen=True)
class Answers:
    """What a model says of pictures, before calibration.

    Attributes
    ----------
    image_ids : tuple of str
        The picture of each row.
    y_prob : ndarray of shape (n_images, n_classes)
        Mean over the face's views; each row sums to 1.
    refused : ndarray of bool of shape (n_images,), or None
        Whether the gate refuses a picture; None where there is no gate.
    sizes : ndarray of int of shape (n_images, 2)
        Height and width of each file's picture, in pixels.
    """

    image_ids: tuple[str, ...]
    y_prob: NDArray[np.float64]
    refused: NDArray[np.bool_] | None
    sizes: NDArray[np.intp]

    @property
    def stretched(self) -> int:
        """Pictures that are not of 4 to 3, and were stretched to it, as training does."""
        shape = self.sizes[:, 1] / self.sizes[:, 0] * 3 / 4
        return int((np.maximum(shape, 1 / shape) > STRETCH).sum())


def answer_pictures(
    scorer: Scorer,
    images: Mapping[str, Entry],
    image_ids: Sequence[str],
    face: FaceName = "views",
    progress: Progress | None = None,
) -> Answers:
    """Ask a model about pictures.

    Parameters
    ----------
    scorer : Scorer
        Of `helpers.serving.external.open_scorer`.
    images : mapping of str to Entry
        Of `helpers.dataset.list_images`.
    image_ids : sequence of str
        Keys of ``images``, in the order of the answers; at least one.
    face : {"views", "single"}, default="views"
        Whose views are averaged.
    progress : callable, optional
        Called with (pictures done, pictures in all).

    Returns
    -------
    Answers

    Raises
    ------
    DataError
        With all pictures that are empty, cut short or no images, after all were looked at.
    """
    size = scorer.card.image_size
    problems: list[str] = []
    parts: list[NDArray[np.float64]] = []
    refused: list[NDArray[np.bool_]] = []
    sizes: list[tuple[int, int]] = []
    done, gate = 0, scorer.gate
    firsts = range(0, len(image_ids), AT_ONCE)
    chunks = [list(image_ids[first : first + AT_ONCE]) for first in firsts]
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:

        def start(chunk: list[str]) -> Iterator[_Decoded]:
            return pool.map(lambda name: _decode(images[name].locator, size), chunk)

        upcoming = start(chunks[0])
        for number, chunk in enumerate(chunks):
            decoded = list(upcoming)
            if number + 1 < len(chunks):
                upcoming = start(chunks[number + 1])
            problems += [problem for _, _, problem in decoded if problem]
            if not problems:
                pixels = np.stack([picture for picture, _, _ in decoded if picture is not None])
                y_prob, variations = scorer.answer(pixels, face)
                parts.append(y_prob)
                if gate is not None and variations is not None:
                    refused.append(~gate.accepts(variations))
            sizes += [shape for _, shape, _ in decoded]
            done += len(chunk)
            if progress is not None:
                progress(done, len(image_ids))
    if problems:
        raise DataError(sorted(problems), where="images")
    return Answers(
        tuple(image_ids),
        np.concatenate(parts),
        np.concatenate(refused) if gate is not None else None,
        np.array(sizes, dtype=np.intp),
    )


def _decode(locator: str, size: tuple[int, int]) -> _Decoded:
    """A picture at the model's size, the size of its file, and what is wrong with it."""
    name = Path(locator).name
    try:
        data = read_bytes(locator)
    except (OSError, *BROKEN_MEMBER) as error:
        return None, (0, 0), f"{name}: cannot be read ({error}); fetch it again or take it out"
    try:
        pixels, _ = decode_picture(data)
    except DamagedError as damage:
        return None, (0, 0), f"{name}: {damage}; fetch it again or take it out"
    return prepare_image(pixels, size), (pixels.shape[0], pixels.shape[1]), ""
