"""The model in the box: chosen on validation, trained on, written whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from support.box_on_real import BoxOnTest

from helpers.core.errors import ConfigError, DataError
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import open_source
from helpers.dataset.split_files import write_split
from helpers.dataset.splits import split_catalogue
from helpers.evaluation.single_scores import balanced_accuracy, malignant_auc
from helpers.serving.bundled import build
from helpers.serving.bundled.build import (
    Recipe,
    Round,
    _validation_score,
    build_bundled,
    read_recipe,
)
from helpers.serving.cards.text import format_score, model_card, recall_rows, score_rows
from helpers.serving.model.opening import BUNDLED, open_model
from helpers.serving.model.operating_points import read_operating
from helpers.serving.model.served import ServedModel
from helpers.training.trials import find_trial

STAGE = {"trainable": "all", "learning_rate": 0.002, "batch_size": 16, "epochs": 1}
COMMON = {"backbone": "SmallNetwork", "image_size": [32, 32], "batch_norm_momentum": 0.8}


def small_recipe(**changes: Any) -> dict[str, Any]:
    """A recipe of seconds: two candidates, a round on larger pictures, and one more training."""
    fields: dict[str, Any] = {
        "name": "Small",
        "fractions": [0.6, 0.2, 0.2],
        "seed": 0,
        "wanted_sensitivity": 0.8,
        "candidates": [
            {**COMMON, "name": "weights", "class_weight": "balanced", "stages": [STAGE]},
            {**COMMON, "name": "focal", "loss": "focal", "stages": [STAGE]},
        ],
        "rounds": [
            {
                "common": {"image_size": [48, 64], "stages": [STAGE]},
                "trainings": [{"name": "One", "seed": 0}, {"name": "Other", "seed": 1}],
                "average": {"name": "Mean", "stages": [{**STAGE, "learning_rate": 1e-4}]},
            },
            {"trainings": [{"name": "Longer", "seed": 2}]},
        ],
    }
    return fields | changes


def write_recipe(folder: Path, **changes: Any) -> Path:
    """A recipe's file."""
    path = folder / "small.yml"
    path.write_text(yaml.safe_dump(small_recipe(**changes)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> ServedModel:
    """A box made from the drawn sample."""
    folder = tmp_path_factory.mktemp("box")
    return build_bundled(write_recipe(folder), str(tiny_folder), folder / "model")


@pytest.mark.slow
def test_the_folder_holds_all_that_is_served(box: ServedModel) -> None:
    """Model, card, gate, the browser's copy, model card, licence and recipe; nothing else."""
    names = {path.name for path in box.folder.iterdir()}
    expected = {"model.keras", "model.json", "gate.npz", "operating.json"}
    assert names == expected | {"web", "README.md", "LICENSE.txt", "recipe.yml"}
    assert set(read_operating(box.folder)) == {"single", "views"}
    assert (box.folder / "web" / "model.json").is_file()
    assert read_recipe(box.folder / "recipe.yml") == Recipe(**small_recipe())
    assert "commercially" in (box.folder / "LICENSE.txt").read_text(encoding="utf-8")
    assert box.gate is not None


@pytest.mark.slow
def test_validation_chooses_and_the_chosen_goes_on(box: ServedModel, tiny_folder: Path) -> None:
    """The final training starts from the candidate that is best on validation, at its own size."""
    catalogue = split_catalogue(load_catalogue(open_source(tiny_folder)), seed=0)
    recipe = read_recipe(box.folder / "recipe.yml")
    trials = [find_trial(config, catalogue) for config in recipe.candidates]
    found = {
        trial.name: (
            balanced_accuracy(trial.predictions_of("valid")).value
            + malignant_auc(trial.predictions_of("valid")).value
        )
        / 2
        for trial in trials
        if trial is not None
    }
    assert box.card.data["candidates"] == pytest.approx(found)
    best = max(found, key=lambda name: found[name])
    assert box.card.data["chosen"] == best
    chosen = next(trial for trial in trials if trial is not None and trial.name == best)
    first, second = recipe.rounds
    pair = [
        find_trial(config, catalogue) for config in first.configs(chosen.config, chosen.folder.name)
    ]
    whole = [trial for trial in pair if trial is not None]
    assert [trial.config.start for trial in whole] == [chosen.folder.name] * 2
    keys = [trial.folder.name for trial in whole]
    mean = find_trial(first.average_config([trial.config for trial in whole], keys), catalogue)
    assert mean is not None and len(set(mean.config.starts)) == 2
    scores = {trial.name: _validation_score(trial) for trial in [*whole, mean]}
    ahead = max([*whole, mean], key=_validation_score)
    (longer,) = (
        find_trial(config, catalogue) for config in second.configs(ahead.config, ahead.folder.name)
    )
    assert longer is not None and longer.config.start == ahead.folder.name
    scores["Longer"] = _validation_score(longer)
    assert box.card.data["finals"] == pytest.approx(scores)
    best = max(scores, key=lambda name: scores[name])
    named = {trial.name: trial for trial in [*whole, mean, longer]}
    assert box.card.trial == named[best].folder.name
    assert box.card.image_size == (48, 64)


@pytest.mark.slow
def test_scores_are_those_of_the_served_model(box: ServedModel, tiny_folder: Path) -> None:
    """What the card says of the test split is what the box answers on its pictures."""
    from helpers.dataset.image_store import open_store

    catalogue = split_catalogue(load_catalogue(open_source(tiny_folder)), seed=0)
    test = catalogue[catalogue["split"] == "test"].reset_index(drop=True)
    images = open_store(catalogue, box.card.image_size).take(list(test["image_id"]))
    for name in ("views", "single"):
        y_prob = box.predict(images, name)  # type: ignore[arg-type]
        predictions = test.assign(
            y_true=[box.card.classes.index(dx) for dx in test["dx"]],
            **{f"p_{dx}": y_prob[:, place] for place, dx in enumerate(box.card.classes)},
        )
        card_score = box.card.faces[name].scores["test"]["balanced_accuracy"]  # type: ignore[index]
        assert card_score.value == pytest.approx(balanced_accuracy(predictions).value)
        hits = y_prob.argmax(axis=1) == predictions["y_true"].to_numpy()
        of_nv = (test["dx"] == "nv").to_numpy()
        recall = box.card.faces[name].scores["test"]["recall_nv"]  # type: ignore[index]
        assert recall.value == pytest.approx(hits[of_nv].mean())
        assert recall.n == of_nv.sum()


def test_a_split_file_divides_the_images(
    tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In place of the recipe's fractions."""
    source = load_catalogue(open_source(tiny_folder))
    given = split_catalogue(source, (0.5, 0.3, 0.2), seed=9)
    path = write_split(given, tmp_path / "split.csv")
    seen: list[pd.DataFrame] = []

    def run_trials(configs: Any, catalogue: pd.DataFrame, **options: Any) -> None:
        seen.append(catalogue)
        raise ConfigError("enough")

    monkeypatch.setattr(build, "run_trials", run_trials)
    for chosen in (path, None):
        with pytest.raises(ConfigError, match="enough"):
            build.train_recipe(Recipe(**small_recipe()), str(tiny_folder), split_file=chosen)
    assert seen[0]["split"].equals(given["split"]) and not seen[1].equals(seen[0])
    with pytest.raises(ConfigError, match="dermbook data split"):
        build_bundled(
            write_recipe(tmp_path), str(tiny_folder), tmp_path / "out", split_file=tmp_path / "none"
        )


@pytest.mark.slow
def test_the_model_card_tells_every_score(box: ServedModel) -> None:
    """Each score of the card stands in its text, with its interval and the number of images."""
    text = (box.folder / "README.md").read_text(encoding="utf-8")
    assert text == model_card(box.card)
    for face in box.card.faces.values():
        for name, score in [*score_rows(face, "test"), *recall_rows(face, "test")]:
            assert format_score(score) in text, name
    for split, counts in box.card.data["splits"].items():
        assert f"| {split} | {counts['images']:,} | {counts['lesions']:,} |" in text
    assert box.card.notice in text and box.card.licence in text


@pytest.mark.slow
def test_the_browser_copy_is_scored_as_it_is(box: ServedModel, tiny_folder: Path) -> None:
    """The card's differences and scores are those of the files in ``web``."""
    from helpers.dataset.image_store import open_store
    from helpers.serving.exports.runtimes import open_runtime

    copy, face = box.card.browser, box.card.faces["single"]
    assert copy is not None and copy.precision == "float16"
    catalogue = split_catalogue(load_catalogue(open_source(tiny_folder)), seed=0)
    test = catalogue[catalogue["split"] == "test"].reset_index(drop=True)
    images = open_store(catalogue, box.card.image_size).take(list(test["image_id"]))
    theirs = open_runtime("tfjs", box.folder / "web")(images)["probabilities"].astype(float)
    theirs = theirs ** (1 / face.temperature)
    theirs /= theirs.sum(axis=1, keepdims=True)
    own = box.predict(images, "single")
    assert copy.images == len(test)
    assert copy.largest_difference == pytest.approx(np.abs(own - theirs).max(), abs=1e-6)
    assert 0 < copy.largest_difference < 0.05
    assert copy.same_class == (own.argmax(axis=1) == theirs.argmax(axis=1)).sum()
    hits = theirs.argmax(axis=1) == [box.card.classes.index(dx) for dx in test["dx"]]
    assert copy.scores["accuracy"].value == pytest.approx(hits.mean())
    text = model_card(box.card)
    assert f"{copy.largest_difference:.4f}" in text
    assert text.count(format_score(copy.scores["accuracy"])) >= 1


@pytest.mark.slow
def test_a_damaged_source_leaves_the_old_box(box: ServedModel, tmp_path: Path) -> None:
    """A box that cannot be made changes nothing of the one that is there."""
    before = {path: path.stat().st_mtime_ns for path in box.folder.iterdir()}
    with pytest.raises(DataError, match="nowhere"):
        build_bundled(box.folder / "recipe.yml", str(tmp_path / "nowhere"), box.folder)
    assert {path: path.stat().st_mtime_ns for path in box.folder.iterdir()} == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"seed": -1}, "seed"),
        ({"wanted_sensitivity": 1.0}, "wanted_sensitivity"),
        ({"candidates": []}, "candidates"),
        ({"candidates": [{**COMMON, "name": "x", "stages": [STAGE], "colour": 1}]}, "colour"),
        ({"more": 1}, "more"),
    ],
)
def test_a_wrong_recipe_is_told(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """The message names the file and the field."""
    with pytest.raises(ConfigError, match=words) as error:
        read_recipe(write_recipe(tmp_path, **changes))
    assert "small.yml" in str(error.value)


@pytest.mark.parametrize("content", ["- a\n", "a: [", None])
def test_what_is_no_recipe_is_told(tmp_path: Path, content: str | None) -> None:
    """A list, broken YAML and a missing file are errors of their own."""
    path = tmp_path / "recipe.yml"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"recipe\.yml: expected"):
        read_recipe(path)


