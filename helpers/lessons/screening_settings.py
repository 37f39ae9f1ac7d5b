"""The published screening system's settings beside a profile's, and how each of them is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from helpers.augmentation import Augmentation
from helpers.models import HEADS, SECOND_DROPOUT
from helpers.statistics import listed
from helpers.study import Preset
from helpers.training import Stage, TrialConfig

_NORMALISATIONS = {
    None: "as its weights expect",
    "torch": "ImageNet's means and deviations",
    "twice": "scaled twice",
}


def augmentation_words(augmentation: Augmentation) -> str:
    """An augmentation in words, such as "flips both ways, rotation ±15°, zoom ±10%".

    Parameters
    ----------
    augmentation : Augmentation
        "none" where it changes nothing.
    """
    flips = [
        name
        for name, on in (
            ("left-right", augmentation.horizontal_flip),
            ("up-down", augmentation.vertical_flip),
        )
        if on
    ]
    parts = [{0: "", 1: f"flips {' '.join(flips)}", 2: "flips both ways"}[len(flips)]]
    for name in Augmentation.model_fields:
        value = getattr(augmentation, name)
        words = name.removesuffix("_range").replace("_", " ")
        if name.endswith("_flip") or name == "fill_mode" or not value:
            continue
        if name in ("rotation_range", "shear_range", "hue_range"):
            parts.append(f"{words} ±{value:g}°")
        elif name in ("brightness_range", "contrast_range", "saturation_range"):
            parts.append(f"{words} times {1 - value:g} to {1 + value:g}")
        elif name in ("crop_range", "cutout"):
            parts.append(f"{words} {value:.0%}")
        else:
            parts.append(f"{words} ±{value:.0%}")
    return ", ".join(part for part in parts if part) or "none"


def _each(stages: Sequence[Stage], words: Callable[[Stage], str]) -> str:
    """One text where all stages have the same, else one after the other."""
    texts = [words(stage) for stage in stages]
    return texts[0] if len(set(texts)) == 1 and len(texts) > 1 else ", then ".join(texts)


def _learns(stage: Stage) -> str:
    known = {"head": "the head", "all": "all layers"}
    return known.get(str(stage.trainable), f"the last {stage.trainable} layers")


def _batch_norms(config: TrialConfig) -> str:
    cut = [stage for stage in config.stages if isinstance(stage.trainable, int)]
    return _each(cut, lambda stage: stage.batch_norms) if cut else "–"


def _patience(config: TrialConfig, patience: int) -> str:
    never = patience >= max(stage.epochs for stage in config.stages)
    return "never" if never else f"after {patience} epochs without gain"


_SETTINGS: dict[str, tuple[str, Callable[[TrialConfig], str]]] = {
    "target": ("tells apart", lambda c: listed(list(c.classes))),
    "backbone": ("network", lambda c: c.backbone),
    "weights": (
        "starts from",
        lambda c: {"imagenet": "ImageNet weights", "none": "random weights"}[c.weights],
    ),
    "image_size": ("input", lambda c: f"{c.image_size[0]} x {c.image_size[1]}"),
    "clahe": (
        "CLAHE",
        lambda c: (
            f"limit {c.clahe.clip_limit:g}, {c.clahe.tiles} x {c.clahe.tiles} tiles"
            if c.clahe
            else "none"
        ),
    ),
    "preprocessing": (
        "normalisation",
        lambda c: _NORMALISATIONS.get(c.preprocessing, str(c.preprocessing)),
    ),
    "augmentation": ("augmentation", lambda c: augmentation_words(c.augmentation)),
    "head": ("head", lambda c: HEADS[c.head].partition(" (screening")[0]),
    "dropout": ("dropout", lambda c: f"{c.dropout:g}, then {SECOND_DROPOUT * c.dropout:g}"),
    "stages.trainable": ("learns", lambda c: _each(c.stages, _learns)),
    "stages.batch_norms": ("batch normalisations among them", _batch_norms),
    "stages.learning_rate": (
        "Adam's rate",
        lambda c: _each(c.stages, lambda stage: f"{stage.learning_rate:g}"),
    ),
    "reduce_lr_patience": ("rate falls", lambda c: _patience(c, c.reduce_lr_patience)),
    "stages.batch_size": ("batch", lambda c: _each(c.stages, lambda stage: str(stage.batch_size))),
    "stages.epochs": ("epochs", lambda c: ", then ".join(str(stage.epochs) for stage in c.stages)),
    "early_stopping_patience": (
        "stage ends early",
        lambda c: _patience(c, c.early_stopping_patience),
    ),
    "monitor": ("best epoch by", lambda c: c.monitor),
}


def settings_beside_published(preset: Preset, config: TrialConfig) -> pd.DataFrame:
    """Each setting of a published system, how it is known, and what a profile's trial has.

    Parameters
    ----------
    preset : Preset
        The system.
    config : TrialConfig
        The trial that stands for it in this profile.

    Returns
    -------
    DataFrame of str
        A row a setting: ``setting``, ``system``, ``known`` ("published", or "inferred" or "ours"
        with the reason) and ``here``, which is "the same" where it is.
    """
    system = preset.config()
    rows = []
    for path, (title, words) in _SETTINGS.items():
        theirs, ours = words(system), words(config)
        known = "published"
        if path in preset.inferred:
            known = f"inferred: {preset.inferred[path]}"
        if path in preset.chosen:
            known = f"ours: {preset.chosen[path]}"
        rows.append((title, theirs, known, "the same" if ours == theirs else ours))
    return pd.DataFrame(rows, columns=["setting", "system", "known", "here"])
