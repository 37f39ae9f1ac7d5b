"""What plots are drawn of in tests, made up."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from helpers import plots
from helpers.core.classes import CLASSES
from helpers.evaluation import single_scores as ev
from helpers.lessons.ablation import ABLATION
from helpers.lessons.class_weight_curve import threshold_curve
from support.predictions import make_predictions

RNG = np.random.default_rng(0)


def make_catalogue(n: int = 400) -> pd.DataFrame:
    """Draw the columns of a catalogue that the plots use."""
    dx = RNG.choice(CLASSES, n, p=[0.05, 0.07, 0.12, 0.03, 0.13, 0.55, 0.05])
    age = RNG.normal(55, 15, n).round(-1).clip(0, 85)
    age[::40] = np.nan
    return pd.DataFrame(
        {
            "image_id": [f"ISIC_{i:07d}" for i in range(n)],
            "lesion_id": [f"HAM_{d}_{i // 2}" for i, d in enumerate(dx)],
            "dx": dx,
            "dx_type": RNG.choice(["histo", "follow_up", "consensus", "confocal"], n),
            "age": age,
            "sex": RNG.choice(["female", "male", "unknown"], n, p=[0.48, 0.48, 0.04]),
            "localization": RNG.choice(["back", "lower extremity", "face", "unknown"], n),
            "dataset": RNG.choice(["vidir_modern", "rosendahl", ""], n),
            "split": RNG.choice(["train", "valid", "test"], n, p=[0.6, 0.2, 0.2]),
        }
    )


def make_history(n_first: int, n_second: int) -> pd.DataFrame:
    """Draw a history of two stages."""
    n = n_first + n_second
    columns = ["loss", "val_loss", "accuracy", "val_accuracy", "val_balanced_accuracy"]
    table = pd.DataFrame(RNG.uniform(0.3, 0.9, (n, 5)), columns=columns)
    return table.assign(stage=[1] * n_first + [2] * n_second, epoch=range(n))


def pictures(n: int) -> list[np.ndarray]:
    """Draw images of noise."""
    return list(RNG.integers(0, 256, (n, 45, 60, 3), dtype=np.uint8))


def cam_rows() -> list[plots.CamRow]:
    """Make rows of heat maps, one without a wrong prediction."""
    image, heat = pictures(1)[0], RNG.uniform(0, 1, (45, 60))
    mask = np.zeros((90, 120), dtype=bool)
    mask[20:70, 30:90] = True
    cell = {"image": image, "heat": heat, "mask": mask, "title": "called nv, 0.91"}
    return [{"label": "mel", "right": cell, "wrong": cell}, {"label": "df", "right": cell}]


def masses() -> pd.DataFrame:
    """Make shares inside the lesion for two methods."""
    values = RNG.uniform(0.2, 0.9, (2, 40))
    table = {"trained": values[0], "control": values[1], "lesion_id": np.arange(40) // 2}
    return pd.DataFrame(table | {"method": ["Grad-CAM", "Score-CAM"] * 20})


def leakage_table() -> pd.DataFrame:
    """Make a table of leaks, one class without test images."""
    rows = {"mel": (20, 12, 0.6), "df": (0, 0, np.nan), "all": (20, 12, 0.6)}
    return pd.DataFrame.from_dict(rows, "index", columns=["n_test", "n_leaked", "share"])


def counts(catalogue: pd.DataFrame) -> pd.DataFrame:
    """Images by split and class."""
    return pd.crosstab(catalogue["split"], catalogue["dx"])


def score_table() -> pd.DataFrame:
    """Scores of three models."""
    models = {
        name: make_predictions(i, skill=2.0) for i, name in enumerate(("A", "BB", "long name"))
    }
    return ev.score_table(models, n_resamples=50)


def ablation() -> pd.DataFrame:
    """Make scores of six rows beside published ones."""
    rows = [
        (row, metric, ev.Estimate(0.4, 0.3, 0.62, 120), 0.9)
        for row in ABLATION
        for metric in ("accuracy", "precision", "recall", "F1")
    ]
    return pd.DataFrame(rows, columns=["row", "metric", "estimate", "published"])


def recall_table() -> pd.DataFrame:
    """Make changes of recall, the largest and one without an interval among them."""
    rows = []
    for technique in ("class weights", "weights and focal loss", "average pooling"):
        for index, dx in enumerate(CLASSES):
            ends = (np.nan, np.nan) if dx == "df" else (-0.32 - index / 10, 0.36)
            change = ev.Estimate(-0.3 - index / 10, *ends, 40)
            rows.append((technique, dx, 100, change, "too few" if dx == "df" else "lower"))
    return pd.DataFrame(rows, columns=["technique", "dx", "lesions", "estimate", "verdict"])


def weight_tables(predictions: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make scores of three weights, one that never names the class, and a threshold's line."""
    score, none = ev.Estimate(0.7, 0.6, 0.8, 100), ev.Estimate(np.nan, np.nan, np.nan, 0)
    costs = pd.DataFrame(
        {"recall": [score] * 3, "precision": [none, score, score]}, index=[1.0, 3.0, 10.0]
    )
    return costs, threshold_curve(predictions, "mel")


def exports() -> pd.DataFrame:
    """Make scores and times of three exports, two of one size."""
    score = ev.Estimate(0.7, 0.6, 0.8, 100)
    rows = [(30.0, score, "1", 2.0, 3.0), (30.0, score, "all", 1.5, 2.5), (8.0, score, "1", 1.0, 4)]
    columns = ["MiB", "balanced accuracy", "threads", "median, ms", "p90, ms"]
    names = ["ONNX float32", "LiteRT float32", "LiteRT int8"]
    return pd.DataFrame(rows, index=names, columns=columns)


def texts(ax: Axes) -> list[str]:
    """All texts within axes."""
    return [text.get_text() for text in ax.texts]
