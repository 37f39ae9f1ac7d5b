"""The run: what a chapter computes with, and where its figures, tables and numbers go."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from helpers.core import BESIDE, read_json, sha256_file, writable, write_json
from helpers.dataset import (
    DEFAULT_FRACTIONS,
    SPLITS,
    Source,
    fingerprint,
    keep_together,
    load_catalogue,
    read_split,
    split_catalogue,
    subset,
)
from helpers.evaluation import scores
from helpers.notebook.captions import UNNAMED, captions_of
from helpers.notebook.cell_lines import CellLines
from helpers.notebook.display import show_figure, show_markdown, show_table
from helpers.notebook.prose import notebook_names, written
from helpers.notebook.references import show_references
from helpers.plots import use_style
from helpers.statistics import Estimate
from helpers.study import Profile
from helpers.training import Trial, TrialConfig, run_trials

Kind = Literal["plot", "photo"]


def _chapter_name() -> str:
    """Name of the chapter that runs here: told by the runner, by JupyterLab or by VS Code.

    A notebook of exercises has its chapter's name and must not write over what that wrote.
    """
    told = os.environ.get("DERMBOOK_CHAPTER")
    opened = os.environ.get("JPY_SESSION_NAME") or notebook_names().get("__vsc_ipynb_file__")
    notebook = Path(opened or UNNAMED)
    beside = notebook.parent.name in BESIDE
    return told or (f"{notebook.parent.name}-{notebook.stem}" if beside else notebook.stem)


class Run:
    """A chapter's view of one run; made by `open_run`.

    Attributes
    ----------
    profile : Profile
        The parameters of all chapters.
    source : Source
        Where the images come from.
    folder : Path
        Where figures, tables and numbers go.
    seed : int
        Of sample, split and trials.
    split_file : Path or None
        Where the split comes from; None where it is computed.
    """

    def __init__(
        self,
        profile: Profile,
        source: Source,
        folder: Path,
        seed: int,
        max_images: int | None,
        split_file: Path | None = None,
    ) -> None:
        self.profile, self.source, self.folder, self.seed = profile, source, folder, seed
        self.max_images, self.split_file = max_images, split_file
        self._chapter = _chapter_name()
        captions_of(self._chapter)  # what is wrong there is told at once
        self._tables: tuple[pd.DataFrame, pd.DataFrame] | None = None
        self._numbers: dict[str, dict[str, Any]] = {}
        self._trials: dict[str, dict[str, Any]] = {}
        writable(folder)
        use_style()

    def catalogue(self, by: Literal["lesion", "image"] = "lesion") -> pd.DataFrame:
        """The source's catalogue with its split: that of the split file, or 60/20/20.

        Parameters
        ----------
        by : {"lesion", "image"}, default="lesion"
            What is kept together. Only a chapter that shows what leaks splits by image; no file
            does.

        Returns
        -------
        DataFrame of shape (n_images, n_columns)
            See `helpers.dataset.catalogue.load_catalogue`, and a column `split`; a column `group`
            too where the profile groups duplicates.

        Raises
        ------
        DataError
            With all problems of the images at once, or of the split file.
        """
        if self._tables is None:
            self._tables = self._divided()
            if not self._chapter.startswith(tuple(f"{folder}-" for folder in BESIDE)):
                _write_once(self.folder / "source.json", self.source_record())
                _write_once(self.folder / "split.json", self.split_record())
        images, by_lesion = self._tables
        return (
            by_lesion.copy() if by == "lesion" else split_catalogue(images, by=by, seed=self.seed)
        )

    def _divided(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The images in use, without and with their split by lesion."""
        whole = keep_together(load_catalogue(self.source), self.profile.group_duplicates)
        images = whole if self.max_images is None else subset(whole, self.max_images, self.seed)
        if self.split_file is None:
            return images, split_catalogue(images, seed=self.seed)
        return images, read_split(self.split_file, images, whole=whole)

    def source_record(self) -> dict[str, Any]:
        """What the run's folder, and so the manifest, says of the images in use."""
        catalogue = self.catalogue()
        return {
            "name": self.source.name,
            "title": self.source.title,
            "drawn": self.source.drawn,
            "fingerprint": fingerprint(catalogue),
            "n_images": len(catalogue),
            "n_lesions": int(catalogue["lesion_id"].nunique()),
        }

    def split_record(self) -> dict[str, Any]:
        """What the run's folder, and so the manifest, says of how they were divided."""
        catalogue, given = self.catalogue(), self.split_file
        return {
            "by": "lesion",
            "file": None if given is None else str(given),
            "sha256": None if given is None else sha256_file(given),
            "fractions": None if given else list(DEFAULT_FRACTIONS),
            "seed": None if given else self.seed,
            "group_duplicates": self.profile.group_duplicates,
            "n_images": {name: int((catalogue["split"] == name).sum()) for name in SPLITS},
        }

    def trial_configs(self, group: str) -> list[TrialConfig]:
        """The profile's configurations of one group of trials."""
        return self.profile.trial_configs(group, self.seed)

    def train(
        self,
        trials: str | Sequence[TrialConfig],
        catalogue: pd.DataFrame | Sequence[pd.DataFrame] | None = None,
        *,
        grouped: bool = True,
    ) -> list[Trial]:
        """Get trials, trained now or earlier, telling one line for each.

        Parameters
        ----------
        trials : str or sequence of TrialConfig
            A group of the profile, or configurations.
        catalogue : DataFrame or sequence of DataFrame, optional
            With a `split` column; `catalogue()` where None. A sequence has one for each trial.
        grouped : bool, default=True
            Whether a lesion in two splits is an error; see `helpers.training.run_trials`.

        Returns
        -------
        list of Trial
            In the order of the configurations.
        """
        configs = self.trial_configs(trials) if isinstance(trials, str) else list(trials)
        lines = CellLines([config.name for config in configs], self._chapter)
        table = self.catalogue() if catalogue is None else catalogue
        finished = run_trials(configs, table, progress=lines.update, grouped=grouped)
        for trial in finished:
            lines.finish(trial)
            self._trials[trial.folder.name] = {
                "name": trial.name,
                "key": trial.folder.name,
                "epochs": trial.record["epochs"],
                "seconds": trial.record["seconds"]["total"],
            }
        write_json(self.folder / "trials" / f"{self._chapter}.json", list(self._trials.values()))
        return finished

    def choose(self, trials: Sequence[Trial]) -> Trial:
        """The trial with the best score on the validation split, by the profile's score.

        Of equal scores the first wins. The test split is not looked at.
        """
        name = self.profile.choose_by
        points = [
            scores(trial.predictions_of("valid"), [name], n_resamples=2)[name].value
            for trial in trials
        ]
        return trials[points.index(max(points))]

    def figure(
        self,
        fig: Any,
        name: str,
        caption: str | None = None,
        alt: str | None = None,
        kind: Kind = "plot",
        width: float | None = None,
    ) -> None:
        """Save, show and close a figure; a drawn sample's figures say so.

        Parameters
        ----------
        fig : matplotlib.figure.Figure
            The figure.
        name : str
            Short name, unique in its chapter.
        caption : str, optional
            What the reader sees under it, with what to look for; that of the chapter's captions
            where None.
        alt : str, optional
            What the figure shows, for those who cannot see it; that of the chapter's captions
            where None.
        kind : {"plot", "photo"}, default="plot"
            Plots are saved as vectors, photographs as PNG.
        width : float, optional
            In centimetres, at most the text's 16; the figure's own where None.
        """
        if caption is None or alt is None:
            known = captions_of(self._chapter).figure(name)
            caption, alt = caption or known[0], alt or known[1]
        stem = self.folder / "figures" / f"{self._chapter}-{name}"
        show_figure(fig, stem, caption, alt, kind=kind, drawn=self.source.drawn, width=width)

    def table(
        self,
        table: pd.DataFrame,
        name: str,
        caption: str | None = None,
        formats: dict[str, Any] | None = None,
        index: bool = False,
    ) -> None:
        """Save a table as CSV and show it.

        Parameters
        ----------
        table : DataFrame
            What to show.
        name : str
            Short name, unique in its chapter.
        caption : str, optional
            What the reader sees above it; that of the chapter's captions where None, which may
            give columns' titles and formats too.
        formats : dict of str to str or callable, optional
            How to write the values of a column; before those of the captions.
        index : bool, default=False
            Whether the index is shown as the first column.
        """
        if caption is None:
            columns = set(map(str, table.columns))
            caption, titles, known = captions_of(self._chapter).table(name, columns)
            table, formats = table.rename(columns=titles), known | (formats or {})
        show_table(
            table,
            f"{self._chapter}-{name}",
            caption,
            formats=formats,
            index=index,
            folder=self.folder / "tables",
        )

    def quote(self, key: str, value: Any, fmt: str | None = None) -> str:
        """Record a number for the manifest and give its text for a sentence.

        Parameters
        ----------
        key : str
            Name of the number, unique in its chapter.
        value : float, int, str or Estimate
            The number.
        fmt : str, optional
            A format such as ".1%"; an `Estimate` keeps its interval and n.

        Returns
        -------
        str
            The number as the reader sees it.
        """
        text = written(value, fmt)
        record: dict[str, Any] = {"key": key, "text": text}
        if isinstance(value, Estimate):
            record |= {"value": value.value, "low": value.low, "high": value.high, "n": value.n}
        else:
            record["value"] = value.item() if hasattr(value, "item") else value
        self._numbers[key] = record
        write_json(self.folder / "numbers" / f"{self._chapter}.json", list(self._numbers.values()))
        return text

    def say(self, markdown: str) -> None:
        """Show a paragraph whose numbers were computed here."""
        show_markdown(markdown)

    def references(self, *also: str) -> None:
        """List the works that the chapter cites, and others that it rests on, by their keys."""
        show_references(self._chapter, *also)


def _write_once(path: Path, record: dict[str, Any]) -> None:
    """Write a record that every chapter of a run writes alike."""
    if not path.exists() or read_json(path) != record:
        write_json(path, record)
