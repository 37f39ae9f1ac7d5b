"""Networks: backbones, heads, weights, optimizers, and the framework that computes them."""

from __future__ import annotations

from helpers.models.backbones import (
    BACKBONES,
    CAFFE_MEANS,
    TORCH_DEVIATIONS,
    TORCH_MEANS,
    Preprocessing,
    find_backbone,
    load_builder,
    preprocess,
)
from helpers.models.backends import (
    backend_name,
    choose_backend,
    compiles,
    place,
    seed_epoch,
    seed_everything,
    spread,
)
from helpers.models.build import (
    SECOND_DROPOUT,
    Head,
    build_model,
    load_model,
    set_trainable,
    split_head,
    start_from,
)
from helpers.models.optimizers import make_adam

__all__ = [
    "BACKBONES",
    "CAFFE_MEANS",
    "SECOND_DROPOUT",
    "TORCH_DEVIATIONS",
    "TORCH_MEANS",
    "Head",
    "Preprocessing",
    "backend_name",
    "build_model",
    "choose_backend",
    "compiles",
    "find_backbone",
    "load_builder",
    "load_model",
    "make_adam",
    "place",
    "preprocess",
    "seed_epoch",
    "seed_everything",
    "set_trainable",
    "split_head",
    "spread",
    "start_from",
]
