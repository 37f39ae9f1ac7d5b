"""Batches of augmented pictures by albumentations in torch's ``DataLoader``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.peers.line_protocol import serve


def start(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], int]]:
    """Open the array and make the first epoch; see `benchmarks.pipeline_peers`."""
    import albumentations
    import cv2
    import numpy as np
    import torch
    from torch.utils.data import DataLoader, Dataset

    cv2.setNumThreads(0)
    images, y, ranges = np.load(settings["images"]), settings["y"], settings["ranges"]

    def around(name: str, middle: float = 0.0) -> tuple[float, float]:
        return (middle - ranges[name], middle + ranges[name])

    transform = albumentations.Compose(
        [
            albumentations.Affine(
                rotate=around("rotation_range"),
                translate_percent={
                    "x": around("width_shift_range"),
                    "y": around("height_shift_range"),
                },
                shear={"x": around("shear_range"), "y": (0.0, 0.0)},
                scale={"x": around("zoom_range", 1.0), "y": around("zoom_range", 1.0)},
                interpolation=cv2.INTER_LINEAR,
                border_mode=cv2.BORDER_REPLICATE,
                p=1.0,
            ),
            albumentations.HorizontalFlip(p=0.5 * ranges["horizontal_flip"]),
            albumentations.VerticalFlip(p=0.5 * ranges["vertical_flip"]),
        ]
    )

    class Pictures(Dataset):  # type: ignore[misc]
        def __len__(self) -> int:
            return len(images)

        def __getitem__(self, index: int) -> tuple[Any, int]:
            return transform(image=images[index])["image"], y[index]

    loader = DataLoader(
        Pictures(),
        batch_size=settings["batch_size"],
        shuffle=True,
        num_workers=settings["workers"],
        persistent_workers=True,
        worker_init_fn=_single_threaded,
    )

    def work() -> int:
        return sum(len(pixels) for pixels, _ in loader)

    pixels, _ = next(iter(loader))
    facts = {
        "shape": list(pixels.shape),
        "dtype": str(pixels.dtype).removeprefix("torch."),
        "versions": {"albumentations": albumentations.__version__, "torch": torch.__version__},
    }
    return facts, work


def _single_threaded(worker: int) -> None:
    import cv2

    cv2.setNumThreads(0)


if __name__ == "__main__":
    serve(start)
