"""Bodies that stay for the next head: the same numbers, and never another network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from helpers.models.backends import seed_everything
from helpers.models.build import add_head, head_of
from helpers.training import bodies
from helpers.training.bodies import open_body
from helpers.training.configuration import Stage, TrialConfig

FIELDS: dict[str, Any] = {"name": "x", "backbone": "SmallNetwork", "image_size": (32, 32)}
FROZEN = TrialConfig(**FIELDS, head="focal", dropout=0.5, stages=(Stage(),))
PIXELS = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """A process that has not trained."""
    bodies._kept.clear()
    yield
    bodies._kept.clear()


def begin(config: TrialConfig) -> tuple[Any, list[Any]]:
    """Body and weights with which a training begins."""
    seed_everything(config.seed)
    body = open_body(config)
    model = add_head(body.model, config.head, dropout=config.dropout)
    return body, model.get_weights()


def test_a_head_begins_alike_on_a_kept_body() -> None:
    """The second training gets the first one's body, and the weights that it would have drawn."""
    first, weights = begin(FROZEN)
    again, same = begin(FROZEN.model_copy(update={"name": "y", "class_weight": "sqrt"}))
    assert again is first
    for one, other in zip(weights, same, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_head_leaves_the_body_as_it_was() -> None:
    """A head that learns changes nothing that the next one sees."""
    body, _ = begin(FROZEN)
    before = body.forward(PIXELS)
    model = add_head(body.model, "linear")
    head = head_of(model)
    head.compile("sgd", "categorical_crossentropy")
    head.train_on_batch(before, np.eye(7)[:2])
    other, _ = begin(FROZEN.model_copy(update={"head": "dropout"}))
    assert other is body
    np.testing.assert_array_equal(other.forward(PIXELS), before)


@pytest.mark.parametrize(
    "fields",
    [
        {"backbone": "MobileNet"},
        {"image_size": (32, 48)},
        {"seed": 1},
        {"head": "focal_flatten"},
        {"preprocessing": "unit"},
        {"batch_norm_momentum": 0.8},
        {"precision": "mixed_bfloat16"},
    ],
)
def test_another_network_is_built(fields: dict[str, Any]) -> None:
    """Whatever makes it another one; and the first is not kept beside it."""
    first, _ = begin(FROZEN)
    other, _ = begin(FROZEN.model_copy(update=fields))
    assert other is not first
    assert list(bodies._kept.values()) == [other]


@pytest.mark.parametrize(
    "fields", [{"stages": (Stage(), Stage(trainable=3))}, {"start": "smallnetwork-0123"}]
)
def test_a_body_that_learns_is_not_kept(fields: dict[str, Any]) -> None:
    """Nor is one whose weights come from a trial."""
    begin(FROZEN)
    begin(FROZEN.model_copy(update=fields))
    assert not bodies._kept
