"""Published numbers: the files are sound, and they agree with each other and with the data."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from helpers.core import ROOT
from helpers.core.classes import CLASSES, MALIGNANT
from helpers.published import numbers as published

REAL = Path(os.environ.get("DERMBOOK_REAL", ROOT / "../shared/ham10000"))


def test_claims_are_sound() -> None:
    """Every key, value and source of the table is there, and every claim can be read."""
    table = published.claims()
    assert len(table) > 60
    for key in table.index:
        claim = published.claim(key)
        assert claim.source
        assert claim.metric


def test_unsound_claims_are_named() -> None:
    """A doubled key, a share in percent, and a missing source are each reported."""
    table = published.claims().reset_index().astype(object)
    table.loc[1, "key"] = table.loc[0, "key"]
    table.loc[2, "value"] = 79.6
    table.loc[3, "source"] = None
    problems = " ".join(published.check_claims(table))
    for part in ("comes twice", "line 4: expected a number", "line 5: expected a source"):
        assert part in problems
    assert "columns" in published.check_claims(table.drop(columns="note"))[0]


def test_screening_matrix_gives_the_published_metrics() -> None:
    """TP, FN, FP and TN reproduce accuracy, recall and precision to four digits."""
    tp, fn, fp, tn = (
        published.claim(f"screening.{name}").value
        for name in ("true_positives", "false_negatives", "false_positives", "true_negatives")
    )
    assert tp + fn + fp + tn == published.claim("screening.accuracy").n == 782
    for name, k, n in (
        ("accuracy", tp + tn, 782),
        ("recall", tp, tp + fn),
        ("precision", tp, tp + fp),
    ):
        claim = published.claim(f"screening.{name}")
        assert round(k / n, 4) == claim.value
        assert claim.n == n
    estimate = published.claim("screening.accuracy").estimate
    assert (round(estimate.low, 3), round(estimate.high, 3)) == (0.746, 0.804)


def test_only_shares_of_a_known_n_get_an_interval() -> None:
    """An AUC, a mean of classes, or a share without n has no Wilson interval."""
    for key in ("screening.auc", "focal_loss.test.top_1_accuracy", "speed.resnet50_224.rtx_3090"):
        assert pd.isna(published.claim(key).estimate.low), key
    assert published.claim("course_report.final.accuracy").estimate.low > 0.81


def test_unverified_claims_say_so() -> None:
    """Numbers without a primary source are marked; the course report's are not."""
    assert not published.claim("grouped.resnet50_metadata.accuracy").verified
    assert not published.claim("focal_loss.no_fc.accuracy").verified
    assert published.claim("course_report.resnet50.accuracy").verified


def test_unknown_key_names_near_ones() -> None:
    """A misspelt key gets the right one proposed; so does a wrong prefix."""
    with pytest.raises(KeyError, match=r"course_report\.efficientnetb3\.accuracy"):
        published.claim("course_report.efficientnet_b3.accuracy")
    with pytest.raises(KeyError, match="screening"):
        published.claims("screen")


def test_prefix_selects_whole_names() -> None:
    """A prefix ends at a dot."""
    assert set(published.claims("screening").index.str.split(".").str[0]) == {"screening"}
    assert len(published.claims("focal_loss.full")) == 4


def test_ham10000_counts_sum_to_the_data_set() -> None:
    """The classes add up to 10,015 images of 7,470 lesions, 1,954 of them malignant images."""
    table = published.ham10000_counts()
    assert list(table.index) == list(CLASSES)
    assert (table["images"].sum(), table["lesions"].sum()) == (10_015, 7_470)
    assert table.loc[sorted(MALIGNANT), "images"].sum() == 1_954
    leaked = (table["images"] * table["leaked_80_20"]).sum() / 10_015
    assert leaked == pytest.approx(published.claim("leakage.80_20").value, abs=0.01)


def test_ham10000_counts_agree_with_the_real_metadata() -> None:
    """Images and lesions a class are those of the metadata file."""
    path = REAL / "HAM10000_metadata.csv"
    if not path.is_file():
        pytest.skip(f"real metadata not at {path}; set DERMBOOK_REAL to its folder")
    metadata = pd.read_csv(path)
    table = published.ham10000_counts()
    groups = metadata.groupby("dx")["lesion_id"]
    assert (groups.size().loc[list(CLASSES)] == table["images"]).all()
    assert (groups.nunique().loc[list(CLASSES)] == table["lesions"]).all()


def test_order_of_the_file_has_the_counts() -> None:
    """Every image of every class has its place, and stray rows stand among the blocks."""
    order = published.ham10000_order()
    counts = order.value_counts()
    assert (counts.loc[list(CLASSES)] == published.ham10000_counts()["images"]).all()
    assert len(CLASSES) < (order != order.shift()).sum() < 40


@pytest.mark.real
def test_order_is_that_of_the_file() -> None:
    """Row by row the diagnoses are those of HAM10000's metadata."""
    path = REAL / "HAM10000_metadata.csv"
    if not path.is_file():
        pytest.skip(f"real metadata not at {path}; set DERMBOOK_REAL to its folder")
    assert list(pd.read_csv(path)["dx"]) == list(published.ham10000_order())


def test_keras_applications_has_the_backbones() -> None:
    """Shares are shares, and the smallest and largest models are where they belong."""
    table = published.keras_applications()
    assert {"ResNet50", "EfficientNetB3", "InceptionResNetV2"} <= set(table.index)
    assert table["top_1"].between(0.5, table["top_5"]).all()
    assert table["parameters_millions"].idxmin() == "MobileNetV2"
    assert table["parameters_millions"].idxmax() == "VGG16"
