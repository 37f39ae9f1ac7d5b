"""Served models are opened by folder or trial, and written to a folder of their own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from helpers.core import APPS, ConfigError, atomic_folder
from helpers.serving.cards import (
    CARD_FILE,
    GATE_FILE,
    MODEL_FILE,
    Card,
    card_of_trial,
    read_card,
    write_card,
)
from helpers.serving.model.served import ServedModel
from helpers.training import Trial, TrialConfig, find_cached

if TYPE_CHECKING:
    from helpers.serving.model.out_of_distribution import Gate


BUNDLED = APPS / "model"
"""Where the repository keeps its own model."""


def open_model(spec: str | Path | None = None) -> ServedModel:
    """Open a model to be served.

    Parameters
    ----------
    spec : str or Path, optional
        None or "" for the model in the box, ``apps/model`` of the repository; a folder that
        `write_served` made; else a finished trial's key, name, or the beginning of one.

    Returns
    -------
    ServedModel
        The Keras model itself is loaded when it is first asked. A trial's card is made from its
        record and its validation predictions, and has no gate.

    Raises
    ------
    ConfigError
        If there is no such model, or its card or trial is damaged.
    """
    if spec is None or str(spec) == "":
        if not (BUNDLED / CARD_FILE).is_file():
            raise ConfigError(
                f"{BUNDLED}: expected the model in the box but there is none; make it by 'dermbook "
                "box', or name a trial ('dermbook trials' lists them)"
            )
        return ServedModel(BUNDLED, read_card(BUNDLED))
    folder = Path(spec).expanduser()
    if (folder / CARD_FILE).is_file():
        return ServedModel(folder.resolve(), read_card(folder))
    if folder.is_dir():
        if (folder / "trial.json").is_file():
            return _open_trial(folder.resolve().name, folder.resolve().parent)
        raise ConfigError(
            f"{folder}: expected {CARD_FILE} of a served model or trial.json of a trial in this "
            "folder, but it has neither; name another"
        )
    return _open_trial(str(spec), None)


def _open_trial(text: str, folder: Path | None) -> ServedModel:
    found = find_cached(text, folder)
    if found.state != "finished":
        raise ConfigError(
            f"{found.key}: expected a finished trial, but it is {found.mark}; run its chapter "
            "again, which trains what is missing"
        )
    try:
        config = TrialConfig(**found.config)
    except ValidationError as error:
        raise ConfigError(
            f"{found.key}: expected a trial of this version's configuration, but another version "
            f"trained it ({error.error_count()} fields differ); train it again"
        ) from error
    return ServedModel(found.folder, card_of_trial(Trial(found.folder, config)))


def write_served(
    folder: str | Path, model: Any, card: Card, gate: Gate | None = None
) -> ServedModel:
    """Write a served model's folder: card, model and gate, all or nothing.

    Parameters
    ----------
    folder : str or Path
        What stood there before is gone afterwards.
    model : keras.Model, str or Path
        The model, or its ``.keras`` file, which is copied as it is.
    card : Card
        What it is; its `gate` is set to what is written here.
    gate : Gate, optional
        What tells pictures that are no dermoscopy.

    Returns
    -------
    ServedModel
        As opened from the folder.
    """
    card = card.model_copy(update={"gate": None if gate is None else GATE_FILE})
    with atomic_folder(folder) as temporary:
        if isinstance(model, str | Path):
            shutil.copyfile(model, temporary / MODEL_FILE)
        else:
            model.save(temporary / MODEL_FILE)
        if gate is not None:
            gate.save(temporary / GATE_FILE)
        write_card(temporary, card)
    return open_model(folder)
