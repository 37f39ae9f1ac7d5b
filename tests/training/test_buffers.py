"""Memory of batches is used again, and never while somebody can still read it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from helpers.augmentation.settings import Augmentation
from helpers.training.batches import make_batches
from helpers.training.buffers import Buffers
from helpers.training.configuration import Stage, TrialConfig

CONFIG = TrialConfig(
    name="reused",
    backbone="SmallNetwork",
    image_size=(16, 16),
    augmentation=Augmentation(rotation_range=90, horizontal_flip=True),
    stages=(Stage(batch_size=5),),
)


def test_memory_is_used_again_when_it_is_let_go() -> None:
    """What nobody holds is handed out again, with fewer rows too."""
    buffers = Buffers((4, 3), np.uint8)
    first = buffers.take(4)
    place = first.ctypes.data
    second = buffers.take(4)
    assert not np.shares_memory(first, second)
    del first
    again = buffers.take(2)
    assert again.ctypes.data == place and again.shape == (2, 3)


def test_a_view_of_a_view_keeps_its_memory() -> None:
    """The array that was handed out may be gone: what shows a part of it is enough."""
    buffers = Buffers((4, 3), np.uint8)
    part = buffers.take(4)[1:].T[:2]
    other = buffers.take(4)
    assert not np.shares_memory(part, other)


def test_more_rows_than_said_are_refused() -> None:
    """A batch larger than the largest is a mistake of the caller's."""
    with pytest.raises(ValueError, match="at most 4 rows but got 5"):
        Buffers((4, 3), np.uint8).take(5)


def test_threads_never_share_memory() -> None:
    """Each finds what it wrote, however many take and let go at once."""
    buffers = Buffers((8, 64), np.uint8)

    def write(value: int) -> bool:
        mine = buffers.take(8)
        mine[...] = value
        return bool((mine == value).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write, list(range(256)) * 20))


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_batches_stay_what_they_were(micro_batch: int | None) -> None:
    """Batches and tensors that are kept are not overwritten by later ones; others' memory is."""
    import tensorflow as tf

    images = np.random.default_rng(0).integers(0, 256, (23, 16, 16, 3), dtype=np.uint8)
    rows, y = np.arange(23), np.arange(23) % 7
    batches = make_batches(CONFIG, 0, images, rows, y, micro_batch=micro_batch)
    kept = [batches[index][0] for index in range(len(batches))]
    tensors = [tf.convert_to_tensor(values) for values in kept]
    expected = [values.copy() for values in kept]
    del kept
    places = set()
    for epoch in range(4):
        batches.epoch = epoch
        for index in range(len(batches)):
            places.add(batches[index][0].ctypes.data)
    assert len(places) <= len(tensors) + 1 and len(places) < 4 * len(batches)
    for tensor, values in zip(tensors, expected, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), values)
    batches.epoch = 0
    np.testing.assert_array_equal(batches[0][0], expected[0])
