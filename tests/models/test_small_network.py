"""The small network: as the others are built, and quick because there is little of it."""

from __future__ import annotations

import numpy as np
import pytest
from support.answers import answers

from helpers.core.errors import ConfigError
from helpers.models.backbones import find_backbone
from helpers.models.build import backbone_layers, build_model
from helpers.models.starting import build_backbone


def test_it_has_a_cell_for_each_eight_pixels() -> None:
    """Its last feature maps are those that Grad-CAM looks at, whatever it is put behind."""
    model = build_model("SmallNetwork", (48, 64))
    assert model.get_layer(find_backbone("SmallNetwork").cam_layer).output.shape == (None, 6, 8, 64)
    assert len(backbone_layers(model)) == 11
    assert build_backbone("SmallNetwork", input_shape=(16, 8, 3)).output.shape == (None, 2, 1, 64)


def test_it_tells_pictures_apart() -> None:
    """From random weights too, what it gives depends on the picture and sums to 1."""
    pictures = np.ones((4, 32, 32, 3), np.float32) * np.linspace(0, 255, 4)[:, None, None, None]
    y_prob = answers(build_model("SmallNetwork", (32, 32)), pictures)
    np.testing.assert_allclose(y_prob.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(y_prob, axis=0).max() > 1e-4


def test_there_are_no_weights_for_it() -> None:
    """To want some is an error that names the way out."""
    with pytest.raises(ConfigError, match="weights: none"):
        build_model("SmallNetwork", (32, 32), weights="imagenet")
