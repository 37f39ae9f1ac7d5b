"""The model card of a served model, in words: what it is, what it can and what it must not."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.core import MALIGNANT, NAMES
from helpers.serving.cards.card import Card, Copy, Face, Score

SCORE_NAMES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy (mean recall of the classes)",
    "macro_f1": "Macro F1",
    "top_2_accuracy": "Right class among the first two",
    "top_3_accuracy": "Right class among the first three",
    "malignant_auc": "Area under the ROC curve, malignant against benign",
    "sensitivity": "Sensitivity for malignant, at the threshold",
    "specificity": "Specificity for malignant, at the threshold",
    "calibration_error": "Expected calibration error",
    "brier_score": "Brier score",
}
"""Scores of a card in the order of their table, and what readers call them."""

SCORE_SHORT = {"balanced_accuracy": "balanced accuracy", "malignant_auc": "malignant AUC"}
"""What sentences call the scores that choose among candidates."""

FACE_NAMES = {
    "views": "Mean of several views, as in the Streamlit app",
    "single": "One view, as in the browser page",
}


def score_rows(face: Face, split: str) -> list[tuple[str, Score]]:
    """Scores of one face and split as (name for readers, score), in the order of `SCORE_NAMES`."""
    found = face.scores.get(split, {})  # type: ignore[call-overload]
    return [(text, found[name]) for name, text in SCORE_NAMES.items() if name in found]


def recall_rows(face: Face, split: str) -> list[tuple[str, Score]]:
    """Recall of each class as (class, score); classes without images are left out."""
    found = face.scores.get(split, {})  # type: ignore[call-overload]
    return [(dx, found[f"recall_{dx}"]) for dx in NAMES if f"recall_{dx}" in found]


def format_score(score: Score) -> str:
    """A score as "0.76 [0.70, 0.81]"."""
    return f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"


def _choice(title: str, means: dict[str, float], chosen: str) -> list[str]:
    rows = [
        [name, f"{value:.3f}", "chosen" if name == chosen else ""] for name, value in means.items()
    ]
    return _table([title, "mean", ""], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def model_card(card: Card) -> str:
    """Write a card as Markdown, after the sections of Mitchell et al. [1]_.

    Parameters
    ----------
    card : Card
        Every number of the text comes from it.

    Returns
    -------
    str
        Ends with a line feed.

    References
    ----------
    .. [1] Mitchell et al., "Model cards for model reporting", FAT* 2019.
    """
    training, splits = card.training, card.data.get("splits", {})
    height, width = card.image_size
    lines = [f"# {card.name}", "", f"**{card.notice}**", "", "## What it is", ""]
    lines += [
        f"- {training['backbone']}, input {width}x{height} pixels of raw RGB (0 to 255); its "
        "preprocessing is inside.",
        f"- Output: probabilities of {', '.join(card.classes)}, in this order.",
        f"- Training `{card.trial}`; the whole configuration is in `model.json`.",
        f"- Licence: {card.licence}",
    ]
    if card.clahe is not None:
        lines.append(
            f"- Pictures are equalised before (CLAHE, clip limit {card.clahe.clip_limit:g}, "
            f"{card.clahe.tiles} tiles a side)."
        )
    if card.command:
        lines.append(f"- What makes it again: `{card.command}`")
    lines += ["", "## What it is for", ""]
    lines += [
        "Teaching: what such a model says, how sure it is, where it looks and how often it is "
        "wrong. It is no medical device. It must not decide about a person, nor be used "
        "commercially.",
        "",
        "It knows seven kinds of pigmented lesion and gives each picture to one of them, whatever "
        "the picture shows. Other diseases, unpigmented lesions, nails, mucosa, photographs "
        "without a dermatoscope, and skin colours that its data set hardly holds are outside of "
        "what was measured.",
    ]
    lines += ["", "## Data", ""]
    title = card.data.get("source", "unknown")
    lines.append(f"{title}, divided by lesion: no lesion is in two splits.")
    if card.data.get("group_duplicates"):
        lines[-1] += " Lesions that share a picture were kept together."
    if given := card.data.get("split_file"):
        lines[-1] += f" The split is that of `{given['name']}` (SHA-256 {given['sha256']})."
    lines.append("")
    rows = [
        [name, f"{splits[name]['images']:,}", f"{splits[name]['lesions']:,}"]
        for name in ("train", "valid", "test")
        if name in splits
    ]
    lines += _table(["split", "images", "lesions"], rows)
    if candidates := card.data.get("candidates"):
        lines += ["", "Validation chose among these, by the mean of "]
        lines[-1] += " and ".join(SCORE_SHORT[name] for name in card.data["chosen_by"]) + ":"
        lines.append("")
        lines += _choice("candidate", candidates, card.data["chosen"])
    if len(finals := card.data.get("finals", {})) > 1:
        lines += ["", "It went on in several ways, and from the mean of their weights:", ""]
        lines += _choice("training", finals, max(finals, key=lambda name: finals[name]))
    lines += ["", "## How good it is", ""]
    lines.append(
        "95 % intervals by a bootstrap over lesions. Temperature and threshold were chosen on "
        "validation, which therefore looks a little too good; the test split was scored once."
    )
    for name, text in FACE_NAMES.items():
        face = card.faces[name]  # type: ignore[index]
        lines += ["", f"### {text}", ""]
        lines.append(
            f"Temperature {face.temperature:.3f}; called malignant from "
            f"{face.malignant_threshold:.3f}, chosen for a sensitivity of "
            f"{face.wanted_sensitivity:.2f} on validation."
        )
        if face.class_weights is not None:
            weights = zip(card.classes, face.class_weights, strict=True)
            lines[-1] += (
                " It was trained to answer as if all classes were equally frequent; in the "
                "probability of malignant they count as validation chose: "
                + ", ".join(f"{name} {weight:.2f}" for name, weight in weights)
                + "."
            )
        lines.append("")
        valid, test = dict(score_rows(face, "valid")), dict(score_rows(face, "test"))
        rows = [
            [text, *(format_score(side[text]) if text in side else "" for side in (valid, test))]
            for text in dict.fromkeys([*valid, *test])
        ]
        n = {split: _n(face, split) for split in ("valid", "test")}
        lines += _table(["score", f"validation{n['valid']}", f"test{n['test']}"], rows)
        recalls = recall_rows(face, "test")
        if recalls:
            lines += ["", "Recall on the test split:", ""]
            kinds = {True: "malignant", False: "benign"}
            rows = [
                [NAMES[dx], kinds[dx in MALIGNANT], f"{score.n:,}", format_score(score)]
                for dx, score in recalls
            ]
            lines += _table(["class", "kind", "images", "recall"], rows)
    if card.browser is not None:
        lines += ["", *_copy_section(card.browser, card.faces["single"])]
    versions = ", ".join(f"{name} {version}" for name, version in card.versions.items())
    lines += ["", "## Made with", "", f"{versions}.", ""]
    return "\n".join(lines)


def _copy_section(copy: Copy, face: Face) -> list[str]:
    """What smaller weights change, beside the model's own scores of one view."""
    lines = ["### The browser's copy", ""]
    lines.append(
        f"Its weights are stored as {copy.precision}. On the {copy.images:,} test images a "
        f"calibrated probability differs from that of the model above by at most "
        f"{copy.largest_difference:.4f}, and {copy.same_class:,} images get the same class."
    )
    own = dict(score_rows(face, "test"))
    rows = [
        [text, format_score(own[text]), format_score(copy.scores[name])]
        for name, text in SCORE_NAMES.items()
        if text in own and name in copy.scores
    ]
    return [*lines, "", *_table(["score, test", "float32", copy.precision], rows)]


def _n(face: Face, split: str) -> str:
    found = [score.n for _, score in score_rows(face, split)]
    return f", n = {max(found):,}" if found else ""