@pytest.mark.parametrize(
    ("turn", "told"),
    [
        ({"trainings": [{"seed": 1}]}, "a name of each training of round 1"),
        ({"trainings": [{"name": "focal"}]}, "'focal' twice"),
        ({"trainings": [{"name": "x", "logit_adjustment": 1.0}]}, "logit_adjustment: expected"),
        ({"trainings": [{"name": "x"}], "average": {"name": "y", "epochs": 1}}, "epochs"),
    ],
)
def test_a_round_that_cannot_be_trained_is_told_at_once(
    tmp_path: Path, turn: dict[str, Any], told: str
) -> None:
    """Whichever candidate it would go on from, and not after hours of training."""
    with pytest.raises(ConfigError, match=told):
        read_recipe(write_recipe(tmp_path, rounds=[turn]))


def test_a_mean_may_hold_what_its_round_began_with() -> None:
    """Of three then, where it is otherwise of two."""
    (config, *_) = Recipe(**small_recipe()).candidates
    fields = {"trainings": [{"name": "a"}, {"name": "b"}], "average": {"name": "mean"}}
    for with_start, expected in ((False, ("x", "y")), (True, ("began", "x", "y"))):
        turn = Round(**fields, average_with_start=with_start)
        mean = turn.average_config(turn.configs(config, "began"), ["x", "y"])
        assert mean.starts == expected and mean.name == "mean"


