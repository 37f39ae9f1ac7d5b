"""The gate: accepts what is like the pictures it knows, refuses others, survives its file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.box_on_real import BoxOnTest
from support.out_of_distribution import measure

from helpers.core.errors import ConfigError
from helpers.serving.model.opening import open_model
from helpers.serving.model.out_of_distribution import (
    MAX_DIRECTIONS,
    QUANTILE,
    Gate,
    fit_gate,
    load_gate,
)

D, N = 60, 400


def _known(n: int = N, seed: int = 0) -> np.ndarray:
    """Features that vary much in five directions and little in all others, none negative."""
    rng = np.random.default_rng(seed)
    directions = np.random.default_rng(99).normal(size=(5, D))
    return np.abs(3 + 0.4 * rng.normal(size=(n, 5)) @ directions + 0.2 * rng.normal(size=(n, D)))


@pytest.fixture(scope="module")
def gate() -> Gate:
    """Fitted on what is known."""
    return fit_gate(_known())


def test_others_of_the_same_kind_are_accepted(gate: Gate) -> None:
    """As often as the quantile promises, within chance."""
    refused = ~gate.accepts(_known(2000, seed=1))
    assert refused.mean() < 2 * (1 - QUANTILE)
    assert gate.quantile == QUANTILE


@pytest.mark.parametrize("kind", ["across", "inside", "nothing", "one", "not finite"])
def test_what_is_unlike_is_refused(gate: Gate, kind: str) -> None:
    """Another pattern, a known one out of all measure, no features, a single one, NaN."""
    rng = np.random.default_rng(2)
    x = {
        "across": 3 + 2 * np.abs(rng.normal(size=(20, D))),
        "inside": np.abs(3 + 6 * np.random.default_rng(99).normal(size=(5, D))),
        "nothing": np.zeros((1, D)),
        "one": np.eye(D)[:3],
        "not finite": np.full((1, D), np.nan),
    }[kind]
    assert not gate.accepts(x).any()


def test_only_the_pattern_counts(gate: Gate) -> None:
    """Features of a paler picture, all smaller by one factor, score the same."""
    x = _known(5, seed=3)
    np.testing.assert_allclose(gate.score(0.1 * x), gate.score(x))


def test_the_score_is_what_the_module_says(gate: Gate) -> None:
    """Number by number, as a page computes it."""
    x = _known(1, seed=4)[0]
    length = sum(v * v for v in x) ** 0.5
    y = [(v / length - m) / s for v, m, s in zip(x, gate.mean, gate.scale, strict=True)]
    z = [sum(w * v for w, v in zip(row, y, strict=True)) for row in gate.directions]
    inside = sum(v * v / s for v, s in zip(z, gate.variances, strict=True))
    across = (sum(v * v for v in y) - sum(v * v for v in z)) / gate.residual
    assert gate.score(x[None])[0] == pytest.approx((inside + across) / D)
    assert len(z) <= MAX_DIRECTIONS


def test_known_pictures_score_about_one(gate: Gate) -> None:
    """So that thresholds of several models can be compared."""
    assert gate.score(_known()).mean() == pytest.approx(1, abs=0.1)
    assert gate.threshold > 1


def test_a_fit_is_the_same_every_time(gate: Gate) -> None:
    """The model's files do not change from one making to the next."""
    again = fit_gate(_known())
    np.testing.assert_array_equal(again.directions, gate.directions)
    assert again.threshold == gate.threshold


def test_lesions_seen_twice_do_not_lower_the_threshold() -> None:
    """Copies of a picture are held out together, so that they do not vouch for each other."""
    x = np.repeat(_known(60), 5, axis=0) + np.random.default_rng(5).normal(0, 1e-3, (300, D))
    lesion = np.repeat(np.arange(60), 5)
    assert fit_gate(x, lesion).threshold > 1.2 * fit_gate(x).threshold


def test_a_gate_survives_its_file(gate: Gate, tmp_path: Path) -> None:
    """Single precision is enough."""
    gate.save(tmp_path / "gate.npz")
    read = load_gate(tmp_path / "gate.npz")
    x = np.concatenate([_known(300, seed=6), 3 + np.random.default_rng(0).random((20, D))])
    np.testing.assert_allclose(read.score(x), gate.score(x), rtol=1e-4)
    assert read.threshold == gate.threshold


