"""What chapter 10 measures: size, agreement, time, calibration, cards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from support.predictions import make_predictions
from support.small_served import small_card

from helpers import evaluation
from helpers.core.classes import CLASSES
from helpers.evaluation.single_scores import balanced_accuracy
from helpers.plots.deployment import latency_dots, reliability_before_after, size_against_score
from helpers.serving.deployment.cards import cards_table, lesions_for_promise
from helpers.serving.deployment.tables import (
    Latency,
    calibrated,
    calibration_table,
    config_to_ship,
    latency_table,
    parity_table,
    predictions_by,
    probabilities,
    smallest_unharmed,
    time_calls,
    variants_table,
)
from helpers.serving.exports.export import Export
from helpers.statistics.intervals import wilson
from helpers.study.profiles import load_profile


@pytest.fixture(autouse=True)
def _clean() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield
        plt.close("all")


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    """Predictions of one split."""
    return make_predictions(seed=3)


class FakeExport(Export):
    """An export whose program changes probabilities by a little noise, unnormalised."""

    def open(self, threads: int = 1):
        """Noise of the size that the record names."""
        noise = np.random.default_rng(0)

        def compute(images: np.ndarray) -> dict[str, np.ndarray]:
            given = images[:, 0, 0, :].reshape(len(images), -1)
            found = given + noise.uniform(0, self.record["noise"], given.shape)
            return {"probabilities": 0.98 * found.astype(np.float32)}

        return compute


def fake(to: str, precision: str, size: int, noise: float) -> FakeExport:
    """An export that was never made."""
    checked = {"images": 3, "probabilities": noise, "features": noise, "same_class": 1.0}
    record = {"bytes": size, "checked": checked, "noise": noise}
    return FakeExport(to, precision, Path("nowhere"), record)


@pytest.fixture(scope="module")
def exports() -> list[FakeExport]:
    """A large exact one, a smaller near one, a tiny wrong one."""
    return [
        fake("onnx", "float32", 8 * 2**20, 0.0),
        fake("litert", "float16", 4 * 2**20, 1e-3),
        fake("litert", "int8", 2**20, 5.0),
    ]


@pytest.fixture(scope="module")
def variants(exports: list[FakeExport], rows: pd.DataFrame) -> pd.DataFrame:
    """Their table; the probabilities of Keras stand in for pixels."""
    pixels = probabilities(rows)[:, None, None, :]
    tables = [predictions_by(export, rows, pixels, CLASSES) for export in exports]
    return variants_table(exports, tables, rows)


def test_the_network_for_phones_is_shipped_where_it_is_trained() -> None:
    """EfficientNetLite0 in quick; in full, which has none, the one with fewest parameters."""
    quick = load_profile("quick").trial_configs("comparison")
    full = load_profile("full").trial_configs("comparison")
    assert config_to_ship(quick).backbone == "EfficientNetLite0"
    assert config_to_ship(full).backbone == "EfficientNetB3"


def test_an_exact_export_has_no_difference_and_a_wrong_one_is_lower(
    variants: pd.DataFrame, rows: pd.DataFrame
) -> None:
    """Size in MiB, paired differences, kept classes, and the scale of the output undone."""
    exact, near, wrong = (variants.iloc[place] for place in range(3))
    assert exact["MiB"] == 8
    assert exact["largest difference"] == pytest.approx(0, abs=1e-6)
    assert exact["same class"] == 1
    assert exact["less Keras"].value == 0
    assert exact["balanced accuracy"] == balanced_accuracy(rows)
    assert 0 < near["largest difference"] < 0.01
    assert wrong["same class"] < 0.8
    assert wrong["verdict"] == "lower"


def test_the_smallest_export_that_is_not_worse_is_chosen(variants: pd.DataFrame) -> None:
    """Not the tiny one, which changes classes, and not a large one."""
    assert smallest_unharmed(variants) == "LiteRT float16"


def test_the_parity_table_tells_what_was_checked(exports: list[FakeExport]) -> None:
    """A row an export, from its own record."""
    table = parity_table(exports)
    assert list(table.index) == ["ONNX float32", "LiteRT float16", "LiteRT int8"]
    assert table.loc["LiteRT float16", "probability"] == 1e-3


def test_the_first_calls_are_not_timed() -> None:
    """A call that is slow at first has the median of the later ones."""
    calls: list[int] = []

    def call() -> None:
        calls.append(0)
        if len(calls) <= 3:
            import time

            time.sleep(0.05)

    found = time_calls(call, calls=20, warm_up=3)
    assert len(calls) == 23
    assert found.calls == 20
    assert found.median <= found.p90 < 50


def test_latency_has_a_row_for_each_program_and_threads(exports: list[FakeExport]) -> None:
    """What runs in a browser is left out, and Keras comes last."""
    model = SimpleNamespace(predict_on_batch=lambda batch: None)
    browser = fake("tfjs", "float32", 1, 0.0)
    table = latency_table([*exports, browser], model, np.zeros((1, 1, 7), np.uint8), calls=3)
    expected = ["ONNX Runtime"] * 2 + ["LiteRT float16"] * 2 + ["LiteRT int8"] * 2 + ["Keras"]
    assert list(table.index) == expected
    assert list(table["threads"]) == ["1", "2"] * 3 + ["all"]
    assert (table["median, ms"] <= table["p90, ms"]).all()


def test_calibration_changes_confidence_and_no_class(rows: pd.DataFrame) -> None:
    """A high temperature makes all timid; the most probable class stays."""
    warm = calibrated(rows, 4.0, CLASSES)
    assert probabilities(warm).max(axis=1).mean() < probabilities(rows).max(axis=1).mean()
    assert (probabilities(warm).argmax(axis=1) == probabilities(rows).argmax(axis=1)).all()
    table = calibration_table({"before": rows, "after": warm})
    assert table.loc["before", "accuracy"] == table.loc["after", "accuracy"]
    assert table.loc["before", "Brier score"] != table.loc["after", "Brier score"]


def test_cards_are_shown_field_by_field() -> None:
    """What only one card tells is marked in the other."""
    whole, bare = small_card(), small_card(name="bare", data={})
    bare = bare.model_copy(
        update={"faces": {k: f.model_copy(update={"scores": {}}) for k, f in bare.faces.items()}}
    )
    table = cards_table({"one": bare, "two": whole})
    assert table.loc["balanced accuracy, test", "one"] == "not told"
    assert table.loc["balanced accuracy, test", "two"] == "0.700 [0.600, 0.800]"
    assert table.loc["learned from", "one"] == "not told"
    assert table.loc["learned from", "two"].startswith("none: test 100 images of 80 lesions")
    assert "192 x 144 pixels" in table.loc["input", "two"]
    assert table.index.is_unique


@pytest.mark.parametrize(("found", "promise"), [(0.95, 0.90), (0.9, 0.8), (0.99, 0.95)])
def test_a_promise_takes_as_many_lesions_as_its_interval(found: float, promise: float) -> None:
    """Wilson's lower end is there with ten times as many, and not with a third."""
    n = lesions_for_promise(found, promise)
    assert wilson(round(found * 10 * n), 10 * n).low > promise
    assert wilson(round(found * n / 3), n // 3).low < promise
    with pytest.raises(ValueError, match="shows less than it finds"):
        lesions_for_promise(promise, found)


def test_plots_show_every_row(variants: pd.DataFrame, rows: pd.DataFrame) -> None:
    """A mark an export, a row a time, a panel a table."""
    ax = size_against_score(variants, balanced_accuracy(rows))
    assert ax.get_legend() is not None
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(labels) == sorted(["Keras", *variants.index])
    times = pd.DataFrame(
        [("LiteRT int8", "1", 2.0, 3.0, 9), ("Keras", "all", 20.0, 30.0, 9)],
        columns=["program", "threads", "median, ms", "p90, ms", "calls"],
    ).set_index("program")
    assert [t.get_text() for t in latency_dots(times).get_yticklabels()] == [
        "LiteRT int8, 1 thread",
        "Keras, all threads",
    ]
    table = evaluation.reliability(rows)
    assert len(reliability_before_after({"a": table, "b": table}).axes) == 4
    assert Latency(1.0, 2.0, 3).p90 == 2.0
