"""Executed notebooks for the tests of the report, written without running a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
from nbformat import v4
from PIL import Image

from helpers.notebook.marks import FIGURE_MIME, TABLE_MIME

ALT = "A curve that rises."
COVER: dict[str, Any] = {
    "title": "Seven lesions",
    "subtitle": "An executed report",
    "source": "drawn sample (600 images, seed 0)",
    "drawn": True,
    "profile": "smoke",
    "date": "2026-03-05",
    "devices": ["CPU, 2 cores"],
    "versions": {"Python": "3.11"},
    "notes": ["A note on the cover."],
}
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="300pt" height="100pt" '
    'viewBox="0 0 300 100"><path d="M0 90L300 10" stroke="#332288"/></svg>'
)


def markdown(text: str, **options: Any) -> Any:
    """A cell of prose."""
    return v4.new_markdown_cell(text, **options)


def code(source: str, *outputs: Any, tags: tuple[str, ...] = (), count: int | None = 1) -> Any:
    """A code cell that ran, unless ``count`` is None."""
    return v4.new_code_cell(
        source, outputs=list(outputs), execution_count=count, metadata={"tags": list(tags)}
    )


def printed(text: str, name: str = "stdout") -> Any:
    """What a cell printed."""
    return v4.new_output("stream", name=name, text=text)


def shown_markdown(text: str) -> Any:
    """What a cell said."""
    return v4.new_output("display_data", data={"text/markdown": text})


def figure(path: Path, caption: str = "Accuracy of the *frozen* stage.") -> Any:
    """A displayed figure; the caller writes the file."""
    bundle = {
        "path": str(path),
        "caption": caption,
        "alt": ALT,
        "name": path.stem,
        "kind": "plot",
        "width": 12.0,
    }
    return v4.new_output("display_data", data={FIGURE_MIME: bundle, "text/plain": "x"})


def table(frame: pd.DataFrame, caption: str) -> Any:
    """A displayed table."""
    page = frame.to_html(index=False, border=0)
    bundle = {"caption": caption, "name": "t"}
    return v4.new_output("display_data", data={TABLE_MIME: bundle, "text/html": page})


def write_notebook(path: Path, *cells: Any) -> Path:
    """Write a notebook of the given cells."""
    nbformat.write(v4.new_notebook(cells=list(cells)), path)
    return path


def long_table() -> pd.DataFrame:
    """Ninety rows, more than a page holds."""
    return pd.DataFrame({"image_id": [f"ISIC_{n:07d}" for n in range(90)], "n": range(90)})


def wide_table() -> pd.DataFrame:
    """Nine columns of intervals, more than a line holds."""
    row = {f"class_{n}": [f"0.{n}5 [0.{n}1, 0.{n}9]"] * 3 for n in range(8)}
    return pd.DataFrame({"diagnosis": ["mel 黑色素瘤", "nv", "bcc"]} | row)


def write_chapter(folder: Path, name: str = "04_augmentation", title: str = "Augmentation") -> Path:
    """Write a chapter that has everything a chapter may have, with its pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "curve.svg").write_text(SVG)
    Image.new("RGB", (60, 40), "#884422").save(folder / "lesion.png")
    return write_notebook(
        folder / f"{name}.ipynb",
        markdown(
            f"# Chapter {name[:2]}: {title}\n\n**Aim.** See $x^2$.[^1] See "
            "[chapter one](01_diseases.ipynb), [below](#Try-it) and [nothing](gone.ipynb).\n\n"
            "[^1]: Tschandl et al., 2018."
        ),
        code("import numpy as np"),
        code('profile = "quick"', tags=("parameters",)),
        code("secret = 1", tags=("hide-input",)),
        code(
            "run.train()",
            printed("\x1b[32mtrial\x1b[0m one\n 10%|#  | 1/10\r100%|###| 10/10\n"),
            printed("a warning", "stderr"),
            printed("word " * 60),
        ),
        markdown("## 黑色素瘤 and its mimics\n\nText.\n\n$$\\frac{a}{b}$$\n\n> A quote."),
        code("run.figure()", figure(folder / "curve.svg")),
        markdown("![A brown patch.](lesion.png)\n\n#### Deep\n\n- one\n- two"),
        code("run.table()", table(wide_table(), "Recall by class.")),
        code("run.table(long)", table(long_table(), "All images.")),
        code(
            "counts", v4.new_output("display_data", data={"text/html": long_table()[:3].to_html()})
        ),
        markdown("## Try it\n\n1. Change `x`.\n\n```python\nx = 1\n```"),
        markdown(f"$${'a + ' * 20}b$$"),  # wider than a phone
    )
