"""A guess and controls in a real JupyterLab in a real Chromium, by the keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from support.in_jupyterlab import jupyterlab, skip_without_jupyterlab
from support.predictions import make_screening_predictions

pytestmark = pytest.mark.slow

PATIENCE_MS = 90_000

CELLS = (
    """
from pathlib import Path
from types import SimpleNamespace
import pandas as pd
from helpers.interactive import predict_first, touch_threshold
from helpers.interactive.touch import touch
run = SimpleNamespace(folder=Path("run").resolve(), source=SimpleNamespace(drawn=True))
predictions = pd.read_csv("predictions.csv")
""",
    'guess = predict_first(run, "06.recall", "Which is found least often?", choices=["mel", "nv"])',
    'guess.beside("mel")',
    "touch_threshold(run, predictions)",
    """
import ipywidgets
slider = ipywidgets.IntSlider(1, 0, 9, description="Divide by")
touch(run, {"by": slider}, lambda by: 1 / by, lambda by: str(1 // by))
""",
)


pytest_plugins = ("support.chromium",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a notebook that asks, and a table of predictions."""
    place = tmp_path_factory.mktemp("student")
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, place / "lesson.ipynb")
    make_screening_predictions(60).to_csv(place / "predictions.csv", index=False)
    return place


@pytest.fixture(scope="module")
def page(chromium: Any, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The notebook in JupyterLab, all of its cells run."""
    skip_without_jupyterlab()
    with jupyterlab(folder, tmp_path_factory.mktemp("lab")) as address:
        opened = chromium.new_page(viewport={"width": 1200, "height": 1600})
        opened.set_default_timeout(PATIENCE_MS)
        opened.goto(address.format("lesson.ipynb"))
        opened.get_by_text("| Idle").wait_for()
        opened.get_by_role("menuitem", name="Run", exact=True).click()
        opened.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        opened.locator(".widget-label", has_text="Divide by").wait_for()
        yield opened
        opened.close()


def run_again(page: Any, number: int) -> None:
    """Run one cell of the notebook again."""
    page.locator(".jp-CodeCell").nth(number).locator(".cm-content").click()
    page.keyboard.press("Shift+Enter")


def test_a_guess_is_committed_and_stands_beside_the_result(page: Any, folder: Path) -> None:
    """Run-all stops nowhere; then a guess by the keyboard, kept in a file, and no second one."""
    page.get_by_text("no guess was made yet").wait_for()
    kept = folder / "run" / "guesses" / "06.recall.json"
    assert not kept.exists()
    page.get_by_role("radio", name="nv").focus()
    page.keyboard.press("Space")
    button = page.get_by_role("button", name="Commit guess")
    button.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Committed: nv").wait_for()
    assert button.is_disabled()
    assert json.loads(kept.read_text())["guess"] == "nv"
    run_again(page, 2)
    page.get_by_text("You guessed nv; it is mel. Not what you guessed.").wait_for()


def test_a_slider_moved_by_the_keyboard_draws_another_picture(page: Any) -> None:
    """The picture, its alternative text and the words follow the control, which has its name."""
    cell = page.locator(".jp-CodeCell").nth(3)
    picture = cell.locator("figure img")
    picture.wait_for()
    before = picture.get_attribute("alt"), picture.get_attribute("src")
    assert "At a threshold of 0.50" in before[0] and before[0].endswith("Drawn sample.")
    handle = cell.get_by_role("slider", name="Threshold", exact=True)
    handle.focus()
    page.keyboard.press("ArrowRight")
    cell.get_by_alt_text("At a threshold of 0.51").wait_for()
    assert picture.get_attribute("src") != before[1]
    assert cell.locator("figcaption").inner_text() == picture.get_attribute("alt")
    for name in ("Threshold", "Malignant, of all"):
        assert cell.get_by_text(name, exact=True).is_visible()
        for role in ("slider", "textbox"):
            assert cell.get_by_role(role, name=name, exact=True).is_visible()


def test_an_error_in_a_callback_is_seen(page: Any) -> None:
    """Not swallowed, as JupyterLab does by itself; and gone when the control moves on."""
    cell = page.locator(".jp-CodeCell").nth(4)
    handle = cell.get_by_role("slider", name="Divide by")
    handle.focus()
    page.keyboard.press("ArrowLeft")
    cell.get_by_text("ZeroDivisionError").first.wait_for()
