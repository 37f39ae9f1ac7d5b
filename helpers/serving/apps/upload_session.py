"""The pictures of one visitor: read, judged, analysed, kept in memory and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.serving.cards import FaceName
from helpers.serving.model import ServedModel
from helpers.serving.uploads import PictureError, fit_picture, read_picture

MOST_PICTURES = 12
"""Pictures that a visitor's session keeps; further ones are refused until some are taken out."""

SHOWN_SIZE = (432, 576)
"""Height and width of the picture that is shown, in pixels: 4 to 3, as it was taken."""

_SHOWN_NAME = 60

File = tuple[str, Callable[[], bytes]]
"""A file's name, and what reads it."""


@dataclass(frozen=True, eq=False)
class Reading:
    """One picture and what the model says of it.

    Attributes
    ----------
    key : str
        First 16 hexadecimal digits of the SHA-256 of the file's bytes.
    name : str
        Of the file, shortened.
    shown : ndarray of uint8, shape (height, width, 3)
        What the model sees, at a size for people; ``SHOWN_SIZE``.
    pixels : ndarray of uint8, shape (height, width, 3)
        What the model sees.
    notes : tuple of str
        Codes of what was done to the picture.
    accepted : bool
        Whether the gate takes it for dermoscopy; True where there is no gate.
    probabilities : ndarray of float64, shape (n_classes,)
        Calibrated.
    malignant : float
        In [0, 1].
    example : bool
        Whether it is a drawn picture that comes with the app.
    """

    key: str
    name: str
    shown: NDArray[np.uint8]
    pixels: NDArray[np.uint8]
    notes: tuple[str, ...]
    accepted: bool
    probabilities: NDArray[np.float64]
    malignant: float
    example: bool = False
    maps: dict[int, NDArray[np.float32]] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        """Whether it gets no answer; an example does, as a picture of how to read one."""
        return not self.accepted and not self.example

    def order(self) -> list[int]:
        """Indices of the classes, the most probable first."""
        return [int(index) for index in np.argsort(-self.probabilities, kind="stable")]


@dataclass(frozen=True)
class Refusal:
    """A file that is no picture to be analysed.

    Attributes
    ----------
    name : str
        Of the file, shortened.
    code : str
        Names the text that says why.
    fields : mapping
        What the text has to fill in.
    """

    name: str
    code: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def short_file_name(name: str) -> str:
    """A file's name without folders and control characters, cut in the middle.

    >>> short_file_name("../holiday/a.jpg")
    'a.jpg'
    """
    bare = Path(name.replace("\\", "/")).name
    bare = "".join(letter if letter.isprintable() else " " for letter in bare).strip()
    if len(bare) <= _SHOWN_NAME:
        return bare or "?"
    half = _SHOWN_NAME // 2
    return f"{bare[:half]}\N{HORIZONTAL ELLIPSIS}{bare[-half + 1 :]}"


def file_key(data: bytes) -> str:
    """Name of a file's content."""
    return hashlib.sha256(data).hexdigest()[:16]


def read_one(
    model: ServedModel, data: bytes, name: str, face: FaceName = "views", example: bool = False
) -> Reading:
    """Analyse one file.

    Parameters
    ----------
    model : ServedModel
    data : bytes
        As uploaded.
    name : str
        Of the file.
    face : {"views", "single"}, default="views"
        Which way of asking the model.
    example : bool, default=False
        Whether it is a drawn picture that comes with the app.

    Raises
    ------
    PictureError
        If it is no picture that can be analysed.
    """
    picture = read_picture(data, name)
    pixels = fit_picture(picture.pixels, model.card.image_size)
    shown = fit_picture(picture.pixels, SHOWN_SIZE)
    probabilities, accepted = model.judge(pixels[None], face)
    return Reading(
        key=file_key(data),
        name=short_file_name(name),
        shown=shown,
        pixels=pixels,
        notes=tuple(picture.notes),
        accepted=bool(accepted[0]),
        probabilities=probabilities[0],
        malignant=float(model.malignant(probabilities, face)[0]),
        example=example,
    )


