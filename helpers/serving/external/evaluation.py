"""One look at a labelled folder: what was scored, what was left out, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.core import TARGET_INDEX, ConfigError, DataError, name_some
from helpers.dataset import Layout, TruthTable, list_images, read_truth, weighted_rows
from helpers.evaluation import confusion
from helpers.sample import has_drawn_ids
from helpers.serving.cards import (
    Card,
    FaceName,
    calibrated,
    fit_temperature,
    has_ham10000_ids,
    probability_columns,
    provenance_of_card,
)
from helpers.serving.external.answers import Answers, Progress, answer_pictures
from helpers.serving.external.scored_models import Scorer
from helpers.serving.external.scoring import (
    LABELS,
    OFFICIAL,
    beside_internal,
    external_scores,
    refused_share,
)
from helpers.statistics import N_RESAMPLES, Estimate

ALL = "all images"
"""What all images together are called among the parts."""

COHORT = "dataset"
"""The column that tells parts apart where none is named: the cohort, in HAM10000's metadata."""

MOST_PARTS = 12
_SHOWN = 5


@dataclass(frozen=True)
class Evaluation:
    """What a model scores on a labelled folder.

    Attributes
    ----------
    card : Card
        Of the model.
    face : {"views", "single"}
        How it was asked.
    images, truth : str
        The folder's and the table's name.
    lesions_known : bool
        Whether intervals are over lesions; else over images.
    parts_by : str
        The column that tells parts apart; "" where there is none.
    scores : DataFrame
        See `helpers.serving.external.scoring.beside_internal`; first the part `ALL`, then the
        others by name.
    predictions : DataFrame
        A row a scored image: ``image_id, lesion_id, dx, y_true, part`` ("" where not told),
        calibrated probabilities, ``malignant``, ``called_malignant`` and ``refused`` (None
        without a gate).
    left_out : DataFrame
        ``image_id`` and ``why`` of images and rows that were not scored.
    confusion : DataFrame or None
        Counts by true and predicted class; None for a model of two kinds.
    fitting_temperature : float
        What would have calibrated these images; it was not used.
    n_resamples : int
        Of the bootstrap behind the intervals.
    notes : tuple of str
        What a reader has to know, one sentence each.
    """

    card: Card
    face: FaceName
    images: str
    truth: str
    lesions_known: bool
    parts_by: str
    scores: pd.DataFrame
    predictions: pd.DataFrame
    left_out: pd.DataFrame
    confusion: pd.DataFrame | None
    fitting_temperature: float
    n_resamples: int
    notes: tuple[str, ...]

    def estimate(self, score: str, part: str = ALL, kind: str = "") -> Estimate:
        """One score of one part; ``kind`` may be "internal" or "difference"."""
        found = self.scores[(self.scores["part"] == part) & (self.scores["score"] == score)]
        if found.empty:
            return Estimate(np.nan, np.nan, np.nan, 0)
        row = found.iloc[0]
        names = [kind, f"{kind}_low", f"{kind}_high"] if kind else ["value", "low", "high"]
        n = int(row["internal_n"] if kind == "internal" else row["n"])
        value, low, high = (float(row[name]) for name in names)
        return Estimate(value, low, high, n)

    @property
    def part_names(self) -> list[str]:
        """Names of the parts besides `ALL`."""
        return [name for name in self.scores["part"].unique() if name != ALL]


