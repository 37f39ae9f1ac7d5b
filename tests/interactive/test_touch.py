"""Controls and their picture, without a browser."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import pytest

from helpers.interactive.touch import touch


def test_the_picture_stays_until_the_next_one_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all that is below it moves up and down again; an error takes its place."""
    widgets = pytest.importorskip("ipywidgets")
    boxes: list[Any] = []
    monkeypatch.setattr("IPython.display.display", boxes.append)
    monkeypatch.setattr("helpers.interactive.touch.name_sliders", lambda: None)
    # A shell that another test left behind would show the error, as a kernel does.
    monkeypatch.setattr("ipywidgets.widgets.widget_output.get_ipython", lambda: None)
    run: Any = SimpleNamespace(source=SimpleNamespace(drawn=False))
    slider, meanwhile = widgets.IntSlider(1, 0, 9, description="By"), []

    def picture(by: int) -> Any:
        if boxes:
            meanwhile.append(boxes[0].children[1].value)
        return plt.figure()

    def words(by: int) -> str:
        return f"One by {1 / by:.2f}."

    touch(run, {"by": slider}, picture, words)
    slider.value = 2
    assert len(meanwhile) == 1 and "One by 1.00." in meanwhile[0]
    shown = boxes[0].children[1]
    assert "One by 0.50." in shown.value
    with pytest.raises(ZeroDivisionError):
        slider.value = 0
    assert shown.value == ""
