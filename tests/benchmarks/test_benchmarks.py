"""Every benchmark at a toy size: what it returns, never how fast."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks.__main__ import GOALS, collect, make_table
from benchmarks.gradcam import METHODS, TOLERANCE, check_same_maps, measure_gradcam
from benchmarks.peers import other_python
from benchmarks.pipeline import measure_pipeline
from benchmarks.scaling import PARTS, _summary, measure_scaling
from benchmarks.timing import Cost, Ratio, compare_rates, empty_cache, measure, slope
from benchmarks.training_peer import measure_training_peer
from benchmarks.training_share import measure_training_share
from helpers.core.files import cache_home


def _numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for entry in value.values() for number in _numbers(entry)]
    if isinstance(value, list):
        return [number for entry in value for number in _numbers(entry)]
    return [value] if isinstance(value, int | float) else []


def _is_sound(ratio: Ratio) -> bool:
    values = (ratio.low, ratio.value, ratio.high, ratio.first, ratio.second)
    return all(math.isfinite(value) and value > 0 for value in values) and (
        ratio.low <= ratio.value <= ratio.high
    )


@pytest.fixture(scope="module")
def details() -> dict[str, Any]:
    """All parts, small; nothing that needs torch."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(other_python.importlib.util, "find_spec", lambda name: None)
        patch.delenv(other_python.VARIABLE, raising=False)
        without_torch = measure_training_peer()
    return {
        "pipeline": measure_pipeline(42, (24, 32), rounds=2, keras_batches=1),
        "pipeline_peers": {
            "tf_data": Ratio(25.0, 20.0, 30.0, 2500.0, 100.0),
            "albumentations": "DERMBOOK_PYTHON_TORCH is not set",
            "workers": 2,
        },
        "training_peer": without_torch,
        "training": measure_training_share(42, 16, "SmallNetwork", (32, 32), 1, batch_size=8),
        "gradcam": measure_gradcam(2, "SmallNetwork", (32, 32), rounds=1),
        "scaling": measure_scaling((60, 120)),
    }


def test_ratios_are_finite_and_positive(details: dict[str, Any]) -> None:
    """Every ratio lies within its rounds; every rate is positive."""
    ratios = [
        details["pipeline"]["ratio"],
        details["pipeline"]["same_threads"],
        *details["pipeline"]["recipes"].values(),
        details["training"]["ratio"],
        details["training"]["head_only"],
        details["gradcam"]["ratio"],
        details["gradcam"]["gradcam++"],
    ]
    assert len(details["pipeline"]["recipes"]) == 3
    assert all(_is_sound(ratio) for ratio in ratios)
    assert details["pipeline"]["store_rate"] > 0
    assert not _is_sound(Ratio(0.0, 0.0, 1.0, 1.0, 1.0)), "the check could not fail"


def test_both_sides_of_the_heat_maps_make_the_same(details: dict[str, Any]) -> None:
    """The ratio is of one and the same work: their maps differ in the last digits alone."""
    differences = details["gradcam"]["differences"]
    assert list(differences) == list(METHODS)
    assert all(0 <= difference <= TOLERANCE for difference in differences.values())


def test_other_maps_are_told() -> None:
    """Maps of another layer, and maps that are zero everywhere, stop the benchmark."""
    maps = np.random.default_rng(0).random((4, 8, 8)).astype(np.float32)
    assert check_same_maps(maps, maps.copy()) == 0
    with pytest.raises(AssertionError, match="maps alike to 0.001"):
        check_same_maps(maps, np.roll(maps, 1, axis=1))
    with pytest.raises(AssertionError, match="got 0%"):
        check_same_maps(0 * maps, 0 * maps)


