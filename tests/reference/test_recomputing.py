"""Results made again: what they say, that they are the same each time, and without TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.kept_study import SOURCE, finish, keep_views, make_facts, make_folds, make_run
from support.scored_trials import make_scored_trial

from helpers.core import ROOT, ConfigError
from helpers.evaluation.comparison import compare
from helpers.evaluation.scoring import scores
from helpers.published import claim
from helpers.reference.collecting import Group, collect, find_groups
from helpers.reference.ensembles import mean_predictions
from helpers.reference.readme import BEGIN, END, between_marks, put_between_marks
from helpers.reference.recomputing import FIGURES, README, RESULTS, make_results, recompute
from helpers.reference.study import LIMIT_BYTES, MANIFEST, REFERENCE, Study, open_study
from helpers.reference.tables import (
    ensemble_table,
    panel_table,
    panels_of,
    seeds_sentence,
    system_rows,
)
from helpers.statistics import with_interval
from helpers.study import load_presets
from helpers.training import Trial

PRESET = next(iter(load_presets().values()))
TITLE = PRESET.title
CHAPTERS = {
    "05_model_comparison": {"Good": 0.8, "Middling": 0.7, "Poor": 0.5},
    "11_discussion": {f"{TITLE}, by image": 0.9, f"{TITLE}, by lesion": 0.7},
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A study of five trials."""
    folder = tmp_path_factory.mktemp("study")
    groups = find_groups(*make_run(folder, CHAPTERS))
    return collect(groups, SOURCE, make_facts(groups[0].trials[0]), folder / "reference")


def test_numbers_are_those_of_the_predictions(study: Study) -> None:
    """Every cell is what the scores of the book give for the committed tables."""
    (panel,) = panels_of(study)
    assert panel.title == "Model comparison: divided by lesion"
    leader = panel_table(study, panel)
    chosen = leader.chosen
    assert chosen == "made-good"
    rows = leader.table.set_index("trial")
    good, poor = (study.predictions(f"made-{n}", "valid") for n in ("good", "poor"))
    name = "balanced_accuracy"
    expected = with_interval(scores(poor, [name])[name], ".3f")
    assert rows.loc["Poor", "validation: balanced accuracy"] == expected
    gap = with_interval(compare(good, poor), "+.3f")
    assert rows.loc["Poor", "chosen less it"] == gap
    assert rows.loc["Poor", "p (Holm)"] == "0.002"  # twice the least of two comparisons
    test = scores(study.predictions(chosen, "test"), ["malignant_auc"])["malignant_auc"]
    assert rows.loc["**Good**", "test: malignant AUC"] == with_interval(test, ".3f")
    assert (rows.drop(index="**Good**")["test: malignant AUC"] == "").all()


def test_systems_stand_beside_themselves(study: Study) -> None:
    """As claimed and by lesion, with the difference of the two."""
    (row,) = system_rows(study).to_dict("records")
    assert row["system"] == TITLE
    assert row["difference"].startswith("+0.")
    assert row["published"] == with_interval(claim(PRESET.measures[0].claim).estimate, ".3f")


def test_a_system_trained_in_other_ways_beside_counts_by_its_own(tmp_path: Path) -> None:
    """Chapter 11 divides one in three ways, without test: these are no folds, and no panel."""
    names = [f"{TITLE}, by image", f"{TITLE}, by lesion", f"{TITLE}, lesions with one image"]
    trials = [finish(make_scored_trial(tmp_path, f"t{n}", 0.7), name=n) for n in names]
    without = make_scored_trial(tmp_path, "untested", 0.9)
    table = without.predictions
    table[table["split"] == "valid"].to_parquet(without.folder / "predictions.parquet")
    beside = finish(Trial(without.folder, without.config), name=names[1])
    for order in ([*trials, beside], [beside, *trials]):
        study = collect([Group("11_discussion", tuple(order))], SOURCE, None, tmp_path / "study")
        expected = scores(study.predictions(f"t{names[1]}", "test"), [PRESET.measures[0].score])
        (row,) = system_rows(study).to_dict("records")
        assert row["here, by lesion"] == with_interval(*expected.values(), ".3f")
        assert panels_of(study) == []


