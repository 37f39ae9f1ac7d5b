"""Collecting a study: what is kept, what is said of what cannot be, and nothing half-written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.kept_study import SOURCE, finish, keep_views, make_facts, make_run
from support.scored_trials import make_scored_trial, make_screening_trial

from helpers.core import ConfigError, DataError, read_json, write_json
from helpers.evaluation.scoring import scores
from helpers.evaluation.test_time_augmentation import views_file
from helpers.reference import collecting
from helpers.reference.collecting import Group, collect, find_groups, find_tables
from helpers.reference.study import MANIFEST, most_probable, open_study
from helpers.training import Trial

CHAPTERS = {"05_models": {"Good": 0.8, "Poor": 0.5}, "06_matrix": {"Good": 0.8}}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A run of two chapters and its trials."""
    return make_run(tmp_path_factory.mktemp("made"), CHAPTERS)


def test_chapters_are_groups_and_share_no_trial(made: tuple[Path, Path]) -> None:
    """A trial that a later chapter reads again stays with the first."""
    groups = find_groups(*made)
    assert [(g.name, [t.name for t in g.trials]) for g in groups] == [
        ("05_models", ["Good", "Poor"])
    ]
    (folder,) = find_groups(made[1])
    assert {trial.name for trial in folder.trials} == {"Good", "Poor"}


def test_a_trial_by_another_name_is_in_both_chapters(tmp_path: Path) -> None:
    """Else the second chapter's table would lack a row."""
    run, trials = make_run(tmp_path, {"04_augmentation": {"Good": 0.8}})
    rows = read_json(run / "trials" / "04_augmentation.json")
    write_json(run / "trials" / "05_models.json", [rows[0] | {"name": "Network"}, *rows])
    groups = find_groups(run, trials)
    assert [[t.name for t in g.trials] for g in groups] == [["Good"], ["Network"]]
    study = collect(groups, SOURCE, None, tmp_path / "reference")
    assert list(study.manifest["trials"]) == ["made-good"]


def test_several_views_are_kept_where_they_were_asked_for(tmp_path: Path) -> None:
    """By split; a damaged table is as good as none, and one view stays what it was."""
    first, second = (finish(make_scored_trial(tmp_path, name, 0.6)) for name in "ab")
    keep_views(first, "valid")
    views_file(second, "valid").write_bytes(b"x")
    study = collect([Group("x", (first, second))], SOURCE, None, tmp_path / "reference")
    kept = study.predictions("a", "valid", views=True).set_index("image_id")
    own = pd.read_parquet(views_file(first, "valid")).set_index("image_id")
    columns = [column for column in own if column.startswith("p_")]
    np.testing.assert_allclose(kept.loc[own.index, columns], own[columns], atol=1e-5)
    one = study.predictions("a", "valid")
    assert (one[columns].to_numpy() != kept[columns].to_numpy()).any()
    assert study.predictions("a", "test", views=True).empty
    assert study.predictions("b", "valid", views=True).empty
    assert len(study.predictions("b", "valid")) == len(kept)


