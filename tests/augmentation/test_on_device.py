"""The device's sampler shows the host's pictures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.other_pythons import environment, interpreter

from helpers.augmentation.affine import augment_batch
from helpers.augmentation.cutout import CUTOUT_VALUE
from helpers.augmentation.on_device import augmented_network, augments_on_device, draw_matrices
from helpers.augmentation.settings import Augmentation
from helpers.core.errors import ConfigError

HERE = Path(__file__).parent
SIZE = (40, 56)


@pytest.mark.parametrize(
    ("fill_mode", "more"),
    [
        ("nearest", {}),
        ("constant", {}),
        ("reflect", {}),
        ("wrap", {}),
        ("nearest", {"crop_range": 0.4}),
        ("reflect", {"crop_range": 0.3, "cutout": 0.5}),
        ("reflect", {"brightness_range": 0.4, "saturation_range": 0.5, "hue_range": 40}),
        ("reflect", {"contrast_range": 0.6, "cutout": 0.5}),
    ],
)
def test_device_and_host_show_the_same(fill_mode: str, more: dict[str, float]) -> None:
    """Inside the frame to a grey level and a half, at its edge in nearly all pixels."""
    import keras

    augmentation = Augmentation(
        rotation_range=60,
        width_shift_range=0.2,
        height_shift_range=0.1,
        shear_range=20,
        zoom_range=0.3,
        horizontal_flip=True,
        vertical_flip=True,
        fill_mode=fill_mode,
        **more,  # type: ignore[arg-type]
    )
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (6, *SIZE, 3)).astype(np.uint8)
    images = np.stack([cv2.GaussianBlur(image, (0, 0), 3) for image in noise])
    keys, seed = np.arange(6), (3, 1)
    inputs = keras.Input((*SIZE, 3))
    plain = keras.Model(inputs, keras.layers.Identity()(inputs))
    network = augmented_network(plain, augmentation)
    matrices = draw_matrices(augmentation, SIZE, keys, seed)
    device = np.asarray(network.predict_on_batch([images, matrices]))
    host = augment_batch(images, augmentation, keys, seed).astype(float)
    gaps = np.abs(device - host).max(axis=-1)
    assert np.abs(host - images).mean() > 5  # the pictures are changed at all
    assert np.quantile(gaps, 0.9) <= 1.5
    recolours, hides = any(augmentation.colour_ranges), "cutout" in more
    assert matrices.shape[1] == 8 + 12 * recolours + 4 * hides
    for index, box in enumerate(matrices[:, -4:].astype(int)):
        for top, bottom, left, right in [box] if hides else []:
            assert (bottom - top) * (right - left) > 50
            assert (device[index, top:bottom, left:right] == CUTOUT_VALUE).all()
            assert (host[index, top:bottom, left:right] == CUTOUT_VALUE).all()
    # OpenCV blends the fill in over the last half pixel; Keras does not everywhere.
    assert np.median(gaps) < 1


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_show_the_same(backend: str) -> None:
    """The test above passes under the backends that this process does not compute with."""
    script = (
        f"import sys; sys.path[:0] = {[str(HERE), str(HERE.parent)]!r}; "
        "import keras, test_on_device as t; "
        "[t.test_device_and_host_show_the_same(mode, {}) for mode in "
        "('nearest', 'constant', 'reflect', 'wrap')]; print(keras.backend.backend())"
    )
    done = subprocess.run(
        [interpreter(backend), "-c", script],
        env=environment(backend),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == [backend]


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host without an accelerator, device where told so, and no third word."""
    monkeypatch.setenv("DERMBOOK_AUGMENT", "device")
    assert augments_on_device()
    monkeypatch.setenv("DERMBOOK_AUGMENT", "host")
    assert not augments_on_device()
    monkeypatch.setenv("DERMBOOK_AUGMENT", "gpu")
    with pytest.raises(ConfigError, match="'host' or 'device', got 'gpu'"):
        augments_on_device()
