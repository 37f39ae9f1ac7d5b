"""The published numbers, copied here by hand a second time: both copies must agree."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from support.typed_numbers import typed_numbers

from helpers.core import CHAPTERS as CHAPTERS_FOLDER
from helpers.dataset.splits import published_split_counts
from helpers.published import numbers as published
from helpers.statistics.intervals import wilson

CHAPTERS = sorted(CHAPTERS_FOLDER.glob("*.ipynb"))

SYSTEMS = {
    "course_report.resnet50.accuracy": 0.767,
    "course_report.efficientnetb3.accuracy": 0.825,
    "course_report.inceptionresnetv2.accuracy": 0.796,
    "course_report.final.accuracy": 0.831,
    "course_report.augmentation_1.accuracy": 0.825,
    "course_report.augmentation_2.accuracy": 0.831,
    "course_report.augmentation_3.accuracy": 0.725,
    "course_report.first_epoch.seconds": 2434,
    "course_report.epoch.seconds": 165,
    "course_report.speed": 37,
    "screening.accuracy": 0.7762,
    "screening.recall": 0.8184,
    "screening.precision": 0.7547,
    "screening.auc": 0.8585,
    "screening.true_positives": 320,
    "screening.false_negatives": 71,
    "screening.false_positives": 104,
    "screening.true_negatives": 287,
    "screening.malignant_images": 1954,
    "screening.images": 3908,
    "screening.train_images": 3126,
    "screening.validation_images": 782,
    "screening.parameters.all": 24_647_489,
    "screening.parameters.frozen": 1_115_649,
    "screening.parameters.fine_tuning": 23_592_577,
    "screening.file_size": 94,
    "browser_app.top_1_accuracy": 0.80,
    "browser_app.top_3_accuracy": 0.94,
    "focal_loss.cross_validation.top_1_accuracy": 0.93,
    "focal_loss.cross_validation.top_2_accuracy": 0.97,
    "focal_loss.cross_validation.top_3_accuracy": 0.99,
    "focal_loss.test.top_1_accuracy": 0.90,
}
"""The five systems; the tutorial claims nothing."""

ABLATION = {
    "no_dropout": (90, 78, 77, 77),
    "no_augmentation": (89, 79, 71, 74),
    "no_class_weights": (90, 81, 77, 79),
    "no_fc": (74, 70, 80, 72),
    "no_gap": (88, 77, 73, 75),
    "full": (90, 81, 80, 80),
}
"""Accuracy, precision, recall and F1 in per cent."""

OTHERS = {
    "grouped.resnet50_metadata.accuracy": 0.80,
    "grouped.resnet50_metadata.balanced_accuracy": 0.72,
    "grouped.resnet50_metadata.balanced_accuracy_low": 0.68,
    "grouped.resnet50_metadata.balanced_accuracy_high": 0.76,
    "official_test.resnet50_metadata.balanced_accuracy": 0.65,
    "official_test.efficientnetv2s.balanced_accuracy": 0.75,
    "grouped.six_cnn_vote.macro_f1": 0.77,
    "grouped.six_cnn_vote_calibrated.macro_f1": 0.80,
    "official_test.leaderboard_best.balanced_accuracy": 0.885,
    "official_test.chance.balanced_accuracy": 1 / 7,
    "rule_of_thumb.by_image.low": 0.85,
    "rule_of_thumb.by_image.high": 0.90,
    "rule_of_thumb.by_lesion.low": 0.75,
    "rule_of_thumb.by_lesion.high": 0.80,
    "rule_of_thumb.official_test.low": 0.65,
    "rule_of_thumb.official_test.high": 0.78,
}

SPEEDS = {
    "speed.resnet50_224.h100_fp16": 2790,
    "speed.resnet50_224.h100_tf32": 1895,
    "speed.resnet50_224.a100_amp": 2375,
    "speed.resnet50_224.v100_amp": 1270,
    "speed.resnet50_224.rtx_3090": 1218,
    "speed.relative.efficientnetb3_300": 0.41,
    "speed.relative.inceptionresnetv2_299": 0.29,
    "keras.efficientnetb3_linear.parameters": 10_794_294,
    "keras.efficientnetb3_linear.non_trainable_parameters": 87_303,
}

DATA = {
    "leakage.60_20_20": 0.31,
    "leakage.60_20_20_mel": 0.56,
    "leakage.80_20": 0.389,
    "leakage.90_10": 0.42,
    "leakage.popular_copy": 0.80,
    "ham10000.images": 10_015,
    "ham10000.lesions": 7_470,
    "ham10000.dx_type.histo": 5_340,
    "ham10000.dx_type.follow_up": 3_704,
    "ham10000.dx_type.consensus": 902,
    "ham10000.dx_type.confocal": 69,
    "ham10000.dataset.vidir_molemax": 3_954,
    "ham10000.dataset.vidir_molemax.malignant": 0.007,
    "ham10000.dataset.vidir_modern": 3_363,
    "ham10000.dataset.vidir_modern.malignant": 0.27,
    "ham10000.dataset.rosendahl": 2_259,
    "ham10000.dataset.rosendahl.malignant": 0.41,
    "ham10000.dataset.vienna_dias": 439,
    "ham10000.dataset.vienna_dias.malignant": 0.16,
    "ham10000.age.missing": 57,
    "ham10000.age.zero": 39,
    "ham10000.sex.unknown": 57,
    "ham10000.localization.unknown": 234,
    "ham10000.masks.inverted_palette": 402,
    "official_test.labels": 1_512,
    "official_test.images": 1_511,
}

EXPECTED = SYSTEMS | OTHERS | SPEEDS | DATA
for _row, _shares in ABLATION.items():
    for _metric, _share in zip(("accuracy", "precision", "recall", "f1"), _shares, strict=True):
        EXPECTED[f"focal_loss.{_row}.{_metric}"] = _share / 100

N_IMAGES = {
    "course_report.resnet50.accuracy": 2003,
    "course_report.efficientnetb3.accuracy": 2003,
    "course_report.inceptionresnetv2.accuracy": 2003,
    "course_report.final.accuracy": 2003,
    "course_report.epoch.seconds": 6009,
    "screening.accuracy": 782,
    "screening.recall": 320 + 71,
    "screening.precision": 320 + 104,
    "screening.auc": 782,
}

COUNTS = {
    "nv": (6705, 5403, 0.29),
    "mel": (1113, 614, 0.69),
    "bkl": (1099, 727, 0.52),
    "bcc": (514, 327, 0.56),
    "akiec": (327, 228, 0.48),
    "vasc": (142, 98, 0.53),
    "df": (115, 73, 0.57),
}
"""Images, lesions, and the share of test images whose lesion is in train too, at 80/20."""

SPLIT_CLASSES = ("nv", "akiec", "mel", "df", "bcc", "vasc", "bkl")
SPLIT_COUNTS = {
    "train": (4023, 196, 668, 69, 308, 85, 660),
    "valid": (1341, 65, 222, 23, 103, 29, 220),
    "test": (1341, 66, 223, 23, 103, 28, 219),
}

KERAS = {
    "VGG16": (528, 71.3, 90.1, 138.4, 16, 69.5, 4.2),
    "MobileNet": (16, 70.4, 89.5, 4.3, 55, 22.6, 3.4),
    "MobileNetV2": (14, 71.3, 90.1, 3.5, 105, 25.9, 3.8),
    "ResNet50": (98, 74.9, 92.1, 25.6, 107, 58.2, 4.6),
    "EfficientNetB1": (31, 79.1, 94.4, 7.9, 186, 60.2, 5.6),
    "EfficientNetB3": (48, 81.6, 95.7, 12.3, 210, 140.0, 8.8),
    "InceptionResNetV2": (215, 80.3, 95.3, 55.9, 449, 130.2, 10.0),
}
"""MB, top-1 and top-5 in per cent, million parameters, depth, CPU and GPU milliseconds."""


def test_claims_are_the_published_numbers() -> None:
    """Every number of the five systems, of others and of the data is there, and no other."""
    table = published.claims()
    assert set(table.index) == set(EXPECTED)
    for key, value in EXPECTED.items():
        assert published.claim(key).value == pytest.approx(value, abs=1e-6), key


def test_claims_know_how_many_images_are_behind_them() -> None:
    """The n of each claim that has one; the paper gives none."""
    for key, n in N_IMAGES.items():
        assert published.claim(key).n == n, key
    for key in ("browser_app.top_1_accuracy", "browser_app.top_3_accuracy"):
        assert published.claim(key).n == 10_015 - 9_013
    assert published.claim("focal_loss.test.top_1_accuracy").n is None


def test_screening_counts_belong_together() -> None:
    """Twice the malignant images, four fifths of them to train on."""
    value = {name: published.claim(f"screening.{name}").value for name in ("images",)}["images"]
    assert value == 2 * published.claim("screening.malignant_images").value
    parts = [published.claim(f"screening.{name}_images").value for name in ("train", "validation")]
    assert sum(parts) == value and parts[0] == int(0.8 * value)
    interval = wilson(320 + 287, 782)
    assert (round(interval.low, 3), round(interval.high, 3)) == (0.746, 0.804)


def test_counts_by_class_are_the_published_ones() -> None:
    """Images, lesions and leaked shares of the seven classes."""
    table = published.ham10000_counts()
    columns = ["images", "lesions", "leaked_80_20"]
    for dx, numbers in COUNTS.items():
        assert tuple(table.loc[dx, columns]) == pytest.approx(numbers), dx


def test_split_counts_are_the_published_ones() -> None:
    """The course report's 6,009 / 2,003 / 2,003 images by class."""
    table = published_split_counts()
    for split, numbers in SPLIT_COUNTS.items():
        assert tuple(table.loc[split, list(SPLIT_CLASSES)]) == numbers
    assert list(table.sum(axis=1)) == [6009, 2003, 2003]