def _files(whole: bytes) -> dict[str, bytes]:
    made = {"no zip": b"gate", "cut short": whole[: len(whole) // 2], "nothing": b""}
    for name, change in {
        "pickled": {"mean": np.array([{"a": 1}], dtype=object)},
        "another format": {"format": np.int64(9)},
        "another shape": {"directions": np.ones((2, 3))},
        "not finite": {"variances": np.array([np.nan])},
        "a row as number": {"threshold": np.ones(3)},
    }.items():
        arrays = dict(np.load(io.BytesIO(whole)))
        buffer = io.BytesIO()
        np.savez(buffer, **(arrays | change))
        made[name] = buffer.getvalue()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("mean.npy", b"no array")
    made["no array"] = buffer.getvalue()
    return made


@pytest.mark.parametrize(
    "kind",
    [
        "no zip",
        "cut short",
        "nothing",
        "pickled",
        "another format",
        "another shape",
        "not finite",
        "a row as number",
        "no array",
    ],
)
def test_a_file_that_is_no_gate_is_refused(gate: Gate, tmp_path: Path, kind: str) -> None:
    """Nothing is unpickled, and nothing half-read is used."""
    gate.save(tmp_path / "whole.npz")
    path = tmp_path / "gate.npz"
    path.write_bytes(_files((tmp_path / "whole.npz").read_bytes())[kind])
    with pytest.raises(ConfigError, match=r"gate\.npz"):
        load_gate(path)


def test_no_flipped_byte_is_a_traceback_or_another_gate(gate: Gate, tmp_path: Path) -> None:
    """Wherever a byte differs: the same gate, or an error that names the file."""
    path = tmp_path / "gate.npz"
    gate.save(path)
    whole, x = path.read_bytes(), _known(20, seed=6)
    expected = load_gate(path).score(x)
    refused = 0
    for place in np.random.default_rng(0).integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        try:
            np.testing.assert_array_equal(load_gate(path).score(x), expected)
        except ConfigError as error:
            refused += 1
            assert "gate.npz" in str(error)
    assert refused > 30


@pytest.mark.parametrize(
    ("features", "options"),
    [
        (_known(5), {}),
        (np.full((50, 3), np.inf), {}),
        (np.zeros((50, 3)), {}),
        (_known(50), {"n_directions": 65}),
        (_known(50), {"quantile": 1.0}),
        (_known(50), {"groups": np.zeros(50)}),
        (_known(50), {"groups": np.zeros(3)}),
    ],
)
def test_what_a_gate_cannot_be_fitted_on_is_refused(
    features: np.ndarray, options: dict[str, object]
) -> None:
    """Too few pictures, or all of one lesion."""
    with pytest.raises(ValueError, match="expected"):
        fit_gate(features, **options)  # type: ignore[arg-type]


def test_features_of_another_model_are_refused(gate: Gate) -> None:
    """Their number tells."""
    with pytest.raises(ValueError, match="60"):
        gate.score(np.zeros((1, 61)))


def test_an_outlier_may_not_pass_everywhere(gate: Gate) -> None:
    """A gate that accepts everything would fail here, one that refuses everything above."""
    assert not gate.accepts(100 * np.random.default_rng(7).random((50, D)) ** 4).any()


@pytest.mark.real
@pytest.mark.slow
def test_dermoscopy_passes_and_photographs_do_not(
    real_catalogue: pd.DataFrame,
    tiny_catalogue: pd.DataFrame,
    box_on_test: BoxOnTest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """By the model in the box: of real test images at most 3 % are refused, else at least 95 %."""
    found = measure(open_model(), real_catalogue, tiny_catalogue, box_on_test.variations)
    with capsys.disabled():
        print(f"\n{found.to_string(index=False)}")
    test, negatives = found.iloc[0], found[found["wanted"] == "refused"]
    assert test["refused"] / test["n"] <= 0.03
    assert negatives["refused"].sum() / negatives["n"].sum() >= 0.95
