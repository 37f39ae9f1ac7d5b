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
from support.kept_weights import write_weights
from support.small_layout import metadata_rows

from helpers.core import ROOT
from helpers.core.classes import CLASSES
from helpers.core.errors import ConfigError
from helpers.dataset.catalogue import load_catalogue
from helpers.dataset.sources import Source, open_source
from helpers.dataset.splits import split_catalogue
from helpers.evaluation.metrics import check_predictions
from helpers.lessons.first_model import (
    FILE_BLOCKS,
    beside_baselines,
    cuts,
    cuts_in_words,
    describe_cuts,
    first_backbone,
    head_sizes,
    in_file_order,
    predictions_of,
    preprocess_as,
    unpack,
    value_table,
)
from helpers.models.backbones import find_backbone, load_builder
from helpers.models.build import build_model
from helpers.study.profiles import FirstModelSettings

CHAPTER = nbformat.read(ROOT / "chapters" / "03_first_model.ipynb", as_version=4)


def forty_lines() -> str:
    """The first cell tagged ``teaching``."""
    return next(
        cell.source for cell in CHAPTER.cells if "teaching" in cell.metadata.get("tags", [])
    )


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


@pytest.mark.real
def test_real_file_is_sorted_by_diagnosis(real_catalogue: pd.DataFrame, real_folder: Path) -> None:
    """The order that drawn rows are given is that of HAM10000's file: the main blocks agree."""
    dx = in_file_order(real_catalogue, open_source(real_folder))["dx"]
    middles = {name: np.median(np.flatnonzero(dx == name)) for name in CLASSES}
    assert tuple(sorted(CLASSES, key=lambda name: middles[name])) == FILE_BLOCKS


def test_unpacked_folder_is_flat_and_written_once(
    tiny_catalogue: pd.DataFrame, tmp_path: Path
) -> None:
    """Every image's bytes and the rows in their order; the same rows are not written again."""
    rows = tiny_catalogue.iloc[[5, 2, 9]]
    folder = unpack(rows, tmp_path)
    table = pd.read_csv(folder / "HAM10000_metadata.csv")
    assert list(table["image_id"]) == list(rows["image_id"])
    for image_id, path in zip(rows["image_id"], rows["path"], strict=True):
        assert (folder / f"{image_id}.jpg").read_bytes() == Path(path).read_bytes()
    written = folder.stat().st_mtime_ns
    assert unpack(rows, tmp_path) == folder
    assert folder.stat().st_mtime_ns == written
    assert unpack(rows.iloc[::-1], tmp_path) != folder, "the order of the rows is content"


def test_cuts_of_a_sorted_file(tiny_catalogue: pd.DataFrame, tiny_source: Source) -> None:
    """By position the last class is never trained on; by lesion no lesion is torn."""
    rows = in_file_order(split_catalogue(tiny_catalogue), tiny_source)
    rows = rows[rows["split"] != "test"].reset_index(drop=True)
    described = describe_cuts(rows, cuts(rows, seed=0))
    assert described.loc["by position", "n_train"] == int(0.8 * len(rows))
    assert "bkl" in described.loc["by position", "unseen"]
    assert described.loc["by lesion", "n_lesions_torn"] == 0
    assert described.loc["by lesion", ["unlearned", "unseen"]].tolist() == [[], []]
    assert (described["n_train"] + described["n_valid"] == len(rows)).all()


def test_cuts_counted_by_hand() -> None:
    """Torn lesions and their validation images are counted, and written as shares and names."""
    rows = pd.DataFrame(
        {"dx": ["mel", "mel", "mel", "nv", "bcc"], "lesion_id": ["a", "a", "b", "c", "d"]}
    )
    described = describe_cuts(rows, {"mine": np.array([False, True, False, False, True])})
    row = described.loc["mine"]
    assert (row["n_lesions_torn"], row["n_leaked"], row["n_valid"]) == (1, 1, 2)
    assert (row["unlearned"], row["unseen"]) == (["bcc"], ["nv"])
    words = cuts_in_words(described).loc["mine"]
    assert words["leaked"] == 0.5
    assert words["validated, not trained on"] == "bcc"


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


def test_values_of_pixels() -> None:
    """Lowest, mean, highest and spread are those of the array."""
    row = value_table({"mine": np.array([0.0, 1.0, 1.0, 2.0])}).loc["mine"]
    assert row.tolist() == [0, 1, 2, pytest.approx(np.sqrt(0.5))]


@pytest.mark.parametrize("name", ["VGG16", "MobileNet", "EfficientNetLite0", "EfficientNetB0"])
def test_preprocessing_is_the_backbones_own(name: str) -> None:
    """More images than a chunk come out as Keras' own functions, or by the published formula."""
    pixels = np.random.default_rng(0).integers(0, 256, (70, 4, 5, 3), dtype=np.uint8)
    if name == "EfficientNetLite0":
        expected = (pixels.astype(np.float32) - 127) / 128
    else:
        modules = {"VGG16": "vgg16", "MobileNet": "mobilenet", "EfficientNetB0": "efficientnet"}
        module = importlib.import_module(f"keras.applications.{modules[name]}")
        expected = module.preprocess_input(pixels.astype(np.float32))
    np.testing.assert_allclose(preprocess_as(pixels, name), expected, atol=1e-4)


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
    theirs = keras.Model(model.inputs, model.get_layer("top_activation").output)
    file = str(tmp_path / find_backbone("EfficientNetB0").weights_file)
    bare = load_builder(find_backbone("EfficientNetB0"))(
        include_top=False, weights=file, input_shape=(32, 32, 3)
    )
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    first, second, third = (m.predict_on_batch(pixels) for m in (ours, theirs, bare))
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
    for mistake in ("/ 255", "validation_split=0.2", "Flatten()", "Dense(256", "batch_size=32"):
        assert mistake in source, mistake


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


def test_the_closing_table_names_what_there_is() -> None:
    """Each module in the table of remedies can be imported."""
    table = next(cell.source for cell in CHAPTER.cells if "| What went wrong |" in cell.source)
    names = set(re.findall(r"`(helpers(?:\.\w+)+)`", table))
    assert len(names) >= 8
    for name in names:
        importlib.import_module(name)