def test_keras_applications_are_the_published_ones() -> None:
    """All seven rows, cell by cell."""
    table = published.keras_applications()
    assert set(table.index) == set(KERAS)
    columns = ["size_mb", "top_1", "top_5", "parameters_millions", "depth", "cpu_ms", "gpu_ms"]
    for model, (size, top_1, top_5, *rest) in KERAS.items():
        expected = (size, top_1 / 100, top_5 / 100, *rest)
        assert tuple(table.loc[model, columns]) == pytest.approx(expected), model


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapters_type_no_published_number(path: Path) -> None:
    """Prose and strings of code take them from the table, where they have a source."""
    assert typed_numbers(path) == []


@pytest.mark.parametrize(
    ("kind", "text", "form"),
    [
        ("markdown", "It reached 0.825, they say.", "0.825"),
        ("markdown", "An accuracy of 77.6 % is not much.", "77.6%"),
        ("markdown", "The first epoch took 2,434 s.", "2,434"),
        ("code", 'run.say(f"beside the 93 % of {name}")', "93%"),
        ("code", "%%say\nbeside the 93 %\nof {{ name }}", "93%"),
        ("code", '%%say\n{{ "beside the 93 %" if name else name }}', "93%"),
    ],
)
def test_a_typed_number_is_found(kind: str, text: str, form: str, tmp_path: Path) -> None:
    """In each of the ways in which it may be written: the test above can fail."""
    cell = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}[kind]
    notebook = nbformat.v4.new_notebook(cells=[cell(text)])
    nbformat.write(notebook, tmp_path / "99_typed.ipynb")
    (found,) = typed_numbers(tmp_path / "99_typed.ipynb")
    assert f"cell 0: {form} is" in found


def test_a_typed_number_in_a_caption_is_found(tmp_path: Path) -> None:
    """A caption is prose, too."""
    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "99_typed.ipynb")
    (tmp_path / "captions").mkdir()
    caption = "figures: {curves: {caption: 'It reached 0.825.', alt: A curve}}"
    (tmp_path / "captions" / "99_typed.yml").write_text(caption, encoding="utf-8")
    (found,) = typed_numbers(tmp_path / "99_typed.ipynb")
    assert "caption of figure 'curves': 0.825 is" in found


def test_other_numbers_are_let_pass(tmp_path: Path) -> None:
    """A level of confidence, a DOI, a version, a list of references, code in backquotes."""
    text = "With 95 % [1] of 1.825 and `0.825`, https://doi.org/10/0.825.\n\n## References\n0.825"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(text)])
    nbformat.write(notebook, tmp_path / "99_typed.ipynb")
    assert typed_numbers(tmp_path / "99_typed.ipynb") == []
