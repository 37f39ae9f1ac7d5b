"""An external test as a page of HTML and tables of CSV, written all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import pandas as pd

from helpers.core import CLASSES, NAMES, ConfigError, atomic_folder
from helpers.serving.external.evaluation import ALL, Evaluation
from helpers.serving.external.scoring import BEFORE, CALIBRATION, LABELS, OFFICIAL
from helpers.serving.uploads import defused
from helpers.statistics import Estimate, difference, with_interval

PAGE = "evaluation.html"
SCORES_TABLE = "scores.csv"
PREDICTIONS_TABLE = "predictions.csv"
LEFT_OUT_TABLE = "left_out.csv"
FILES = (PAGE, SCORES_TABLE, PREDICTIONS_TABLE, LEFT_OUT_TABLE)
"""What an evaluation's folder holds."""

_TEMPLATE = Path(__file__).with_name("page.html.j2")
_SPEC = ".3f"
_PART_SCORES = (
    OFFICIAL, "accuracy", "malignant_auc", "sensitivity", "specificity", "calibration_error",
    "refused",
)  # fmt: skip


@dataclass(frozen=True)
class Section:
    """A heading with its sentences, and a list or a table where there is one."""

    heading: str
    texts: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    caption: str = ""
    header: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def check_target(folder: Path) -> None:
    """See that a folder may be written to without loss, before anything is computed.

    Raises
    ------
    ConfigError
        If it holds something else than an earlier evaluation, which alone is replaced.
    """
    if not folder.exists():
        return
    if folder.is_dir() and all(path.name in FILES for path in folder.iterdir()):
        return
    raise ConfigError(
        f"{folder}: expected a new or empty folder or an earlier evaluation, but it holds "
        "something else; choose another with --to"
    )


def write_evaluation(evaluation: Evaluation, folder: str | Path) -> Path:
    """Write the page and the tables of an evaluation.

    Parameters
    ----------
    evaluation : Evaluation
        What came of it.
    folder : str or Path
        New, empty, or of an earlier evaluation, which is replaced.

    Returns
    -------
    Path
        The page. Beside it: ``scores.csv``, a row a part and score with intervals, the internal
        test's and their difference; ``predictions.csv``, a row a scored image; ``left_out.csv``.

    Raises
    ------
    ConfigError
        If the folder holds something else, or cannot be written to.
    """
    folder = Path(folder)
    check_target(folder)
    predictions = evaluation.predictions.copy()
    if not evaluation.lesions_known:
        predictions["lesion_id"] = ""
    with atomic_folder(folder) as temporary:
        (temporary / PAGE).write_text(render_page(evaluation), encoding="utf-8")
        tables = {
            SCORES_TABLE: evaluation.scores,
            PREDICTIONS_TABLE: predictions,
            LEFT_OUT_TABLE: evaluation.left_out,
        }
        for name, table in tables.items():
            safe_texts(table).to_csv(temporary / name, index=False)
    return folder / PAGE


def safe_texts(table: pd.DataFrame) -> pd.DataFrame:
    """A table whose names from elsewhere no spreadsheet takes for formulas."""
    texts = [name for name in ("image_id", "lesion_id", "part") if name in table]
    return table.assign(**{name: table[name].astype(str).map(defused) for name in texts})


def headline(evaluation: Evaluation) -> str:
    """The official metric, or the malignant AUC, and what the difference says, in one sentence."""
    official = evaluation.card.target == "diagnosis"
    score = OFFICIAL if official else "malignant_auc"
    here, there = evaluation.estimate(score), evaluation.estimate(score, kind="internal")
    drop = evaluation.estimate(score, kind="difference")
    n_lesions = evaluation.predictions["lesion_id"].nunique()
    lesions = f" of {n_lesions:,} lesions" if evaluation.lesions_known else ""
    text = f"{_label(score)}: {with_interval(here, _SPEC)} on {here.n:,} images{lesions}"
    if not isfinite(there.value):
        return f"{text}. The model's card holds no such score of an internal test."
    if not isfinite(drop.value):
        return (
            f"{text}. On the internal test it was {with_interval(there, _SPEC)}, of other classes, "
            "so that no difference can be told."
        )
    return (
        f"{text}; on the internal test it was {with_interval(there, _SPEC)}, so that the "
        f"difference is {with_interval(drop, '+.3f')}: {difference(drop)}."
    )


