"""What ``dermbook trial`` does: list the presets, train one, and print it beside its claims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from helpers.core import ConfigError, sha256_file
from helpers.dataset import (
    keep_together,
    load_catalogue,
    open_source,
    read_split,
    split_path,
    subset,
)
from helpers.reproduction import (
    claim_text,
    estimate_text,
    plan_system,
    score_label,
    system_predictions,
    system_scores,
)
from helpers.statistics import Estimate
from helpers.study import Preset, find_preset, load_presets, load_profile, made_small
from helpers.training import Event, Trial, run_trials

LASTING = ("cached", "done", "failed", "memory", "restart", "damaged", "storage")
"""Kinds of events that are worth a line of their own where lines cannot be redrawn."""

ENDED = ("cached", "done", "failed")


def presets_table() -> Table:
    """The presets: name and one line of description."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("preset", "what it is"):
        table.add_column(column, no_wrap=column == "preset")
    for preset in load_presets().values():
        table.add_row(preset.name, preset.description)
    return table


class TrialLines:
    """One line a trial: redrawn while it trains in a terminal, else printed as it ends.

    Of more trials than a terminal has lines, those in training are shown, and how many there are.

    Parameters
    ----------
    console : Console
        Where to show them.
    names : sequence of str
        The trials, in order.
    """

    def __init__(self, console: Console, names: Sequence[str]) -> None:
        self.console = console
        self.texts = dict.fromkeys(names, "waiting")
        self.begun: set[str] = set()
        self.ended: set[str] = set()
        self.live = Live(console=console, refresh_per_second=4) if console.is_terminal else None

    def __enter__(self) -> TrialLines:
        if self.live is not None:
            self.live.start()
            self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.live is not None:
            self.live.stop()

    def update(self, event: Event) -> None:
        """Show what a training tells."""
        name, text = event["trial"], " ".join(str(event["text"]).split())
        self.texts[name] = text
        self.begun.add(name)
        if event["kind"] in ENDED:
            self.ended.add(name)
        if self.live is not None:
            self._draw()
        elif event["kind"] in LASTING:
            self.console.print(Text(f"{name}: {text}"), soft_wrap=True)

    def _draw(self) -> None:
        assert self.live is not None
        names, lines = list(self.texts), []
        room = max(self.console.height - 2, 1)
        if len(names) > room:
            names = [name for name in names if name in self.begun - self.ended][:room]
            waiting = len(self.texts) - len(self.begun | self.ended)
            lines = [Text(f"{len(self.texts)} trials: {len(self.ended)} ended, {waiting} waiting")]
        lines += [
            Text(f"{name}: {self.texts[name]}", no_wrap=True, overflow="ellipsis") for name in names
        ]
        self.live.update(Group(*lines))


