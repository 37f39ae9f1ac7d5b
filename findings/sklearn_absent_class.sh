#!/usr/bin/env bash
# A class that no image of a test has: scikit-learn 1.9.1 treats it in four ways in one report of the
# same labels and probabilities. The mean ROC AUC over classes is nan, while weighted it is a number;
# the mean average precision counts the class as 0.0 and falls; balanced accuracy leaves it out, while
# macro recall, elsewhere the same number, counts it as 0.0 once it is predicted; one against one
# leaves it out without a warning. Rare diagnoses are often absent: dermatofibroma is 1 % of HAM10000.
#
# Makes a virtual environment in a temporary folder, installs pinned public packages with pip,
# scores, and removes the folder. Exit status: 0 if all is seen as described, 1 if not.
# Another Python than python3: PYTHON=python3.13 bash sklearn_absent_class.sh
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${PYTHON:-python3}" -m venv "$folder/venv"
python=$folder/venv/bin/python
"$python" -m pip install --quiet --disable-pip-version-check \
    scikit-learn==1.9.1 numpy==2.4.6

# -P and an empty working folder: nothing but the packages above is imported.
cd "$folder"
"$python" -P - <<'PYTHON'
import math
import platform
import sys
import warnings

import numpy as np
import sklearn
from sklearn import metrics

print("Python", platform.python_version())
for package in (sklearn, np):
    print(package.__name__, package.__version__)

CLASSES = [0, 1, 2]
truth = np.array([0, 0, 1, 1, 0, 1])  # nobody has class 2
probabilities = np.array(
    [
        [0.6, 0.3, 0.1],
        [0.2, 0.2, 0.6],  # and one is taken for it
        [0.1, 0.8, 0.1],
        [0.2, 0.7, 0.1],
        [0.7, 0.2, 0.1],
        [0.5, 0.4, 0.1],
    ]
)
predicted = probabilities.argmax(axis=1)
one_hot = np.eye(3, dtype=int)[truth]


def score(name, function, *arguments, **options):
    """A score and whether it came with a warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = float(function(*arguments, **options))
    print(f"{name:32} {value:6.3f}  {'warns' if caught else 'says nothing'}")
    return value, bool(caught)


def auc(average, way):
    return score(
        f"ROC AUC, {way}, {average}",
        metrics.roc_auc_score,
        truth,
        probabilities,
        multi_class=way,
        average=average,
        labels=CLASSES,
    )


def precision(average):
    name = f"average precision, {average}"
    return score(name, metrics.average_precision_score, one_hot, probabilities, average=average)


mean_auc, weighted_auc, pairs = auc("macro", "ovr"), auc("weighted", "ovr"), auc("macro", "ovo")
mean_precision, weighted_precision = precision("macro"), precision("weighted")
balanced = score("balanced accuracy", metrics.balanced_accuracy_score, truth, predicted)
recall = score("recall, macro", metrics.recall_score, truth, predicted, average="macro")

there = [metrics.average_precision_score(one_hot[:, c], probabilities[:, c]) for c in (0, 1)]
print(f"average precision of the two classes that are there, mean {np.mean(there):.3f}")

as_described = (
    math.isnan(mean_auc[0])
    and math.isclose(weighted_auc[0], 11 / 12)
    and math.isclose(pairs[0], 11 / 12)
    and not pairs[1]
    and math.isclose(mean_precision[0], np.sum(there) / 3)
    and math.isclose(weighted_precision[0], np.mean(there))
    and math.isclose(balanced[0], 2 / 3)
    and math.isclose(recall[0], 4 / 9)
)
print("as described" if as_described else "NOT as described: look again what an absent class does")
sys.exit(not as_described)
PYTHON