def render_page(evaluation: Evaluation) -> str:
    """The page, as one file that asks no other host.

    Parameters
    ----------
    evaluation : Evaluation
        Every number of the page comes from it.
    """
    import jinja2

    sections = [
        _scored(evaluation),
        _scores(evaluation),
        _operation(evaluation),
        _calibration(evaluation),
        _gate(evaluation),
        _recalls(evaluation),
        _parts(evaluation),
        _confusion(evaluation),
        _method(evaluation),
    ]
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(
        title=f"External test of {evaluation.card.name}",
        notice=evaluation.card.notice,
        headline=headline(evaluation),
        sections=[section for section in sections if section is not None],
    )


def _label(score: str) -> str:
    return LABELS[score]


def _row(evaluation: Evaluation, score: str) -> list[str]:
    here = evaluation.estimate(score)
    kinds = [evaluation.estimate(score, kind=kind) for kind in ("internal", "difference")]
    return [
        _label(score),
        with_interval(here, _SPEC),
        f"{here.n:,}",
        with_interval(kinds[0], _SPEC),
        with_interval(kinds[1], "+.3f"),
    ]


_HEADER = ["score", "here", "n", "internal test", "difference"]


def _whole(evaluation: Evaluation) -> list[str]:
    """Scores of all images, in their order."""
    scores = evaluation.scores
    return list(scores.loc[scores["part"] == ALL, "score"])


def _scored(evaluation: Evaluation) -> Section:
    card, asked = evaluation.card, evaluation.card.faces[evaluation.face]
    n, n_lesions = len(evaluation.predictions), evaluation.predictions["lesion_id"].nunique()
    lesions = f" of {n_lesions:,} lesions" if evaluation.lesions_known else ""
    views = "one view" if len(asked.views) == 1 else f"{len(asked.views)} views"
    return Section(
        "What was scored",
        [
            f"{n:,} images{lesions} of {evaluation.images}, by the truth in {evaluation.truth}. "
            f"The model is {card.name} (training {card.trial}), asked with {views} of "
            f"{card.image_size[1]}x{card.image_size[0]} pixels. Nothing was chosen on these "
            "images."
        ],
        list(evaluation.notes),
    )


def _scores(evaluation: Evaluation) -> Section:
    names = [
        name
        for name in _whole(evaluation)
        if not name.startswith("recall_") and not name.endswith(BEFORE) and name != "refused"
    ]
    texts = []
    if evaluation.card.target != "diagnosis":
        texts.append("The challenge's metric is of seven diagnoses; this model tells two kinds.")
    return Section(
        "Scores",
        texts,
        caption="Each with its 95 % interval; the difference is here less internal test.",
        header=_HEADER,
        rows=[_row(evaluation, name) for name in names],
    )


def _recalls(evaluation: Evaluation) -> Section | None:
    present = [name for name in _whole(evaluation) if name.startswith("recall_")]
    present = [name for name in present if evaluation.estimate(name).n]
    if not present:
        return None
    return Section(
        "Recall by class",
        caption="Share of a class's images that get it; Wilson intervals.",
        header=_HEADER,
        rows=[_row(evaluation, name) for name in present],
    )


def _operation(evaluation: Evaluation) -> Section:
    asked = evaluation.card.faces[evaluation.face]
    rows = []
    for split, words in (("valid", "validation, where it was chosen"), ("test", "internal test")):
        known = asked.scores.get(split, {})  # type: ignore[call-overload]
        pair = [known.get(name) for name in ("sensitivity", "specificity")]
        cells = [
            "–" if score is None else f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
            for score in pair
        ]
        rows.append([words, *cells])
    pairs = [evaluation.estimate(name) for name in ("sensitivity", "specificity")]
    rows.append(["here", *(with_interval(estimate, _SPEC) for estimate in pairs)])
    return Section(
        "Operating point, carried over",
        [
            f"An image is called malignant from a calibrated probability of "
            f"{asked.malignant_threshold:.4f}, chosen on validation for a sensitivity of "
            f"{asked.wanted_sensitivity:.2f} and not touched here."
        ],
        caption="What this threshold finds and clears.",
        header=["images", "sensitivity", "specificity"],
        rows=rows,
    )


