"""Recalibration: fitted on one half of the lesions, judged on the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.predictions import make_predictions
from support.small_served import small_card
from support.stand_in_scorer import StandIn, labelled_rows, write_pictures

from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.evaluation import scores
from helpers.serving.cards.calibration import apply_temperature, weigh_classes
from helpers.serving.external import recalibration
from helpers.serving.external.evaluation import Evaluation, evaluate_folder
from helpers.serving.external.recalibration import (
    SHARES,
    SHIPPED,
    STEPS,
    TEMPERATURE,
    THRESHOLD,
    named,
    recalibrate,
)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """Of the stand-in, with made-up predictions of many lesions, far too sure."""
    place = tmp_path_factory.mktemp("clinic")
    rows = labelled_rows()
    write_pictures(place / "images", rows)
    rows.to_csv(place / "rows.csv", index=False)
    found = evaluate_folder(StandIn(), place / "images", place / "rows.csv", n_resamples=10)
    table = make_predictions(2)
    columns = [name for name in table if name.startswith("p_")]
    table[columns] = apply_temperature(table[columns].to_numpy(), 0.3)
    return replace(found, predictions=table.drop(columns="split").assign(part=""))


def test_halves_share_no_lesion(evaluation: Evaluation) -> None:
    """And together they are all; only one is judged."""
    found = recalibrate(evaluation, evaluation.predictions["dx"])
    judged = found.predictions[SHIPPED]
    assert found.n_judged == len(judged) and list(found.table.index) == list(STEPS)
    assert found.n_fitted + found.n_judged == len(evaluation.predictions)
    rest = evaluation.predictions[~evaluation.predictions["image_id"].isin(judged["image_id"])]
    assert not set(rest["lesion_id"]) & set(judged["lesion_id"])
    assert set(rest["dx"]) == set(judged["dx"])
    assert "malignant AUC" in named(found.table) and named(found.table).index.name == "step"


def test_a_temperature_mends_confidence_and_no_order(evaluation: Evaluation) -> None:
    """The calibration error falls; accuracy and the classes stay as they were."""
    found = recalibrate(evaluation, evaluation.predictions["dx"])
    judged = found.predictions[SHIPPED]
    of_step = found.table.loc[SHIPPED, "malignant_auc"]
    assert of_step == scores(judged, ("malignant_auc",))["malignant_auc"]  # interval and all
    error = found.table["calibration_error"]
    assert error[TEMPERATURE].value < error[SHIPPED].value / 2
    score = found.table["balanced_accuracy"]
    assert score[TEMPERATURE].value == score[SHIPPED].value
    assert found.temperature > evaluation.card.faces["views"].temperature


def test_the_threshold_reaches_what_was_wanted_where_it_was_chosen(evaluation: Evaluation) -> None:
    """On the other half it comes near; the probabilities are those of the step before."""
    found = recalibrate(evaluation, evaluation.predictions["dx"])
    wanted = evaluation.card.faces["views"].wanted_sensitivity
    assert abs(found.table.loc[THRESHOLD, "sensitivity"].value - wanted) < 0.12
    assert found.table.loc[THRESHOLD, "malignant_auc"] == found.table.loc[SHARES, "malignant_auc"]


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_shares_that_training_took_out_are_not_taken_out_again(
    evaluation: Evaluation, power: float
) -> None:
    """However far it did, the corrected answers are those of a model that took none out."""
    card, table = evaluation.card, evaluation.predictions
    learned = table["dx"]
    share = np.array([(learned == dx).mean() for dx in CLASSES])
    columns = [f"p_{dx}" for dx in CLASSES]
    adjusted = table.copy()
    adjusted[columns] = weigh_classes(table[columns].to_numpy(), share**-power)
    weights = share**power / (share**power).max()
    face = card.faces["views"].model_copy(update={"class_weights": tuple(weights)})
    card = card.model_copy(update={"faces": card.faces | {"views": face}})
    # At one temperature, which would otherwise be another for other answers.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recalibration, "fit_temperature", lambda *_: face.temperature)
        plain = recalibrate(evaluation, learned)
        found = recalibrate(replace(evaluation, card=card, predictions=adjusted), learned)
    for step in (SHARES, THRESHOLD):
        np.testing.assert_allclose(
            found.predictions[step][columns], plain.predictions[step][columns], rtol=1e-6
        )
    values = [one.table.loc[SHIPPED, "malignant_auc"].value for one in (found, plain)]
    assert values[0] == pytest.approx(values[1])


def test_what_cannot_be_recalibrated(evaluation: Evaluation, tmp_path: Path) -> None:
    """A model of two kinds, and a test of one kind."""
    with pytest.raises(ConfigError, match="two kinds"):
        recalibrate(replace(evaluation, confusion=None), evaluation.predictions["dx"])
    benign = evaluation.predictions[evaluation.predictions["dx"] == "nv"].reset_index(drop=True)
    with pytest.raises(ConfigError, match="one half lacks"):
        recalibrate(replace(evaluation, predictions=benign), pd.Series(["nv"]))
    assert small_card().target == "diagnosis"
