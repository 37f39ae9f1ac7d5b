"""The images of a screening study: what under-sampling keeps, and a set of a real prevalence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.core import CLASSES, MALIGNANT, TARGET_INDEX, TARGETS, DataError
from helpers.dataset import SPLITS
from helpers.models import predict
from helpers.training import Trial, open_trial_store


def is_malignant(catalogue: pd.DataFrame) -> pd.Series:
    """Whether each row's diagnosis is a malignant or pre-malignant one."""
    return catalogue["dx"].astype(str).isin(MALIGNANT)


def malignant_share(catalogue: pd.DataFrame) -> float:
    """Share of malignant images, in [0, 1]."""
    return float(is_malignant(catalogue).mean())


def sampling_table(catalogue: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Images of each diagnosis before and after under-sampling.

    Parameters
    ----------
    catalogue, kept : DataFrame
        All images, and those that were kept.

    Returns
    -------
    DataFrame
        A row a diagnosis, malignant ones first, and one for "all": ``dx``, ``kind``, ``images``,
        ``kept``, ``left out`` and ``share left out`` in [0, 1].
    """
    before = catalogue["dx"].astype(str).value_counts()
    after = kept["dx"].astype(str).value_counts()
    rows = []
    for dx in sorted(CLASSES, key=lambda dx: (dx not in MALIGNANT, CLASSES.index(dx))):
        kind = TARGETS["malignant"][dx in MALIGNANT]
        rows.append((dx, kind, int(before.get(dx, 0)), int(after.get(dx, 0))))
    table = pd.DataFrame(rows, columns=["dx", "kind", "images", "kept"])
    total = {"dx": "all", "kind": "", "images": len(catalogue), "kept": len(kept)}
    table = pd.concat([table, pd.DataFrame([total])], ignore_index=True)
    table["left out"] = table["images"] - table["kept"]
    table["share left out"] = table["left out"] / table["images"].where(table["images"] > 0)
    return table


def kinds_by_split(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Benign and malignant images and lesions of each split.

    Parameters
    ----------
    catalogue : DataFrame
        With a ``split``.

    Returns
    -------
    DataFrame
        A row a split: ``split``, ``benign``, ``malignant``, ``images`` and ``lesions``.
    """
    rows = []
    for name in SPLITS:
        part = catalogue[catalogue["split"].astype(str) == name]
        n_malignant = int(is_malignant(part).sum())
        rows.append(
            {
                "split": name,
                "benign": len(part) - n_malignant,
                "malignant": n_malignant,
                "images": len(part),
                "lesions": part["lesion_id"].nunique(),
            }
        )
    return pd.DataFrame(rows)


def unseen_at_prevalence(
    catalogue: pd.DataFrame, split: pd.DataFrame, share: float, seed: int = 0
) -> pd.DataFrame:
    """Test images of an under-sampled split, with as many benign ones as a real share needs.

    Parameters
    ----------
    catalogue : DataFrame
        All images.
    split : DataFrame
        The under-sampled ones with a ``split``; lesions in "train" or "valid" are not drawn.
    share : float
        Wanted share of malignant images, in (0, 1).
    seed : int, default=0
        Of the draw among the benign images that were left out.

    Returns
    -------
    DataFrame
        Rows of `catalogue` in its order, with the split "test": all malignant and benign images
        of the test split, and benign ones whose lesions no training has seen. Where these are
        too few, all of them, and the share is higher than wanted.

    Raises
    ------
    DataError
        If the test split has no malignant images.
    """
    seen = set(split.loc[split["split"].astype(str) != "test", "lesion_id"])
    test = set(split.loc[split["split"].astype(str) == "test", "image_id"])
    in_test = catalogue["image_id"].isin(test)
    n_malignant = int((in_test & is_malignant(catalogue)).sum())
    if n_malignant == 0:
        raise DataError("expected malignant images in the test split but got none; use more images")
    wanted = round(n_malignant * (1 - share) / share) - int(in_test.sum()) + n_malignant
    others = ~catalogue["image_id"].isin(set(split["image_id"])) & ~is_malignant(catalogue)
    others &= ~catalogue["lesion_id"].isin(seen)
    pool = sorted(catalogue.loc[others, "image_id"].astype(str))
    drawn = np.random.default_rng([seed, 9]).permutation(pool)[: max(wanted, 0)]
    chosen = catalogue[in_test | catalogue["image_id"].isin(set(drawn))]
    return chosen.reset_index(drop=True).assign(split="test")


def predict_images(trial: Trial, catalogue: pd.DataFrame) -> pd.DataFrame:
    """Predict images that were in no split of the trial's own.

    Parameters
    ----------
    trial : Trial
        Of the target "malignant".
    catalogue : DataFrame
        The images, with a ``split``.

    Returns
    -------
    DataFrame
        As ``trial.predictions``.
    """
    store = open_trial_store(trial.config, catalogue)
    rows = store.rows(list(catalogue["image_id"]))
    y_prob = predict(trial.load_model(), store.images, rows)
    table = catalogue[["image_id", "lesion_id", "split"]].astype(str).reset_index(drop=True)
    table["dx"] = catalogue["dx"].astype(str).to_numpy()
    table["y_true"] = table["dx"].map(TARGET_INDEX[trial.config.target]).astype("int64")
    for index, name in enumerate(trial.config.classes):
        table[f"p_{name}"] = y_prob[:, index].astype(np.float64)
    return table