def evaluate_folder(
    scorer: Scorer,
    images: str | Path,
    truth: str | Path,
    *,
    metadata: str | Path | None = None,
    parts: str | None = None,
    face: FaceName = "views",
    n_resamples: int = N_RESAMPLES,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a model on a labelled folder, once, with nothing chosen on it.

    Parameters
    ----------
    scorer : Scorer
        Of `helpers.serving.external.open_scorer`.
    images : str or Path
        A folder or zip archive of images of any size; see `helpers.dataset.list_images`.
    truth : str or Path
        Their diagnoses; see `helpers.dataset.read_truth`.
    metadata : str or Path, optional
        A table with more columns: lesions, cohorts.
    parts : str, optional
        The column that tells parts of the test apart. Where None, ``dataset`` if it is there and
        has several values.
    face : {"views", "single"}, default="views"
        Several views or one. Temperature and threshold are those of validation.
    n_resamples : int, default=2000
        Of the bootstrap.
    progress : callable, optional
        Called with (images done, images in all).

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If the folder or the table cannot be used, no image is in both, or an image is damaged.
    ConfigError
        If there is no column of the name ``parts``, or it has too many values.
    """
    layout = list_images(images)
    table = spelt_as_files(read_truth(truth, metadata), layout)
    rows, left_out = match_images(layout, table, str(truth))
    parts_by, part = _parts(rows, parts)
    answers = answer_pictures(scorer, layout.images, list(rows["image_id"]), face, progress)
    card, asked = scorer.card, scorer.card.faces[face]
    before = _predictions(rows, answers, card)
    after = calibrated(before, card.target, asked.temperature)
    malignant = card.malignant(after[probability_columns(card.target)], face)
    tables = []
    groups = [(ALL, np.ones(len(rows), dtype=bool))]
    groups += [(str(name), np.asarray(part == name)) for name in sorted(part.unique()) if name]
    for name, here in groups:
        found = external_scores(
            after[here],
            before[here],
            card.target,
            asked.malignant_threshold,
            asked.class_weights,
            n_resamples=n_resamples,
        )
        if answers.refused is not None:
            found["refused"] = refused_share(answers.refused[here], rows["lesion_id"][here])
        tables.append(beside_internal(name, found, card, face))
    predictions = after.assign(
        part=part.to_numpy(),
        malignant=malignant,
        called_malignant=malignant >= asked.malignant_threshold,
        refused=None if answers.refused is None else answers.refused,
    )
    y_prob = before[probability_columns(card.target)].to_numpy()
    return Evaluation(
        card=card,
        face=face,
        images=layout.root.name,
        truth=Path(truth).name,
        lesions_known=table.lesions_known,
        parts_by=parts_by,
        scores=pd.concat(tables, ignore_index=True),
        predictions=predictions,
        left_out=left_out,
        confusion=confusion(after) if card.target == "diagnosis" else None,
        fitting_temperature=fit_temperature(before["y_true"], y_prob),
        n_resamples=n_resamples,
        notes=tuple(_notes(layout, table, left_out, rows, answers, card)),
    )


DROPS = (
    OFFICIAL, "accuracy", "malignant_auc", "sensitivity", "specificity", "calibration_error",
)  # fmt: skip
"""Scores of a short table: the official one, order, threshold and confidence."""


def drop_table(evaluation: Evaluation) -> pd.DataFrame:
    """The scores of `DROPS` as a short table.

    Parameters
    ----------
    evaluation : Evaluation

    Returns
    -------
    DataFrame
        A row a score by its label; columns ``external``, ``internal test`` and ``difference``, each
        an Estimate.
    """
    kinds = {"external": "", "internal test": "internal", "difference": "difference"}
    there = set(evaluation.scores["score"])
    rows = {
        LABELS[name]: {title: evaluation.estimate(name, kind=kind) for title, kind in kinds.items()}
        for name in DROPS
        if name in there
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def spelt_as_files(table: TruthTable, layout: Layout) -> TruthTable:
    """The table with images called as their files are, where only capital letters differ.

    Parameters
    ----------
    table : TruthTable
        Of `helpers.dataset.read_truth`.
    layout : Layout
        Of `helpers.dataset.list_images`.

    Returns
    -------
    TruthTable
        A name that means two files, or that two rows would have, stays as it is.
    """
    named, files = set(table.rows["image_id"]), Counter(name.casefold() for name in layout.images)
    read = {
        name.casefold(): name
        for name in layout.images
        if name not in named and files[name.casefold()] == 1
    }
    names = table.rows["image_id"]
    spelt = names.map(
        lambda name: name if name in layout.images else read.get(name.casefold(), name)
    )
    spelt = spelt.mask(spelt.duplicated(keep=False), names)
    n_other = int((spelt != names).sum())
    if not n_other:
        return table
    note = f"{n_other:,} images have other capital letters in the truth table than in the folder"
    return replace(table, rows=table.rows.assign(image_id=spelt), notes=(*table.notes, note))


def match_images(layout: Layout, table: TruthTable, name: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows that have an image and are to be scored, and what is left out.

    Parameters
    ----------
    layout : Layout
        Of `helpers.dataset.list_images`.
    table : TruthTable
        Of `helpers.dataset.read_truth`.
    name : str
        The table's name, for messages.

    Returns
    -------
    rows : DataFrame
        In the table's order, with a RangeIndex.
    left_out : DataFrame
        ``image_id`` and ``why``.

    Raises
    ------
    DataError
        If nothing is left.
    """
    rows, counted = table.rows, weighted_rows(table)
    there = rows["image_id"].isin(layout.images.keys()).to_numpy()
    known = set(rows["image_id"])
    left_out = [(image_id, "no image") for image_id in rows.loc[~there, "image_id"]]
    left_out += [(image_id, "weight 0") for image_id in rows.loc[there & ~counted, "image_id"]]
    left_out += [(image_id, "no truth") for image_id in layout.images if image_id not in known]
    scored = rows[there & counted].reset_index(drop=True)
    if scored.empty:
        raise DataError(
            f"{name}: expected the diagnoses of images in {layout.root} but no name is in both; "
            f"the table has {name_some(rows['image_id'], 3)}, the folder "
            f"{name_some(layout.images, 3)}"
        )
    return scored, pd.DataFrame(left_out, columns=["image_id", "why"])


def _parts(rows: pd.DataFrame, parts: str | None) -> tuple[str, pd.Series]:
    """The column that tells parts apart, and the part of each row ("" where not told)."""
    none = pd.Series("", index=rows.index)
    wanted = COHORT if parts is None else parts.strip().lower()
    if wanted not in rows or wanted in ("image_id", "lesion_id", "dx", "y_true"):
        if parts is None:
            return "", none
        others = [name for name in rows.columns[4:]]
        raise ConfigError(
            f"parts: expected a column of the tables, one of {name_some(others) or 'none'}, but "
            f"got {parts!r}; --metadata adds the columns of another table"
        )
    column = rows[wanted].astype(str).str.strip()
    if (column == ALL).any():
        raise ConfigError(
            f"parts: expected another name than {ALL!r} in the column {wanted!r}, which all parts "
            "together have; rename it"
        )
    n_parts = column[column != ""].nunique()
    if parts is None and not 2 <= n_parts <= MOST_PARTS:
        return "", none
    if not 1 <= n_parts <= MOST_PARTS:
        raise ConfigError(
            f"parts: expected 1 to {MOST_PARTS} values in the column {wanted!r} but got {n_parts}; "
            "name a column of few kinds"
        )
    return wanted, column


def _predictions(rows: pd.DataFrame, answers: Answers, card: Card) -> pd.DataFrame:
    table = rows[["image_id", "lesion_id", "dx"]].copy()
    table["y_true"] = table["dx"].map(TARGET_INDEX[card.target]).astype(int)
    table[probability_columns(card.target)] = answers.y_prob
    return table


def _notes(
    layout: Layout,
    table: TruthTable,
    left_out: pd.DataFrame,
    rows: pd.DataFrame,
    answers: Answers,
    card: Card,
) -> list[str]:
    """What a reader has to know, the gravest first."""
    notes = []
    origin = provenance_of_card(card)
    seen = {"ham10000": has_ham10000_ids(rows["image_id"]).sum()}.get(origin, 0)
    if origin == "drawn" and has_drawn_ids(rows):
        seen = len(rows)
    if seen:
        notes.append(
            f"{seen:,} images are named like those of the data set that the model learned from: "
            "where they were among them, this is no external test"
        )
    sentences = {
        "no image": "of the truth table have no image in the folder and were not scored",
        "no truth": "of the folder are not in the truth table and were not scored",
        "weight 0": "have the weight 0 in the truth table and were not scored",
    }
    for why, sentence in sentences.items():
        ids = left_out.loc[left_out["why"] == why, "image_id"]
        if len(ids):
            noun = "rows" if why == "no image" else "images"
            notes.append(f"{len(ids):,} {noun} {sentence}: {name_some(ids, _SHOWN)}")
    if not table.lesions_known:
        notes.append(
            "lesions are not known: intervals are over images, and too narrow where several show "
            "one lesion"
        )
    absent = [dx for dx in card.classes if card.target == "diagnosis" and dx not in set(rows["dx"])]
    if absent:
        notes.append(
            f"no image of {name_some(absent)}: means over classes leave it out, as the challenge "
            "does, and are not comparable with those of all seven"
        )
    lesions = rows.drop_duplicates("lesion_id")["dx"].value_counts()
    single = [dx for dx in card.classes if lesions.get(dx) == 1]
    if single and lesions.max() > 1:
        noun = "lesion" if table.lesions_known else "image"
        notes.append(
            f"there is one {noun} alone of {name_some(single)}: what chance does to it is in no "
            "interval, and those of means over classes are too narrow"
        )
    if answers.stretched:
        notes.append(
            f"{answers.stretched:,} images are not of 4 to 3 and were stretched to it, as training "
            "does"
        )
    return notes + list(table.notes) + list(layout.notes)
