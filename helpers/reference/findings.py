"""What a study found: panels with their leaders, ensembles, systems, and all of it in short."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from helpers.reference.study import Study
from helpers.reference.tables import (
    SCORE,
    Leader,
    Panel,
    ensemble_table,
    panel_table,
    panels_of,
    seeds_sentence,
    system_rows,
)
from helpers.statistics import with_interval

BALANCED, AREA = "test: balanced accuracy", "test: malignant AUC"
WAYS = ("image", "lesion")


@dataclass(frozen=True, eq=False)
class Findings:
    """All scores of a study's results.

    Attributes
    ----------
    study : Study
        The committed tables.
    """

    study: Study

    @cached_property
    def panels(self) -> list[tuple[Panel, Leader]]:
        """Trials that can be compared, and how they compare."""
        return [(panel, panel_table(self.study, panel)) for panel in panels_of(self.study)]

    @cached_property
    def foremost(self) -> tuple[Panel, Leader] | None:
        """Where the best diagnosing model by validation is, lesions being kept together."""
        fit = [
            (panel, leader)
            for panel, leader in self.panels
            if panel.grouped and panel.target == "diagnosis"
        ]
        return max(fit, key=lambda pair: pair[1].value) if fit else None

    @cached_property
    def ensembles(self) -> pd.DataFrame:
        """Ensembles of folds, as `ensemble_table` gives them."""
        return ensemble_table(self.study)

    @cached_property
    def systems(self) -> pd.DataFrame:
        """Published systems, as `system_rows` gives them."""
        return system_rows(self.study)

    def seeds(self, panel: Panel, leader: Leader) -> str:
        """What the seed alone changes, as a sentence; "" where there is one."""
        return seeds_sentence(self.study, panel, leader.values)

    def chosen(self) -> pd.DataFrame:
        """The model that validation chose in each panel divided by lesion, and what test says.

        Returns
        -------
        DataFrame of str
            A row a model: ``chosen in``, ``model``, ``validation`` (balanced accuracy, or the AUC
            of benign against malignant), and of test ``balanced accuracy`` and ``malignant AUC``;
            the best by validation in bold. Last comes an ensemble, where there is one.
        """
        rows = []
        for panel, leader in self.panels:
            if not panel.grouped:
                continue
            name, test = self._described(panel, leader.chosen), leader.test
            foremost = self.foremost is not None and panel is self.foremost[0]
            valid = with_interval(leader.valid[leader.chosen], ".3f")
            areas = [test[key] for key in ("malignant_auc", "roc_auc") if key in test]
            rows.append(
                {
                    "chosen in": panel.chapter,
                    "model": f"**{name}**" if foremost else name,
                    "validation": f"AUC {valid}" if panel.target == "malignant" else valid,
                    BALANCED: with_interval(test[SCORE["diagnosis"]], ".3f")
                    if panel.target == "diagnosis"
                    else "",
                    AREA: with_interval(areas[0], ".3f"),
                }
            )
        for row in self.ensembles.to_dict("records"):
            if row["models"].startswith("**"):
                rows.append(
                    {
                        "chosen in": "Class imbalance",
                        "model": row["models"].strip("*"),
                        "validation": row["held out: balanced accuracy"],
                        BALANCED: row[BALANCED],
                        AREA: row[AREA],
                    }
                )
        return pd.DataFrame(rows)

    def _described(self, panel: Panel, key: str) -> str:
        """A model's name, what network it is and what it sees."""
        name, config = dict(panel.trials)[key], self.study.manifest["trials"][key]["config"]
        (height, width), backbone = config["image_size"], config["backbone"]
        network = [] if name == backbone else [backbone]
        return f"{name} ({', '.join([*network, f'{width} x {height}'])})"

    def folds_sentence(self) -> str:
        """What folds promise on the images that they hold out, by image and by lesion."""
        held = {
            row["models"].strip("*"): row["held out: balanced accuracy"]
            for row in self.ensembles.to_dict("records")
            if "one view" in row["models"]
        }
        by = {way: [held[name] for name in held if f"by {way}" in name] for way in WAYS}
        if not all(by.values()):
            return ""
        return (
            "On the images that they hold out, folds that may have a lesion on both sides promise "
            f"a balanced accuracy of {by['image'][0]}, folds by lesion {by['lesion'][0]}."
        )
