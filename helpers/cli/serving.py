"""The commands of ``dermbook`` that serve a model: ``export`` and its neighbours."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from helpers.core import ROOT, folder_bytes, readable_bytes

console = Console()


class Target(StrEnum):
    """Formats that a model can be exported to."""

    tfjs = "tfjs"
    litert = "litert"
    onnx = "onnx"
    saved_model = "saved_model"


class Precision(StrEnum):
    """How the weights are stored."""

    float32 = "float32"
    float16 = "float16"
    int8 = "int8"


def export(
    trial: Annotated[
        str | None,
        typer.Argument(help="Key or name of a trial, or a folder. [default: the model in the box]"),
    ] = None,
    to: Annotated[Target, typer.Option(help="The format.")] = Target.tfjs,
    precision: Annotated[Precision, typer.Option(help="Of the weights.")] = Precision.float32,
    out: Annotated[
        Path | None, typer.Option(help="Where to. [default: runs/exports/NAME-FORMAT-PRECISION]")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            help="Images to check with, and to take int8's ranges from: those of the training."
        ),
    ] = None,
) -> None:
    """Export a model for the browser, a phone or another program, and check it against Keras."""
    from helpers.cli.export import export_named

    made = export_named(trial, to.value, precision.value, out, source)
    checked = made.record["checked"]
    console.print(
        f"{made.folder}: {readable_bytes(made.record['bytes'])}; on {checked['images']} "
        f"{checked['pictures']} pictures at most {checked['probabilities']:.2g} from Keras in "
        "probability",
        highlight=False,
        soft_wrap=True,
    )


def open_app(
    model: Annotated[
        str | None,
        typer.Argument(help="Key or name of a trial, or a folder. [default: the model in the box]"),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="On this machine alone.")] = 8501,
) -> None:
    """Open the Streamlit app, on this machine alone, until it is interrupted."""
    from helpers.serving.apps import serve_app

    status = serve_app(
        model, port, say=lambda line: console.print(line, highlight=False, soft_wrap=True)
    )
    raise typer.Exit(status)


def web(
    model: Annotated[
        str | None,
        typer.Argument(help="Key or name of a trial, or a folder. [default: the model in the box]"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where the page is built. [default: runs/web]")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free one.")] = 8600,
    serve: Annotated[bool, typer.Option(help="Whether the page is served once built.")] = True,
) -> None:
    """Build the browser page for a model, and serve it on this machine until Ctrl-C."""
    from helpers.serving.apps import build_web, serve_web
    from helpers.serving.model import open_model

    folder = build_web(open_model(model), out or ROOT / "runs" / "web")
    size = readable_bytes(folder_bytes(folder))
    console.print(
        f"{folder}: {size}, for any host of static files", highlight=False, soft_wrap=True
    )
    if serve:
        serve_web(folder, port, ready=lambda url: console.print(f"{url}  (Ctrl-C ends it)"))


def box(
    source: Annotated[str, typer.Option(help="ham10000, a folder or an archive.")],
    recipe: Annotated[
        Path | None, typer.Option(help="What to train. [default: apps/model/recipe.yml]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder to write. [default: apps/model]")
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option(
            help="Divide the images as this file of `data split` says. [default: as the recipe]"
        ),
    ] = None,
) -> None:
    """Train the model in the box by its recipe, score it once and write its folder."""
    from helpers.serving.bundled import build_bundled
    from helpers.serving.model import BUNDLED

    def tell(event: dict[str, Any]) -> None:
        console.print(f"{event['trial']}: {event['text']}", highlight=False, soft_wrap=True)

    served = build_bundled(recipe or BUNDLED / "recipe.yml", source, out or BUNDLED, tell, split)
    for name, score in served.card.faces["views"].scores["test"].items():
        console.print(f"test {name}: {score.value:.3f} [{score.low:.3f}, {score.high:.3f}]")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(export)
    app.command("app")(open_app)
    app.command()(box)
    app.command()(web)
