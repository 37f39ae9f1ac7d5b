"""Labelled folders scored once: what is told, what is left out, and each fault of a folder."""

from __future__ import annotations

import html
import re
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.small_served import small_card
from support.stand_in_scorer import StandIn, labelled_rows, one_hot, write_pictures

from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError, DataError
from helpers.evaluation.metrics import PROBABILITY_COLUMNS
from helpers.serving.cards.calibration import apply_temperature
from helpers.serving.external import answers, page
from helpers.serving.external.evaluation import ALL, drop_table
from helpers.serving.external.evaluation import evaluate_folder as evaluate_thoroughly
from helpers.serving.external.page import (
    FILES,
    headline,
    render_page,
    summary_lines,
    write_evaluation,
)

evaluate_folder = partial(evaluate_thoroughly, n_resamples=60)
"""Intervals are not what these tests are about."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of all classes, and their truth in both layouts."""
    place = tmp_path_factory.mktemp("clinic")
    rows = labelled_rows()
    write_pictures(place / "images", rows)
    rows.to_csv(place / "rows.csv", index=False)
    one_hot(rows).to_csv(place / "one_hot.csv", index=False)
    return place


def test_hams_layout(folder: Path) -> None:
    """Scores of all images and of both cohorts, over lesions."""
    seen: list[tuple[int, int]] = []
    found = evaluate_folder(
        StandIn(), folder / "images", folder / "rows.csv", progress=lambda *at: seen.append(at)
    )
    assert seen[-1] == (42, 42)
    assert found.lesions_known and found.parts_by == "dataset"
    assert found.part_names == ["elsewhere", "here"]
    whole = found.estimate("accuracy")
    parts = [found.estimate("accuracy", name) for name in found.part_names]
    assert whole.n == 42 and sum(part.n for part in parts) == 42
    assert whole.value == pytest.approx(sum(part.value * part.n for part in parts) / 42)
    assert 0.3 < whole.value < 1
    assert found.left_out.empty
    row = found.scores.iloc[0]
    assert (row["part"], row["score"], row["n_lesions"]) == (ALL, "balanced_accuracy", 28)


def test_the_challenges_layout_scores_alike(folder: Path) -> None:
    """The same values; lesions are unknown, which widens or narrows intervals, and is said."""
    by_lesion = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    by_image = evaluate_folder(StandIn(), folder / "images", folder / "one_hot.csv")
    for name in ("balanced_accuracy", "malignant_auc", "sensitivity", "log_loss"):
        assert by_image.estimate(name).value == pytest.approx(by_lesion.estimate(name).value)
    assert not by_image.lesions_known and by_image.parts_by == ""
    assert any("intervals are over images" in note for note in by_image.notes)
    assert "lesions" in headline(by_lesion) and "lesions" not in headline(by_image)
    assert "images, because lesions are not known" in render_page(by_image)


def test_metadata_brings_lesions_and_cohorts(folder: Path) -> None:
    """The challenge's table beside HAM10000's gives what the latter gives alone."""
    both = evaluate_folder(
        StandIn(),
        folder / "images",
        folder / "one_hot.csv",
        metadata=folder / "rows.csv",
        parts="Dataset",
    )
    alone = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    pd.testing.assert_frame_equal(both.scores, alone.scores)


def test_temperature_and_threshold_are_those_of_validation(folder: Path) -> None:
    """Of the face that was asked; nothing is chosen here."""
    scorer = StandIn()
    for face, temperature, threshold in (("views", 0.5, 0.35), ("single", 0.6, 0.4)):
        found = evaluate_folder(scorer, folder / "images", folder / "one_hot.csv", face=face)
        table = found.predictions
        columns = list(PROBABILITY_COLUMNS)
        y_prob = table[columns].to_numpy()
        raw = apply_temperature(y_prob, 1 / temperature)
        np.testing.assert_allclose(apply_temperature(raw, temperature), y_prob, atol=1e-9)
        malignant = table[["p_akiec", "p_bcc", "p_mel"]].sum(axis=1)
        called = malignant >= threshold
        assert (table["called_malignant"] == called).all()
        is_malignant = table["dx"].isin(["akiec", "bcc", "mel"])
        assert found.estimate("sensitivity").value == pytest.approx(called[is_malignant].mean())
        assert found.estimate("specificity").value == pytest.approx(
            1 - called[~is_malignant].mean()
        )
        before = found.estimate("log_loss_before").value
        true = raw[np.arange(len(raw)), table["y_true"]]
        assert before == pytest.approx(-np.log(true).mean(), abs=1e-6)


