"""What an external test costs: CPU seconds by part, and how much folding saves.

Run as ``python -m benchmarks.external_test``. The pictures are drawn, and what the model in the box
says of them is of no interest. The ratio is of images a second, of the network with its batch
normalisations folded into the convolutions to that as it was trained, in turns in one process.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.timing import Ratio, compare_rates
from helpers.dataset import load_catalogue, open_source
from helpers.models import AT_ONCE, Forward
from helpers.serving.external import BOX, evaluate_folder, open_scorer, write_evaluation
from helpers.serving.model import ServedModel, open_model

TOLERANCE = 1e-5
"""By how much a probability may differ between the two networks."""


def fold_ratio(served: ServedModel, rounds: int = 5) -> Ratio:
    """Images a second, folded over as trained, of random pixels; both have to say the same."""
    height, width = served.card.image_size
    images = np.random.default_rng(0).integers(0, 256, (AT_ONCE, height, width, 3), np.uint8)
    plain, body, head = (
        Forward(model) for model in (served.keras_model, served.feature_model, served.head_model)
    )
    difference = float(np.abs(head(body(images)) - plain(images)).max())
    assert difference <= TOLERANCE, f"expected equal probabilities, got {difference:.3g} apart"
    return compare_rates(lambda: len(head(body(images))), lambda: len(plain(images)), rounds)


def parts(n_images: int) -> dict[str, tuple[float, float]]:
    """CPU and wall seconds of the parts of an external test on drawn pictures."""
    marks: list[tuple[float, float]] = []

    def mark(*_: int) -> None:
        marks.append((time.process_time(), time.perf_counter()))

    catalogue = load_catalogue(open_source("sample", sample_images=n_images))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "images").mkdir()
        for path in map(Path, catalogue["path"]):
            (place / "images" / path.name).symlink_to(path)
        catalogue[["image_id", "lesion_id", "dx"]].to_csv(place / "truth.csv", index=False)
        scorer = open_scorer(BOX)
        mark()
        scorer.answer(np.zeros((1, *scorer.card.image_size, 3), np.uint8))
        mark()
        # The last mark but those below is made when the last picture has been answered.
        found = evaluate_folder(scorer, place / "images", place / "truth.csv", progress=mark)
        mark()
        write_evaluation(found, place / "out")
        mark()
    taken = np.diff(np.array(marks)[[0, 1, -3, -2, -1]], axis=0)
    names = ("loading the model", "decoding and network", "scores and intervals", "page")
    return dict(zip(names, map(tuple, taken.tolist()), strict=True))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=600)
    for name, (cpu, wall) in parts(parser.parse_args().images).items():
        print(f"{name:22s} {cpu:6.1f} s of CPU, {wall:6.1f} s")
    ratio = fold_ratio(open_model())
    print(f"folded / as trained    {ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
