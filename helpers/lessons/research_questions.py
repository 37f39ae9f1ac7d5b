"""The five questions of the focal-loss paper, and where chapter 8 answers them."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

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


def answer_table(answers: Mapping[str, str]) -> pd.DataFrame:
    """The questions, where they are measured, and what this run answers.

    Parameters
    ----------
    answers : mapping of str to str
        By the keys of `QUESTIONS`.

    Returns
    -------
    DataFrame of str
        Columns ``question``, ``measured in`` and ``this run``.

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
    rows = [
        (f"{name}. {question}", "; ".join(sections) or "chapter 11", answers[name])
        for name, (question, sections) in QUESTIONS.items()
    ]
    return pd.DataFrame(rows, columns=["question", "measured in", "this run"])
