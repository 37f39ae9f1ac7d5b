"""What lies in ``data/reference``: images, splits, predictions and histories, with checksums."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.core import ROOT, TARGET_INDEX, TARGETS, DataError, read_json, sha256_file

REFERENCE = ROOT / "data" / "reference"
MANIFEST = "manifest.json"
IMAGES = "images.csv.xz"
FORMAT = 1
LIMIT_BYTES = 8 * 2**20
"""Of the whole folder: a repository that is cloned to be read should stay small."""


@dataclass(frozen=True)
class Study:
    """The committed tables of a study, read when they are asked for.

    Attributes
    ----------
    folder : Path
        Where they lie.
    manifest : dict
        ``source``, ``groups`` (``name``, and ``trials`` with ``key`` and ``name``), ``trials``
        (what was trained, by key) and ``files`` (SHA-256 by name).
    """

    folder: Path
    manifest: dict[str, Any]

    @cached_property
    def images(self) -> pd.DataFrame:
        """A row an image: ``image_id``, ``lesion_id``, ``dx``, and what else is known of it."""
        return pd.read_csv(self.folder / IMAGES, dtype={"dataset": str}, keep_default_na=True)

    def split(self, key: str) -> pd.DataFrame:
        """How the images of a trial were divided: ``image_id``, ``lesion_id`` and ``split``."""
        name = self.manifest["trials"][key]["split"]
        table = pd.read_csv(self.folder / "splits" / f"{name}.csv.xz", dtype=str)
        return table.merge(self.images[["image_id", "lesion_id"]], on="image_id", how="left")

    def target(self, key: str) -> str:
        """What a trial tells apart: "diagnosis" or "malignant"."""
        return str(self.manifest["trials"][key]["config"]["target"])

    def predictions(self, key: str, split: str, *, views: bool = False) -> pd.DataFrame:
        """The predictions of one trial on one split, as `helpers.training.Trial` gives them.

        Of one view of each image, or the mean over several; empty where that was not predicted.
        """
        ending = "-views" if views and self.manifest["trials"][key].get("views") else ""
        table = pd.read_csv(self.folder / "predictions" / f"{key}{ending}.csv.xz")
        table = table[(table["split"] == split) & (not views or bool(ending))]
        facts = self.images[["image_id", "lesion_id", "dx"]]
        table = table.merge(facts, on="image_id", how="left", validate="one_to_one")
        target = self.target(key)
        table["y_true"] = table["dx"].map(TARGET_INDEX[target]).astype("int64")
        columns = [f"p_{name}" for name in TARGETS[target]]
        # Digits that were left out must not leave a sum beside one.
        p = table[columns].to_numpy(dtype=float)
        table[columns] = p / p.sum(axis=1, keepdims=True)
        return table.reset_index(drop=True)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Tables that the run itself made, as texts, by name."""
        paths = sorted((self.folder / "tables").glob("*.csv"))
        return {path.stem: pd.read_csv(path, dtype=str, keep_default_na=False) for path in paths}

    def history(self, key: str) -> pd.DataFrame:
        """A row an epoch; empty where none was kept."""
        table = self._histories
        return table[table["key"] == key].drop(columns="key").reset_index(drop=True)

    @cached_property
    def _histories(self) -> pd.DataFrame:
        return pd.read_csv(self.folder / "histories.csv.xz")


def open_study(folder: Path = REFERENCE) -> Study:
    """Open a reference study and compare every file with its checksum.

    Parameters
    ----------
    folder : Path
        With `MANIFEST`.

    Returns
    -------
    Study

    Raises
    ------
    DataError
        If there is no manifest, it is of another format, or files are missing or changed; all of
        them are named.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(
            f"{path}: expected the manifest of a reference study but there is none; write one by "
            "'dermbook reference --collect RUN'"
        )
    try:
        manifest = read_json(path)
        files, found = dict(manifest["files"]), manifest["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: expected a manifest but got {error!r}; restore it") from None
    if found != FORMAT:
        raise DataError(
            f"{path}: expected format {FORMAT} but got {found}; use the version that wrote it, or "
            "collect the study again"
        )
    problems = []
    for name, checksum in files.items():
        if not (folder / name).is_file():
            problems.append(f"{name}: expected it beside the manifest but it is missing")
        elif sha256_file(folder / name) != checksum:
            problems.append(f"{name}: expected the checksum of the manifest but it was changed")
    if problems:
        raise DataError([f"{problem}; restore it" for problem in problems], where=str(folder))
    return Study(folder, manifest)


def is_grouped(split: pd.DataFrame) -> bool:
    """Whether each lesion lies in one split alone."""
    return bool((split.groupby("lesion_id")["split"].nunique() == 1).all())


def most_probable(table: pd.DataFrame) -> np.ndarray:
    """Column of the highest probability of each row."""
    columns = [column for column in table if str(column).startswith("p_")]
    return table[columns].to_numpy(dtype=float).argmax(axis=1)
