"""What surrounds the forty lines of chapter 3, and that these stand on their own."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from support.answers import answers
from support.kept_weights import write_weights
from support.small_layout import metadata_rows

from helpers.core import PUBLISHED, ROOT
from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import Source, open_source
from helpers.evaluation.metrics import check_predictions
from helpers.lessons.first_model import (
    FILE_BLOCKS,
    beside_baselines,
    failure,
    first_backbone,
    head_sizes,
    in_file_order,
    predictions_of,
    unpack,
)
from helpers.models.backbones import find_backbone, load_builder
from helpers.models.build import build_model
from helpers.published.numbers import ham10000_order
from helpers.sample.folder import PARTS
from helpers.study.profiles import FirstModelSettings

CHAPTER = nbformat.read(ROOT / "chapters" / "03_first_model.ipynb", as_version=4)


def forty_lines() -> str:
    """The cell that is a program of its own."""
    return next(cell.source for cell in CHAPTER.cells if "validation_split=0.2, " in cell.source)


def test_rows_come_in_the_order_of_the_file(make_folder: Callable[..., Path]) -> None:
    """Photographs keep the order of their metadata file, also where rows are left out."""
    rows = metadata_rows().iloc[::-1]
    source = open_source(make_folder(rows))
    ordered = in_file_order(load_catalogue(source).iloc[1:], source)
    kept = [name for name in rows["image_id"] if name in set(ordered["image_id"])]
    assert list(ordered["image_id"]) == kept
    assert len(kept) == len(rows) - 1


def test_drawn_rows_come_as_in_ham10000(tiny_catalogue: pd.DataFrame, tiny_source: Source) -> None:
    """Drawn rows are sorted by diagnosis in the published order, a lesion's images together."""
    ordered = in_file_order(tiny_catalogue, tiny_source)
    assert sorted(FILE_BLOCKS) == sorted(CLASSES)
    assert tuple(ordered["dx"].drop_duplicates()) == FILE_BLOCKS
    assert (ordered["dx"] != ordered["dx"].shift()).sum() == len(CLASSES)
    changes = (ordered["lesion_id"] != ordered["lesion_id"].shift()).sum()
    assert changes == ordered["lesion_id"].nunique()


def test_blocks_are_those_of_ham10000() -> None:
    """The order that drawn rows are given is that of HAM10000's file: the main blocks agree."""
    dx = ham10000_order()
    middles = {name: np.median(np.flatnonzero(dx == name)) for name in CLASSES}
    assert tuple(sorted(CLASSES, key=lambda name: middles[name])) == FILE_BLOCKS


