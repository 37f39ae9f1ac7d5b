"""Predictions of a folder: a submission that scores as the evaluation does, and a table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.small_served import small_card
from support.stand_in_scorer import StandIn, labelled_rows, one_hot, write_pictures

from helpers.core.errors import ConfigError, DataError
from helpers.dataset.truth_tables import CHALLENGE_COLUMNS
from helpers.serving.external.evaluation import evaluate_folder
from helpers.serving.external.submissions import predict_folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Pictures of all classes."""
    return write_pictures(tmp_path / "images", labelled_rows())


def test_a_submission(images: Path, tmp_path: Path) -> None:
    """The challenge's columns and floating-point numbers; scored as a challenge would score it."""
    predict_folder(StandIn(), images, tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text()
    assert text.splitlines()[0] == "image,MEL,NV,BCC,AKIEC,BKL,DF,VASC"
    table = pd.read_csv(tmp_path / "out.csv")
    assert len(table) == 42 and (table.dtypes.iloc[1:] == np.float64).all()
    np.testing.assert_allclose(table.iloc[:, 1:].sum(axis=1), 1)
    assert table.iloc[:, 1:].to_numpy().min() >= 0 and table.iloc[:, 1:].to_numpy().max() <= 1
    rows = labelled_rows().set_index("image_id")["dx"]
    right = table.set_index("image").idxmax(axis=1).str.lower() == rows
    expected = np.mean([right[rows == dx].mean() for dx in rows.unique()])
    one_hot(labelled_rows()).to_csv(tmp_path / "truth.csv", index=False)
    found = evaluate_folder(StandIn(), images, tmp_path / "truth.csv", n_resamples=20)
    assert found.estimate("balanced_accuracy").value == pytest.approx(expected)


def test_a_table(images: Path, tmp_path: Path) -> None:
    """Class, probabilities, malignant and refused, and no formula among the names."""
    (images / "ISIC_5000001.jpg").rename(images / "=cmd.jpg")
    table = predict_folder(StandIn(), images, tmp_path / "out.csv", layout="table", face="single")
    read = pd.read_csv(tmp_path / "out.csv")
    assert list(read["image_id"]) == list(table["image_id"])
    assert read["image_id"].iloc[0] == "'=cmd"
    columns = [name for name in read if name.startswith("p_")]
    assert (read[columns].idxmax(axis=1).str.removeprefix("p_") == read["predicted"]).all()
    malignant = read[["p_akiec", "p_bcc", "p_mel"]].sum(axis=1)
    np.testing.assert_allclose(read["malignant"], malignant)
    assert (read["called_malignant"] == (malignant >= 0.4)).all()
    assert read["refused"].sum() == 1


def test_a_model_of_two_kinds_writes_tables_alone(images: Path, tmp_path: Path) -> None:
    """A submission needs seven classes."""
    scorer = StandIn(small_card(target="malignant", classes=("benign", "malignant")), gate=None)
    with pytest.raises(ConfigError, match="--layout table"):
        predict_folder(scorer, images, tmp_path / "out.csv")
    table = predict_folder(scorer, images, tmp_path / "out.csv", layout="table")
    assert set(table["predicted"]) <= {"benign", "malignant"}
    assert (table["refused"] == "").all()


def test_nothing_half_written(images: Path, tmp_path: Path) -> None:
    """A damaged picture, a folder for a file, an unknown layout: what was there stays."""
    target = tmp_path / "out.csv"
    target.write_text("kept")
    (images / "ISIC_5000001.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        predict_folder(StandIn(), images, target)
    with pytest.raises(ConfigError, match="expected challenge or table"):
        predict_folder(StandIn(), images, target, layout="excel")  # type: ignore[arg-type]
    assert target.read_text() == "kept"
    with pytest.raises(ConfigError, match="it is a folder"):
        predict_folder(StandIn(), images, images)
    assert CHALLENGE_COLUMNS[0] == "image"
