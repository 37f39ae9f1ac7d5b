"""Exercises of chapter 04: what an augmentation does, and what a validation split shows of it."""

from __future__ import annotations

from math import cos, hypot, pi, radians, sin, sqrt
from typing import TYPE_CHECKING, Any

from helpers.exercises.answers import Choice, Count, Number, Share
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
from helpers.exercises.listed_answers import Values
from helpers.exercises.of_run import finished_trials, once
from helpers.lessons import corner_moves, measure_augmentations

if TYPE_CHECKING:
    from helpers.augmentation import Augmentation
    from helpers.notebook import Run

PUBLISHED_SIZE = (224, 224)
SHIFT = 0.3
_NORMAL = 1.96  # the 97.5 per cent point of the normal distribution, as the exercise gives it


def _augmentation(run: Run, name: str) -> Augmentation:
    found = [each for each in run.trial_configs("augmentation") if each.name == name]
    if not found:
        raise NotHere(f"its profile has no trial {name!r}")
    return found[0].augmentation


# 04.1: the parameter that moves a corner farthest


def _moves(run: Run) -> dict[str, float]:
    return corner_moves(_augmentation(run, "Trial 2"), PUBLISHED_SIZE)


def _farthest(run: Run) -> set[str]:
    moves = _moves(run)
    most = max(moves.values())
    return {name for name, pixels in moves.items() if abs(pixels - most) < 0.005}


def _option(number: int) -> Mistake:
    """One of the parameters that do not move it farthest."""

    def answer(right: set[str], run: Run) -> str:
        others = [name for name in _moves(run) if name not in right]
        if number >= len(others):
            raise NotHere("as many parameters move it farthest")
        return others[number]

    return Mistake(f"another parameter, number {number + 1}", answer, told=False)


# 04.2: how far a turn moves a corner


def corner_shift(height: float, width: float, degrees: float) -> float:
    """How far a turn about the centre moves a corner: a chord of the circle on which it lies.

    Parameters
    ----------
    height, width : float
        Between the centres of the outermost pixels.
    degrees : float
        Of the turn.
    """
    return hypot(height, width) * sin(radians(degrees) / 2)


def _turns(run: Run) -> list[tuple[Case, float]]:
    sizes = [(223, 223, 5), (223, 223, 90), (223, 223, 180), (89, 119, 20), (3, 4, 0)]
    return [
        (Case(f"corner_shift({', '.join(map(str, each))})", each), corner_shift(*each))
        for each in sizes
    ]


# 04.3: what two trainings have right alone


def _right_alone(run: Run) -> dict[str, int]:
    def compute() -> dict[str, int]:
        trials = {each.name: each for each in finished_trials(run, "augmentation", "04")}
        if not {"Trial 2", "No augmentation"} <= set(trials):
            raise NotHere("its profile lacks trial 2 or the control")
        right = []
        for name in ("Trial 2", "No augmentation"):
            table = trials[name].predictions_of("valid").set_index("image_id")
            called = table.filter(like="p_").idxmax(axis=1)
            right.append(called == "p_" + table["dx"])
        second, control = right[0].align(right[1])
        return {
            "trial 2 alone": int((second & ~control).sum()),
            "control alone": int((control & ~second).sum()),
        }

    found: dict[str, int] = once(run, "04.alone", compute)
    return found


def _all_right(right: dict[str, int], run: Run) -> dict[str, int]:
    trials = {each.name: each for each in finished_trials(run, "augmentation", "04")}
    counts = {}
    for key, name in (("trial 2 alone", "Trial 2"), ("control alone", "No augmentation")):
        table = trials[name].predictions_of("valid")
        called = table.filter(like="p_").idxmax(axis=1)
        counts[key] = int((called == "p_" + table["dx"]).sum())
    return dict(differing(counts, right))


def _alone_exchanged(right: dict[str, int], run: Run) -> dict[str, int]:
    first, second = right
    return dict(differing({first: right[second], second: right[first]}, right))


def _both_one_more(right: dict[str, int], run: Run) -> dict[str, int]:
    return {name: count + 1 for name, count in right.items()}


# 04.4: how many images an interval needs


def images_needed(accuracy: float, half_width: float) -> float:
    """Images for a 95 % interval of an accuracy of so wide a half, by the normal approximation.

    From ``half_width = 1.96 sqrt(accuracy (1 - accuracy) / n)``, each image a lesion of its own.
    """
    return accuracy * (1 - accuracy) * (_NORMAL / half_width) ** 2


def _needs(run: Run) -> list[tuple[Case, float]]:
    cases = [(0.8, 0.05), (0.8, 0.01), (0.5, 0.02), (0.95, 0.01)]
    return [
        (Case(f"images_needed({', '.join(map(str, each))})", each), images_needed(*each))
        for each in cases
    ]


def _whole_width(accuracy: float, half_width: float) -> float:
    return images_needed(accuracy, half_width / 2)


def _not_squared(accuracy: float, half_width: float) -> float:
    return accuracy * (1 - accuracy) * _NORMAL / half_width


def _without_root(accuracy: float, half_width: float) -> float:
    return sqrt(accuracy * (1 - accuracy)) * (_NORMAL / half_width) ** 2


# 04.5: a shift that was meant for another picture


def _measured(run: Run, **changes: Any) -> dict[str, float]:
    first = next(c for c in run.trial_configs("augmentation") if c.name == "Trial 1")
    changed = first.model_copy(
        update={"augmentation": first.augmentation.model_copy(update=changes)}
    )
    table = once(
        run,
        ("04.measured", *sorted(changes.items())),
        lambda: measure_augmentations(
            [changed], once(run, "catalogue", run.catalogue), seed=run.seed
        ),
    )
    if "kept" not in table:
        raise NotHere("it has no masks of lesions")
    return {name: float(table[name].iloc[0]) for name in ("filled", "kept", "cut")}