def heat_of(model: ServedModel, reading: Reading, class_index: int) -> NDArray[np.float32]:
    """The class activation map of a reading, computed once; (height, width) in [0, 1]."""
    if class_index not in reading.maps:
        reading.maps[class_index] = model.heat_map(reading.pixels, class_index)
    return reading.maps[class_index]


def overlay(
    shown: NDArray[np.uint8], heat: NDArray[np.float32], opacity: float
) -> NDArray[np.uint8]:
    """Lay a heat map over a picture.

    Parameters
    ----------
    shown : ndarray of uint8, shape (height, width, 3)
    heat : ndarray of float32, shape (rows, columns)
        In [0, 1]; enlarged to the picture.
    opacity : float
        Of the map, in [0, 1]. At 0 the picture is returned as it is.

    Returns
    -------
    ndarray of uint8, shape (height, width, 3)
        Colours of matplotlib's "inferno", whose lightness grows with the heat, so that the map
        reads the same to people who do not see colours.
    """
    from matplotlib import colormaps

    height, width = shown.shape[:2]
    large = cv2.resize(heat.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    colours = colormaps["inferno"](np.clip(large, 0, 1))[..., :3] * 255
    mixed = shown * (1 - opacity) + colours * opacity
    return np.clip(np.rint(mixed), 0, 255).astype(np.uint8)


@dataclass
class UploadSession:
    """What one visitor has uploaded; lives in the session and ends with it.

    Attributes
    ----------
    readings : list of Reading
        Newest first.
    refusals : list of Refusal
        Of the last time that files were put in.
    """

    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    _begun: tuple[Hashable, int, int] | None = field(default=None, repr=False)

    def put(
        self,
        files: Sequence[File],
        analyse: Callable[[bytes, str], Reading],
        progress: Callable[[int, int, str], None] | None = None,
        batch: Hashable = None,
    ) -> int:
        """Analyse files and keep each result at once; one bad file does not stop the others.

        Parameters
        ----------
        files : sequence of (name, callable)
            Each is read when its turn comes, and not at all where the session is full.
        analyse : callable
            Takes data and name, returns a reading or raises a PictureError.
        progress : callable, optional
            Called with files done, files in all, and the name of the next.
        batch : hashable, optional
            What tells these files from others. Where the last call with the same was cut short,
            for instance because the visitor turned to another page, this one goes on behind it.

        Returns
        -------
        int
            How many readings are new.

        Raises
        ------
        Exception
            What `analyse` raises apart from a PictureError. Earlier results are kept.
        """
        first = new = 0
        if batch is not None and self._begun is not None and self._begun[0] == batch:
            _, first, new = self._begun
        else:
            self.refusals = []
        before = new
        for done in range(first, len(files)):
            self._begun = (batch, done, new)
            name, read = files[done]
            if progress is not None:
                progress(done, len(files), short_file_name(name))
            try:
                reading = self._judge(name, read, analyse)
            except Exception:
                self._begun = None
                raise
            if reading is not None:
                # The newest batch comes first, in its own order.
                self.readings.insert(new, reading)
                new += 1
        self._begun = None
        return new - before

    def _judge(
        self, name: str, read: Callable[[], bytes], analyse: Callable[[bytes, str], Reading]
    ) -> Reading | None:
        """The reading of a file; None where it was refused, which is noted."""
        shown = short_file_name(name)
        if len(self.readings) >= MOST_PICTURES:
            self.refusals.append(Refusal(shown, "session_full", {"most": MOST_PICTURES}))
            return None
        data = read()
        key = file_key(data)
        if any(reading.key == key for reading in self.readings):
            self.refusals.append(Refusal(shown, "repeated"))
            return None
        try:
            return analyse(data, name)
        except PictureError as error:
            self.refusals.append(Refusal(shown, error.code, error.fields))
            return None

    def take_out(self, key: str) -> None:
        """Forget one picture."""
        self.readings = [reading for reading in self.readings if reading.key != key]

    def clear(self) -> None:
        """Forget all pictures and refusals."""
        self.readings = []
        self.refusals = []
