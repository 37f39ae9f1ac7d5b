"""The peers: turns by lines of text, what is said without torch, and equal networks with it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from benchmarks.__main__ import collect, make_table
from benchmarks.peers import other_python
from benchmarks.peers.keras_steps import counts
from benchmarks.peers.line_protocol import Peer, PeerError, round_of
from benchmarks.peers.other_python import VARIABLE, NotMeasuredError, torch_python
from benchmarks.pipeline import published_trials
from benchmarks.pipeline_peers import PACKAGES, measure_pipeline_peers, tf_data
from benchmarks.timing import Ratio, in_child
from benchmarks.training_peer import (
    TORCH,
    Case,
    check_same_network,
    measure_training_peer,
    peer_settings,
    peer_table,
)
from helpers.augmentation.settings import Augmentation
from helpers.core import ROOT, ConfigError
from helpers.models.build import build_model, set_trainable

COUNTER = """
import sys
from benchmarks.peers.line_protocol import serve

def start(settings):
    print("heard:", settings)  # what libraries print must not pass for an answer
    if settings.get("fail"):
        raise RuntimeError("no such network")
    rounds = []
    def work():
        print("working")
        rounds.append(settings["units"])
        return sum(rounds)
    return {"first": settings["units"]}, work

serve(start)
"""


@pytest.fixture
def counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module whose rounds are of ever more units."""
    (tmp_path / "counting_peer.py").write_text(COUNTER)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    return "counting_peer"


def _needs(packages: tuple[str, ...]) -> None:
    try:
        torch_python(packages)
    except NotMeasuredError as reason:
        pytest.skip(str(reason))


def test_a_peer_works_a_round_when_told(counter: str) -> None:
    """Facts come once, then an answer a round; two peers work beside each other."""
    with (
        Peer(sys.executable, counter, {"units": 2}) as one,
        Peer(sys.executable, counter, {"units": 5}) as two,
    ):
        assert one.wait().facts == {"first": 2} and two.wait().facts == {"first": 5}
        assert 0 < one.start_seconds < 600
        assert [round_of([one]), round_of([one, two]), round_of([two])] == [2, 4 + 5, 10]
    assert one._process.returncode == two._process.returncode == 0


def test_a_peer_that_fails_says_why(counter: str, tmp_path: Path) -> None:
    """Its last lines are told, whether it ends or was never there."""
    with pytest.raises(PeerError, match=r"status 1; it printed:[\s\S]*no such network"):
        Peer(sys.executable, counter, {"units": 1, "fail": True}).wait()
    with pytest.raises(PeerError, match="cannot be started"):
        Peer(str(tmp_path / "python"), counter, {"units": 1})


def test_without_torch_the_reason_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither named nor installed, or named without the packages: said by name."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(other_python.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NotMeasuredError, match=f"{VARIABLE} is not set.*torch, albumentations"):
        torch_python(PACKAGES)
    assert VARIABLE in measure_training_peer()["not_measured"]
    monkeypatch.setenv(VARIABLE, sys.executable)
    with pytest.raises(NotMeasuredError, match="lacks no_such_package, nor_this$"):
        torch_python(("json", "no_such_package", "nor_this"))
    assert torch_python(("json",)) == sys.executable


def test_a_wrong_interpreter_is_a_clear_message(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A path that is not there, and a program that is no Python, are errors, and not skipped."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "python"))
    with pytest.raises(ConfigError, match="No such file.*name one.*or unset"):
        torch_python(("torch",))
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho 'what is -c?' >&2\nexit 2\n")
    program.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(program))
    with pytest.raises(ConfigError, match=r"expected a Python that runs, but got: what is -c\?"):
        measure_training_peer()


def test_networks_of_other_sizes_are_told() -> None:
    """A ratio is of the same network, or there is none."""
    case = Case("ResNet50", (32, 32), "all", 2, 1, 1)
    facts = {"parameters": 1000, "learning": 10}
    check_same_network(case, facts, dict(facts))
    with pytest.raises(AssertionError, match="learning are 10 here and 11 in torch"):
        check_same_network(case, facts, {**facts, "learning": 11})