def test_tables_of_a_run_are_kept_as_they_are(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Those that take images to make again; of two runs' the first."""
    runs = [tmp_path / name for name in "ab"]
    for run in runs:
        (run / "tables").mkdir(parents=True)
        text = f'Method,Trained\nGrad-CAM,"0.4 [0.3, 0.5], {run.name}"\n'
        (run / "tables" / "07_grad_cam-mass.csv").write_text(text, encoding="utf-8")
        (run / "tables" / "01_other.csv").write_text("x\n", encoding="utf-8")
    tables = [path for run in runs for path in find_tables(run)]
    assert [path.name for path in tables] == ["07_grad_cam-mass.csv"] * 2
    study = collect(find_groups(*made), SOURCE, None, tmp_path / "reference", tables)
    (table,) = study.tables().values()
    assert table.to_dict("records") == [{"Method": "Grad-CAM", "Trained": "0.4 [0.3, 0.5], a"}]
    assert "tables/07_grad_cam-mass.csv" in study.manifest["files"]


def test_what_is_read_is_what_was_predicted(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Scores agree, predicted classes are the same, and histories too."""
    groups = find_groups(*made)
    trial = groups[0].trials[0]
    facts = make_facts(trial)
    study = collect(groups, SOURCE, facts, tmp_path / "reference")
    for split in ("valid", "test"):
        kept = study.predictions(trial.folder.name, split)
        own = trial.predictions_of(split).sort_values("image_id", ignore_index=True)
        assert list(kept["image_id"]) == list(own["image_id"])
        assert (most_probable(kept) == most_probable(own)).all()
        assert (kept["y_true"] == own["y_true"]).all()
        names = ["balanced_accuracy", "malignant_auc", "brier_score"]
        first, second = (scores(table, names, n_resamples=2) for table in (kept, own))
        for name in names:
            assert first[name].value == pytest.approx(second[name].value, abs=1e-4)
    assert study.history(trial.folder.name)["val_loss"].tolist() == [0.6, 0.7, 0.8]
    assert set(study.split(trial.folder.name)["split"]) == {"valid", "test"}
    assert study.images["age"].isna().sum() == facts["age"].isna().sum()


def test_the_same_trials_give_the_same_bytes(made: tuple[Path, Path], tmp_path: Path) -> None:
    """So that collecting again changes nothing that git sees."""
    groups = find_groups(*made)
    folders = [collect(groups, SOURCE, None, tmp_path / name).folder for name in "ab"]
    first, second = (
        {p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in folders
    )
    assert first == second


def test_training_images_are_in_the_split_where_their_table_is(tmp_path: Path) -> None:
    """The table that a training read lies beside its folder."""
    trial = finish(make_scored_trial(tmp_path, "a", 0.5))
    table = trial.predictions[["image_id", "lesion_id", "dx", "split", "y_true"]]
    more = table.iloc[:2].assign(image_id=["t1", "t2"], split="train")
    pd.concat([table, more]).to_parquet(tmp_path / "a.parquet")
    study = collect([Group("x", (trial,))], SOURCE, None, tmp_path / "reference")
    assert study.split("a")["split"].value_counts()["train"] == 2
    assert {"t1", "t2"} <= set(study.images["image_id"])


def test_close_probabilities_keep_their_order(tmp_path: Path) -> None:
    """Digits are added until every image has its predicted class."""
    trial = make_scored_trial(tmp_path, "a", 0.5)
    table = trial.predictions
    columns = [column for column in table if column.startswith("p_")]
    close = np.full(7, (1 - 0.300001 - 0.3000009) / 5)
    close[[2, 1]] = 0.300001, 0.3000009
    table.loc[0, columns] = close
    table.to_parquet(trial.folder / "predictions.parquet")
    trial = finish(Trial(trial.folder, trial.config))
    study = collect([Group("x", (trial,))], SOURCE, None, tmp_path / "reference")
    kept = study.predictions("a", "valid").set_index("image_id").loc[["i0"]]
    assert most_probable(kept)[0] == 2


def test_malignant_or_benign_is_kept_too(tmp_path: Path) -> None:
    """With its own two classes."""
    trial = finish(make_screening_trial(tmp_path, "s", 1.0))
    study = collect([Group("09", (trial,))], SOURCE, None, tmp_path / "reference")
    assert study.target("s") == "malignant"
    kept = study.predictions("s", "valid")
    assert kept["p_malignant"].between(0, 1).all()
    assert study.predictions("s", "test").empty


def test_what_is_missing_or_changed_is_named(made: tuple[Path, Path], tmp_path: Path) -> None:
    """A damaged trial, no trial at all, a folder of something else."""
    run, trials = make_run(tmp_path / "own", CHAPTERS)
    history = next(trials.glob("*/history.csv"))
    history.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"expected a finished trial.*run the chapter again"):
        find_groups(run, trials)
    with pytest.raises(ConfigError, match="expected a finished run"):
        find_groups(tmp_path)
    with pytest.raises(ConfigError, match="got none"):
        collect([], SOURCE, None, tmp_path / "reference")
    groups = find_groups(*made)
    with pytest.raises(DataError, match="every image in the source"):
        facts = make_facts(groups[0].trials[0]).iloc[:5]
        collect(groups, SOURCE, facts, tmp_path / "reference")


def test_trials_of_unlike_sources_are_refused(tmp_path: Path) -> None:
    """An image has one diagnosis."""
    first = finish(make_scored_trial(tmp_path, "a", 0.5))
    second = make_scored_trial(tmp_path, "b", 0.5)
    torn = second.predictions.assign(lesion_id="other")
    torn.to_parquet(second.folder / "predictions.parquet")
    second = finish(Trial(second.folder, second.config))
    with pytest.raises(DataError, match=r"disagree on 420"):
        collect([Group("x", (first, second))], SOURCE, None, tmp_path / "reference")


def test_a_study_that_is_too_large_leaves_the_earlier_one(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is told, and the folder stays as it was."""
    groups = find_groups(*made)
    place = tmp_path / "reference"
    collect(groups, SOURCE, None, place)
    before = (place / MANIFEST).read_bytes()
    monkeypatch.setattr(collecting, "LIMIT_BYTES", 1000)
    with pytest.raises(DataError, match="expected at most"):
        collect(groups[:1], {"title": "other"}, None, place)
    assert (place / MANIFEST).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["reference"]


def test_every_file_is_compared_with_its_checksum(made: tuple[Path, Path], tmp_path: Path) -> None:
    """All that is missing or changed is named at once; another format is refused."""
    place = tmp_path / "reference"
    collect(find_groups(*made), SOURCE, None, place)
    (place / "images.csv.xz").write_bytes(b"x")
    (place / "histories.csv.xz").unlink()
    with pytest.raises(DataError) as error:
        open_study(place)
    assert "images.csv.xz: expected the checksum" in str(error.value)
    assert "histories.csv.xz: expected it beside" in str(error.value)
    write_json(place / MANIFEST, read_json(place / MANIFEST) | {"format": 9})
    with pytest.raises(DataError, match="expected format 1 but got 9"):
        open_study(place)
    with pytest.raises(DataError, match="--collect RUN"):
        open_study(tmp_path)
