"""Counts of parameters: Keras counts the same, and a count is found in the head that it is of."""

from __future__ import annotations

import pandas as pd
import pytest

from helpers.lessons.parameter_counts import (
    count_checks,
    nearest_cut,
    nearest_width,
    plausible_heads,
    resnet50_layers,
)


@pytest.fixture(scope="module")
def heads() -> pd.DataFrame:
    """All heads that are tried."""
    return plausible_heads()


def test_resnet50_is_that_of_keras() -> None:
    """Names, order and both kinds of parameters, layer by layer."""
    import keras

    model = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    table = resnet50_layers()
    assert [layer.name for layer in model.layers][1:] == list(table["layer"])[1:]
    own = [
        (
            sum(weight.value.shape.num_elements() for weight in layer.trainable_weights),
            sum(weight.value.shape.num_elements() for weight in layer.non_trainable_weights),
        )
        for layer in model.layers
    ]
    assert own == list(zip(table["learnt"], table["statistics"], strict=True))
    both = table["learnt"] + table["statistics"]
    assert both.sum() == 23_587_712 and both.iloc[-50:].sum() == 16_978_688


@pytest.mark.parametrize(
    ("words", "made"),
    [
        ("Dense(256), Dense(1)", [("d", 256, True)]),
        (
            "batch normalisation, Dense(512) without bias, batch normalisation, Dense(128), "
            "batch normalisation, Dense(2)",
            ["n", ("d", 512, False), "n", ("d", 128, True), "n"],
        ),
    ],
)
def test_a_head_has_the_parameters_that_keras_gives_it(
    heads: pd.DataFrame, words: str, made: list
) -> None:
    """Built in Keras, a head in words has as many weights, and as many that learn."""
    from keras import Sequential, layers

    parts = [
        layers.BatchNormalization() if part == "n" else layers.Dense(part[1], use_bias=part[2])
        for part in made
    ]
    model = Sequential([layers.Input((2048,)), *parts, layers.Dense(int(words[-2]))])
    row = heads.set_index("head").loc[words]
    assert row["parameters"] == model.count_params()
    assert row["statistics"] == sum(weight.size for weight in _values(model))


def _values(model: object) -> list:
    return [weight.numpy() for weight in model.non_trainable_weights]  # type: ignore[attr-defined]


def test_heads_are_told_apart(heads: pd.DataFrame) -> None:
    """No head twice; one and two dense layers of fourteen widths in every combination."""
    assert heads["head"].is_unique
    assert len(heads) == 2 * 2 * (14 * 2**2 + 14**2 * 2**4)
    assert (heads["parameters"] == heads["learnt"] + heads["statistics"]).all()


def test_published_counts_leave_three_different_heads(heads: pd.DataFrame) -> None:
    """The second needs more than the first leaves; one odd head has the second, none the others."""
    checks = count_checks(50)
    left = list(checks["left for the head"])
    assert left[:2] == [1_059_777, 1_115_649] and left[2] > 5 * left[1]
    assert list(checks["heads"]) == [0, 1, 0]
    (words,) = heads.loc[heads["learnt"] == 1_115_649, "head"]
    assert words.startswith("Dense(512) without bias, batch normalisation, Dense(128), batch")


def test_a_cut_is_found_where_there_is_one() -> None:
    """What the last layers learn, with their normalisations or without, leads back to them."""
    table = resnet50_layers()
    last = table.iloc[-20:]
    assert nearest_cut(0) == (0, 0)
    assert nearest_cut(int(last["learnt"].sum()))[1] == 0
    without = last.loc[~last["layer"].str.endswith("_bn"), "learnt"]
    assert nearest_cut(int(without.sum()) + 7)[1] == 7
    assert nearest_cut(int(table["learnt"].sum())) == (len(table) - 2, 0)  # two have nothing


def test_nearest_width_is_that_of_the_head_itself() -> None:
    """The count of a head gives its width; one in the middle the nearer."""
    for width in (256, 512):
        assert nearest_width(2048 * width + width + width + 1) == width
    assert nearest_width(1_100_000) == 512
