"""Predictions of a folder without truth: a submission to the challenge, or a table."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from helpers.core import ConfigError, atomic_file
from helpers.dataset import CHALLENGE_CLASSES, CHALLENGE_COLUMNS, list_images
from helpers.serving.cards import FaceName, apply_temperature
from helpers.serving.external.answers import Answers, Progress, answer_pictures
from helpers.serving.external.page import safe_texts
from helpers.serving.external.scored_models import Scorer

Layout = Literal["challenge", "table"]


def predict_folder(
    scorer: Scorer,
    images: str | Path,
    to: str | Path,
    *,
    layout: Layout = "challenge",
    face: FaceName = "views",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Write what a model says of every picture in a folder.

    Parameters
    ----------
    scorer : Scorer
        Of `helpers.serving.external.open_scorer`.
    images : str or Path
        A folder or zip archive of pictures of any size.
    to : str or Path
        The CSV file; it appears when it is complete.
    layout : {"challenge", "table"}, default="challenge"
        "challenge": ``image,MEL,NV,BCC,AKIEC,BKL,DF,VASC``, calibrated probabilities. "table":
        ``image_id``, the most probable class, probabilities by class, the malignant one, whether
        the threshold calls it malignant, and whether the gate refuses the picture.
    face : {"views", "single"}, default="views"
        Several views or one.
    progress : callable, optional
        Called with (pictures done, pictures in all).

    Returns
    -------
    DataFrame
        As written, a row a picture, sorted by name.

    Raises
    ------
    ConfigError
        If the layout is unknown, the model does not tell the challenge's classes, or the file
        cannot be written.
    DataError
        If there is no picture, or one is damaged.
    """
    target = Path(to)
    if layout not in get_args(Layout):
        raise ConfigError(f"layout: expected {' or '.join(get_args(Layout))}, got {layout!r}")
    if layout == "challenge" and scorer.card.target != "diagnosis":
        raise ConfigError(
            f"{scorer.card.name}: expected a model of seven diagnoses for a submission, but it "
            "tells benign from malignant; write a table with '--layout table'"
        )
    if target.is_dir():
        raise ConfigError(f"{target}: expected the name of a file but it is a folder; add a name")
    found = list_images(images).images
    answers = answer_pictures(scorer, found, list(found), face, progress)
    table = _submission(scorer, answers, face) if layout == "challenge" else None
    if table is None:
        table = safe_texts(_table(scorer, answers, face))
    with atomic_file(target) as temporary:
        table.to_csv(temporary, index=False)
    return table


def _calibrated(scorer: Scorer, answers: Answers, face: FaceName) -> pd.DataFrame:
    y_prob = apply_temperature(answers.y_prob, scorer.card.faces[face].temperature)
    return pd.DataFrame(y_prob, columns=list(scorer.card.classes))


def _submission(scorer: Scorer, answers: Answers, face: FaceName) -> pd.DataFrame:
    y_prob = _calibrated(scorer, answers, face)[list(CHALLENGE_CLASSES)]
    table = y_prob.set_axis(list(CHALLENGE_COLUMNS[1:]), axis=1)
    table.insert(0, CHALLENGE_COLUMNS[0], list(answers.image_ids))
    return table


def _table(scorer: Scorer, answers: Answers, face: FaceName) -> pd.DataFrame:
    card = scorer.card
    y_prob = _calibrated(scorer, answers, face)
    malignant = card.malignant(y_prob, face)
    table = y_prob.add_prefix("p_")
    table.insert(0, "image_id", list(answers.image_ids))
    table.insert(1, "predicted", y_prob.idxmax(axis=1))
    table["malignant"] = malignant
    table["called_malignant"] = malignant >= card.faces[face].malignant_threshold
    table["refused"] = "" if answers.refused is None else answers.refused
    return table
