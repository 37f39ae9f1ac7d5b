"""Rows of the results: trials beside each other, ensembles, and systems under two protocols."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import pandas as pd

from helpers.evaluation import compare, paired_tests, scores
from helpers.published import claim
from helpers.reference.ensembles import FOLD, ensembles_of, mean_predictions
from helpers.reference.study import Study, is_grouped
from helpers.screening import screening_scores
from helpers.statistics import Estimate, difference_of_independent, p_text, with_interval
from helpers.study import load_presets

SCORE = {"diagnosis": "balanced_accuracy", "malignant": "roc_auc"}
"""What trials are compared and chosen by, on validation."""

TITLES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "AUC",
    "malignant_auc": "malignant AUC",
}
SYSTEM = re.compile(r"(?P<title>.*), by (?P<by>image|lesion)(?P<fold>, fold \d+)?")
"""Name of a training of a published system; see `helpers.reproduction.systems`."""


@dataclass(frozen=True)
class Panel:
    """Trials that were trained and validated on the same images, and so can be compared.

    Attributes
    ----------
    group : str
        Chapter that trained them.
    split : str
        How images were divided.
    target : {"diagnosis", "malignant"}
        What they tell apart.
    grouped : bool
        Whether lesions were kept together.
    slug : str
        Name of its figures.
    trials : tuple of (key, name)
    """

    group: str
    split: str
    target: str
    grouped: bool
    slug: str
    trials: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """What its table is called."""
        kind = "malignant or benign, " if self.target == "malignant" else ""
        return f"{self.chapter}: {kind}divided by {'lesion' if self.grouped else 'image'}"

    @property
    def chapter(self) -> str:
        """Who trained them, in words."""
        return re.sub(r"^\d+[_-]", "", self.group).replace("_", " ").capitalize()


@dataclass(frozen=True)
class Leader:
    """What a panel's trials scored, and which of them leads.

    Attributes
    ----------
    table : DataFrame of str
        A row a trial: ``trial``, ``network``, ``pixels``, ``parameters, M``, its validation
        score, and for those that were not chosen the difference of the chosen one from it with
        p by Holm; for the chosen one, in bold, the scores of test.
    chosen : str
        Key of the trial with the highest validation score, of equals the first.
    valid : dict of str to Estimate
        Those scores by key.
    test : dict of str to Estimate
        Scores of the one chosen, by name.
    """

    table: pd.DataFrame
    chosen: str
    valid: dict[str, Estimate]
    test: dict[str, Estimate]

    @property
    def values(self) -> dict[str, float]:
        """Validation scores by key, without intervals."""
        return {key: estimate.value for key, estimate in self.valid.items()}

    @property
    def value(self) -> float:
        """The highest of them."""
        return self.values[self.chosen]


def panels_of(study: Study) -> list[Panel]:
    """Divide each group into what can be compared; systems and folds have tables of their own."""
    panels = []
    systems = tuple(f"{preset.title}, " for preset in load_presets().values())
    for group in study.manifest["groups"]:
        parts: dict[tuple[str, str], list[tuple[str, str]]] = {}
        for trial in group["trials"]:
            key, name = trial["key"], trial["name"]
            if not (name.startswith(systems) or FOLD.fullmatch(name)):
                part = (study.manifest["trials"][key]["split"], study.target(key))
                parts.setdefault(part, []).append((key, name))
        for number, ((split, target), trials) in enumerate(parts.items(), 1):
            grouped = is_grouped(study.split(trials[0][0]))
            slug = f"{group['name']}-{number}"
            panels.append(Panel(group["name"], split, target, grouped, slug, tuple(trials)))
    return panels


def scored(predictions: pd.DataFrame, target: str, names: Sequence[str]) -> dict[str, Estimate]:
    """Some scores of a split; NaN of a split without images."""
    if predictions.empty:
        return {name: Estimate(nan, nan, nan, 0) for name in names}
    if target == "malignant":
        found = screening_scores(predictions)
        return {name: found[name] for name in names}
    return scores(predictions, names)


def panel_table(study: Study, panel: Panel) -> Leader:
    """Trials beside each other: validation, and test for the one chosen there.

    Parameters
    ----------
    study : Study
        Where their predictions are.
    panel : Panel
        The trials.

    Returns
    -------
    Leader
    """
    name = SCORE[panel.target]
    valid = {key: study.predictions(key, "valid") for key, _ in panel.trials}
    found = {key: scored(table, panel.target, [name])[name] for key, table in valid.items()}
    chosen = max(found, key=lambda key: found[key].value)
    pairs = {
        key: (valid[chosen], valid[key])
        for key, _ in panel.trials
        if key != chosen and panel.target == "diagnosis"
    }
    tests = {row["comparison"]: row for row in paired_tests(pairs, name).to_dict("records")}
    of_test = ["accuracy", name] + (["malignant_auc"] if panel.target == "diagnosis" else [])
    test = scored(study.predictions(chosen, "test"), panel.target, of_test)
    rows: list[dict[str, Any]] = []
    for key, title in panel.trials:
        facts = study.manifest["trials"][key]
        height, width = facts["config"]["image_size"]
        best = key == chosen
        row = {
            "trial": f"**{title}**" if best else title,
            "network": facts["config"]["backbone"],
            "pixels": f"{width} x {height}",
            "parameters, M": f"{facts['parameters'] / 1e6:.1f}" if "parameters" in facts else "–",
            f"validation: {TITLES[name]}": with_interval(found[key], ".3f"),
        }
        if tests:
            gap = tests.get(key)
            row["chosen less it"] = "" if gap is None else with_interval(gap["difference"], "+.3f")
            row["p (Holm)"] = "" if gap is None else p_text(gap["p by Holm"])
        for score, estimate in test.items():
            row[f"test: {TITLES[score]}"] = with_interval(estimate, ".3f") if best else ""
        rows.append(row)
    return Leader(pd.DataFrame(rows), chosen, found, test)


def ensemble_table(study: Study) -> pd.DataFrame:
    """Ensembles of folds on the images that each model was not trained on, and on test.

    Parameters
    ----------
    study : Study
        With trainings that are named as `FOLD`.

    Returns
    -------
    DataFrame of str
        A row a way to ask: ``models``; the held-out balanced accuracy; ``several views less one``,
        paired, where several were asked for; and in bold and with the scores of test the better one
        of an ensemble by lesion. Empty without ensembles.
    """
    name = SCORE["diagnosis"]
    of_test = ("accuracy", name, "malignant_auc")
    rows: list[dict[str, Any]] = []
    for ensemble in ensembles_of(study):
        held = {
            views: table
            for views in (False, True)
            if not (table := mean_predictions(study, ensemble.keys, "valid", views)).empty
        }
        found = {views: scores(table, [name])[name] for views, table in held.items()}
        best = max(found, key=lambda views: found[views].value)
        gain = compare(held[True], held[False], name) if len(held) == 2 else None
        for views, estimate in found.items():
            chosen = views == best and ensemble.by == "lesion"
            title = f"{len(ensemble.keys)} folds by {ensemble.by}"
            title += ", several views" if views else ", one view"
            whole = mean_predictions(study, ensemble.keys, "test", views)
            test = scores(whole, of_test) if chosen and len(whole) else {}
            rows.append(
                {
                    "models": f"**{title}**" if chosen else title,
                    f"held out: {TITLES[name]}": with_interval(estimate, ".3f"),
                    "several views less one": with_interval(gain, "+.3f") if gain and views else "",
                    **{
                        f"test: {TITLES[score]}": with_interval(test[score], ".3f") if test else ""
                        for score in of_test
                    },
                }
            )
    return pd.DataFrame(rows)


def seeds_sentence(study: Study, panel: Panel, values: Mapping[str, float]) -> str:
    """How far the validation scores of one recipe lie apart by its seed alone.

    Parameters
    ----------
    study : Study
        Where the configurations are.
    panel : Panel
        Some of whose trials may differ in nothing but their seed and name.
    values : mapping of str to float
        Their scores; see `Leader`.

    Returns
    -------
    str
        "" where none do. Trials of one configuration *and* seed differ in their pictures, as
        lesions cut out of theirs do, so that nothing is said of their configuration.
    """
    alike: dict[str, dict[str, str]] = {}
    seeds: dict[str, list[int]] = {}
    for key, name in panel.trials:
        config = study.manifest["trials"][key]["config"]
        facts = {field: value for field, value in config.items() if field not in ("seed", "name")}
        kind = json.dumps(facts, sort_keys=True)
        alike.setdefault(kind, {})[key] = name
        seeds.setdefault(kind, []).append(config["seed"])
    parts = []
    for kind, names in alike.items():
        found = [values[key] for key in names]
        if len(set(seeds[kind])) == len(found) > 1:
            parts.append(
                f"{next(iter(names.values()))} from {min(found):.3f} to {max(found):.3f} by "
                f"{len(found)} seeds, {sum(found) / len(found):.3f} on average"
            )
    title = TITLES[SCORE[panel.target]]
    return f"By the seed alone, {title} on validation: {'; '.join(parts)}." if parts else ""


def system_rows(study: Study) -> pd.DataFrame:
    """Published systems: what is claimed, what its protocol gives here, and what lesions leave.

    Parameters
    ----------
    study : Study
        With trainings that are named as `SYSTEM`.

    Returns
    -------
    DataFrame of str
        A row a system that was trained both ways: ``system``; ``score``, that of its first claim;
        ``published``; ``here, as claimed``, on the split that it was claimed for; ``here, by
        lesion``, on test; and ``difference``; with intervals, the last that of independent scores.
    """
    presets = {preset.title: preset for preset in load_presets().values()}
    members: dict[tuple[str, str], list[tuple[str, bool]]] = {}
    for group in study.manifest["groups"]:
        for trial in group["trials"]:
            match = SYSTEM.fullmatch(trial["name"])
            if match and match["title"] in presets:
                place = members.setdefault((match["title"], match["by"]), [])
                place.append((trial["key"], match["fold"] is not None))
    rows = []
    for title, preset in presets.items():
        measure = preset.measures[0]
        ways = {by: members.get((title, by), []) for by in ("image", "lesion")}
        if not all(ways.values()):
            continue
        claimed = _of_system(study, ways["image"], measure.split, measure.score)
        honest = _of_system(study, ways["lesion"], "test", measure.score)
        gap = difference_of_independent(claimed, honest)
        told = "" if measure.claim is None else with_interval(claim(measure.claim).estimate, ".3f")
        rows.append(
            {
                "system": title,
                "score": TITLES.get(measure.score, measure.score.replace("_", " ")),
                "published": told or "none",
                "here, as claimed": with_interval(claimed, ".3f"),
                "here, by lesion": with_interval(honest, ".3f"),
                "difference": with_interval(gap, "+.3f"),
            }
        )
    return pd.DataFrame(rows)


def _of_system(
    study: Study, members: Sequence[tuple[str, bool]], split: str, score: str
) -> Estimate:
    """Of folds together, and of several views where all its models were asked for them.

    A system that was trained in another way beside (chapter 11 divides one in three ways) counts
    by the first of its trainings that has the split.
    """
    folds = [key for key, is_fold in members if is_fold]
    for keys in [folds] if folds else [[key] for key, _ in members]:
        for views in (True, False):
            whole = mean_predictions(study, keys, split, views=views)
            if len(whole):
                return scored(whole, study.target(keys[0]), [score])[score]
    return Estimate(nan, nan, nan, 0)