def test_the_committed_recipe_is_valid() -> None:
    """The box's own recipe compares class weights with the focal loss, by lesion."""
    recipe = read_recipe(BUNDLED / "recipe.yml")
    assert recipe.rounds and all(turn.average for turn in recipe.rounds)
    assert {config.loss for config in recipe.candidates} == {"cross_entropy", "focal"}
    assert all(config.weights == "imagenet" for config in recipe.candidates)


@pytest.fixture(scope="module")
def committed() -> ServedModel:
    """The model in the box, as it is in the repository."""
    return open_model()


def test_the_committed_box_is_whole_and_small(committed: ServedModel) -> None:
    """All formats together take at most 24 MB, and the text tells the card's numbers."""
    files = [path for path in BUNDLED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 24e6
    assert (BUNDLED / "README.md").read_text(encoding="utf-8") == model_card(committed.card)
    assert committed.card.browser is not None
    assert "NC" in (BUNDLED / "LICENSE.txt").read_text(encoding="utf-8")
    assert not [path for path in files if path.suffix.lower() in (".jpg", ".jpeg", ".png")]


@pytest.mark.real
@pytest.mark.slow
def test_the_committed_scores_hold_on_the_real_images(
    committed: ServedModel, box_on_test: BoxOnTest
) -> None:
    """On the real test split the box scores what its card says."""
    test = box_on_test.table
    y_true = np.array([committed.card.classes.index(dx) for dx in test["dx"]])
    hits = box_on_test.y_prob.argmax(axis=1) == y_true
    recalls = [hits[y_true == label].mean() for label in range(len(committed.card.classes))]
    score = committed.card.faces["single"].scores["test"]["balanced_accuracy"]
    assert np.mean(recalls) == pytest.approx(score.value, abs=1e-9)
    assert len(test) == score.n
