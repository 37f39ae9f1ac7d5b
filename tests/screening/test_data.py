"""What under-sampling leaves out, the set of a real prevalence, and the profiles' trials."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from helpers.core import ROOT
from helpers.core.classes import CLASSES, MALIGNANT
from helpers.core.errors import DataError
from helpers.dataset.folds import screening_split, undersample
from helpers.published.numbers import claim, ham10000_counts
from helpers.screening.data import (
    is_malignant,
    kinds_by_split,
    malignant_share,
    sampling_table,
    unseen_at_prevalence,
)
from helpers.study.presets import find_preset
from helpers.study.profiles import list_profiles, load_profile


def make_catalogue(n: int = 900, seed: int = 0) -> pd.DataFrame:
    """One to three images a lesion, about a fifth of them malignant."""
    rng = np.random.default_rng(seed)
    dx = rng.choice(CLASSES, n, p=[0.03, 0.05, 0.11, 0.02, 0.11, 0.65, 0.03])
    lesion = [f"{d}-{i // 2}" for i, d in enumerate(dx)]
    return pd.DataFrame(
        {"image_id": [f"I{i:05d}" for i in range(n)], "lesion_id": lesion, "dx": dx}
    )


def test_sampling_table_adds_up() -> None:
    """All malignant images are kept, and as many benign; the last row is the sum."""
    catalogue = make_catalogue()
    table = sampling_table(catalogue, undersample(catalogue, 0)).set_index("dx")
    assert (table.loc[sorted(MALIGNANT), "left out"] == 0).all()
    assert table.loc["all", "kept"] == 2 * is_malignant(catalogue).sum()
    columns = ["images", "kept", "left out"]
    assert (table.iloc[:-1][columns].sum() == table.loc["all", columns]).all()


def test_kinds_by_split_counts_all() -> None:
    """Each image is counted once, in its split and its kind."""
    split = screening_split(make_catalogue(), by="lesion", seed=1)
    table = kinds_by_split(split)
    assert table["images"].sum() == len(split)
    assert (table["benign"] + table["malignant"] == table["images"]).all()


@pytest.mark.parametrize("share", [0.1, 0.2, 0.4])
def test_unseen_set_has_the_share_and_no_lesion_of_training(share: float) -> None:
    """It holds the test split, and what is added is benign and was in nothing before."""
    catalogue = make_catalogue(3000)
    split = screening_split(catalogue, by="lesion", seed=0)
    wide = unseen_at_prevalence(catalogue, split, share, seed=3)
    test = split[split["split"] == "test"]
    assert set(test["image_id"]) <= set(wide["image_id"])
    added = wide[~wide["image_id"].isin(test["image_id"])]
    assert not is_malignant(added).any() and not added["image_id"].isin(split["image_id"]).any()
    seen = split.loc[split["split"] != "test", "lesion_id"]
    assert not wide["lesion_id"].isin(seen).any()
    if share >= 0.2:
        assert malignant_share(wide) == pytest.approx(share, abs=0.01)
    assert wide.equals(unseen_at_prevalence(catalogue, split, share, seed=3))


def test_too_few_benign_images_are_all_taken() -> None:
    """A share that the images do not allow is come as near to as they do."""
    catalogue = make_catalogue()
    split = screening_split(catalogue, by="lesion", seed=0)
    wide = unseen_at_prevalence(catalogue, split, 0.001)
    assert malignant_share(wide) > 0.001
    with pytest.raises(DataError, match="malignant images in the test split"):
        unseen_at_prevalence(catalogue, split[split["dx"] == "nv"], 0.2)


@pytest.mark.parametrize("name", list_profiles())
def test_profiles_have_the_screening_trials(name: str) -> None:
    """Two trials that differ in CLAHE alone, and a wrong range beside each right one."""
    profile = load_profile(name)
    plain, equal = profile.trial_configs("screening")
    assert plain.clahe is None and equal.clahe is not None
    assert equal.model_copy(update={"clahe": None, "name": plain.name}) == plain
    configs = profile.trial_configs("screening_range")
    alike: dict[str, set[Any]] = {}
    for config in configs:
        same = config.model_copy(update={"name": "", "preprocessing": None})
        alike.setdefault(config.backbone, set()).add(same.model_dump_json())
    assert all(len(recipes) == 1 for recipes in alike.values())
    for backbone in alike:
        kinds = [config.preprocessing for config in configs if config.backbone == backbone]
        assert kinds[0] is None and len(set(kinds)) == len(kinds) >= 2
    assert {c.target for c in [plain, equal, *configs]} == {"malignant"}


def test_full_profile_is_as_published() -> None:
    """ResNet50, ImageNet's normalisation, 50 layers, Adam's rates, batches; all as the preset."""
    config = load_profile("full").trial_configs("screening")[1]
    preset = find_preset("binary-screening").config()
    assert config == preset.model_copy(update={"name": config.name})
    assert (config.backbone, config.weights, config.preprocessing) == (
        "ResNet50",
        "imagenet",
        "torch",
    )
    assert (config.head, config.dropout) == ("dense", 0.5)
    assert [stage.trainable for stage in config.stages] == ["head", 50]
    assert [stage.learning_rate for stage in config.stages] == [1e-3, 1e-4]
    assert {stage.batch_size for stage in config.stages} == {32}


def test_real_counts() -> None:
    """On HAM10000 3,908 images are kept, 3,126 and 782 of them by image."""
    folder = Path(os.environ.get("DERMBOOK_REAL", ROOT / "../shared/ham10000"))
    files = sorted(folder.glob("HAM10000_metadata*"))
    if not files:
        pytest.skip(f"no metadata in {folder}")
    catalogue = pd.read_csv(files[0])
    kept = undersample(catalogue, 0)
    n_malignant = int(ham10000_counts()["images"][sorted(MALIGNANT)].sum())
    assert len(kept) == 2 * n_malignant == 3908
    parts = kinds_by_split(screening_split(catalogue, "image", 0)).set_index("split")["images"]
    assert parts["test"] == claim("screening.accuracy").n == 782
    assert parts["train"] + parts["valid"] == 3126
    split = screening_split(catalogue, "lesion", 0)
    share = n_malignant / len(catalogue)
    assert malignant_share(unseen_at_prevalence(catalogue, split, share)) == pytest.approx(
        share, abs=0.001
    )
