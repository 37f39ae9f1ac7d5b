"""Model files: read, or told plainly why they cannot be."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

from helpers.core import BROKEN_MEMBER, ConfigError


def load_model(path: str | Path) -> Any:
    """Load a ``.keras`` file, saying plainly when it was written by an unfit Keras.

    Raises
    ------
    ConfigError
        If the file is missing, is no Keras 3 file, or cannot be read by this Keras.
    """
    import keras

    path = Path(path)
    if not path.is_file():
        raise ConfigError(f"{path}: expected a .keras file, but there is none; train it first")
    try:
        with zipfile.ZipFile(path) as archive:
            written_by = json.loads(archive.read("metadata.json"))["keras_version"]
    except (KeyError, ValueError, TypeError, *BROKEN_MEMBER):
        raise ConfigError(
            f"{path}: expected a model file of Keras 3 (a zip with metadata.json); files of "
            "Keras 2 (.h5) must be saved again as .keras by Keras 3"
        ) from None
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except BROKEN_MEMBER as error:
        raise ConfigError(
            f"{path}: expected a whole model file but it is damaged ({error}); take it from where "
            "it was made, or train again"
        ) from error
    except (TypeError, ValueError, KeyError, OSError) as error:
        raise ConfigError(
            f"{path}: written by Keras {written_by}, and Keras {keras.__version__} cannot read "
            f"it ({str(error).splitlines()[0]}); install the Keras that wrote it, or train again"
        ) from error
