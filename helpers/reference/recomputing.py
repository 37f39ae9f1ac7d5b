"""The results of the reference study, made again from its predictions: Markdown and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from helpers import evaluation, plots
from helpers.core import ROOT, atomic_file
from helpers.evaluation import standing_out, subgroup_scores
from helpers.notebook import svg_bytes
from helpers.reference.readme import between_marks, put_between_marks
from helpers.reference.study import Study
from helpers.reference.tables import (
    Leader,
    Panel,
    ensemble_table,
    panel_table,
    panels_of,
    seeds_sentence,
    system_rows,
)
from helpers.screening import net_benefit, screening_pr, screening_roc, worth_using
from helpers.statistics import listed, with_interval

FIGURES = ROOT / "figures" / "reference"
README = ROOT / "README.md"
RESULTS = "results.md"
MOST_CURVES = 8
"""Trials in one picture of learning curves: two rows of a page."""

Draw = Callable[[str, Any, str], str]


def results_section(study: Study, draw: Draw | None = None) -> str:
    """Every number of the results as Markdown.

    Parameters
    ----------
    study : Study
        The committed tables.
    draw : callable, optional
        Takes the name, the figure and the alternative text, and gives the Markdown of the
        picture; None draws nothing and leaves names of pictures in place.

    Returns
    -------
    str
        Equal for equal tables, with or without drawing.
    """
    source, panels = study.manifest["source"], panels_of(study)
    images = study.images
    parts = [
        f"{source.get('title', 'Images')}: {len(images):,} images of "
        f"{images['lesion_id'].nunique():,} lesions, {len(study.manifest['trials'])} trainings. "
        "Intervals are of 95 % over whole lesions. Models were chosen on validation, in bold, and "
        "test was opened for these alone. `dermbook reference --recompute` makes every number and "
        "figure below again from `data/reference/`, without a GPU and without TensorFlow."
    ]
    leaders = [panel_table(study, panel) for panel in panels]
    first = _foremost(panels, leaders)
    for panel, leader in zip(panels, leaders, strict=True):
        parts += [f"### {panel.title}", markdown_table(leader.table)]
        if by_seed := seeds_sentence(study, panel, leader.values):
            parts.append(by_seed)
        parts += _pictures(study, panel, leader.chosen, draw or _named, panel is first)
    ensembles = ensemble_table(study)
    if len(ensembles):
        parts += [
            "### Ensembles of folds, and several views",
            "Held out are the images that each model was not trained on. Folds by image leave "
            "lesions on both sides, and are there to be seen beside. How to ask was chosen on the "
            "held-out images of the folds by lesion, and test was opened for that alone.",
            markdown_table(ensembles),
        ]
    systems = system_rows(study)
    if len(systems):
        parts += [
            "### Published systems, as claimed and by lesion",
            "Each was trained twice by its recipe: divided as its claim was, and with whole "
            "lesions on one side. The two test sets differ, so that the difference is not paired.",
            markdown_table(systems),
        ]
    kept = study.tables()
    if kept:
        parts += [
            "### Heat inside of the lesion",
            "Shares of the maps' heat inside the lesion's mask, and inside of outlined criteria "
            "where there are any. This alone is kept as the run computed it, because making it "
            "again takes the images and the model.",
        ]
        parts += [markdown_table(table) for table in kept.values()]
    return "\n\n".join(parts) + "\n"


def _foremost(panels: Sequence[Panel], leaders: Sequence[Leader]) -> Panel | None:
    """Where the best of all diagnosing models by validation is, lesions being kept together."""
    fit = [
        (leader.value, -place)
        for place, (panel, leader) in enumerate(zip(panels, leaders, strict=True))
        if panel.grouped and panel.target == "diagnosis"
    ]
    return panels[-max(fit)[1]] if fit else None


def _named(name: str, figure: Any, alt: str) -> str:
    return f"![{alt}](figures/reference/{name}.svg)"


def _pictures(study: Study, panel: Panel, chosen: str, draw: Draw, foremost: bool) -> list[str]:
    """Curves of the first trials, and of the one chosen what its test predictions show."""
    slug, names = panel.slug, dict(panel.trials)
    drawing = draw is not _named
    histories = {name: study.history(key) for key, name in panel.trials[:MOST_CURVES]}
    alt = f"Learning curves of {listed(list(histories))}"
    parts = [draw(f"curves-{slug}", plots.learning_curves(histories) if drawing else None, alt)]
    test = study.predictions(chosen, "test")
    if test.empty or not panel.grouped:
        return parts
    title = names[chosen]
    if panel.target == "malignant":
        curves = None
        if drawing:
            curves = plots.screening_curves(screening_roc(test), screening_pr(test), {})
        return [*parts, draw(f"roc-{slug}", curves, f"ROC and precision-recall curves of {title}")]

    def made(figure: Callable[[], Any]) -> Any:
        return figure() if drawing else None

    pictures: dict[str, tuple[Callable[[], Any], str]] = {
        "matrix": (
            lambda: plots.confusion_matrix(evaluation.confusion(test)),
            f"Confusion matrix of {title} on test, in images and in shares of each row",
        ),
        "roc": (
            lambda: plots.roc_pr(evaluation.roc_curves(test), evaluation.pr_curves(test)),
            f"One-vs-rest ROC and precision-recall curves of {title} on test",
        ),
    }
    if not foremost:
        return [*parts, *(draw(f"{n}-{slug}", made(f), w) for n, (f, w) in pictures.items())]
    risk = evaluation.risk_coverage(test)
    benefit = net_benefit(test)
    pictures |= {
        "risk": (
            lambda: plots.risk_over_coverage({title: risk}).figure,
            f"Share of errors over the share of images kept, {title} on test",
        ),
        "benefit": (
            lambda: plots.decision_curve({title: benefit}).figure,
            f"Net benefit over thresholds, {title} on test, between sending on all and none",
        ),
    }
    for name, (figure, words) in pictures.items():
        parts.append(draw(f"{name}-{slug}", made(figure), words))
    parts.append(_decisions(test, benefit))
    if {"age", "sex"} <= set(study.images.columns):
        groups = subgroup_scores(test, study.images)
        alone = (groups["word"] == "too few lesions") & (groups["by"] != "all")
        words = f"Accuracy of {title} in subgroups on test, with the number of lesions"
        picture = made(lambda: plots.subgroup_points(groups).figure)
        parts.append(draw(f"subgroups-{slug}", picture, words))
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
        A Markdown file whose section between the two marks is replaced where it has them.

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

    def draw(name: str, figure: Any, alt: str) -> str:
        path = figures / f"{name}.svg"
        with atomic_file(path) as temporary:
            temporary.write_bytes(svg_bytes(figure, drawn))
        plt.close(figure)
        written[name] = path
        return _named(name, figure, alt)

    section = results_section(study, draw)
    for path in figures.glob("*.svg"):
        if path.stem not in written:
            path.unlink()
    outputs = {figures / RESULTS: section}
    if readme is not None and readme.is_file():
        text = readme.read_text(encoding="utf-8")
        if between_marks(text) is not None:
            outputs[readme] = put_between_marks(text, section)
    for path, text in outputs.items():
        with atomic_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
        written[path.name] = path
    return written
