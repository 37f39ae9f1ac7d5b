"""What chapter 8 computes: weights, what is left open, changes of recall."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score
from sklearn.utils.class_weight import compute_class_weight
from support.predictions import make_predictions
from support.scored_trials import make_config, make_scored_trial

from helpers.augmentation.settings import Augmentation
from helpers.core.classes import CLASSES
from helpers.lessons.ablation import ABLATION
from helpers.lessons.class_weight_curve import weight_of
from helpers.lessons.imbalance import (
    LEAST_LESIONS,
    augmentation_parts,
    below_floor,
    called_share,
    each_less_other,
    open_choices,
    recall_changes,
    three_scores,
    unlike_fields,
    weight_table,
)
from helpers.study.profiles import load_profile


def test_weights_are_those_of_scikit_learn_and_even_the_loss_out() -> None:
    """Balanced weights give each class the same share of the loss; the square root lies between."""
    dx = pd.Series(np.repeat(CLASSES, (33, 51, 110, 12, 111, 670, 14)))
    table = weight_table(dx)
    expected = compute_class_weight("balanced", classes=np.array(CLASSES), y=dx.to_numpy())
    np.testing.assert_allclose(table["balanced"], expected, rtol=1e-5)
    np.testing.assert_allclose(table["sqrt"], np.sqrt(expected), rtol=1e-5)
    np.testing.assert_allclose(table["share, balanced"], 1 / 7, rtol=1e-5)
    spread = table[["share", "share, sqrt", "share, balanced"]].std()
    assert spread.is_monotonic_decreasing
    assert list(weight_table(pd.Series(["nv", "mel", "nv"])).index) == ["mel", "nv"]


def test_parts_of_an_augmentation_are_one_by_one() -> None:
    """Each part changes one thing; parts that the whole does not have are left out."""
    whole = Augmentation(rotation_range=90, vertical_flip=True, cutout=0.3, fill_mode="reflect")
    parts = augmentation_parts(whole)
    assert list(parts) == ["rotation", "flips", "cutout", "all together"]
    assert parts["cutout"] == Augmentation(cutout=0.3, fill_mode="reflect")
    assert parts["all together"] == whole
    assert augmentation_parts(Augmentation()) == {}


@pytest.mark.parametrize("name", ["smoke", "quick", "full"])
def test_every_profile_has_the_published_rows(name: str) -> None:
    """The six rows differ from the full model in one part each, and two are shared by name only."""
    profile = load_profile(name)
    ablation = {config.name: config for config in profile.trial_configs("ablation")}
    losses = {config.name: config for config in profile.trial_configs("imbalance")}
    assert list(ablation) == list(ABLATION)
    full = ablation["Full model"]
    assert {row: unlike_fields(config, full) for row, config in ablation.items()} == {
        "Full model": [],
        "No dropout": ["dropout"],
        "No augmentation": ["augmentation"],
        "No class weights": ["class weight"],
        "No FC": ["head"],
        "No GAP": ["head"],
    }
    assert list(losses) == ["Neither", "Class weights", "Focal loss", "Both"]
    assert unlike_fields(losses["Both"], full) == []
    assert unlike_fields(losses["Focal loss"], ablation["No class weights"]) == []
    assert unlike_fields(losses["Neither"], losses["Class weights"]) == ["class weight"]
    assert unlike_fields(losses["Neither"], losses["Focal loss"]) == ["loss"]
    assert len(profile.trials["folds"]) == 1
    (alone,) = profile.trial_configs("segmentation")
    assert not unlike_fields(alone, full) or not unlike_fields(alone, ablation["No augmentation"])
    weights = profile.trial_configs("melanoma_weight")
    assert [weight_of(config, "mel") for config in weights] == sorted(
        {1, 10, *([3] * (name != "smoke"))}
    )
    assert all(set(unlike_fields(c, weights[0])) <= {"class weight"} for c in weights)
    assert {c.loss for c in weights} == {"cross_entropy"}
    choices = open_choices(full).set_index("left open")["here"]
    assert choices["gamma of the focal loss"] == "2"
    assert {"members of the ensemble", "views", "optimiser"} <= set(choices.index)
    assert choices.notna().all() and list(augmentation_parts(full.augmentation))[-2] == "cutout"


def test_backbones_of_the_full_study_are_the_four() -> None:
    """The backbones that the book promises, all from ImageNet weights and by one recipe."""
    configs = load_profile("full").trial_configs("backbones")
    assert [c.name for c in configs] == ["ResNet50", "VGG16", "MobileNet", "EfficientNetB1"]
    assert {c.weights for c in configs} == {"imagenet"}
    assert all(set(unlike_fields(c, configs[0])) <= {"backbone"} for c in configs)


def test_changes_of_recall_are_those_of_scikit_learn() -> None:
    """Each value is the difference of two recalls; a class of few lesions has no interval."""
    counts = (16, 22, 48, LEAST_LESIONS - 1, 40, 120, LEAST_LESIONS)
    skilled, other = (make_predictions(1, counts, skill) for skill in (4.0, 0.5))
    shuffled = other.sample(frac=1, random_state=3)
    table = recall_changes({"skill": (skilled, shuffled)}, n_resamples=300).set_index("dx")
    columns = [f"p_{dx}" for dx in CLASSES]
    recalls = [
        recall_score(t["y_true"], t[columns].to_numpy().argmax(axis=1), average=None)
        for t in (skilled, other)
    ]
    np.testing.assert_allclose(table["estimate"].map(float), recalls[0] - recalls[1], atol=1e-12)
    assert table.loc["df", "verdict"] == "too few" and np.isnan(table.loc["df", "estimate"].low)
    assert np.isfinite(table.loc["vasc", "estimate"].low)
    assert (table.loc[["nv", "bkl", "mel"], "verdict"] == "higher").all()
    same = recall_changes({"nothing": (skilled, skilled)}, n_resamples=50)
    assert not set(same["verdict"]) & {"higher", "lower"}


def test_changes_need_the_same_images() -> None:
    """Two splits cannot be compared image by image."""
    with pytest.raises(ValueError, match="same images"):
        recall_changes({"a": (make_predictions(1), make_predictions(1).iloc[1:])})


def test_share_called_by_a_name_counts_right_and_wrong() -> None:
    """The shares of all names add up to 1."""
    predictions = make_predictions()
    shares = [called_share(predictions, dx) for dx in CLASSES]
    assert sum(share.value for share in shares) == pytest.approx(1)
    assert all(share.low < share.value < share.high for share in shares)


def test_images_below_the_floor_are_counted() -> None:
    """Those whose own class is given nearly nothing, whatever the other classes are given."""
    predictions = make_predictions(skill=1.0)
    assert below_floor(predictions) == 0
    for row in (0, 5):
        predictions.loc[row, [f"p_{dx}" for dx in CLASSES]] = 0.0
        wrong = CLASSES[(predictions.loc[row, "y_true"] + 1) % 7]
        predictions.loc[row, f"p_{wrong}"] = 1.0
    assert below_floor(predictions) == 2


def test_unlike_fields_leave_names_out() -> None:
    """What decides a training is compared, and not what tables call it."""
    assert unlike_fields(make_config("a"), make_config("b")) == []
    changed = make_config("a", head="focal", class_weight="sqrt")
    assert unlike_fields(changed, make_config("a")) == ["head", "class weight"]


def test_trials_are_scored_and_set_beside_each_other(tmp_path: Path) -> None:
    """Three scores under their titles; a trial is not set beside itself."""
    good, bad = (make_scored_trial(tmp_path, *given) for given in (("Good", 0.9), ("Bad", 0.4)))
    table = three_scores([good, bad])
    assert list(table.columns) == ["accuracy", "balanced accuracy", "macro F1"]
    assert (table.loc["Good"].map(float) > table.loc["Bad"].map(float)).all()
    pairs = each_less_other([good], [good, bad])
    assert list(pairs) == ["Good less Bad"]
    pd.testing.assert_frame_equal(pairs["Good less Bad"][1], bad.predictions_of("valid"))
