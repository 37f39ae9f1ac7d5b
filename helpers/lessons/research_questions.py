"""The five questions of the focal-loss paper, and where chapter 8 answers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def answer_list(answers: Mapping[str, str]) -> str:
    """The questions, where they are measured, and what this run answers, as a list.

    Parameters
    ----------
    answers : mapping of str to str
        By the keys of `QUESTIONS`.

    Returns
    -------
    str
        Markdown.

    Raises
    ------
    ValueError
        If a question has no answer, or an answer no question.
    """
    if set(answers) != set(QUESTIONS):
        raise ValueError(
            f"expected answers to {', '.join(QUESTIONS)} but got {', '.join(answers) or 'none'}; "
            "answer each question once"
        )
    lines = []
    for name, (question, sections) in QUESTIONS.items():
        places = "; ".join(sections) or "Chapter 11"
        lines.append(f"- **{name}. {question}** *{places}.* {answers[name]}")
    return "\n".join(lines)


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
