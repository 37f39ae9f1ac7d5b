"""Exercises of chapter 02: lesions and images, what leaks, what a score of nothing is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers.core import CLASSES, MALIGNANT
from helpers.dataset import leakage, perceptual_hash, read_image, split_catalogue
from helpers.exercises.answers import Choice, Share
from helpers.exercises.exercise import (
    AS_TEXT,
    IN_PER_CENT,
    OFF,
    ONE_MISSING,
    Exercise,
    Mistake,
    NotHere,
    differing,
)
from helpers.exercises.function_answers import Case, Function
from helpers.exercises.listed_answers import TextSet, Values
from helpers.exercises.of_run import once

if TYPE_CHECKING:
    from helpers.notebook import Run

N_SEEDS = 10
NEAR_BITS = 4
"""Bits up to which chapter 2 calls two hashes near."""
CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "half the size": lambda image: image[::2, ::2],
    "a tenth darker": lambda image: (0.9 * image).astype(np.uint8),
    "upside down": lambda image: image[::-1],
    "turned by a quarter": lambda image: np.rot90(image),
    "negative": lambda image: 255 - image,
}


def _catalogue(run: Run) -> pd.DataFrame:
    table: pd.DataFrame = once(run, "02.catalogue", run.catalogue)
    return table


# 02.1: images a lesion


def _images_a_lesion(run: Run) -> pd.Series:
    groups = _catalogue(run).groupby("dx")["lesion_id"]
    return groups.size() / groups.nunique()


def _most_photographed(run: Run) -> set[str]:
    each = _images_a_lesion(run)
    return set(each.index[np.isclose(each, each.max())])


def _other(wanted: str, right: set[str]) -> str:
    if wanted in right:
        raise NotHere("on this run it is the same")
    return wanted


def _most_images(right: set[str], run: Run) -> str:
    return _other(str(_catalogue(run)["dx"].value_counts().idxmax()), right)


def _least_photographed(right: set[str], run: Run) -> str:
    return _other(str(_images_a_lesion(run).idxmin()), right)


def _alphabet(right: set[str], run: Run) -> str:
    return next(dx for dx in CLASSES if dx not in right)


# 02.2: a function for the leak


def _seen(table: pd.DataFrame, scored: str, trained: tuple[str, ...]) -> pd.Series:
    known = set(table.loc[table["split"].isin(trained), "lesion_id"])
    rows = table[table["split"] == scored]
    return rows["lesion_id"].isin(known)


def _leak(table: pd.DataFrame) -> float:
    return float(_seen(table, "test", ("train",)).mean())


def _leak_of_lesions(table: pd.DataFrame) -> float:
    return _leak(table.drop_duplicates(["lesion_id", "split"]))


def _leak_from_both(table: pd.DataFrame) -> float:
    return float(_seen(table, "test", ("train", "valid")).mean())


def _trained_that_return(table: pd.DataFrame) -> float:
    return float(_seen(table, "train", ("test",)).mean())


def _leak_cases(run: Run) -> list[tuple[Case, float]]:
    """The run's table split in both ways, and one of seven images that tells mistakes apart."""
    columns = ["image_id", "lesion_id", "dx", "split"]
    small = pd.DataFrame(
        [
            ("i1", "a", "mel", "train"),
            ("i2", "a", "mel", "test"),
            ("i3", "a", "mel", "test"),
            ("i4", "b", "nv", "valid"),
            ("i5", "b", "nv", "test"),
            ("i6", "c", "nv", "train"),
            ("i7", "d", "nv", "test"),
        ],
        columns=columns,
    )
    cases = [
        Case("the run's images split by image", (run.catalogue(by="image")[columns],)),
        Case("the run's images split by lesion", (_catalogue(run)[columns],)),
        Case("a table of seven images", (small,)),
    ]
    return [(case, _leak(case.arguments[0])) for case in cases]


# 02.3: the score of knowing nothing


def _nothing(run: Run) -> dict[str, float]:
    table = _catalogue(run)
    test = table.loc[table["split"] == "test", "dx"]
    usual = table.loc[table["split"] == "train", "dx"].value_counts().idxmax()
    return {"accuracy": float((test == usual).mean()), "balanced": 1 / test.nunique()}