def test_the_gate_counts_and_refuses_nobody(folder: Path) -> None:
    """One picture is green; without a gate the page says so."""
    found = evaluate_folder(StandIn(), folder / "images", folder / "one_hot.csv")
    assert found.predictions.loc[found.predictions["refused"], "image_id"].tolist() == [
        "ISIC_5000000"
    ]
    assert found.estimate("refused").value == pytest.approx(1 / 42)
    assert "would refuse 1 of 42" in render_page(found)
    without = evaluate_folder(StandIn(gate=None), folder / "images", folder / "one_hot.csv")
    assert "refused" not in set(without.scores["score"])
    assert "comes without a gate" in render_page(without)


def test_images_missing_on_either_side_are_told(folder: Path, tmp_path: Path) -> None:
    """Neither is scored; both are listed with the reason."""
    rows = labelled_rows()
    table = one_hot(rows).iloc[2:]
    extra = pd.DataFrame([{"image": "ISIC_0035068", **dict.fromkeys(table.columns[1:], 0.0)}])
    extra["NV"] = 1.0
    table = pd.concat([table, extra]).assign(score_weight=1.0)
    table.iloc[0, -1] = 0.0
    table.to_csv(tmp_path / "truth.csv", index=False)
    found = evaluate_folder(StandIn(), folder / "images", tmp_path / "truth.csv")
    assert len(found.predictions) == 39
    assert found.left_out.to_numpy().tolist() == [
        ["ISIC_0035068", "no image"],
        ["ISIC_5000002", "weight 0"],
        ["ISIC_5000000", "no truth"],
        ["ISIC_5000001", "no truth"],
    ]
    told = "\n".join(summary_lines(found))
    assert "1 rows of the truth table have no image" in told and "ISIC_0035068" in told
    assert "2 images of the folder are not in the truth table" in told


def test_other_sizes_are_resized_as_training_does(folder: Path, tmp_path: Path) -> None:
    """A picture of any size gives the same answer; other shapes are stretched, and that is said."""
    rows = labelled_rows()
    small = evaluate_folder(StandIn(), folder / "images", folder / "one_hot.csv")
    write_pictures(tmp_path / "wide", rows, size=(300, 100))
    wide = evaluate_folder(StandIn(), tmp_path / "wide", folder / "one_hot.csv")
    np.testing.assert_allclose(
        wide.predictions[list(PROBABILITY_COLUMNS)],
        small.predictions[list(PROBABILITY_COLUMNS)],
        atol=0.05,
    )
    assert any(note.startswith("42 images are not of 4 to 3") for note in wide.notes)
    assert not any("4 to 3" in note for note in small.notes)