def test_unpacked_folder_has_the_parts_of_the_original_and_is_written_once(
    tiny_catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """Every image's bytes and the rows in their order; the same rows are not written again."""
    rows = tiny_catalogue.iloc[[5, 2, 9]]
    folder = unpack(rows, tmp_path)
    table = pd.read_csv(folder / "HAM10000_metadata.csv")
    assert list(table["image_id"]) == list(rows["image_id"])
    files = {file.stem: file for file in folder.rglob("*.jpg")}
    for image_id, path in zip(rows["image_id"], rows["path"], strict=True):
        assert files[image_id].read_bytes() == Path(path).read_bytes()
    parts = {name: sorted(path.stem for path in (folder / name).iterdir()) for name in PARTS}
    assert [name for names in parts.values() for name in names] == sorted(rows["image_id"])
    assert [len(names) for names in parts.values()] == [1, 2]
    written = folder.stat().st_mtime_ns
    assert unpack(rows, tmp_path) == folder
    assert folder.stat().st_mtime_ns == written
    assert unpack(rows.iloc[::-1], tmp_path) != folder, "the order of the rows is content"


def test_parts_are_named_as_the_archives() -> None:
    """The folders of a student are those into which HAM10000's archives unpack."""
    files = pd.read_csv(PUBLISHED / "ham10000_files.csv")["name"]
    assert {f"{name}.zip" for name in PARTS} <= set(files)


def test_a_line_that_fails_is_told(tmp_path: Path) -> None:
    """Kind and first line of the error, of paths in the student's folder; else no text."""
    (tmp_path / "there.csv").write_text("a\n1\n")
    before = Path.cwd()
    told = failure(lambda: pd.read_csv("test_metadata.csv"), tmp_path)
    assert told.startswith("FileNotFoundError: ") and told.endswith("'test_metadata.csv'")
    assert failure(lambda: pd.read_csv("there.csv"), tmp_path) == ""
    assert failure(lambda: int("one\ntwo"), tmp_path).startswith("ValueError: invalid literal")

    def silent() -> None:
        raise KeyError

    assert failure(silent, tmp_path) == "KeyError: "
    assert Path.cwd() == before


def test_the_tutorials_own_lines_fail_as_the_chapter_says(
    tiny_catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """Text is no label, and neither the folder of pictures nor the test file exists."""
    folder = unpack(tiny_catalogue.iloc[:4], tmp_path)
    names: dict[str, object] = {"folder": folder, "size": (32, 32), "failure": failure}
    cells = [cell.source for cell in CHAPTER.cells if "failure(" in cell.source]
    for source in (source for source in cells if "no_" in source and "run." not in source):
        exec(source, names)
    kinds = [str(names[name]).partition(":")[0] for name in ("no_folder", "no_label", "no_test")]
    assert kinds == ["FileNotFoundError", "ValueError", "FileNotFoundError"]
    assert "HAM10000_images/" in str(names["no_folder"])
    assert repr(tiny_catalogue["dx"].iloc[0]) in str(names["no_label"])


def test_predictions_pass_their_check(tiny_catalogue: pd.DataFrame) -> None:
    """Probabilities of fewer classes are filled with zeros, and land in the right columns."""
    rows = tiny_catalogue[tiny_catalogue["dx"].isin(["mel", "nv"])]
    y_prob = np.tile([0.25, 0.75], (len(rows), 1))
    table = predictions_of(rows, y_prob, ["mel", "nv"])
    assert check_predictions(table).n_images == len(rows)
    assert (table["p_nv"] == 0.75).all() and (table["p_akiec"] == 0).all()


def test_baselines_stand_beside_the_scores(tiny_catalogue: pd.DataFrame) -> None:
    """A model that always says the commonest class has its share as accuracy, and chance."""
    table = predictions_of(tiny_catalogue, np.eye(7)[[CLASSES.index("nv")] * len(tiny_catalogue)])
    row = beside_baselines({"always nv": table}).loc["always nv"]
    assert row["common"] == "nv"
    assert row["accuracy"].value == pytest.approx(row["share"])
    assert row["balanced_accuracy"].value == pytest.approx(row["chance"]) == 1 / 7


def test_head_sizes_follow_from_the_shapes() -> None:
    """VGG16's flatten at 224 has 7 * 7 * 512 * 256 + 256 parameters in its first dense layer."""
    table = head_sizes({"VGG16": (7, 7, 512)}, n_train=100).set_index("head")
    assert table.loc["flatten", "first_dense"] == 7 * 7 * 512 * 256 + 256
    assert table.loc["pooling", "first_dense"] == 512 * 256 + 256
    assert table.loc["pooling", "parameters"] == 512 * 256 + 256 + 256 * 7 + 7
    assert table.loc["flatten", "per_image"] == table.loc["flatten", "parameters"] / 100


def test_backbone_is_said_not_assumed(tmp_path: Path) -> None:
    """Random weights are None, packaged ones "imagenet", and a missing file is an error."""
    builder, weights = first_backbone(FirstModelSettings(weights="none", image_size=(32, 32)))
    assert weights is None
    assert builder(include_top=False, weights=None, input_shape=(32, 48, 3)).name == "vgg16"
    with pytest.raises(ValueError, match="include_top"):
        builder(include_top=True, weights=None, input_shape=(32, 48, 3))
    assert first_backbone(FirstModelSettings(backbone="EfficientNetLite0"))[1] == "imagenet"
    with pytest.raises(ConfigError, match="vgg16_weights.*put the file"):
        first_backbone(FirstModelSettings(image_size=(32, 32)), str(tmp_path))


def test_backbone_from_a_folder_sees_what_the_models_see(tmp_path: Path) -> None:
    """Keras scales an EfficientNet's channels once more only where it downloads the weights."""
    import keras

    settings = FirstModelSettings(backbone="EfficientNetB0", image_size=(32, 32))
    builder, weights = first_backbone(settings, str(write_weights(tmp_path)))
    ours = builder(include_top=False, weights=weights, input_shape=(32, 32, 3))
    model = build_model("EfficientNetB0", (32, 32), weights="imagenet", weights_dir=tmp_path)
    theirs = keras.Model(model.input, model.get_layer("top_activation").output)
    file = str(tmp_path / find_backbone("EfficientNetB0").weights_file)
    bare = load_builder(find_backbone("EfficientNetB0"))(
        include_top=False, weights=file, input_shape=(32, 32, 3)
    )
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    first, second, third = (answers(m, pixels) for m in (ours, theirs, bare))
    scale = np.abs(second).max()
    np.testing.assert_allclose(first, second, atol=1e-5 * scale)
    assert np.abs(third - second).max() > 1e-2 * scale, "the test would see the missing scale"


def test_unknown_backbone_is_told() -> None:
    """A backbone that is not in the registry is refused with the list of those that are."""
    with pytest.raises(ValueError, match="expected one of ResNet50.*got 'VGG17'"):
        FirstModelSettings(backbone="VGG17")


def test_forty_lines_are_forty_and_keep_their_mistakes() -> None:
    """About forty lines that teach by what is wrong with them: nobody mends them unnoticed."""
    source = forty_lines()
    assert 30 <= sum(bool(line.strip()) for line in source.splitlines()) <= 45
    assert "helpers" not in source and "run." not in source
    for mistake in ("img_to_array", "validation_split=0.2", "Flatten()", "trainable = False"):
        assert mistake in source, mistake
    for setting in ("Dense(256", "batch_size=32", 'optimizer="adam"', "categorical_crossentropy"):
        assert setting in source, setting
    for mend in ("255", "preprocess", "astype", "shuffle", "GlobalAveragePooling"):
        assert mend not in source, mend


def test_forty_lines_run_alone(tiny_catalogue: pd.DataFrame, tmp_path: Path) -> None:
    """With the two lines before them and a flat folder they are a program of their own."""
    header = next(
        block
        for cell in CHAPTER.cells
        for block in re.findall(r"```python\n(.*?)```", cell.source, re.DOTALL)
        if "as Backbone" in block
    )
    values = '"HAM10000", (224, 224), "imagenet", 10, 0'
    assert values in header
    folder = unpack(tiny_catalogue.iloc[::2], tmp_path)
    small = header.replace(values, f"{str(folder)!r}, (32, 48), None, 1, 0")
    script = tmp_path / "alone.py"
    script.write_text(textwrap.dedent(small) + forty_lines(), encoding="utf-8")
    command = [sys.executable, "-I", str(script)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.fullmatch(r"accuracy [01]\.\d{3}", done.stdout.strip().splitlines()[-1])


def test_the_closing_tables_name_what_there_is() -> None:
    """Each module in the tables of remedies can be imported, and no mistake is left out."""
    heads = ("| It says | It does | It costs | The mend |", "| What is missing |")
    tables = [next(c.source for c in CHAPTER.cells if head in c.source) for head in heads]
    names = set(re.findall(r"`(helpers(?:\.\w+)+)`", "".join(tables)))
    assert len(names) >= 12
    for name in names:
        importlib.import_module(name)
    for mistake in (
        "HAM10000_images/", "to_categorical", "test_images/", "between 0 and 1", "last fifth",
        "fine-tuning", "flatten", "benign or malignant", "a high accuracy", "a list of floats",
    ):  # fmt: skip
        assert mistake in tables[0], mistake
