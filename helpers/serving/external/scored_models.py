"""What is scored: the model in the box, a trial, a served folder or an exported file."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from helpers.core import ConfigError, explain_validation, read_json
from helpers.evaluation import VIEWS
from helpers.serving.cards import Card, FaceName
from helpers.serving.exports import MODEL_FILES, RECORD, Compute, damaged_files, open_runtime
from helpers.serving.model import Gate, load_gate, open_model, prepare_batch

BOX = "box"
"""What a command may call the model in the box."""

Images = NDArray[np.uint8]


class Scorer(Protocol):
    """A model with its card; see `helpers.serving.model.ServedModel` and `ExportedModel`."""

    @property
    def card(self) -> Card:
        """What is known of the model."""

    @property
    def gate(self) -> Gate | None:
        """What refuses pictures that are no dermoscopy; None where the model has none."""

    def answer(
        self, images: Images, face: FaceName = "views"
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        """Probabilities, (n_images, n_classes), before calibration; and what the gate looks at.

        The latter, of shape (n_images, d), is None where there is no gate.
        """


@dataclass(frozen=True, eq=False)
class ExportedModel:
    """An export, computed by the program that it was made for.

    Attributes
    ----------
    folder : Path
        With ``export.json`` and the model's files.
    to : str
        Its format.
    card : Card
        Of the model that was exported: temperature, threshold and internal scores are its own.
    """

    folder: Path
    to: str
    card: Card
    _opened: list[Compute] = field(default_factory=list, init=False, repr=False)

    def _compute(self, images: Images) -> dict[str, NDArray[np.float32]]:
        if not self._opened:
            self._opened.append(open_runtime(self.to, self.folder, os.cpu_count() or 1))
        return self._opened[0](images)

    @cached_property
    def gate(self) -> Gate | None:
        """The gate, where its file lies beside the export."""
        name = self.card.gate
        return load_gate(self.folder / name) if name and (self.folder / name).is_file() else None

    def answer(
        self, images: Images, face: FaceName = "views"
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        """Probabilities before calibration, the mean over the face's views; and variations.

        Parameters
        ----------
        images : ndarray of shape (n_images, height, width, 3), uint8
            RGB of the model's size, not equalised; at least one.
        face : {"views", "single"}, default="views"
            Whose views are averaged.

        Returns
        -------
        y_prob : ndarray of shape (n_images, n_classes), float64
            Rows that sum to 1.
        variations : ndarray of shape (n_images, d), float32, or None
            What the gate looks at: the standard deviation of each feature map over its places, in
            the picture as it is. None where there is no gate.
        """
        prepared = prepare_batch(self.card, images)
        views = self.card.faces[face].views
        found = {view: self._compute(VIEWS[view](prepared)) for view in views}
        parts = [found[view]["probabilities"] for view in views]
        y_prob = np.asarray(np.mean(parts, axis=0, dtype=np.float64))
        if self.gate is None:
            return y_prob, None
        plain = found["identity"] if "identity" in found else self._compute(prepared)
        return y_prob, np.asarray(plain["features"].std(axis=(1, 2)))


def open_scorer(spec: str | Path | None = None) -> Scorer:
    """Open whatever can be scored.

    Parameters
    ----------
    spec : str or Path, optional
        None, "" or "box" for the model in the box; the folder of an export, or the model's file in
        it; else what `helpers.serving.model.open_model` takes: a served folder, or a trial's key,
        name or folder.

    Returns
    -------
    Scorer

    Raises
    ------
    ConfigError
        If there is no such model, or its record or one of its files is damaged.
    """
    if spec is None or str(spec) in ("", BOX):
        return open_model(None)
    path = Path(spec).expanduser()
    folder = path.parent if path.is_file() else path
    if (folder / RECORD).is_file():
        return _open_export(folder.resolve())
    if path.is_file():
        raise ConfigError(
            f"{path}: expected {RECORD} beside the model's file, as 'dermbook export' writes it, "
            "but there is none; its classes, temperature and threshold are not known without"
        )
    return open_model(spec)


def _open_export(folder: Path) -> ExportedModel:
    path = folder / RECORD
    try:
        record: dict[str, Any] = read_json(path)
        to, card, files = str(record["to"]), Card(**record["card"]), dict(record["files"])
    except ValidationError as error:
        raise ConfigError(
            f"{path}: not the record of an export\n{explain_validation(error)}"
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path}: expected the record of an export but got {error!r}; export the model again"
        ) from None
    if to not in (*MODEL_FILES, "saved_model"):
        raise ConfigError(f"{path}: expected a known format but got {to!r}; export the model again")
    for file in damaged_files(folder, files):
        got = "others" if file.is_file() else "no file"
        raise ConfigError(
            f"{file}: expected the bytes that {RECORD} names but got {got}; export the model again"
        )
    return ExportedModel(folder, to, card)
