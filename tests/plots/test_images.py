"""Sheets of pictures and heat over them."""

from __future__ import annotations

import numpy as np
import pytest
from support.plotted import cam_rows, pictures, texts

from helpers import plots


def test_heat_outside_its_range_is_refused() -> None:
    """A map that was not scaled, or holds NaN, is an error that says how to mend it."""
    image = pictures(1)[0]
    for heat in (np.full((4, 4), 2.0), np.full((4, 4), np.nan), np.zeros((4, 4, 1))):
        with pytest.raises(ValueError, match="divide it by its maximum"):
            plots.cam_overlay(image, heat)


def test_heat_is_stretched_over_the_image() -> None:
    """A coarse map covers exactly the pixels of its image."""
    ax = plots.cam_overlay(pictures(1)[0], np.eye(7))
    image, heat = ax.images
    assert image.get_extent() == heat.get_extent()


def test_missing_prediction_is_said() -> None:
    """A class without a wrong prediction gets a note in place of pictures."""
    figure = plots.cam_grid(cam_rows())
    assert any("no wrong prediction" in texts(ax) for ax in figure.axes)
    with pytest.raises(ValueError, match="at least one"):
        plots.cam_grid([{"label": "mel"}])


def test_sheets_refuse_unequal_numbers() -> None:
    """Titles or rows that do not match the images are errors."""
    with pytest.raises(ValueError, match="as many"):
        plots.contact_sheet(pictures(2), ["one"])
    with pytest.raises(ValueError, match="as many"):
        plots.contact_sheet([])
    with pytest.raises(ValueError, match="as many"):
        plots.augmentation_grid(pictures(2), np.zeros((1, 3, 45, 60, 3)))