def _shifted(run: Run) -> dict[str, float]:
    _augmentation(run, "Trial 1")
    return _measured(run, width_shift_range=SHIFT, height_shift_range=SHIFT)


def _only_width(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(_measured(run, width_shift_range=SHIFT), right))


def _unchanged(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(_measured(run), right))


def _lost_for_kept(right: dict[str, float], run: Run) -> dict[str, float]:
    return dict(differing(right | {"kept": 1 - right["kept"]}, right))


EXERCISES = (
    Exercise(
        "04.1",
        "The parameter that moves most",
        "read",
        _farthest,
        Choice(
            (
                "rotation_range",
                "width_shift_range",
                "height_shift_range",
                "shear_range",
                "zoom_range",
            )
        ),
        (
            "Look down the column of trial 2 in the table of corners.",
            "A shift of a tenth is a tenth of the side. A turn moves the corner along a circle.",
            "The largest value of moves is at max(moves, key=moves.get).",
        ),
        (_option(0), _option(1), _option(2)),
        "A shift of a tenth sounds small, and moves each pixel by a tenth of the side: the whole "
        "picture, where a turn moves its corners alone.",
    ),
    Exercise(
        "04.2",
        "How far a turn moves a corner",
        "compute",
        _turns,
        Function(Number(0.01, "a hundredth of a pixel is below what anybody sees", "pixels")),
        (
            "A corner stays on a circle about the centre. Its move is a chord of that circle.",
            "The radius is half the diagonal; a chord is twice the radius times the sine of half "
            "the angle.",
            "Give back hypot(height, width) * sin(radians(degrees) / 2).",
        ),
        (
            Mistake(
                "the arc, along which the corner runs, not the straight way",
                lambda right, run: lambda h, w, d: hypot(h, w) / 2 * radians(d),
            ),
            Mistake(
                "the whole diagonal as the radius",
                lambda right, run: lambda h, w, d: 2 * corner_shift(h, w, d),
            ),
            Mistake(
                "one less than height and width: they lie between the pixels' centres as they are",
                lambda right, run: lambda h, w, d: corner_shift(h - 1, w - 1, d),
            ),
            Mistake(
                "degrees that were taken for radians",
                lambda right, run: lambda h, w, d: hypot(h, w) * sin(d / 2),
            ),
            Mistake(
                "the sine of the whole angle",
                lambda right, run: lambda h, w, d: hypot(h, w) / 2 * sin(radians(d)),
            ),
            Mistake(
                "the sagitta of the arc",
                lambda right, run: lambda h, w, d: hypot(h, w) / 2 * (1 - cos(pi * d / 180)),
                told=False,
            ),
        ),
        "So a range in degrees costs more on a large picture, in pixels, and a share of the side "
        "costs the same share on any.",
    ),
    Exercise(
        "04.3",
        "Right alone",
        "compare",
        _right_alone,
        Values(Count()),
        (
            "Both were asked about the same images: line the two tables up by image_id first.",
            "An image counts for trial 2 if trial 2 is right and the control is not.",
            "With two columns of True and False: (second & ~control).sum(), and the reverse.",
        ),
        (
            Mistake("all that each has right, with those that both have", _all_right),
            Mistake("the two exchanged", _alone_exchanged),
            Mistake("one more of each", _both_one_more, told=False),
            Mistake(
                "shares", lambda right, run: {k: v + 0.5 for k, v in right.items()}, told=False
            ),
            ONE_MISSING,
        ),
        "The two accuracies differ by the difference of these counts alone. All other images tell "
        "nothing about which is better, and that is why the paired interval is the narrower one.",
    ),
    Exercise(
        "04.4",
        "How many images for one point?",
        "decide",
        _needs,
        Function(Number(1.0, "whole images, rounded either way", "a number of images")),
        (
            "Solve half_width = 1.96 * sqrt(accuracy * (1 - accuracy) / n) for n.",
            "Square both sides first: the half-width counts twice.",
            "n = accuracy * (1 - accuracy) * (1.96 / half_width) ** 2.",
        ),
        (
            Mistake("the whole width, not its half", lambda right, run: _whole_width),
            Mistake("a half-width that was not squared", lambda right, run: _not_squared),
            Mistake("the root of p (1 - p), not the product", lambda right, run: _without_root),
            Mistake("a number", lambda right, run: right[0][1], told=False),
        ),
        "To see half of a difference takes four times the images. Pairing is cheaper.",
    ),
    Exercise(
        "04.5",
        "A shift by three tenths",
        "change",
        _shifted,
        Values(Share()),
        (
            "Copy the augmentation of trial 1 with both shifts changed, then the configuration of "
            "trial 1 with that augmentation: two calls of model_copy.",
            "measure_augmentations takes a list of configurations: give it the changed one.",
            "row = measure_augmentations([changed], catalogue, seed=run.seed).iloc[0]; then "
            "float(row['filled']), and so on.",
        ),
        (
            Mistake("trial 1 as it was", _unchanged),
            Mistake("a shift of the width alone", _only_width),
            Mistake("the lost share of the lesion in place of the kept one", _lost_for_kept),
            IN_PER_CENT,
            AS_TEXT,
            OFF,
            ONE_MISSING,
        ),
        "What is cut off cannot be seen, and the label stays: the network is told that a piece of "
        "skin beside a lesion is a melanoma.",
    ),
)