def test_folds_are_one_model(tmp_path: Path) -> None:
    """Held-out images once each, test by the mean of all, and views chosen on what is held out."""
    lesion, image = make_folds(tmp_path, "lesion"), make_folds(tmp_path, "image")
    for trial in lesion:
        keep_views(trial, "valid", "test")
    group = Group("08_class_imbalance", (*lesion, *image))
    study = collect([group], SOURCE, None, tmp_path / "reference")
    assert panels_of(study) == []
    table = ensemble_table(study).set_index("models")
    views = "**2 folds by lesion, several views**"
    assert list(table.index) == ["2 folds by lesion, one view", views, "2 folds by image, one view"]
    keys = [trial.folder.name for trial in lesion]
    held = {views: mean_predictions(study, keys, "valid", views) for views in (False, True)}
    assert held[False]["image_id"].is_unique and len(held[False]) == 210
    name = "balanced_accuracy"
    column = "held out: balanced accuracy"
    assert table.loc[views, column] == with_interval(scores(held[True], [name])[name], ".3f")
    gain = with_interval(compare(held[True], held[False], name), "+.3f")
    assert table.loc[views, "several views less one"] == gain
    test = scores(mean_predictions(study, keys, "test", True), ["accuracy"])["accuracy"]
    assert table.loc[views, "test: accuracy"] == with_interval(test, ".3f")
    assert (table.drop(index=views)["test: accuracy"] == "").all()
    results = make_results(study)
    assert "## Ensembles of folds" in results.whole and "## Class imbalance" not in results.whole
    assert f"| Class imbalance | {views.strip('*')} |" in results.summary
    by_image = mean_predictions(study, [trial.folder.name for trial in image], "valid", False)
    others = with_interval(scores(by_image, [name])[name], ".3f")
    assert f"promise a balanced accuracy of {others}, folds by lesion" in results.summary


def test_one_recipe_by_several_seeds(tmp_path: Path) -> None:
    """Told as a range; a recipe of one seed is not, nor one seed on other pictures."""
    trials = [
        finish(make_scored_trial(tmp_path, f"s{seed}", skill), name=f"Net, seed {seed}", seed=seed)
        for seed, skill in enumerate([0.6, 0.7, 0.8])
    ]
    other = finish(make_scored_trial(tmp_path, "o", 0.5), name="Other", dropout=0.4)
    cut = finish(make_scored_trial(tmp_path, "c", 0.55), name="Other, cut out", dropout=0.4)
    study = collect([Group("05_x", (*trials, other, cut))], SOURCE, None, tmp_path / "reference")
    (panel,) = panels_of(study)
    values = {"s0": 0.6, "s1": 0.7, "s2": 0.8, "o": 0.5, "c": 0.55}
    sentence = seeds_sentence(study, panel, values)
    assert sentence.endswith("Net, seed 0 from 0.600 to 0.800 by 3 seeds, 0.700 on average.")
    found = panel_table(study, panel).values
    assert seeds_sentence(study, panel, found) in make_results(study).summary
    assert found["o"] < found["s0"] < found["s2"]


def test_all_is_made_again_and_alike(study: Study, tmp_path: Path) -> None:
    """Figures and Markdown, the same text without drawing; figures of before are removed."""
    readme = tmp_path / "README.md"
    readme.write_text(f"# Book\n\n{BEGIN}\nold\n{END}\n\nrest\n", encoding="utf-8")
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "old.svg").write_text("", encoding="utf-8")
    (figures / "gallery.png").write_text("", encoding="utf-8")
    written = recompute(study, figures, readme)
    results = make_results(study)
    assert between_marks(readme.read_text(encoding="utf-8")) == results.summary
    assert readme.read_text(encoding="utf-8").endswith(f"{END}\n\nrest\n")
    named = set(re.findall(r"!\[.*?\]\((\S+)\)", results.whole))
    assert named == {path.name for path in figures.glob("*.svg")}
    shown = re.findall(r"\]\((\S+)\)", results.summary)
    assert [Path(name).name.split("-")[0] for name in shown] == [RESULTS, "matrix", "roc"]
    assert all(name.startswith("figures/reference/") for name in shown)
    assert {path.stem.split("-")[0] for path in figures.glob("*.svg")} == {
        "curves", "matrix", "roc", "risk", "benefit", "subgroups",
    }  # fmt: skip
    assert (figures / "gallery.png").exists()
    made = {path.name for path in figures.iterdir()} - {"gallery.png"}
    assert {path.name for path in written.values()} == made | {"README.md"}
    assert (figures / RESULTS).read_text(encoding="utf-8") == results.whole
    assert "Too few lesions" in results.whole and "thresholds from" in results.whole
    row = panel_table(study, panels_of(study)[0]).table.set_index("trial").loc["**Good**"]
    for column in ("test: balanced accuracy", "test: malignant AUC"):
        assert row[column] in results.summary
    assert "| Model comparison | **Good (" in results.summary and "Poor" not in results.summary


def test_marks_are_needed() -> None:
    """Without them nothing is replaced, and the message shows them."""
    assert between_marks("no marks") is None
    with pytest.raises(ConfigError, match="put them where"):
        put_between_marks("no marks", "x")


@pytest.mark.skipif(not (REFERENCE / MANIFEST).is_file(), reason="no reference study is committed")
def test_readme_is_the_committed_study() -> None:
    """The results section, its figures and the files say the same."""
    committed = open_study()
    size = sum(path.stat().st_size for path in REFERENCE.rglob("*") if path.is_file())
    assert size <= LIMIT_BYTES
    section = between_marks(README.read_text(encoding="utf-8"))
    results = make_results(committed)
    assert section == results.summary
    assert (FIGURES / RESULTS).read_text(encoding="utf-8") == results.whole
    for name in re.findall(r"\]\((\S+)\)", section):
        assert (ROOT / name).is_file(), name
