"""Controls over a picture: each move draws it again, with words that say what it shows."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping
from typing import Any

from matplotlib.figure import Figure

from helpers.interactive.slider_names import name_sliders
from helpers.notebook import Run

_DPI = 110


def touch(
    run: Run,
    controls: Mapping[str, Any],
    picture: Callable[..., Figure],
    words: Callable[..., str],
) -> None:
    """Show controls, and below them the picture and the words of their values.

    Parameters
    ----------
    run : Run
        Whose drawn sample is named under the picture.
    controls : mapping of str to ipywidgets.Widget
        By the name under which ``picture`` and ``words`` take its value; each has a description.
    picture : callable
        Gives a figure for the values.
    words : callable
        Gives what the figure shows, with its numbers, in one or two sentences: the text under the
        picture, and its alternative text.

    Notes
    -----
    A control draws when it is let go, not on the way. The picture stays until the next one is
    there, so that nothing below it jumps. What an error says is shown in place of the picture.
    """
    import ipywidgets as widgets
    from IPython.display import display

    shown, errors = widgets.HTML(), widgets.Output()

    def draw(_: Any = None) -> None:
        errors.clear_output()
        with errors:  # shows a traceback, which a callback would hide
            try:
                values = {name: control.value for name, control in controls.items()}
                text = words(**values) + (" Drawn sample." if run.source.drawn else "")
                shown.value = _as_html(picture(**values), text)
            except Exception:
                shown.value = ""
                raise

    for control in controls.values():
        if "continuous_update" in control.traits():
            control.continuous_update = False
        control.style = {"description_width": "11em"}
        control.layout.width = "30em"
        control.observe(draw, "value")
    draw()
    display(widgets.VBox([*controls.values(), shown, errors]))
    name_sliders()


def _as_html(figure: Figure, text: str) -> str:
    """A figure with its words, and closed."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=_DPI)
    plt.close(figure)
    data = base64.b64encode(buffer.getvalue()).decode()
    words = html.escape(text)
    style = "max-width: 100%; background: white"
    image = f'<img src="data:image/png;base64,{data}" alt="{words}" style="{style}">'
    return f'<figure>{image}<figcaption aria-live="polite">{words}</figcaption></figure>'