def _calibration(evaluation: Evaluation) -> Section:
    temperature = evaluation.card.faces[evaluation.face].temperature
    names = [*CALIBRATION, "excess"]
    found = [name for name in names if f"{name}{BEFORE}" in _whole(evaluation)]
    rows = [
        [
            _label(name),
            with_interval(evaluation.estimate(f"{name}{BEFORE}"), _SPEC),
            with_interval(evaluation.estimate(name), _SPEC),
            with_interval(evaluation.estimate(name, kind="internal"), _SPEC),
        ]
        for name in found
    ]
    return Section(
        "Calibration, before and after",
        [
            f"After means with the temperature {temperature:.3f} of validation. "
            f"{evaluation.fitting_temperature:.3f} would have fitted these images best; it was "
            "not used."
        ],
        caption="Lower is better; 95 % intervals.",
        header=["score", "before", "after", "internal test, after"],
        rows=rows,
    )


def _gate(evaluation: Evaluation) -> Section:
    if "refused" not in _whole(evaluation):
        return Section(
            "Check for dermoscopy",
            ["This model comes without a gate, so that no image was refused."],
        )
    refused = evaluation.estimate("refused")
    count = int(evaluation.predictions["refused"].sum())
    return Section(
        "Check for dermoscopy",
        [
            f"The gate would refuse {count:,} of {refused.n:,} images, a share of "
            f"{with_interval(refused, _SPEC)}. They are scored above like the others, and marked "
            f"in {PREDICTIONS_TABLE}."
        ],
    )


def _parts(evaluation: Evaluation) -> Section | None:
    names = evaluation.part_names
    if not names:
        return None
    scores = [score for score in _PART_SCORES if score in _whole(evaluation)]
    shares = evaluation.predictions["part"].value_counts()
    rows = []
    for score in scores:
        cells = [with_interval(evaluation.estimate(score, part), _SPEC) for part in names]
        rows.append([_label(score), *cells])
    if evaluation.confusion is not None:
        kinds = evaluation.predictions.groupby("part")["dx"].nunique()
        rows.insert(1, ["Classes that have images", *(f"{kinds[name]}" for name in names)])
    first = OFFICIAL if OFFICIAL in scores else "malignant_auc"
    drops = [evaluation.estimate(first, part, "difference") for part in names]
    rows.append(
        ["Difference of the first from the internal test"]
        + [with_interval(drop, "+.3f") for drop in drops]
    )
    untold = int((evaluation.predictions["part"] == "").sum())
    texts = [f"Apart by the column {evaluation.parts_by}; all scores are in {SCORES_TABLE}."]
    texts += [f"The column is empty for {untold:,} images."] if untold else []
    return Section(
        "Parts",
        texts,
        caption="Scores of each part, with 95 % intervals. A class that a part lacks is left out "
        "of its means.",
        header=["score", *(f"{name}, n = {shares[name]:,}" for name in names)],
        rows=rows,
    )


def _confusion(evaluation: Evaluation) -> Section | None:
    if evaluation.confusion is None:
        return None
    counts = evaluation.confusion
    return Section(
        "Confusion matrix",
        caption="Images by true class (row) and most probable class (column).",
        header=["true", *CLASSES],
        rows=[[NAMES[dx], *(f"{count:,}" for count in counts.loc[dx])] for dx in CLASSES],
    )


def _method(evaluation: Evaluation) -> Section:
    over = "lesions" if evaluation.lesions_known else "images, because lesions are not known"
    return Section(
        "How the numbers were made",
        [
            f"Intervals are of 95 %, by {evaluation.n_resamples:,} bootstrap resamples of {over}, "
            "within classes; shares at the check for dermoscopy and recalls by Wilson. The "
            "official metric is the mean recall of the classes that have images, where an image "
            "whose highest probability is shared by two classes counts as wrong. A difference "
            "takes the two tests for independent samples (Zou and Donner, 2008). A test on one "
            "folder says nothing of another clinic.",
        ],
    )


def summary_lines(evaluation: Evaluation) -> list[str]:
    """What a terminal shows: the headline, three scores more, the gate, and all notes."""
    lines = [headline(evaluation)]
    for name in ("malignant_auc", "sensitivity", "specificity", "refused"):
        if name in _whole(evaluation):
            found: Estimate = evaluation.estimate(name)
            lines.append(f"{_label(name)}: {with_interval(found, _SPEC)}")
    return lines + [f"Note: {note}." for note in evaluation.notes]
