"""Results made again: what they say, that they are the same each time, and without TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.kept_study import SOURCE, make_facts, make_run

from helpers.core import ROOT, ConfigError
from helpers.evaluation.comparison import compare
from helpers.evaluation.scoring import scores
from helpers.reference.collecting import collect, find_groups
from helpers.reference.readme import BEGIN, END, between_marks, put_between_marks
from helpers.reference.recomputing import README, RESULTS, recompute, results_section
from helpers.reference.study import LIMIT_BYTES, MANIFEST, REFERENCE, Study, open_study
from helpers.reference.tables import panel_table, panels_of, system_rows
from helpers.statistics import with_interval
from helpers.study import load_presets

TITLE = next(iter(load_presets().values())).title
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


def test_all_is_made_again_and_alike(study: Study, tmp_path: Path) -> None:
    """Figures and Markdown, the same text without drawing; figures of before are removed."""
    readme = tmp_path / "README.md"
    readme.write_text(f"# Book\n\n{BEGIN}\nold\n{END}\n\nrest\n", encoding="utf-8")
    figures = tmp_path / "figures"
    figures.mkdir()
    (figures / "old.svg").write_text("", encoding="utf-8")
    (figures / "gallery.png").write_text("", encoding="utf-8")
    written = recompute(study, figures, readme)
    section = results_section(study)
    assert between_marks(readme.read_text(encoding="utf-8")) == section
    assert readme.read_text(encoding="utf-8").endswith(f"{END}\n\nrest\n")
    named = {Path(name).name for name in re.findall(r"\]\((\S+)\)", section)}
    assert named == {path.name for path in figures.glob("*.svg")}
    assert {path.stem.split("-")[0] for path in figures.glob("*.svg")} == {
        "curves", "matrix", "roc", "risk", "benefit", "subgroups",
    }  # fmt: skip
    assert (figures / "gallery.png").exists()
    made = {path.name for path in figures.iterdir()} - {"gallery.png"}
    assert {path.name for path in written.values()} == made | {"README.md"}
    assert (figures / RESULTS).read_text(encoding="utf-8") == section
    assert "Too few lesions" in section and "thresholds from" in section


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
    assert section == results_section(committed)
    for name in re.findall(r"\]\((\S+)\)", section):
        assert (ROOT / name).is_file(), name
