"""What the page computes, against what Python computes of the same pixels."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support.small_page import Visitors, visits
from support.small_served import IMAGE_SIZE

from helpers.dataset.decoding import read_image
from helpers.dataset.image_store import resize_image
from helpers.serving.apps.browser_page import check_pattern, pack
from helpers.serving.model.served import ServedModel
from helpers.serving.uploads.pictures import fit_picture, read_picture

pytest_plugins = ("support.small_page",)

N_IMAGES = 50

START = """async () => {
  const [{ makeTasks }, scores, stage, gate] = await Promise.all(
    ['worker', 'scores', 'stage', 'out-of-distribution'].map((name) => import(`./js/${name}.js`)));
  const page = await (await fetch('page.json')).json();
  page.head.weights = scores.unpack(page.head);
  const tasks = makeTasks();
  await tasks.start({ page, wanted: 'wasm' });
  window.bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  window.textOf = (numbers) => {
    const bytes = new Uint8Array(Float64Array.from(numbers).buffer);
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  };
  window.parity = { page, tasks, scores, stage, gate };
}"""
RUN = """async (images) => {
  const { page, tasks, scores, stage } = window.parity;
  const found = [];
  for (const image of images) {
    const look = await tasks.run({ pixels: window.bytesOf(image) });
    const calibrated = scores.calibrate(look.probabilities, page.temperature);
    const top = calibrated.indexOf(Math.max(...calibrated));
    found.push({
      calibrated, top, map: window.textOf(stage.mapOf(page, look, top)),
      variations: window.textOf(scores.variations(look.features, look.shape)),
      malignant: scores.malignantScore(calibrated, page.malignant, page.class_weights),
    });
  }
  return found;
}"""
READ = """async (data) => {
  const file = new Blob([window.bytesOf(data)]);
  const { pixels, plan, notes } = await window.parity.tasks.read({ file });
  return { pixels: window.textOf(pixels), turned: plan.turned, notes };
}"""


def _text(values: bytes) -> str:
    return base64.b64encode(values).decode()


def _numbers(text: str) -> np.ndarray:
    """What ``textOf`` has written: Playwright would look at each of a million numbers apart."""
    return np.frombuffer(base64.b64decode(text))


@pytest.fixture(scope="module")
def page(visitors: Visitors) -> Iterator[Any]:
    """The page with its modules at hand, opened once: no test changes anything of it."""
    with visits(visitors) as visit:
        opened = visit()
        opened.evaluate(START)
        yield opened


def test_probabilities_and_maps_are_those_of_keras(
    page: Any,
    served: ServedModel,
    tiny_catalogue: pd.DataFrame,
) -> None:
    """Of 50 drawn pictures: probabilities to 1e-4, maps to 1e-3 of Grad-CAM's."""
    images = np.stack(
        [resize_image(read_image(path), IMAGE_SIZE) for path in tiny_catalogue["path"][:N_IMAGES]]
    )
    found = page.evaluate(RUN, [_text(image.tobytes()) for image in images])
    expected = served.predict(images, face="single")
    calibrated = np.array([look["calibrated"] for look in found])
    assert np.abs(calibrated - expected).max() < 1e-4
    malignant = [look["malignant"] for look in found]
    assert np.abs(malignant - served.malignant(expected, "single")).max() < 1e-4
    variations = np.stack([_numbers(look["variations"]) for look in found])
    assert np.abs(variations - served.variations(images)).max() < 1e-3
    top = [look["top"] for look in found]
    assert top == list(expected.argmax(axis=1))
    maps = np.stack([_numbers(look["map"]) for look in found]).reshape(-1, *IMAGE_SIZE)
    by_gradient = np.stack(
        [served.heat_map(image, index) for image, index in zip(images, top, strict=True)]
    )
    assert np.abs(maps - by_gradient).max() < 1e-3
    # The numbers differ between pictures, so that agreeing means something.
    assert calibrated.std(axis=0).max() > 0.01
    assert np.abs(maps[1:] - by_gradient[:-1]).max() > 0.1


