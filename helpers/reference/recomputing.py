"""The results of the reference study, made again from its predictions: Markdown and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import evaluation, plots
from helpers.core import ROOT, atomic_file
from helpers.evaluation import standing_out, subgroup_scores
from helpers.notebook import svg_bytes
from helpers.reference.findings import Findings
from helpers.reference.readme import between_marks, put_between_marks
from helpers.reference.study import Study
from helpers.reference.tables import Leader, Panel
from helpers.screening import net_benefit, screening_pr, screening_roc, worth_using
from helpers.statistics import listed, with_interval

FIGURES = ROOT / "figures" / "reference"
README = ROOT / "README.md"
RESULTS = "results.md"
KEPT_TITLES = {
    "07_grad_cam-mass": "Inside of the lesion's mask",
    "07_grad_cam-criterion": "Inside of outlined criteria",
}
"""What tables of the run itself are about."""
MOST_CURVES = 8
"""Trials in one picture of learning curves: two rows of a page."""

Draw = Callable[[str, Any], None]


@dataclass(frozen=True)
class Results:
    """The results as Markdown.

    Attributes
    ----------
    summary : str
        What a reader wants first; its links begin at the repository's root.
    whole : str
        That and every table and figure; its links begin in the folder of the figures.
    """

    summary: str
    whole: str


@dataclass(frozen=True)
class _Picture:
    name: str
    alt: str

    def link(self, folder: str = "") -> str:
        return f"![{self.alt}]({folder}{self.name}.svg)"


def make_results(study: Study, draw: Draw | None = None) -> Results:
    """Every number of the results as Markdown.

    Parameters
    ----------
    study : Study
        The committed tables.
    draw : callable, optional
        Takes the name of a picture and its figure; None draws nothing.

    Returns
    -------
    Results
        Equal for equal tables, with or without drawing.
    """
    found = Findings(study)
    pictures = {panel.slug: _pictures(found, panel, leader, draw) for panel, leader in found.panels}
    return Results(_summary(found, pictures), _whole(found, pictures))


_Parts = dict[str, list[_Picture | str]]


def _summary(found: Findings, pictures: _Parts) -> str:
    study, source = found.study, found.study.manifest["source"]
    more = "" if not pictures else f" All trials are in [{RESULTS}](figures/reference/{RESULTS})."
    parts = [
        f"{source.get('title', 'Images')}: {len(study.images):,} images of "
        f"{study.images['lesion_id'].nunique():,} lesions, {len(study.manifest['trials'])} "
        "trainings. Intervals are of 95 % over whole lesions. `dermbook reference --recompute` "
        "makes every number and figure again from `data/reference/`, without a GPU and without "
        f"TensorFlow.{more}"
    ]
    chosen = found.chosen()
    if len(chosen):
        parts += [
            "Models were chosen on validation, whole lesions on one side, and test was opened for "
            "those chosen alone:",
            markdown_table(chosen),
        ]
    if len(found.systems):
        parts += [
            "Published systems by their recipes: what was published, what it comes to here under "
            "the claim's own protocol, and what is left on test with whole lesions on one side. "
            "The two test sets differ, so that the difference is not paired.",
            markdown_table(found.systems),
        ]
    sentences = [found.folds_sentence(), *(found.seeds(*pair) for pair in found.panels)]
    parts += [" ".join(text for text in sentences if text)] if any(sentences) else []
    if found.foremost is not None:
        parts += [
            picture.link("figures/reference/")
            for picture in pictures.get(found.foremost[0].slug, [])
            if isinstance(picture, _Picture) and picture.name.startswith(("matrix-", "roc-"))
        ]
    return "\n\n".join(parts) + "\n"


def _whole(found: Findings, pictures: _Parts) -> str:
    parts = ["# Results of the reference study", _summary(found, {}).rstrip()]
    for panel, leader in found.panels:
        parts += [f"## {panel.title}", markdown_table(leader.table)]
        parts += [seeds] if (seeds := found.seeds(panel, leader)) else []
        parts += [
            part.link() if isinstance(part, _Picture) else part for part in pictures[panel.slug]
        ]
    if len(found.ensembles):
        parts += [
            "## Ensembles of folds, and several views",
            "Held out are the images that each model was not trained on. Folds by image leave "
            "lesions on both sides, and are there to be seen beside. How to ask was chosen on the "
            "held-out images of the folds by lesion, and test was opened for that alone.",
            markdown_table(found.ensembles),
        ]
    kept = found.study.tables()
    if kept:
        parts += [
            "## Heat inside of the lesion",
            "Shares of the maps' heat. This alone is kept as the run computed it, because making "
            "it again takes the images and the model.",
        ]
        for name, table in kept.items():
            parts += [f"{KEPT_TITLES.get(name, name)}:", markdown_table(table)]
    return "\n\n".join(parts) + "\n"


def _pictures(
    found: Findings, panel: Panel, leader: Leader, draw: Draw | None
) -> list[_Picture | str]:
    """Curves of the first trials, and of the one chosen what its test predictions show."""
    study, slug, names = found.study, panel.slug, dict(panel.trials)
    parts: list[_Picture | str] = []

    def add(name: str, figure: Callable[[], Any], alt: str) -> None:
        if draw is not None:
            draw(f"{name}-{slug}", figure())
        parts.append(_Picture(f"{name}-{slug}", alt))

    histories = {name: study.history(key) for key, name in panel.trials[:MOST_CURVES]}
    add(
        "curves",
        lambda: plots.learning_curves(histories),
        f"Learning curves of {listed(list(histories))}",
    )
    test = study.predictions(leader.chosen, "test")
    if test.empty or not panel.grouped:
        return parts
    title = names[leader.chosen]
    if panel.target == "malignant":
        add(
            "roc",
            lambda: plots.screening_curves(screening_roc(test), screening_pr(test), {}),
            f"ROC and precision-recall curves of {title}",
        )
        return parts
    add(
        "matrix",
        lambda: plots.confusion_matrix(evaluation.confusion(test)),
        f"Confusion matrix of {title} on test, in images and in shares of each row",
    )
    add(
        "roc",
        lambda: plots.roc_pr(evaluation.roc_curves(test), evaluation.pr_curves(test)),
        f"One-vs-rest ROC and precision-recall curves of {title} on test",
    )
    if found.foremost is None or panel is not found.foremost[0]:
        return parts
    benefit = net_benefit(test)
    add(
        "risk",
        lambda: plots.risk_over_coverage({title: evaluation.risk_coverage(test)}).figure,
        f"Share of errors over the share of images kept, {title} on test",
    )
    add(
        "benefit",
        lambda: plots.decision_curve({title: benefit}).figure,
        f"Net benefit over thresholds, {title} on test, between sending on all and none",
    )
    parts.append(_decisions(test, benefit))
    if {"age", "sex"} <= set(study.images.columns):
        groups = subgroup_scores(test, study.images)
        alone = (groups["word"] == "too few lesions") & (groups["by"] != "all")
        add(
            "subgroups",
            lambda: plots.subgroup_points(groups).figure,
            f"Accuracy of {title} in subgroups on test, with the number of lesions",
        )
        parts.append(
            f"Told apart from all other images by accuracy: {listed(standing_out(groups))}. Too "
            "few lesions to say anything: "
            f"{listed([f'{row.by} {row.group}' for row in groups[alone].itertuples()])}."
        )
    return parts


def _decisions(test: pd.DataFrame, benefit: pd.DataFrame) -> str:
    area = evaluation.risk_area(test)
    kept = evaluation.kept_at(test, [0.8])
    useful = worth_using(benefit)
    return (
        f"Area under risk over coverage {with_interval(area, '.3f')}; of the surest 80 % of the "
        f"images {with_interval(kept['risk'].iloc[0], '.1%')} are wrong, of the rest "
        f"{with_interval(kept['risk of the rest'].iloc[0], '.1%')}. "
        + (
            "At no threshold is it shown that acting on the model does more good than sending on "
            "everybody or nobody."
            if useful is None
            else "Acting on the model does more good than sending on everybody or nobody at "
            f"thresholds from {useful[0]:.0%} to {useful[1]:.0%}, at the test split's prevalence."
        )
    )


def markdown_table(table: pd.DataFrame) -> str:
    """A table of texts as Markdown."""
    rows = [list(table.columns), ["---"] * len(table.columns), *table.to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)


def recompute(
    study: Study, figures: Path = FIGURES, readme: Path | None = README
) -> Mapping[str, Path]:
    """Make every number and figure of the results again.

    Parameters
    ----------
    study : Study
        The committed tables.
    figures : Path
        Folder of the figures, as SVG, and of `RESULTS`. Figures of an earlier study that this one
        does not have are removed.
    readme : Path or None
        A Markdown file whose section between the two marks becomes the summary, where it has them.

    Returns
    -------
    dict of str to Path
        What was written, by name.
    """
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("agg")
    plots.use_style()
    drawn = bool(study.manifest["source"].get("drawn", False))
    written: dict[str, Path] = {}

    def draw(name: str, figure: Any) -> None:
        path = figures / f"{name}.svg"
        with atomic_file(path) as temporary:
            temporary.write_bytes(svg_bytes(figure, drawn))
        plt.close(figure)
        written[name] = path

    results = make_results(study, draw)
    for path in figures.glob("*.svg"):
        if path.stem not in written:
            path.unlink()
    outputs = {figures / RESULTS: results.whole}
    if readme is not None and readme.is_file():
        text = readme.read_text(encoding="utf-8")
        if between_marks(text) is not None:
            outputs[readme] = put_between_marks(text, results.summary)
    for path, text in outputs.items():
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written[path.name] = path
    return written
