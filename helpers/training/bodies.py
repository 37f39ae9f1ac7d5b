"""Bodies of networks: a process that trains one head after the other builds them once.

A frozen body is the same after a training as before. Building one takes a second or two, and
tracing it as long again, which is more than a head on ready features learns in.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from helpers.core import digest
from helpers.models import Forward, backend_name, build_body, is_flat
from helpers.training.configuration import TrialConfig


@dataclass(frozen=True)
class Body:
    """What stands before a head.

    Attributes
    ----------
    model : keras.Model
        As made by `helpers.models.build.build_body`.
    forward : Forward
        Of `model`, traced at its first batch.
    drawn : object
        State of Python's generator, from which Keras takes its seeds, after the body was built.
    """

    model: Any
    forward: Forward
    drawn: Any


_kept: dict[str, Body] = {}


def open_body(config: TrialConfig) -> Body:
    """The body of a training, as it begins; to be called when all generators have been seeded.

    The last one is kept for the next training where none of its layers learns. What is drawn
    after it, such as the weights of the head, is the same whether it was built or kept.
    """
    key = _key(config)
    body = _kept.get(key)
    _kept.clear()
    if body is None:
        model = build_body(
            config.backbone,
            config.image_size,
            weights="none" if config.starts else config.weights,
            weights_dir=config.weights_dir,
            flat=is_flat(config.head),
            batch_norm_momentum=config.batch_norm_momentum,
            preprocessing=config.preprocessing,
        )
        body = Body(model, Forward(model), random.getstate())
    else:
        random.setstate(body.drawn)
    is_frozen = all(stage.trainable == "head" for stage in config.stages) and not config.starts
    if is_frozen and backend_name() == "tensorflow":
        _kept[key] = body
    return body


def _key(config: TrialConfig) -> str:
    fields = {
        "backbone", "image_size", "weights", "weights_dir", "start", "preprocessing",
        "batch_norm_momentum", "precision", "seed",
    }  # fmt: skip
    return digest(config.model_dump(mode="json", include=fields) | {"flat": is_flat(config.head)})
