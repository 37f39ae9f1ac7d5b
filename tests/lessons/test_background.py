"""Lesions with their skin and without it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.lessons.background import lesions_alone


def test_one_lesion_a_class_whole_and_alone(tiny_catalogue: pd.DataFrame) -> None:
    """At the size asked for; black outside of the mask, and the same inside."""
    table = tiny_catalogue.copy()
    table.loc[table["dx"] == "nv", "mask_path"] = ""
    whole, alone, dx = lesions_alone(table, (48, 64), n_classes=3)
    assert len(whole) == len(alone) == len(set(dx)) == 3
    assert "nv" not in dx
    for picture, cut in zip(whole, alone, strict=True):
        assert picture.shape == cut.shape == (48, 64, 3)
        outside = (cut == 0).all(axis=-1)
        assert 0 < outside.mean() < 1
        np.testing.assert_array_equal(cut[~outside], picture[~outside])