def train_preset(
    name: str,
    console: Console,
    *,
    profile: str = "full",
    source: str | None = None,
    protocol: Literal["published", "lesion"] | None = None,
    backbone: str | None = None,
    max_images: int | None = None,
    seed: int | None = None,
    split_file: Path | None = None,
) -> list[Trial]:
    """Train a published system, or get it from the cache, and print what it scores.

    Parameters
    ----------
    name : str
        Of the preset.
    console : Console
        Where to print.
    profile : str, default="full"
        Says what is made small, and gives what is None below.
    source : str, optional
        "sample", "ham10000", a folder or an archive.
    protocol : {"published", "lesion"}, optional
        Whether the images are divided as for the claim, which is the default, or by lesion, which
        a split file is.
    backbone : str, optional
        Another that the system was published with.
    max_images : int, optional
        At most so many images.
    seed : int, optional
        Of sample, division and training.
    split_file : Path, optional
        The split by lesion to use in place of a computed one; the profile's own where None and
        the protocol is by lesion.

    Returns
    -------
    list of Trial
        One, or one a fold.

    Raises
    ------
    ConfigError
        If the preset, its backbone or the profile is unknown, or a split file is given for the
        claim's protocol.
    DataError
        With all problems of the images, or of the split file.
    TrialError
        If a training fails, as where weights cannot be downloaded.
    """
    preset, loaded = find_preset(name), load_profile(profile)
    if backbone is not None:
        preset = preset.variant(backbone)
    seed = loaded.seed if seed is None else seed
    if split_file is not None and protocol == "published":
        raise ConfigError(
            "--split: a split file keeps lesions together, so expected --protocol lesion, or none, "
            "beside it but got published"
        )
    if split_file is None and protocol == "lesion" and loaded.split_file is not None:
        split_file = Path(loaded.split_file)
    by = "lesion" if split_file or protocol == "lesion" else preset.protocol.by
    given = None if split_file is None else split_path(split_file)
    opened = open_source(source or loaded.source, sample_images=loaded.sample_images, seed=seed)
    whole = keep_together(load_catalogue(opened), loaded.group_duplicates)
    limit = loaded.max_images if max_images is None else max_images
    catalogue = whole if limit is None else subset(whole, limit, seed)
    if given is not None:
        catalogue = read_split(given, catalogue, whole=whole)
    plan = plan_system(
        preset,
        catalogue,
        by,
        small=loaded.systems,
        seed=seed,
        weights_dir=loaded.weights_dir,
        keep_split=given is not None,
    )
    n_images = len(plan.catalogues[0])
    _say(console, f"{preset.title}: {preset.description}", "bold")
    how = f"divided by {by}"
    if given is not None:
        how += f" as {given} says (SHA-256 {sha256_file(given)})"
    _say(console, f"On {opened.title}, {n_images:,} images, {how}.")
    with TrialLines(console, [config.name for config in plan.configs]) as lines:
        trials = run_trials(
            plan.configs, plan.catalogues, progress=lines.update, grouped=by == "lesion"
        )
    predictions = system_predictions(plan, trials)
    found = {split: system_scores(preset, table) for split, table in predictions.items()}
    console.print()
    console.print(claims_table(preset, found, folds=len(trials) > 1))
    console.print()
    changes = made_small(preset, loaded.systems)
    for line in _remarks(preset, by, changes, profile=loaded.name, drawn=opened.drawn):
        _say(console, line)
    for trial in trials:
        _say(console, f"{trial.name} lies in {trial.folder}")
    return trials


def claims_table(
    preset: Preset, found: dict[str, dict[str, Estimate]], *, folds: bool = False
) -> Table:
    """Scores on validation and test, each beside what was claimed there.

    Parameters
    ----------
    preset : Preset
        Whose measures.
    found : dict
        Estimates by split ("valid", "test") and score.
    folds : bool, default=False
        Whether validation is out of fold.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("score", "on", "here", "claimed"):
        table.add_column(column)
    names = {"valid": "out of fold" if folds else "validation", "test": "test"}
    names = {split: name for split, name in names.items() if split in found}
    claimed: dict[tuple[str, str], str] = {
        (measure.score, measure.split): claim_text(measure)
        for measure in preset.measures
        if measure.claim is not None
    }
    for score in dict.fromkeys(measure.score for measure in preset.measures):
        for split, name in names.items():
            here = estimate_text(found[split][score])
            table.add_row(score_label(score), name, here, claimed.get((score, split), "–"))
    return table


def _remarks(
    preset: Preset, by: str, changes: Sequence[str], *, profile: str, drawn: bool
) -> list[str]:
    """What has to be known before the scores are held against the claims."""
    lines = [f"Protocol of the claim: {preset.protocol.words}."]
    if by != preset.protocol.by:
        lines.append("Here no lesion is in two splits, so that the scores are not the claim's.")
    obstacles = [f"made small by the profile {profile} ({'; '.join(changes)})"] if changes else []
    obstacles += ["trained on drawn pictures"] if drawn else []
    if obstacles:
        lines.append(f"Not comparable with the claims: {' and '.join(obstacles)}.")
    for heading, fields in (
        ("Not printed in the source, but shown by it:", preset.inferred),
        ("Chosen here, because it is not published:", preset.chosen),
    ):
        lines += [heading] if fields else []
        for path, why in fields.items():
            value = _short(preset.value_of(path))
            lines.append(f"  {path}{f' = {value}' if value else ''}: {why}")
    if preset.differs:
        lines.append("Differs from the original in any case:")
        lines += [f"  {text}" for text in preset.differs]
    return lines


def _short(value: Any) -> str:
    """A value of a configuration in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_short(part)}" for name, part in value.items())
    if isinstance(value, list):
        return " and ".join(_short(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _say(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style=style), soft_wrap=True)
