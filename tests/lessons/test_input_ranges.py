"""Input ranges are those that the models' own preprocessing gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support.answers import answers
from support.scored_trials import make_config

from helpers.lessons.input_ranges import input_range, range_share, range_table
from helpers.models.backbones import find_backbone, preprocess


@pytest.mark.parametrize("backbone", ["ResNet50", "MobileNet", "EfficientNetLite0"])
@pytest.mark.parametrize("kind", [None, "torch", "unit", "twice", "raw"])
def test_range_is_that_of_the_preprocessing(backbone: str, kind: Any) -> None:
    """Black and white through the layers of the model end where the arithmetic says."""
    import keras

    own: Any = find_backbone(backbone).preprocessing
    inputs = keras.Input((1, 2, 3))
    model = keras.Model(inputs, preprocess(inputs, kind or own, own))
    pixels = np.array([0.0, 255.0], np.float32)[None, None, :, None].repeat(3, axis=-1)
    given = answers(model, pixels)
    low, high = input_range(backbone, kind)
    assert (low, high) == pytest.approx((given.min(), given.max()), abs=1e-4)


def test_efficientnet_rescales_inside() -> None:
    """Scaled before, an EfficientNet gets a 255th of its range, whatever the mistake is called."""
    own = input_range("EfficientNetB0")
    for kind in ("unit", "twice"):
        low, high = input_range("EfficientNetB0", kind)  # type: ignore[arg-type]
        # Black is as before; white is the brightest of the channels', a 255th of the way up.
        assert low == pytest.approx(own[0])
        assert high - low < 0.2 * (own[1] - own[0])
    assert own == pytest.approx(input_range("MobileNet", "torch"))


def test_share_is_taken_channel_by_channel() -> None:
    """Channels that lie apart do not widen it; torch's range is a sixtieth of caffe's."""
    assert range_share("EfficientNetB0", "twice") == pytest.approx(1 / 255)
    assert range_share("EfficientNetB0", "tf") == pytest.approx(2 / 255)
    deviations = (0.229, 0.224, 0.225)
    expected = np.mean([1 / deviation for deviation in deviations]) / 255
    assert range_share("ResNet50", "torch") == pytest.approx(expected)
    assert range_share("VGG16", "raw") == range_share("MobileNet", None) == 1


def test_table_tells_the_narrow_one() -> None:
    """A trial in its own range has a share of 1, one that is scaled twice almost none."""
    configs = [
        make_config("right", backbone="EfficientNetLite0"),
        make_config("wrong", backbone="EfficientNetLite0", preprocessing="twice"),
    ]
    table = range_table(configs)
    assert table["share"].tolist() == pytest.approx([1, 1 / 255])
    assert table["given"].tolist() == ["−0.992 to 1", "−0.992 to −0.984"]
