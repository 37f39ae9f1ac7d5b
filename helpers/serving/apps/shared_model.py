"""One model for all sessions of an app: loaded once, asked by one at a time."""

from __future__ import annotations

import gc
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

import numpy as np
import pandas as pd

from helpers.serving.model import ServedModel, open_model, operations_of

P = ParamSpec("P")
Answer = TypeVar("Answer")


def warm_up(model: ServedModel) -> None:
    """Load the network, and have it look at one black picture.

    All that is loaded stays for as long as the process, and is shown to the garbage collector no
    more: where Keras is loaded, Streamlit resets its session and collects after each run of the
    script, for a third of a second a click in which nobody else is served.
    """
    height, width = model.card.image_size
    black = np.zeros((1, height, width, 3), dtype=np.uint8)
    model.judge(black)
    gc.collect()
    gc.freeze()


class SharedModel:
    """A worker thread that loads a model and then does what sessions ask, in turn.

    Neither Keras nor tf-keras-vis promises that two threads may use them at once, and on the
    cores of one machine two predictions at a time are no faster than one after the other. The
    thread begins to load when this is made, so that a visitor who reads the first page does
    not wait on the second.

    Parameters
    ----------
    model : ServedModel
    prepare : callable
        Done first, in the worker thread. Where it fails, so does every question.

    Attributes
    ----------
    model : ServedModel
        For its card; ask through `ask`.
    points : DataFrame or None
        What thresholds mean; see `helpers.serving.model.operating_points`.
    """

    def __init__(
        self, model: ServedModel, prepare: Callable[[ServedModel], None] = warm_up
    ) -> None:
        self.model = model
        self.points: pd.DataFrame | None = operations_of(model, "views")
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._prepared: Future[None] = self._worker.submit(prepare, model)

    @property
    def ready(self) -> bool:
        """Whether the model has been loaded, or cannot be."""
        return self._prepared.done()

    def ask(
        self,
        work: Callable[Concatenate[ServedModel, P], Answer],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Answer:
        """Run ``work(model, *args, **kwargs)`` in the worker thread and wait for its answer.

        Raises
        ------
        Exception
            Whatever loading or the work raised.
        """

        def answer() -> Answer:
            self._prepared.result()
            return work(self.model, *args, **kwargs)

        return self._worker.submit(answer).result()

    def close(self) -> None:
        """End the worker thread when it has done what it was asked."""
        self._worker.shutdown(wait=False)


def open_shared_model(spec: str | None = None) -> SharedModel:
    """Open a model and begin to load it.

    Parameters
    ----------
    spec : str, optional
        As of :func:`helpers.serving.model.opening.open_model`.

    Raises
    ------
    ConfigError
        If there is no such model.
    """
    return SharedModel(open_model(spec))