def _picture(width: int, height: int) -> Image.Image:
    """A drawn picture with colours, edges and fine structure."""
    y, x = np.mgrid[:height, :width] / max(width, height)
    waves = np.stack([np.sin(40 * x + 9 * y), np.cos(30 * y * x), np.sin(60 * (x + y) ** 2)], -1)
    pixels = (127 + 90 * waves).astype(np.uint8)
    pixels[(x - 0.4) ** 2 + (y - 0.3) ** 2 < 0.04] = (90, 40, 30)
    return Image.fromarray(pixels)


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _encode(_picture(300, 200), "JPEG", quality=95, exif=exif)


PICTURES = {
    "exact": (_encode(_picture(192, 144), "PNG"), 0),
    "larger": (_encode(_picture(600, 450), "PNG"), 1),
    "not a whole factor": (_encode(_picture(613, 457), "PNG"), 1),
    "portrait": (_encode(_picture(451, 601), "PNG"), 1),
    "wide": (_encode(_picture(1000, 401), "PNG"), 1),
    "smaller": (_encode(_picture(101, 80), "PNG"), 2),
    "alpha": (_encode(_picture(640, 480).convert("L").convert("LA"), "PNG"), 1),
    "JPEG": (_encode(_picture(600, 450), "JPEG", quality=92), 3),
    **{f"EXIF {n}": (_turned(n), 3) for n in range(2, 9)},
}


def test_pictures_are_fitted_as_in_python(page: Any) -> None:
    """Cut, turned and resampled alike: the same pixels, up to rounding and JPEG decoders."""
    for name, (data, tolerance) in PICTURES.items():
        found = page.evaluate(READ, _text(data))
        ours = fit_picture(read_picture(data).pixels, IMAGE_SIZE).astype(int)
        theirs = _numbers(found["pixels"]).reshape(ours.shape)
        assert np.abs(ours - theirs).max() <= tolerance, name
        assert ("rotated" in found["notes"]) == name.startswith("EXIF"), name


def test_the_gate_scores_as_in_python(page: Any) -> None:
    """Distances of the page are those of the gate, for pictures near and far."""
    gates = pytest.importorskip("helpers.serving.model.out_of_distribution")
    from helpers.serving.apps.browser_page import _gate_facts

    rng = np.random.default_rng(0)
    mixing = rng.normal(size=(40, 60))
    known = rng.normal(size=(200, 40)) @ mixing + rng.normal(size=(200, 60))
    gate = gates.fit_gate(known)
    tried = np.concatenate([known[:3], 5 * rng.normal(size=(3, 60)) + 9])
    found = page.evaluate(
        """([facts, rows]) => {
          const { gate } = window.parity;
          const unpacked = gate.unpackGate(facts);
          return rows.map((row) => gate.gateScore(unpacked, Float32Array.from(row)));
        }""",
        [_gate_facts(gate), tried.tolist()],
    )
    assert np.allclose(found, gate.score(tried), rtol=1e-3)


def test_the_check_picture_is_the_same_in_both_languages(page: Any) -> None:
    """The self-check compares like with like."""
    found = page.evaluate(
        "async (size) => textOf((await import('./js/engine.js')).checkPattern(size))", IMAGE_SIZE
    )
    assert np.array_equal(_numbers(found).reshape(*IMAGE_SIZE, 3), check_pattern(IMAGE_SIZE))


def test_packed_numbers_arrive(page: Any) -> None:
    """Base64 of 32-bit numbers is read bit by bit, and a wrong count is an error."""
    values = np.array([0.1, -3e30, 1e-30, 0.0], dtype=np.float32)
    unpack = "(packed) => [...window.parity.scores.unpack(packed)]"
    assert page.evaluate(unpack, pack(values)) == values.tolist()
    with pytest.raises(Exception, match="expected 5 values"):
        page.evaluate(unpack, pack(values) | {"shape": [5]})
