"""Exports compute what Keras computes, say what they are, and never leave half a folder."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from support.small_served import small_card
from typer.testing import CliRunner

from helpers.augmentation.clahe import Clahe
from helpers.cli.export import pick_images
from helpers.core.errors import ConfigError
from helpers.core.files import sha256_file
from helpers.serving.exports import export as exports
from helpers.serving.exports import tfjs_convert
from helpers.serving.exports.export import PRECISIONS, TOLERANCES, export_model
from helpers.serving.exports.graph import compute_outputs, serving_graph, with_features
from helpers.serving.exports.workspace import ExportWorkspace, stand_in_pictures
from helpers.serving.model.opening import write_served

SIZE = (32, 48)
KINDS = [(to, precision) for to, precisions in PRECISIONS.items() for precision in precisions]


def small_network() -> Any:
    """A network of a few layers with all that real ones have, and statistics of its own."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    inputs = layers.Input((*SIZE, 3), name="pixels")
    x = layers.Rescaling(1 / 128, -127 / 128, name="preprocessing")(inputs)
    x = layers.Conv2D(16, 3, 2, "same", use_bias=False, name="stem")(x)
    x = layers.ReLU(6.0)(layers.BatchNormalization(name="stem_bn")(x))
    y = layers.DepthwiseConv2D(3, 1, "same", use_bias=False, name="depthwise")(x)
    y = layers.ReLU(6.0)(layers.BatchNormalization(name="depthwise_bn")(y))
    y = layers.BatchNormalization(name="project_bn")(layers.Conv2D(16, 1, name="project")(y))
    x = layers.Add()([x, y])
    x = layers.ReLU(6.0)(layers.Conv2D(256, 3, 2, "same", name="top")(x))
    x = layers.GlobalAveragePooling2D(name="head_pooling")(x)
    x = layers.Dense(7, activation="softmax", dtype="float32", name="head_softmax")(x)
    model = keras.Model(inputs, x, name="small")
    random = np.random.default_rng(2)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            shapes = [weight.shape for weight in layer.get_weights()]
            layer.set_weights([random.uniform(0.5, 1.5, shape) for shape in shapes])
    return model


@pytest.fixture(scope="module")
def served() -> SimpleNamespace:
    """The small network with a card."""
    return SimpleNamespace(card=small_card(image_size=SIZE), keras_model=small_network())


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    """Pictures to compare on."""
    return stand_in_pictures(SIZE, 24)


@pytest.fixture(scope="module")
def made(served, pictures, tmp_path_factory) -> dict[tuple[str, str], exports.Export]:
    """Every format in every precision, made once."""
    folder = tmp_path_factory.mktemp("exports")
    with ExportWorkspace(served.keras_model, pictures) as bench:
        bench.start_tfjs(PRECISIONS["tfjs"])
        return {
            (to, precision): export_model(
                served,
                to,
                folder / f"{to}-{precision}",
                precision=precision,
                images=pictures,
                representative=pictures,
                bench=bench,
            )
            for to, precision in KINDS
        }


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_an_export_computes_what_keras_does(made, served, kind):
    """Opened again by its own program, on other pictures than it was checked with."""
    images = np.random.default_rng(3).integers(0, 256, (5, *SIZE, 3), dtype=np.uint8)
    ours = compute_outputs(with_features(served.keras_model), images)
    theirs = made[kind].open()(images)
    limit = TOLERANCES[kind[1]]
    assert theirs["probabilities"].shape == (5, 7)
    assert np.allclose(theirs["probabilities"].sum(axis=1), 1, atol=0.02)
    assert np.abs(theirs["probabilities"] - ours["probabilities"]).max() <= limit
    assert theirs["features"].shape == (5, 8, 12, 256)
    scale = ours["features"].max()
    assert np.abs(theirs["features"] - ours["features"]).max() <= 5 * limit * scale


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_the_record_tells_what_the_folder_holds(made, kind):
    """Class order, pixels, calibration and the checksum of every file but the record itself."""
    export = made[kind]
    record = json.loads((export.folder / "export.json").read_text(encoding="utf-8"))
    assert record == json.loads(json.dumps(export.record))
    assert record["outputs"]["probabilities"]["classes"] == list(small_card().classes)
    assert record["input"]["shape"][1:] == [*SIZE, 3]
    assert record["card"]["faces"]["single"]["temperature"] == 0.6
    assert 0 <= record["checked"]["probabilities"] <= record["checked"]["tolerance"]
    files = {p.relative_to(export.folder).as_posix() for p in export.folder.rglob("*.*")}
    assert files - {"export.json"} == set(record["files"])
    for name, facts in record["files"].items():
        assert sha256_file(export.folder / name) == facts["sha256"]
    assert record["bytes"] == sum(facts["bytes"] for facts in record["files"].values())


def test_fewer_bits_take_less_room(made):
    """Half as much with 16 bits, about a quarter with 8."""
    size = {kind: export.record["bytes"] for kind, export in made.items()}
    assert size["litert", "float16"] < 0.65 * size["litert", "float32"]
    assert size["litert", "int8"] < 0.45 * size["litert", "float32"]
    weights = [
        sum(path.stat().st_size for path in made["tfjs", precision].folder.glob("*.bin"))
        for precision in ("float32", "float16")
    ]
    assert weights[1] == pytest.approx(weights[0] / 2, abs=8)  # a shape is whole numbers


def test_a_browser_finds_the_outputs_in_the_order_of_their_names(made):
    """The first output is that of the first structured key, in shape too."""
    description = json.loads((made["tfjs", "float16"].folder / "model.json").read_text())
    outputs = description["signature"]["outputs"]
    assert list(outputs) == description["userDefinedMetadata"]["structuredOutputKeys"]
    n_dimensions = [len(value["tensorShape"]["dim"]) for value in outputs.values()]
    assert (list(outputs), n_dimensions) == (["features", "probabilities"], [4, 2])


