"""One model for all sessions."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from support.app_model import ColourModel

from helpers.core.errors import ConfigError
from helpers.serving.apps.shared_model import SharedModel, open_shared_model, warm_up
from helpers.serving.model import open_model


def desk_of(folder: Path, prepare=lambda model: None) -> SharedModel:  # type: ignore[no-untyped-def]
    """A shared with a model of colours."""
    return SharedModel(ColourModel(folder), prepare)  # type: ignore[arg-type]


def test_asks_in_turn_in_one_thread(tmp_path: Path) -> None:
    """However many ask, one question is worked on at a time, always in the same thread."""
    shared = desk_of(tmp_path)
    threads: set[int] = set()
    at_once: list[int] = []
    running: list[int] = []

    def work(model: object, number: int) -> int:
        running.append(number)
        threads.add(threading.get_ident())
        at_once.append(len(running))
        time.sleep(0.01)
        running.remove(number)
        return number * 2

    answers: dict[int, int] = {}
    askers = [
        threading.Thread(target=lambda n=n: answers.update({n: shared.ask(work, n)}))
        for n in range(8)
    ]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert answers == {n: 2 * n for n in range(8)}
    assert len(threads) == 1
    assert max(at_once) == 1
    shared.close()


def test_does_not_wait_for_the_model(tmp_path: Path) -> None:
    """The card can be read while the model is being loaded; a question waits for it."""
    loaded = threading.Event()
    shared = desk_of(tmp_path, lambda model: loaded.wait(30) and None)
    assert not shared.ready
    assert shared.model.card.name
    threading.Timer(0.05, loaded.set).start()
    assert shared.ask(lambda model: model.card.name) == shared.model.card.name
    assert shared.ready


def test_errors_come_to_who_asked(tmp_path: Path) -> None:
    """A question that fails leaves it working; a model that fails fails every question."""
    shared = desk_of(tmp_path)

    def fail(model: object) -> None:
        raise ConfigError("no")

    with pytest.raises(ConfigError, match="no"):
        shared.ask(fail)
    assert shared.ask(lambda model: 1) == 1
    broken = desk_of(tmp_path, fail)
    for _ in range(2):
        with pytest.raises(ConfigError, match="no"):
            broken.ask(lambda model: 1)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    """A folder without a card is an error at once."""
    with pytest.raises(ConfigError, match=r"model\.json"):
        open_shared_model(str(tmp_path))


def test_what_is_loaded_is_not_looked_through_again(small_served: Path) -> None:
    """Streamlit resets Keras and collects garbage at each click: neither takes long, nor harms."""
    import keras

    model = open_model(small_served)
    height, width = model.card.image_size
    picture = np.full((1, height, width, 3), 127, dtype=np.uint8)
    gc.unfreeze()
    warm_up(model)
    try:
        before = model.predict(picture)
        assert gc.get_freeze_count() > 10 * len(gc.get_objects())
        keras.backend.clear_session()
        np.testing.assert_array_equal(model.predict(picture), before)
    finally:
        gc.unfreeze()
