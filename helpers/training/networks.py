"""Networks: a process that trains the same one again neither builds nor traces it again.

Trials of one question differ in what is shown and how it counts, not in their network: its
building and tracing take longer than a head learns in. What a training changed is put back, so that
it learns the same whether its network was new or kept.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from helpers.core import digest
from helpers.models import (
    Forward,
    add_head,
    backend_name,
    head_of,
    start_from,
)
from helpers.training.bodies import open_body
from helpers.training.configuration import TrialConfig
from helpers.training.trials import started_trial

KEPT_BYTES = 2**26
"""Of the variables of all networks that a process keeps: four of EfficientNetLite0."""

_OF_NO_NETWORK = {"name", "augmentation", "class_weight", "clahe"}
"""Fields of a configuration that change what a network is given and nothing in it."""


def values_of(variables: Iterable[Any]) -> Iterator[NDArray[Any]]:
    """Copies of the values of variables."""
    import keras

    for variable in variables:
        yield np.array(keras.ops.convert_to_numpy(variable))


def set_values(variables: Sequence[Any], values: Iterable[NDArray[Any]]) -> None:
    """Give variables their values."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@dataclass(frozen=True)
class Compiled:
    """A network that is ready to train a stage.

    Attributes
    ----------
    network : keras.Model
        The model, or its head.
    optimizer : keras.optimizers.Optimizer
        Built.
    accumulation : int
        Micro-batches a step.
    fresh : list of ndarray
        Values of the optimizer's variables before the first step.
    """

    network: Any
    optimizer: Any
    accumulation: int
    fresh: list[NDArray[Any]]


@dataclass
class Network:
    """A body and a head, as a training begins with them.

    Attributes
    ----------
    model, head : keras.Model
        Pixels, or features, to probabilities.
    describe, classify : Forward
        Pixels to features to probabilities.
    kept : bool
        Whether it serves another training after this one.
    compiled : dict of int to Compiled
        For the stages of these indices, where it is kept.
    """

    model: Any
    head: Any
    describe: Forward
    classify: Forward
    kept: bool = False
    compiled: dict[int, Compiled] = field(default_factory=dict)
    _fresh: list[NDArray[Any]] = field(default_factory=list)
    _drawn: Any = None

    @property
    def n_bytes(self) -> int:
        """Of all its variables."""
        shapes = [(variable.shape, variable.dtype) for variable in self.model.variables]
        return sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in shapes)

    def keep(self) -> None:
        """Note what `begin_again` goes back to."""
        self._fresh = list(values_of(self.model.variables))
        self._drawn = random.getstate()
        self.kept = True

    def begin_again(self) -> None:
        """Be as before the first training, and have Python's generator where it was then."""
        set_values(self.model.variables, self._fresh)
        random.setstate(self._drawn)

    def ready(self, index: int, network: Any, accumulation: int) -> Compiled | None:
        """What was compiled for a stage, as it was before its first step, if it is the same."""
        found = self.compiled.get(index)
        if found is None or found.network is not network or found.accumulation != accumulation:
            return None
        set_values(found.optimizer.variables, found.fresh)
        return found

    def add(self, index: int, network: Any, optimizer: Any, accumulation: int) -> None:
        """Note what has been compiled; another stage's with the same network is no more."""
        if not self.kept:
            return
        others = {i: one for i, one in self.compiled.items() if one.network is not network}
        fresh = list(values_of(optimizer.variables))
        self.compiled = others | {index: Compiled(network, optimizer, accumulation, fresh)}


_kept: dict[str, Network] = {}


def open_network(config: TrialConfig) -> Network:
    """The network of a training, as it begins; to be called when all generators have been seeded.

    Parameters
    ----------
    config : TrialConfig
        Names its parts.

    Returns
    -------
    Network
        Kept for the next training of a configuration that asks for the same one, as long as not
        too many others come between; other backends than TensorFlow build anew.
    """
    import keras

    keras.mixed_precision.set_dtype_policy(config.precision)
    key = _key(config)
    if key in _kept:
        network = _kept[key] = _kept.pop(key)  # the latest comes last
        network.begin_again()
        return network
    network = _build(config)
    if key is not None and network.n_bytes <= KEPT_BYTES:
        while network.n_bytes + sum(kept.n_bytes for kept in _kept.values()) > KEPT_BYTES:
            del _kept[next(iter(_kept))]
        network.keep()
        _kept[key] = network
    return network


def _build(config: TrialConfig) -> Network:
    body = open_body(config)
    model = add_head(body.model, config.head, dropout=config.dropout, n_classes=len(config.classes))
    if config.starts:
        start_from(model, {key: started_trial(key).load_model() for key in config.starts})
    head = head_of(model)
    return Network(model, head, body.forward, Forward(head))


def _key(config: TrialConfig) -> str | None:
    """Names what is in a network; None where that depends on more than the configuration."""
    if config.starts or config.logit_adjustment or backend_name() != "tensorflow":
        return None
    return digest(config.model_dump(mode="json", exclude=_OF_NO_NETWORK))