def test_a_browser_gets_fused_convolutions_and_no_normalisation(made):
    """Convolutions take their bias and activation with them, the depthwise one too."""
    description = json.loads((made["tfjs", "float32"].folder / "model.json").read_text())
    operations = [node["op"] for node in description["modelTopology"]["node"]]
    assert operations.count("FusedDepthwiseConv2dNative") == 1
    assert operations.count("_FusedConv2D") >= 2
    assert operations.count("Mul") == 1  # the pixels' scale
    assert not [name for name in operations if "BatchNorm" in name]


def test_an_export_that_differs_is_refused(served, pictures, tmp_path):
    """Other weights than those of the model: nothing is written, an earlier export stays."""
    other = small_network()
    kernel, bias = other.get_layer("head_softmax").get_weights()
    other.get_layer("head_softmax").set_weights([kernel[:, ::-1], bias])
    folder = tmp_path / "export"
    first = export_model(served, "saved_model", folder, images=pictures)
    with ExportWorkspace(served.keras_model, pictures) as bench:
        bench.graph = serving_graph(other)
        with pytest.raises(ConfigError, match=r"within 0\.0001 of Keras.* nothing was written"):
            export_model(served, "saved_model", folder, images=pictures, bench=bench)
    assert json.loads((folder / "export.json").read_text()) == json.loads(json.dumps(first.record))
    assert [path.name for path in tmp_path.iterdir()] == ["export"]


def test_truncated_weights_are_found(made, tmp_path):
    """A graph model whose weight file ends early is not computed with."""
    import shutil

    from helpers.serving.exports.tfjs_reading import read_graph_model

    folder = shutil.copytree(made["tfjs", "float32"].folder, tmp_path / "copy")
    weights = next(folder.glob("*.bin"))
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ConfigError, match="expected weights of the sizes"):
        read_graph_model(folder)


@pytest.mark.parametrize(
    ("to", "options", "message"),
    [
        ("coreml", {}, "expected one of tfjs, litert, onnx, saved_model, got 'coreml'"),
        ("tfjs", {"precision": "int8"}, "or one of litert for int8"),
        ("litert", {"precision": "int8"}, "expected representative training images"),
        ("onnx", {"images": np.zeros((2, 9, 9, 3), np.uint8)}, "expected uint8 images of 32x48"),
        ("onnx", {"images": np.zeros((2, *SIZE, 3))}, "got float64"),
    ],
)
def test_a_request_that_cannot_be_met_is_an_error(served, tmp_path, to, options, message):
    """Before anything is computed, with what would do."""
    with pytest.raises(ConfigError, match=message):
        export_model(served, to, tmp_path / "export", **options)
    assert not list(tmp_path.iterdir())


def test_a_folder_of_other_things_is_left_alone(served, tmp_path):
    """An export replaces an export, and nothing else."""
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="holds something else"):
        export_model(served, "saved_model", tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_the_record_of_an_equalised_model_says_so(served, tmp_path):
    """Whoever runs the export has to equalise: the graph does not."""
    card = served.card.model_copy(update={"clahe": Clahe(clip_limit=2, tiles=4)})
    equalised = SimpleNamespace(card=card, keras_model=served.keras_model)
    told = export_model(equalised, "saved_model", tmp_path / "export").record["input"]
    assert told["clahe"] == {"clip_limit": 2, "tiles": 4}
    assert "equalise" in told["preparation"]


def test_without_the_converter_the_way_out_is_told(served, tmp_path, monkeypatch):
    """On a machine that has no tensorflowjs."""
    monkeypatch.setattr(tfjs_convert.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="pip install --no-deps tensorflowjs"):
        export_model(served, "tfjs", tmp_path / "export")


def test_a_mixed_precision_model_is_exported_in_32_bits():
    """All layers of the graph compute in float32, with the weights as they are."""
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = small_network()
    finally:
        keras.config.set_dtype_policy("float32")
    assert mixed.get_layer("stem").compute_dtype == "bfloat16"
    graph = serving_graph(mixed)
    assert {layer.compute_dtype for layer in graph.layers} == {"float32"}
    images = stand_in_pictures(SIZE, 4)
    ours = compute_outputs(serving_graph(small_network()), images)["probabilities"]
    assert np.allclose(compute_outputs(graph, images)["probabilities"], ours, atol=1e-5)


def test_ranges_come_from_training_lesions_and_checks_from_others():
    """A lesion is on one side; a source without training images gives both."""
    rows = pd.DataFrame({"image_id": list("abcdef"), "lesion_id": list("uuvvww")})
    checked, training = pick_images(rows, {"u", "v"})
    assert set(training["lesion_id"]) == {"u", "v"}
    assert set(checked["lesion_id"]) == {"w"}
    checked, training = pick_images(rows, {"x"})
    assert len(checked) == len(training) == 6


def test_the_command_exports_a_served_folder(served, tmp_path):
    """It tells where the export is, how large, and how far from Keras."""
    from helpers.cli.main import app

    folder = tmp_path / "model"
    write_served(folder, served.keras_model, served.card)
    arguments = ["export", str(folder), "--to", "onnx", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "from Keras in probability" in " ".join(result.output.split())
    assert (tmp_path / "out" / "model.onnx").is_file()


def test_the_command_asks_for_the_images_that_int8_needs(served, tmp_path, capsys):
    """Ranges of values cannot be guessed."""
    from helpers.cli.main import app

    folder = tmp_path / "model"
    write_served(folder, served.keras_model, served.card)
    arguments = ["export", str(folder), "--to", "litert", "--precision", "int8"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    told = capsys.readouterr().err + result.output
    assert "--source" in told
