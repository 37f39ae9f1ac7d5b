"""Figures of these tests are drawn without a window, and closed."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from support.predictions import make_predictions


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg", "font.size": 9}):
        yield
        plt.close("all")


@pytest.fixture(scope="module")
def predictions() -> pd.DataFrame:
    """Predictions of one split, made up."""
    return make_predictions()
