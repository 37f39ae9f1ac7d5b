"""How often a gate refuses dermoscopy, and what else it lets through.

Run ``PYTHONPATH=.:tests python -m support.out_of_distribution FOLDER [MODEL]``: FOLDER has the
HAM10000 layout; MODEL is as in `open_model`. Measured is the model's own gate; where it has none,
one that is fitted on the validation split.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd

from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.image_store import ImageStore, open_store
from helpers.dataset.sources import open_source
from helpers.dataset.splits import split_catalogue
from helpers.serving.bundled.build import read_recipe
from helpers.serving.model.opening import BUNDLED, open_model
from helpers.serving.model.out_of_distribution import fit_gate
from helpers.serving.model.served import ServedModel
from helpers.serving.uploads.pictures import fit_picture
from helpers.statistics.intervals import wilson
from support import not_dermoscopy


def not_trained_on(
    model: ServedModel, catalogue: pd.DataFrame, split: str
) -> tuple[pd.DataFrame, ImageStore]:
    """Validation or test images as the model in the box had them, and their pictures."""
    recipe = read_recipe(BUNDLED / "recipe.yml")
    table = split_catalogue(catalogue, recipe.fractions, seed=recipe.seed)
    table = table[table["split"] == split].sort_values("image_id", ignore_index=True)
    return table, open_store(table, model.card.image_size)


def measure(
    model: ServedModel,
    catalogue: pd.DataFrame,
    drawn: pd.DataFrame,
    test: np.ndarray | None = None,
) -> pd.DataFrame:
    """Try a gate on test images, drawn ones and negatives.

    Parameters
    ----------
    model : ServedModel
        Gives the features, and the gate; where it has none, one is fitted on validation images.
    catalogue : DataFrame
        Of real images; split by lesion here, as the model in the box had them.
    drawn : DataFrame
        Catalogue of a drawn sample.
    test : ndarray of shape (n_samples, d), optional
        Features of the test images, where they are there already.

    Returns
    -------
    DataFrame
        A row a kind of picture: kind, n, refused, wanted ("accepted" or "refused"), lowest and
        median score in thresholds.
    """
    size = model.card.image_size

    def features(split: str) -> tuple[pd.DataFrame, np.ndarray]:
        table, store = not_trained_on(model, catalogue, split)
        return table, model.variations(store.take(list(table["image_id"])))

    gate = model.gate
    if gate is None:
        valid, of_valid = features("valid")
        gate = fit_gate(of_valid, valid["lesion_id"].to_numpy())
    if test is None:
        _, test = features("test")
    of_kind = {
        "test images": test,
        "drawn images": model.variations(np.asarray(open_store(drawn, size).images)),
    }
    for kind, make in not_dermoscopy.KINDS.items():
        pictures = np.stack([fit_picture(pixels, size) for _, pixels in make()])
        of_kind[kind] = model.variations(pictures)
    rows = []
    for kind, found in of_kind.items():
        score = gate.score(found) / gate.threshold
        wanted = "accepted" if kind in ("test images", "drawn images") else "refused"
        facts = (kind, len(score), int((score > 1).sum()), wanted, score.min(), np.median(score))
        rows.append(facts)
    return pd.DataFrame(rows, columns=["kind", "n", "refused", "wanted", "lowest", "median"])


if __name__ == "__main__":
    named = open_model(sys.argv[2] if len(sys.argv) > 2 else None)
    sources = open_source(sys.argv[1]), open_source("sample", sample_images=200)
    found = measure(named, *(load_catalogue(source) for source in sources))
    print(found.to_string(index=False, float_format="{:.2f}".format))
    negatives = found[found["wanted"] == "refused"]
    test = found.iloc[0]
    print(f"false refusals: {wilson(test['refused'], test['n']):.4f}")
    missed = int((negatives["n"] - negatives["refused"]).sum())
    print(f"missed negatives: {wilson(missed, int(negatives['n'].sum())):.4f}")
