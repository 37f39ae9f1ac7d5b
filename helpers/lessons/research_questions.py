"""The five questions of the focal-loss paper, and where chapter 8 answers them."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.evaluation import paired_differences
from helpers.statistics import Estimate
from helpers.training import Trial

QUESTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "RQ1": (
        "Does a ResNet50 with pretrained weights, class weights and focal loss tell the seven "
        "classes apart well?",
        ("The ensemble, and one look at test",),
    ),
    "RQ2": (
        "What does each technique do: dropout, augmentation, class weights, focal loss, average "
        "pooling?",
        ("Four losses", "The published ablation, repeated"),
    ),
    "RQ3": (
        "Which of ResNet50, VGG16, MobileNet and EfficientNetB1 balances accuracy and ease of use "
        "best?",
        ("Backbones",),
    ),
    "RQ4": (
        "Do an ensemble and several views generalise over folds and over data sets?",
        ("Folds, by lesion and by image", "Several views", "The ensemble, and one look at test"),
    ),
    "RQ5": ("How does it compare with other work on HAM10000?", ()),
}
"""Each question in our words, and the sections of chapter 8 that measure it."""


PUBLISHED_FIRST = "ResNet50"
"""The backbone that won the paper's first stage; the values are not in our sources."""


RANKINGS: dict[str, str] = {
    "absent": f"{PUBLISHED_FIRST} is not among the backbones of this profile, so the paper's "
    "ranking is not tried.",
    "untrained": "Networks that start from random weights rank nothing: whatever their order, it "
    "neither agrees with the paper nor contradicts it. Only a run of the profile `full` tries "
    "that.",
    "agrees": f"That agrees with the paper: {PUBLISHED_FIRST} is ahead of each other one by the "
    "whole interval.",
    "contradicts": f"That contradicts the paper: at least one is ahead of {PUBLISHED_FIRST} by the "
    "whole interval.",
    "undecided": "The paper's ranking is neither shown nor contradicted.",
}
"""What each verdict of `published_first` says of the paper, in a sentence."""


def paper_question(name: str) -> str:
    """A question of the paper and the places that measure it, as the head of its answer.

    Parameters
    ----------
    name : str
        A key of `QUESTIONS`.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If the paper has no such question.

    Examples
    --------
    >>> paper_question("RQ5")
    '**RQ5. How does it compare with other work on HAM10000?** *Chapter 11.*'
    """
    if name not in QUESTIONS:
        raise ValueError(
            f"expected a question among {', '.join(QUESTIONS)} but got {name!r}; name one of them"
        )
    asked, sections = QUESTIONS[name]
    return f"**{name}. {asked}** *{'; '.join(sections) or 'Chapter 11'}.*"


def published_first(trials: Sequence[Trial]) -> tuple[str, dict[str, Estimate]]:
    """Whether the paper's first backbone comes first among trials, too.

    Parameters
    ----------
    trials : sequence of Trial
        Named by their backbones.

    Returns
    -------
    verdict : str
        "absent" where it is not among them; "untrained" where networks start from random weights,
        whose scores rank nothing; else, by its paired differences from each other one in
        accuracy: "agrees" (all higher), "contradicts" (one is lower) or "undecided".
    differences : dict of str to Estimate
        Accuracy of `PUBLISHED_FIRST` minus that of each other trial on validation, by its name.
    """
    by_name = {trial.name: trial for trial in trials}
    if PUBLISHED_FIRST not in by_name:
        return "absent", {}
    table = paired_differences(trials, by_name[PUBLISHED_FIRST], name="accuracy")
    differences = dict(zip(table["second"], table["difference"], strict=True))
    if any(trial.config.weights == "none" for trial in trials):
        return "untrained", differences
    said = set(table["verdict"])
    if "lower" in said:
        return "contradicts", differences
    return ("agrees" if said == {"higher"} else "undecided"), differences