def test_tf_data_makes_augmented_batches() -> None:
    """As many images as asked for, of the same size, moved; an empty recipe moves none."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (40, 24, 32, 3), dtype=np.uint8)
    y = np.arange(40)
    recipe = published_trials((24, 32))[1].augmentation
    assert recipe.shear_range and recipe.zoom_range and recipe.horizontal_flip
    pixels, classes = next(iter(tf_data(images, y, recipe, workers=1, n=32)))
    assert pixels.shape == (32, 24, 32, 3) and pixels.dtype.name == "float32"
    moved = np.abs(pixels.numpy() - images[classes.numpy()]).mean(axis=(1, 2, 3))
    assert moved.min() > 1
    batches = list(tf_data(images, y, Augmentation(), workers=1, n=40))
    assert sum(len(pixels) for pixels, _ in batches) == 40
    assert sorted(np.concatenate([classes for _, classes in batches])) == list(y)
    for pixels, classes in batches:
        assert np.abs(pixels.numpy() - images[classes.numpy()]).max() < 1


def test_pipelines_are_compared_with_equal_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both get the same array and give batches of the same shape; the third says why it is not."""
    monkeypatch.setenv(VARIABLE, sys.executable)
    if all(other_python.importlib.util.find_spec(name) for name in PACKAGES):
        pytest.skip("this interpreter has torch and albumentations")
    found = in_child(measure_pipeline_peers, 42, (24, 32), rounds=1, tf_batches=1)
    assert found["tf_data"].value > 0 and found["workers"] <= 2
    assert found["given"]["ours"] == "[32, 24, 32, 3] uint8"
    assert found["given"]["tf_data"] == "[32, 24, 32, 3] float32"
    assert "lacks" in found["albumentations"]


@pytest.mark.slow
def test_albumentations_gives_the_same_shape() -> None:
    """Where an interpreter has it: bytes of the same size, and a ratio."""
    _needs(PACKAGES)
    found = in_child(measure_pipeline_peers, 42, (24, 32), rounds=1, tf_batches=1)
    assert found["given"]["albumentations"] == found["given"]["ours"]
    assert found["albumentations"].value > 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backbone", "trainable"),
    [("ResNet50", "all"), ("EfficientNetLite0", 60), ("EfficientNetLite0", "all")],
)
def test_torch_has_the_same_networks(backbone: str, trainable: str | int) -> None:
    """Where an interpreter has torch: as many parameters, and as many that learn."""
    _needs(("torch",))
    model = build_model(backbone, (32, 32))
    set_trainable(model, trainable)
    case = Case(backbone, (32, 32), trainable, 2, 1, 1)
    with Peer(torch_python(("torch",)), TORCH, peer_settings(case, 1, 1)) as peer:
        check_same_network(case, counts(model), peer.wait().facts)
        assert round_of([peer]) == 2


@pytest.mark.slow
def test_training_is_compared_with_torch() -> None:
    """Where an interpreter has it: one process and two, the seconds to a first step, a table."""
    _needs(("torch",))
    case = Case("EfficientNetLite0", (32, 32), 60, 2, 1, 1)
    found = measure_training_peer([case], rounds=1)
    ways: dict[str, Any] = found[case.name]
    assert [ways[way]["processes"] for way in ("together", "apart")] == [1, 2]
    assert 0 < ways["together"]["learning"] < ways["together"]["parameters"]
    for side in ways["together"]["start"].values():
        assert side["seconds"] > side["import"] + side["build"] + side["first_step"] > 0
    console = Console(width=200)
    with console.capture() as shown:
        console.print(peer_table(found))
    assert case.name in shown.get()


def test_table_and_results_hold_both_ways() -> None:
    """Each network has a line for one process and one for two, and a number for each."""
    ratio = Ratio(1.5, 1.4, 1.6, 30.0, 20.0)
    steps = {"Net 32x32": {"together": {"ratio": ratio}, "apart": {"ratio": ratio}}}
    plain = {"ratio": ratio, "head_only": ratio, "gradcam++": ratio}
    details = {
        "pipeline": {
            "ratio": ratio, "same_threads": ratio, "recipes": {}, "threads": 2,
            "store_seconds": 1.0, "store_rate": 2.0, "paid_back_epoch": 1,
        },
        "pipeline_peers": {"tf_data": ratio, "albumentations": ratio, "workers": 2},
        "training": plain, "training_peer": steps, "gradcam": plain, "scaling": {},
    }  # fmt: skip
    results = collect(details)
    assert results["torch_steps_ratio"] == {"Net 32x32": {"together": 1.5, "apart": 1.5}}
    assert results["albumentations_ratio"] == 1.5
    console = Console(width=200)
    with console.capture() as shown:
        console.print(make_table(details))
    assert shown.get().count("torch_steps_ratio, Net 32x32") == 2
    assert "4: no" in shown.get() and "not measured" not in shown.get()
