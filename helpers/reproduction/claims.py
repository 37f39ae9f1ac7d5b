"""Published claims held against a run: by a rule for each, and said where a rule cannot apply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from helpers.dataset import Source
from helpers.evaluation import accuracy, compare
from helpers.models import find_backbone
from helpers.published import claim
from helpers.statistics import Estimate, against, listed, with_interval
from helpers.training import Trial

HELD, NOT_HELD = "held", "not held"
UNDECIDED, NOT_TESTABLE = "undecided", "not testable"

COMPARED: dict[str, str] = {
    "EfficientNetB3": "course_report.efficientnetb3.accuracy",
    "InceptionResNetV2": "course_report.inceptionresnetv2.accuracy",
    "ResNet50": "course_report.resnet50.accuracy",
}
"""Backbones that the course report compared, and the keys of their accuracies."""

PUBLISHED_SIZE = (224, 224)
"""At which the course report trained all three, in pixels; larger ones did not fit its memory."""

AUGMENTED: dict[str, str] = {
    f"Trial {number}": f"course_report.augmentation_{number}.accuracy" for number in (1, 2, 3)
}
"""Its augmentation trials, which chapter 4 trains with its settings, and the keys of their
accuracies."""

UNFINISHED = ("Trial 2", "Trial 3")
"""Those of which it notes that the memory ran out; nothing says that their trainings finished."""


def order_verdict(
    predictions: Mapping[str, pd.DataFrame], published: Mapping[str, float]
) -> tuple[str, str]:
    """Whether a published order of accuracies is found again.

    Parameters
    ----------
    predictions : mapping of str to DataFrame
        Predictions of the same images by each model.
    published : mapping of str to float
        The accuracy that each is said to have.

    Returns
    -------
    verdict : {"held", "not held", "undecided"}
        Held where each pair that was published as better has a paired difference whose whole
        interval is above zero; not held where the interval of one is below zero; else undecided.
    reason : str
        Which pairs decided it.

    Raises
    ------
    ValueError
        If there are fewer than two models, or one has no published accuracy.
    """
    missing = [name for name in predictions if name not in published]
    if len(predictions) < 2 or missing:
        raise ValueError(
            f"expected two or more models with published accuracies but got "
            f"{listed(list(predictions))}, without: {listed(missing)}; choose among "
            f"{listed(list(published))}"
        )
    kinds: dict[str, list[str]] = {"above": [], "below": [], "not told apart from": []}
    ranked = sorted(predictions, key=lambda name: -published[name])
    for better, worse in combinations(ranked, 2):
        estimate = compare(predictions[better], predictions[worse], "accuracy")
        kinds[against(estimate, 0.0)].append(f"{better} over {worse}")
    if kinds["below"]:
        return NOT_HELD, f"reversed: {listed(kinds['below'])}"
    if kinds["not told apart from"]:
        return UNDECIDED, f"intervals contain 0: {listed(kinds['not told apart from'])}"
    return HELD, "every pair is shown in the published order"


def value_verdict(estimate: Estimate, published: float) -> tuple[str, str]:
    """Whether a run's interval contains a published value.

    Parameters
    ----------
    estimate : Estimate
        Of the run.
    published : float
        In the same unit.

    Returns
    -------
    verdict : {"held", "not held"}
        Held where the interval contains it.
    reason : str
        Where it lies.
    """
    side = against(estimate, published)
    if side == "not told apart from":
        return HELD, "the run's interval contains it"
    return NOT_HELD, f"the run's whole interval is {side} it"


def value_obstacle(trial: Trial | None, source: Source, backbone: str) -> str:
    """What keeps a published accuracy from being tested by a trial; "" where nothing does.

    Parameters
    ----------
    trial : Trial or None
        The trial in question, if the run has one.
    source : Source
        Where the run's images come from.
    backbone : str
        What was published.
    """
    if trial is None:
        return f"the run has no trial of {backbone}"
    obstacles = []
    if source.drawn:
        obstacles.append("the pictures are drawn")
    if trial.config.backbone != backbone:
        obstacles.append(f"the network is {trial.config.backbone}")
    if trial.config.weights != "imagenet":
        obstacles.append("training starts from random weights")
    return ", ".join(obstacles)


def course_report_checks(
    comparison: Sequence[Trial], augmentation: Sequence[Trial], source: Source
) -> pd.DataFrame:
    """The claims of the course report, one a row, held against a run.

    Parameters
    ----------
    comparison, augmentation : sequence of Trial
        The run's trials of these groups. Models are scored on the test split, augmentations,
        from which one is chosen, on the validation split.
    source : Source
        Where the images come from.

    Returns
    -------
    DataFrame of str
        ``claim``, ``published``, ``here``, ``verdict`` ("held", "not held", "undecided" or
        "not testable") and ``reason``.
    """
    by_backbone = _by_backbone(comparison, published_size=True)
    by_name = {trial.name: trial for trial in augmentation}
    rows = [_order("Order of the three backbones", by_backbone, COMPARED, "test")]
    for backbone, key in COMPARED.items():
        rows.append(
            _value(f"Accuracy of {backbone}", by_backbone.get(backbone), key, source, backbone)
        )
    order = _order("Order of the augmentation trials", by_name, AUGMENTED, "valid")
    order["published"] += f"; {listed(list(UNFINISHED))} ended out of memory"
    rows.append(order)
    for name, key in AUGMENTED.items():
        trial = by_name.get(name)
        label = f"Accuracy of augmentation {name.lower()}"
        rows.append(_value(label, trial, key, source, "EfficientNetB3", "valid"))
    rows.append(
        _value(
            "Accuracy of the final EfficientNetB3",
            by_backbone.get("EfficientNetB3"),
            "course_report.final.accuracy",
            source,
            "EfficientNetB3",
        )
    )
    rows += [_memory(_by_backbone(comparison, published_size=False)), _speed(by_backbone)]
    return pd.DataFrame(rows)


def _by_backbone(trials: Sequence[Trial], *, published_size: bool) -> dict[str, Trial]:
    """One trial of each backbone: at the published size where there is one, or at another."""
    found: dict[str, Trial] = {}
    for trial in trials:
        name = trial.config.backbone
        if name not in found or (trial.config.image_size == PUBLISHED_SIZE) == published_size:
            found[name] = trial
    return found


def _row(name: str, published: str, here: str, verdict: tuple[str, str]) -> dict[str, str]:
    return {
        "claim": name,
        "published": published,
        "here": here,
        "verdict": verdict[0],
        "reason": verdict[1],
    }


def _order(
    name: str, trials: Mapping[str, Trial], keys: Mapping[str, str], split: str
) -> dict[str, str]:
    published = {label: claim(key).value for label, key in keys.items()}
    there = {label: trials[label] for label in keys if label in trials}
    predictions = {label: trial.predictions_of(split) for label, trial in there.items()}
    points = {label: accuracy(table, n_resamples=2).value for label, table in predictions.items()}
    verdict = (NOT_TESTABLE, f"the run has {len(there)} of the {len(keys)}")
    if len(there) == len(keys):
        starts = {trial.config.weights for trial in there.values()}
        verdict = (NOT_TESTABLE, "training starts from random weights")
        if starts == {"imagenet"}:
            verdict = order_verdict(predictions, published)
    return _row(name, _ranking(published), _ranking(points) if points else "–", verdict)


def _ranking(points: Mapping[str, float]) -> str:
    ranked = sorted(points, key=lambda name: -points[name])
    return ", ".join(f"{name} {points[name]:.3f}" for name in ranked)


def _value(
    name: str,
    trial: Trial | None,
    key: str,
    source: Source,
    backbone: str,
    split: str = "test",
) -> dict[str, str]:
    published = claim(key).estimate
    text = with_interval(published, ".3f")
    obstacle = value_obstacle(trial, source, backbone)
    if trial is None:
        return _row(name, text, "–", (NOT_TESTABLE, obstacle))
    here = accuracy(trial.predictions_of(split))
    verdict = (NOT_TESTABLE, obstacle) if obstacle else value_verdict(here, published.value)
    return _row(name, text, with_interval(here, ".3f"), verdict)


def _memory(trials: Mapping[str, Trial]) -> dict[str, str]:
    name = "Native input sizes do not fit into GPU memory"
    at_native, sizes = [], []
    for backbone in COMPARED:
        if backbone in trials:
            height, width = trials[backbone].config.image_size
            sizes.append(f"{backbone} {height} x {width}")
            if min(height, width) >= find_backbone(backbone).native_size:
                at_native.append(backbone)
    if len(at_native) < len(COMPARED):
        verdict = (NOT_TESTABLE, "not all three were trained at their native size")
    elif any(trials[name].record.get("device_memory_mb") is None for name in COMPARED):
        verdict = (NOT_TESTABLE, "they were trained without a GPU")
    else:
        verdict = (NOT_HELD, "all three finished at their native size; the GPU is another one")
    native = ", ".join(f"{name} {find_backbone(name).native_size}" for name in COMPARED)
    return _row(name, f"out of memory three times ({native})", ", ".join(sizes) or "–", verdict)


def _speed(trials: Mapping[str, Trial]) -> dict[str, str]:
    speeds: dict[str, Any] = {
        name: trials[name].record.get("images_per_second") for name in COMPARED if name in trials
    }
    here = ", ".join(f"{name} {value:.0f}" for name, value in speeds.items() if value)
    reason = "other hardware, other sizes; the numbers stand beside each other only"
    published = f"{claim('course_report.speed').value:.0f}"
    return _row("Training images per second", published, here or "–", (NOT_TESTABLE, reason))


def protocol_table(
    comparison: Sequence[Trial], catalogue: pd.DataFrame, source: Source, leaked: float
) -> pd.DataFrame:
    """What differs between the course report and a run, by row.

    Parameters
    ----------
    comparison : sequence of Trial
        The run's trials of that group.
    catalogue : DataFrame
        The run's, with ``split``.
    source : Source
        Where the images come from.
    leaked : float
        Share of test images, in [0, 1], whose lesion would be in train as well if this
        catalogue were split by image.

    Returns
    -------
    DataFrame of str
        ``what``, ``course report``, ``this run``.
    """
    counts = catalogue["split"].value_counts()
    sizes = dict.fromkeys(f"{h} x {w}" for h, w in (t.config.image_size for t in comparison))
    starts = {"imagenet": "ImageNet", "none": "random"}
    weights = [f"{trial.name}: {starts[trial.config.weights]}" for trial in comparison]
    epoch = claim("course_report.epoch.seconds")
    rows = [
        ("pictures", "HAM10000, 10,015", f"{source.title}, {len(catalogue):,}"),
        (
            "train / validation / test",
            f"{epoch.n:,} / 2,003 / 2,003" if epoch.n else "–",
            " / ".join(f"{counts.get(split, 0):,}" for split in ("train", "valid", "test")),
        ),
        (
            "kept together",
            f"nothing: split by image, so that lesions are in train and test "
            f"({leaked:.0%} of test images, if these pictures were split so)",
            "lesions: none is in two splits",
        ),
        ("input (height x width)", "224 x 224", listed(list(sizes))),
        ("starts from", "ImageNet weights", "; ".join(weights)),
        ("trainings of each model", "not said", "one"),
        ("intervals", "none", "95 %, over lesions"),
    ]
    return pd.DataFrame(rows, columns=["what", "course report", "this run"])