def _exchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = {"accuracy": right["balanced"], "balanced": right["accuracy"]}
    return dict(differing(wrong, right))


def _both_accuracy(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(right | {"balanced": right["accuracy"]}, right))


def _chance(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = {"accuracy": 1 / len(CLASSES), "balanced": 1 / len(CLASSES)}
    return dict(differing(wrong, right))


# 02.4: what a hash forgives


def _bits(run: Run) -> dict[str, int]:
    def count() -> dict[str, int]:
        image = read_image(_catalogue(run)["path"].iloc[0])
        hashes = {name: perceptual_hash(change(image)) for name, change in CHANGES.items()}
        own = perceptual_hash(image)
        return {name: int(other ^ own).bit_count() for name, other in hashes.items()}

    bits: dict[str, int] = once(run, "02.bits", count)
    return bits


def _forgiven(run: Run) -> set[str]:
    near = {name for name, bits in _bits(run).items() if bits <= NEAR_BITS}
    if not near:
        raise NotHere("its first picture is changed beyond the hash by everything")
    return near


def _unlike(names: set[str], right: set[str]) -> set[str]:
    if names == right:
        raise NotHere("on this run it is the same")
    return names


# 02.5: only what was cut out


def _proven(run: Run) -> pd.DataFrame:
    table = _catalogue(run)
    proven = table[table["dx_type"] == "histo"]
    if proven.empty or len(proven) == len(table):
        raise NotHere("images with and without histopathology are needed")
    return proven


def _malignant_shares(run: Run) -> dict[str, float]:
    table, proven = _catalogue(run), _proven(run)
    return {
        "all": float(table["dx"].isin(MALIGNANT).mean()),
        "proven": float(proven["dx"].isin(MALIGNANT).mean()),
    }


def _proven_of_malignant(right: dict[str, float], run: Run) -> dict[str, float]:
    table = _catalogue(run)
    malignant = table[table["dx"].isin(MALIGNANT)]
    wrong = right | {"proven": float((malignant["dx_type"] == "histo").mean())}
    return dict(differing(wrong, right))


def _only_melanoma(right: dict[str, float], run: Run) -> dict[str, float]:
    wrong = {
        "all": float((_catalogue(run)["dx"] == "mel").mean()),
        "proven": float((_proven(run)["dx"] == "mel").mean()),
    }
    return dict(differing(wrong, right))


def _turned_round(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing({"all": right["proven"], "proven": right["all"]}, right))


# 02.6: ten splits


def _leaks(run: Run, scored: str = "test") -> np.ndarray:
    def shares() -> np.ndarray:
        table = _catalogue(run)
        splits = (split_catalogue(table, by="image", seed=seed) for seed in range(N_SEEDS))
        return np.array([leakage(split, scored).loc["all", "share"] for split in splits])

    found: np.ndarray = once(run, f"02.leaks.{scored}", shares)
    return found


def _range(run: Run) -> dict[str, float]:
    found = _leaks(run)
    return {"lowest": float(found.min()), "highest": float(found.max())}


def _of_validation(right: dict[str, float], run: Run) -> dict[str, float]:
    found = _leaks(run, "valid")
    wrong = {"lowest": float(found.min()), "highest": float(found.max())}
    return dict(differing(wrong, right))


def _mean_twice(right: dict[str, float], run: Run) -> dict[str, float]:
    mean = float(_leaks(run).mean())
    return dict(differing({"lowest": mean, "highest": mean}, right))


EXERCISES = (
    Exercise(
        "02.1",
        "The diagnosis that is photographed most often",
        "read",
        _most_photographed,
        Choice(CLASSES),
        (
            "The largest class need not be it. What is asked is per lesion.",
            "Divide the images of each diagnosis by its lesions.",
            "counts['images'] / counts['lesions'], without the row 'all'; then idxmax().",
        ),
        (
            Mistake("the diagnosis with most images, not most a lesion", _most_images),
            Mistake("the diagnosis with fewest images a lesion", _least_photographed),
            Mistake("another one", _alphabet, told=False),
            Mistake("the number", lambda right, run: 1.5, told=False),
            Mistake("a list", lambda right, run: list(CLASSES), told=False),
        ),
        "Where it is photographed often, a split by image leaks most.",
    ),
    Exercise(
        "02.2",
        "The leak, as a function",
        "compute",
        _leak_cases,
        Function(Share()),
        (
            "Which lesions has a model seen? Those with an image in the training split.",
            "Ask of each test image whether its lesion is one of these, and take the mean.",
            "test['lesion_id'].isin(train['lesion_id']).mean(), for the rows of each split.",
        ),
        (
            Mistake("the share of lesions, not of images", lambda right, run: _leak_of_lesions),
            Mistake(
                "a leak from validation too, which trains nothing",
                lambda right, run: _leak_from_both,
            ),
            Mistake(
                "the share of training images that come back in test",
                lambda right, run: _trained_that_return,
            ),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "By lesion it is 0, whatever the run: that is what such a split is made for.",
    ),
    Exercise(
        "02.3",
        "The score of knowing nothing, twice",
        "compare",
        _nothing,
        Values(Share()),
        (
            "The model says one diagnosis whatever the picture. Which one can it know of?",
            "Its accuracy is that diagnosis' share of the test images. Its recalls are 1 and 0.",
            "The mean of the recalls is one over the number of diagnoses on the test split.",
        ),
        (
            Mistake("the two exchanged", _exchanged),
            Mistake("the accuracy twice", _both_accuracy),
            Mistake("chance among seven for both", _chance),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "The first number follows the counts of the test split, the second does not.",
    ),
    Exercise(
        "02.4",
        "What a perceptual hash forgives",
        "predict",
        _forgiven,
        TextSet(tuple(CHANGES)),
        (
            "The hash keeps where a picture is bright and where it is dark, coarsely.",
            "What moves the dark places elsewhere, or makes them bright, changes the hash.",
            "Bits that differ: int(perceptual_hash(a) ^ perceptual_hash(b)).bit_count().",
        ),
        (
            Mistake("all changes", lambda right, run: _unlike(set(CHANGES), right)),
            Mistake(
                "the changes that the hash does not forgive",
                lambda right, run: _unlike(set(CHANGES) - right, right),
            ),
            Mistake("one too few", lambda right, run: sorted(right)[1:], told=False),
            Mistake("something else", lambda right, run: {*right, "another camera"}, told=False),
        ),
        "So a data set without near hashes may still hold turned copies.",
    ),
    Exercise(
        "02.5",
        "Only what was cut out",
        "change",
        _malignant_shares,
        Values(Share()),
        (
            "Which lesions are cut out and read under the microscope, and which are left?",
            "Keep the rows whose dx_type is 'histo', and count the malignant among them.",
            "catalogue.loc[catalogue['dx_type'] == 'histo', 'dx'].isin(MALIGNANT).mean()",
        ),
        (
            Mistake(
                "the share of the malignant that are proven: the question the other way round",
                _proven_of_malignant,
            ),
            Mistake("melanomas alone, and not all that is malignant", _only_melanoma),
            Mistake("the two exchanged", _turned_round),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "A test set of proven lesions alone is another population: a precision that was measured "
        "there belongs to no waiting room.",
    ),
    Exercise(
        "02.6",
        "Ten splits by image",
        "change",
        _range,
        Values(Share()),
        (
            "Split the same table ten times, by image, each time with another seed.",
            "split_catalogue(catalogue, by='image', seed=s) for s from 0 to 9.",
            "leakage(split).loc['all', 'share'] for each; the answer is their min and their max.",
        ),
        (
            Mistake("the leak of validation, not of test", _of_validation),
            Mistake("the mean twice", _mean_twice),
            Mistake(
                "a split by lesion, which leaks nothing",
                lambda right, run: dict(differing({"lowest": 0.0, "highest": 0.0}, right)),
            ),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "The draw moves the leak by some points. No draw by image takes it away.",
    ),
)