def test_the_library_alone_would_take_another_layer() -> None:
    """Left to seek a convolution it maps another layer than the named one, and the check says so.

    When this fails, the library has changed, and the benchmark may call it as it comes.
    """
    import keras
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.scores import CategoricalScore

    from helpers.explanation.gradcam import Explainer, expand_maps, without_softmax

    keras.utils.set_random_seed(0)
    inputs = keras.layers.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 8, strides=8)(inputs)
    x = keras.layers.ReLU(name="features")(keras.layers.BatchNormalization()(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(7, activation="softmax")(x))
    images = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
    ours = Explainer(model, "features").maps(images, [0, 1, 2, 3])
    tool = Gradcam(without_softmax(model), clone=False)
    grids = {
        seek: tool(
            CategoricalScore([0, 1, 2, 3]), images.astype(np.float32),
            penultimate_layer="features", seek_penultimate_conv_layer=seek,
            expand_cam=False, normalize_cam=False,
        )
        for seek in (True, False)
    }  # fmt: skip
    assert np.abs(ours - expand_maps(np.asarray(grids[False]), (32, 32))).max() <= TOLERANCE
    assert np.abs(ours - expand_maps(np.asarray(grids[True]), (32, 32))).max() > 10 * TOLERANCE


def test_results_are_ratios_and_the_scaling_and_are_json(details: dict[str, Any]) -> None:
    """The file has numbers, nothing where there was no torch, and nothing that JSON cannot hold."""
    results = collect(details)
    missing = ["albumentations_ratio", "torch_steps_ratio"]
    assert [key for key, value in results.items() if value is None] == missing
    assert set(GOALS) < set(results)
    assert list(results["scaling"]) == list(PARTS)
    again = json.loads(json.dumps(results, allow_nan=False))
    assert again == results
    for part in results["scaling"].values():
        assert part["images"] == [60, 120]
        assert all(number > 0 for number in part["seconds"])
        assert all(math.isfinite(number) for number in _numbers(part))


def test_table_tells_every_part(details: dict[str, Any]) -> None:
    """The printed table has a line for each result and each scaled part."""
    console = Console(width=200, record=True, quiet=True)
    with console.capture() as shown:
        console.quiet = False
        console.print(make_table(details))
    text = shown.get()
    names = (*collect(details), *PARTS)
    assert [name for name in names if name not in text] == []
    assert text.count("not measured: DERMBOOK_PYTHON_TORCH is not set") == 2
    row = next(line for line in text.splitlines() if "tf_data_ratio" in line)
    assert "25.0" in row and "20: yes" in row and "2 workers each" in row


def test_slope_finds_the_exponent() -> None:
    """Points of a power law give its exponent; more than linear growth is called so."""
    sizes = [1_000, 10_000, 100_000]
    assert slope(sizes, [3e-5 * n**1.5 for n in sizes]) == pytest.approx(1.5)
    linear = _summary(sizes, [Cost(n / 1000, 10.0) for n in sizes])
    squared = _summary(sizes, [Cost(n**2 / 1e6, n / 1000) for n in sizes])
    assert (linear["time"], linear["memory"]) == ("linear", "flat")
    assert (squared["time"], squared["memory"]) == ("more than linear", "grows")
    assert squared["kib_per_image"] == pytest.approx(1.024)


def test_memory_of_work_is_found() -> None:
    """Work that holds 64 MiB for a moment is seen to; work that holds nothing is not."""
    assert measure(lambda: np.ones(64 << 20, np.uint8).sum()).mebibytes > 60
    assert measure(lambda: sum(range(1000))).mebibytes < 8


def test_rates_are_compared_in_turns() -> None:
    """Each side runs once to warm up and once a round, and they take turns in beginning."""
    order: list[str] = []

    def side(name: str, units: int) -> int:
        order.append(name)
        return units

    compare_rates(lambda: side("a", 1), lambda: side("b", 2), rounds=2)
    assert order == ["a", "b", "a", "b", "b", "a"]


def test_empty_cache_leaves_the_own_one_alone(dermbook_home: Path) -> None:
    """Inside there is an empty cache folder, afterwards the one from before."""
    with empty_cache() as folder:
        assert cache_home() == folder != dermbook_home and not any(folder.iterdir())
    assert cache_home() == dermbook_home and not folder.exists()
