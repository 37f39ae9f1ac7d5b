"""What several exports of one model share: its graph, pictures, Keras' outputs, SavedModels."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from helpers.serving.exports.graph import (
    compute_outputs,
    in_float32,
    serving_graph,
    with_features,
    write_saved_model,
)
from helpers.serving.exports.tfjs_convert import convert_apart

STAND_INS = 8


class ExportWorkspace:
    """A model prepared for export; to be used in a ``with`` statement.

    Parameters
    ----------
    model : keras.Model
        As made by `helpers.models.build.build_model`.
    images : ndarray of shape (n_images, height, width, 3), uint8, optional
        What exports are compared with Keras on; `stand_in_pictures` where None.

    Attributes
    ----------
    graph : keras.Model
        See `helpers.serving.exports.graph.serving_graph`.
    images : ndarray of uint8
        As given, or the stand-ins.
    """

    def __init__(self, model: Any, images: NDArray[np.uint8] | None = None) -> None:
        self.graph = serving_graph(model)
        height, width = self.graph.inputs[0].shape[1:3]
        self.images = stand_in_pictures((height, width)) if images is None else images
        self._original = with_features(in_float32(model))
        self._saved: dict[int | None, Path] = {}
        self._tfjs: dict[str, tuple[Future[None], Path]] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._place = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self._pool = self._stack.enter_context(ThreadPoolExecutor(1))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @cached_property
    def reference(self) -> dict[str, NDArray[np.float32]]:
        """Outputs of the model as it was trained, on `images`."""
        return compute_outputs(self._original, self.images)

    def saved_model(self, batch_size: int | None = None) -> Path:
        """A SavedModel of the graph, written once for each size of batch."""
        if batch_size not in self._saved:
            path = self._place / f"saved-{batch_size}"
            write_saved_model(self.graph, path, batch_size)
            self._saved[batch_size] = path
        return self._saved[batch_size]

    def start_tfjs(self, precisions: Sequence[str]) -> None:
        """Begin to convert for the browser in another process, which takes a while."""
        outputs = {name: self._place / f"tfjs-{name}" for name in precisions}
        future = self._pool.submit(convert_apart, self.saved_model(), outputs)
        self._tfjs |= {name: (future, path) for name, path in outputs.items()}

    def tfjs(self, precision: str) -> Path:
        """The folder of a graph model of TensorFlow.js, waited for."""
        if precision not in self._tfjs:
            self.start_tfjs([precision])
        future, path = self._tfjs[precision]
        future.result()
        return path


def stand_in_pictures(size: tuple[int, int], n_images: int = STAND_INS) -> NDArray[np.uint8]:
    """Pictures of soft spots of colour, always the same, where no others are at hand.

    They tell whether two programs compute the same, and nothing of lesions.
    """
    random = np.random.default_rng(0)
    height, width = size
    cells = random.uniform(0, 255, (n_images, 6, 8, 3)).astype(np.float32)
    soft = [cv2.resize(cell, (width, height), interpolation=cv2.INTER_CUBIC) for cell in cells]
    return np.clip(np.stack(soft), 0, 255).astype(np.uint8)


@contextmanager
def no_chatter() -> Iterator[None]:
    """Keep converters from telling of their own progress and of changes in later versions.

    They write to the process's error stream from C++, past Python. When the block raises, what
    they said is shown after all.
    """
    import tensorflow as tf

    logger = tf.get_logger()  # its first use sets its level, in a notebook to a talkative one
    level = logger.level
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel("ERROR")
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read()[-4000:])
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            logger.setLevel(level)
