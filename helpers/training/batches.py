"""Batches: what goes through the network, in which order and how much at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from helpers.augmentation import augment_batch, draw_matrices
from helpers.core import CLASSES
from helpers.training.buffers import Buffers
from helpers.training.configuration import TrialConfig

Augments = Literal["host", "device", "no"]
"""Who augments a batch; see `make_batches`."""


QUEUE = {"workers": 2, "max_queue_size": 8}
"""How Keras fetches batches. Two workers on a single core as well: with one, Keras leaves them to
tf.data, whose threads have held epochs of three seconds up until five were over."""


def class_weights(
    y: NDArray[np.intp], kind: str | Mapping[str, float], classes: Sequence[str] = CLASSES
) -> NDArray[np.float32]:
    """Weight of an image of each class.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Class indices of the training images.
    kind : {"none", "sqrt", "balanced"} or mapping of str to float
        1 for every class, or n_samples / (n_classes * count) to the power 1/2 or 1, or as told
        by name, where a class that is not named weighs 1.
    classes : sequence of str, default=CLASSES
        Names of the classes.

    Returns
    -------
    ndarray of shape (n_classes,)
        0 for a class without images.

    References
    ----------
    .. [1] King & Zeng, "Logistic regression in rare events data", Political Analysis, 2001;
       "balanced" of scikit-learn's ``compute_class_weight``.
    """
    n_classes = len(classes)
    counts = np.bincount(y, minlength=n_classes).astype(float)
    if isinstance(kind, Mapping):
        told = np.array([kind.get(name, 1.0) for name in classes])
        return np.where(counts > 0, told, 0.0).astype(np.float32)
    power = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}[kind]
    balanced = np.divide(len(y), n_classes * counts, out=np.zeros(n_classes), where=counts > 0)
    return np.where(counts > 0, balanced**power, 0.0).astype(np.float32)


def accumulation_of(batch_size: int, micro_batch: int | None) -> int:
    """Micro-batches a step: as few as keep each within `micro_batch` images.

    >>> accumulation_of(64, None), accumulation_of(64, 16), accumulation_of(64, 100)
    (1, 4, 1)
    """
    return 1 if micro_batch is None else -(-batch_size // micro_batch)


def make_batches(
    config: TrialConfig,
    stage: int,
    inputs: NDArray[Any],
    rows: NDArray[np.intp],
    y: NDArray[np.intp],
    *,
    micro_batch: int | None = None,
    augments: Augments = "host",
    through: Callable[[NDArray[Any]], Any] | None = None,
    devices: int = 1,
) -> Any:
    """Batches of one stage as a ``keras.utils.PyDataset``.

    Parameters
    ----------
    config : TrialConfig
        Gives augmentation, class weights, batch size and seed.
    stage : int
        Index of the stage.
    inputs : ndarray of shape (n_images, ...)
        The image store as uint8, or features of each of its images as float32.
    rows : ndarray of shape (n_train,)
        Rows of the training images.
    y : ndarray of shape (n_images,)
        Class indices.
    micro_batch : int, optional
        Most images at once; where it is smaller than the batch, a step's images come in
        `accumulation` parts of nearly equal size. A part's weights are scaled so that the mean
        gradient of the parts is the gradient of the whole, a last short batch included.
    augments : {"host", "device", "no"}, default="host"
        Who applies the configuration's augmentation: these batches, the network of
        `helpers.augmentation.on_device`, or nobody.
    through : callable, optional
        What the inputs of a batch go through when they have been augmented, such as a frozen
        backbone.
    devices : int, default=1
        Among how many each batch is divided. Keras divides all batches of an epoch in the way
        of the first, so that with several devices a last short batch is left out of the
        sequence; its parts are those of the indices `uneven`, to be trained on one by one.

    Returns
    -------
    keras.utils.PyDataset
        Batches of (inputs as they are stored, one-hot classes, sample weights). Pixels stay
        bytes until the network's input makes them float32: a quarter of the memory goes
        through the queue. For a device there is a matrix an image beside them. Order and
        augmentation depend on (seed, stage, its attribute `epoch`) alone, not on threads.
        `accumulation` is the number of parts a step, `n_steps` the steps an epoch, short ones
        included.
    """
    import keras

    inputs = np.asarray(inputs)  # a memory map's rows are views that are quicker to make
    batch_size = config.stages[stage].batch_size
    parts = accumulation_of(batch_size, micro_batch)
    weights = class_weights(y[rows], config.class_weight, config.classes)
    one_hot = np.eye(len(config.classes), dtype=np.float32)
    buffers = Buffers((-(-batch_size // parts), *inputs.shape[1:]), inputs.dtype)

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        epoch = 0
        accumulation = parts
        n_steps = -(-len(rows) // batch_size)
        n_even = n_steps if devices == 1 else len(rows) // batch_size
        n_even_images = min(len(rows), n_even * batch_size)
        uneven = range(n_even * parts, n_steps * parts)

        def __len__(self) -> int:
            return self.n_even * parts

        def __getitem__(self, index: int) -> tuple[Any, ...]:
            seed = (config.seed, stage, self.epoch)
            step, part = divmod(index, parts)
            order = np.random.default_rng(seed).permutation(rows)
            whole = order[step * batch_size : (step + 1) * batch_size]
            chosen = np.array_split(whole, parts)[part]
            scale = np.float32(parts * len(chosen) / len(whole))
            if not len(chosen):  # a last batch of fewer images than parts
                chosen, scale = whole[:1], np.float32(0)
            values: Any
            if augments == "host":
                views = [inputs[row] for row in chosen]  # sampled where they lie, not copied
                out = buffers.take(len(chosen))
                values = augment_batch(views, config.augmentation, chosen, seed, out)
            elif augments == "device":
                size = inputs.shape[1], inputs.shape[2]
                values = inputs[chosen], draw_matrices(config.augmentation, size, chosen, seed)
            else:
                values = inputs[chosen]
            if through is not None:
                values = through(values)
            return values, one_hot[y[chosen]], weights[y[chosen]] * scale

    return Batches(**QUEUE)