def test_damaged_images_are_told_together(folder: Path, tmp_path: Path) -> None:
    """Empty, cut short and no image at all: one message, and nothing is scored."""
    rows = labelled_rows()
    place = write_pictures(tmp_path / "images", rows)
    (place / "ISIC_5000003.jpg").write_bytes(b"")
    whole = (place / "ISIC_5000004.jpg").read_bytes()
    (place / "ISIC_5000004.jpg").write_bytes(whole[: len(whole) // 2])
    (place / "ISIC_5000005.jpg").write_bytes(b"text")
    with pytest.raises(DataError) as caught:
        evaluate_folder(StandIn(), place, folder / "one_hot.csv")
    assert len(caught.value.problems) == 3
    for part in ("ISIC_5000003.jpg: is empty", "ISIC_5000004.jpg: was cut", "ISIC_5000005.jpg"):
        assert part in str(caught.value)


def test_names_that_never_meet(folder: Path, tmp_path: Path) -> None:
    """The message shows names of both sides."""
    table = one_hot(labelled_rows()).assign(image=lambda t: "other_" + t["image"])
    table.to_csv(tmp_path / "truth.csv", index=False)
    with pytest.raises(DataError, match=r"no name is in both.*other_ISIC_5000000.*ISIC_5000000"):
        evaluate_folder(StandIn(), folder / "images", tmp_path / "truth.csv")


def test_names_that_differ_in_capital_letters(folder: Path, tmp_path: Path) -> None:
    """They are the same where only one reading is possible, and that is said."""
    table = one_hot(labelled_rows())
    table["image"] = table["image"].str.lower()
    table.to_csv(tmp_path / "truth.csv", index=False)
    found = evaluate_folder(StandIn(), folder / "images", tmp_path / "truth.csv")
    assert found.predictions["image_id"].tolist() == labelled_rows()["image_id"].tolist()
    assert any(note.startswith("42 images have other capital letters") for note in found.notes)
    table.loc[1, "image"] = "ISIC_5000000"
    table.to_csv(tmp_path / "truth.csv", index=False)
    found = evaluate_folder(StandIn(), folder / "images", tmp_path / "truth.csv")
    assert ["isic_5000000", "no image"] in found.left_out.to_numpy().tolist()


def test_letters_with_marks(tmp_path: Path) -> None:
    """A file's name from a system that writes the mark as a character of its own."""
    rows = labelled_rows(1)
    images = write_pictures(tmp_path / "images", rows)
    (images / "ISIC_5000000.jpg").rename(images / "La\u0308sion.jpg")
    rows.loc[0, "image_id"] = "L\u00e4sion"
    one_hot(rows).to_csv(tmp_path / "truth.csv", index=False)
    found = evaluate_folder(StandIn(), images, tmp_path / "truth.csv")
    assert found.left_out.empty and "L\u00e4sion" in set(found.predictions["image_id"])


def test_one_lesion_of_a_class_is_said(folder: Path, tmp_path: Path) -> None:
    """No resample is without it; where all classes have one, means have intervals all the same."""
    rows = labelled_rows()
    few = rows[(rows["dx"] != "df") | (rows["lesion_id"] == "CLINIC_df_1")]
    few.to_csv(tmp_path / "few.csv", index=False)
    found = evaluate_folder(StandIn(), folder / "images", tmp_path / "few.csv")
    assert any(note.startswith("there is one lesion alone of df:") for note in found.notes)
    rows[rows["lesion_id"].str.endswith("_1")].to_csv(tmp_path / "one.csv", index=False)
    found = evaluate_folder(StandIn(), folder / "images", tmp_path / "one.csv")
    estimate = found.estimate("balanced_accuracy")
    assert estimate.low + 0.1 < estimate.value < estimate.high


def test_an_absent_class_is_said(folder: Path, tmp_path: Path) -> None:
    """Means leave it out, and no difference of them is told."""
    rows = labelled_rows()
    one_hot(rows[rows["dx"] != "df"]).drop(columns="DF").to_csv(tmp_path / "t.csv", index=False)
    found = evaluate_folder(StandIn(), folder / "images", tmp_path / "t.csv")
    told = "\n".join(found.notes)
    assert "no image of df" in told and "no column DF" in told
    assert "no difference can be told" in headline(found)


def test_parts_need_a_column_of_few_kinds(folder: Path) -> None:
    """The message names the columns that there are."""
    with pytest.raises(ConfigError, match="one of dataset, but got 'site'"):
        evaluate_folder(StandIn(), folder / "images", folder / "rows.csv", parts="site")
    with pytest.raises(ConfigError, match="--metadata adds"):
        evaluate_folder(StandIn(), folder / "images", folder / "one_hot.csv", parts="lesion_id")


def test_no_part_is_called_like_all_of_them(folder: Path, tmp_path: Path) -> None:
    """Its scores would stand for those of all."""
    rows = labelled_rows().replace({"dataset": {"here": ALL}})
    rows.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(ConfigError, match="rename it"):
        evaluate_folder(StandIn(), folder / "images", tmp_path / "t.csv")


def test_a_test_of_what_the_model_learned_is_none(tmp_path: Path) -> None:
    """Images named like the model's own data are told first."""
    rows = labelled_rows(2)
    rows["image_id"] = [f"ISIC_{24306 + place:07d}" for place in range(len(rows))]
    write_pictures(tmp_path / "images", rows)
    one_hot(rows).to_csv(tmp_path / "truth.csv", index=False)
    card = small_card(data={"origin": "ham10000"})
    found = evaluate_folder(StandIn(card), tmp_path / "images", tmp_path / "truth.csv")
    assert "this is no external test" in found.notes[0]


def test_a_model_of_two_kinds(folder: Path) -> None:
    """Malignant against benign: no official metric, no matrix of seven."""
    card = small_card(target="malignant", classes=("benign", "malignant"))
    found = evaluate_folder(StandIn(card), folder / "images", folder / "rows.csv")
    assert found.confusion is None
    assert found.scores["score"].iloc[0] == "malignant_auc"
    text = render_page(found)
    assert "this model tells two kinds" in text and "Confusion matrix" not in text


def test_a_short_table(folder: Path) -> None:
    """The official score first, with what it was and the difference."""
    found = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    table = drop_table(found)
    assert list(table.columns) == ["external", "internal test", "difference"]
    row = table.iloc[0]
    assert row["difference"].value == pytest.approx(row["external"].value - 0.7)
    assert row["internal test"].n == 100 and len(table) == 6


def test_chunks_give_what_one_pass_gives(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are read piece by piece, so that a folder of any size fits into memory."""
    whole = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    monkeypatch.setattr(answers, "AT_ONCE", 5)
    pieces = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    pd.testing.assert_frame_equal(pieces.predictions, whole.predictions)


def test_a_folder_may_be_an_archive(folder: Path, tmp_path: Path) -> None:
    """As the challenge hands its test set out."""
    archive = tmp_path / "ISIC2018_Task3_Test_Images.zip"
    with zipfile.ZipFile(archive, "w") as members:
        for path in (folder / "images").iterdir():
            members.write(path, f"Test/{path.name}")
    zipped = evaluate_folder(StandIn(), archive, folder / "rows.csv")
    plain = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    pd.testing.assert_frame_equal(zipped.scores, plain.scores)


def test_the_page_and_the_tables(folder: Path, tmp_path: Path) -> None:
    """One page without another host, three tables, every number of the page from them."""
    found = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    place = write_evaluation(found, tmp_path / "out")
    assert {path.name for path in place.parent.iterdir()} == set(FILES)
    text = place.read_text(encoding="utf-8")
    assert "http" not in re.sub(r'http-equiv="[^"]*"', "", text)
    assert found.card.notice in html.unescape(text)
    for part in ("elsewhere, n = 21", "here, n = 21", "Operating point", "Confusion matrix"):
        assert part in text
    official = found.estimate("balanced_accuracy")
    assert f"{official.value:.3f} [{official.low:.3f}, {official.high:.3f}]" in text
    assert text.index("Balanced multiclass accuracy") < text.index("Malignant ROC AUC")
    scores = pd.read_csv(place.parent / "scores.csv")
    pd.testing.assert_frame_equal(scores, found.scores, check_dtype=False)
    table = pd.read_csv(place.parent / "predictions.csv")
    assert len(table) == 42 and table["refused"].sum() == 1
    assert pd.read_csv(place.parent / "left_out.csv").empty
    tables = re.findall(r"<table>.*?</table>", text, flags=re.DOTALL)
    assert all("<caption>" in each and 'scope="row"' in each for each in tables)


def test_an_earlier_evaluation_is_replaced_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    """A folder with other files is left alone; a failure leaves what was there."""
    found = evaluate_folder(StandIn(), folder / "images", folder / "one_hot.csv")
    place = tmp_path / "out"
    write_evaluation(found, place)
    write_evaluation(found, place)
    (place / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="holds something else"):
        write_evaluation(found, place)
    assert (place / "thesis.tex").read_text() == "years of work"


def test_a_failure_leaves_the_earlier_evaluation(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing half-written takes its name."""
    found = evaluate_folder(StandIn(), folder / "images", folder / "one_hot.csv")
    write_evaluation(found, tmp_path / "out")
    before = (tmp_path / "out" / "scores.csv").read_bytes()

    def fail(table: pd.DataFrame) -> pd.DataFrame:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(page, "safe_texts", fail)
    with pytest.raises(RuntimeError):
        write_evaluation(found, tmp_path / "out")
    assert (tmp_path / "out" / "scores.csv").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_names_are_no_formulas_and_no_markup(folder: Path, tmp_path: Path) -> None:
    """What a file is called cannot run in a spreadsheet or on the page."""
    rows = labelled_rows()
    rows["image_id"] = rows["image_id"].replace({"ISIC_5000000": "=1+1", "ISIC_5000001": "<b>x"})
    rows.iloc[1:].to_csv(tmp_path / "truth.csv", index=False)
    write_pictures(tmp_path / "images", rows)
    found = evaluate_folder(StandIn(), tmp_path / "images", tmp_path / "truth.csv")
    out = write_evaluation(found, tmp_path / "out").parent
    assert pd.read_csv(out / "left_out.csv")["image_id"].tolist() == ["'=1+1"]
    rows.iloc[2:].to_csv(tmp_path / "truth.csv", index=False)
    found = evaluate_folder(StandIn(), tmp_path / "images", tmp_path / "truth.csv")
    assert "<b>x" not in render_page(found) and "&lt;b&gt;x" in render_page(found)


def test_the_order_of_rows_does_not_matter(folder: Path, tmp_path: Path) -> None:
    """A shuffled table gives the same values."""
    rows = labelled_rows().sample(frac=1, random_state=1)
    rows.to_csv(tmp_path / "rows.csv", index=False)
    shuffled = evaluate_folder(StandIn(), folder / "images", tmp_path / "rows.csv")
    plain = evaluate_folder(StandIn(), folder / "images", folder / "rows.csv")
    both = [table.scores.set_index(["part", "score"])["value"] for table in (shuffled, plain)]
    pd.testing.assert_series_equal(both[0], both[1])
    assert set(shuffled.predictions["dx"]) == set(CLASSES)
