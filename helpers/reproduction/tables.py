"""The published systems in tables and words: claims beside scores, and what may be read of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import pandas as pd

from helpers.evaluation import SCORES
from helpers.published import claim
from helpers.reproduction.systems import SystemRow
from helpers.statistics import Estimate, difference, listed, with_interval
from helpers.study import SCREENING_SCORES, Measure


def score_label(score: str) -> str:
    """What tables call a score of a measure."""
    return SCORES[score].label if score in SCORES else SCREENING_SCORES[score]


def claim_text(measure: Measure) -> str:
    """A measure's claim as tables show it: value, and interval and n where n is known."""
    if measure.claim is None:
        return "none"
    estimate = claim(measure.claim).estimate
    return estimate_text(estimate, ".3f" if estimate.n else ".2f")


def estimate_text(estimate: Estimate | None, spec: str = ".3f") -> str:
    """An estimate as tables show it; without its n where that is not known."""
    if estimate is None:
        return "–"
    text = with_interval(estimate, spec)
    if not estimate.n or not isfinite(estimate.value):
        return text
    return f"{text}, n\u00a0=\u00a0{estimate.n:,}"  # a line may not break in it


def systems_table(rows: Sequence[SystemRow]) -> pd.DataFrame:
    """Claims, the two scores and their gap, as text.

    Returns
    -------
    DataFrame of str
        ``System``, ``Claim``, ``Its protocol``, ``By lesion``, ``Gap``.
    """
    return pd.DataFrame(
        {
            "System": [row.preset.title for row in rows],
            "Claim": [claim_text(row.measure) for row in rows],
            "Its protocol": [estimate_text(row.published, ".2f") for row in rows],
            "By lesion": [estimate_text(row.grouped, ".2f") for row in rows],
            "Gap": ["–" if row.gap is None else with_interval(row.gap, "+.2f") for row in rows],
        }
    )


def made_table(rows: Sequence[SystemRow]) -> pd.DataFrame:
    """What each claim was measured on, and what was trained here.

    Returns
    -------
    DataFrame of str
        ``System``, ``Protocol of the claim``, ``Trained here``.
    """
    return pd.DataFrame(
        {
            "System": [row.preset.title for row in rows],
            "Protocol of the claim": [row.preset.protocol.words for row in rows],
            "Trained here": [
                row.obstacle
                or (f"made small: {'; '.join(row.changes)}" if row.changes else "as published")
                for row in rows
            ],
        }
    )


def why_in_words(rows: Sequence[SystemRow], drawn: bool) -> str:
    """A list: of each system a sentence why its claim and our scores differ, and what else does.

    Parameters
    ----------
    rows : sequence of SystemRow
        Of `compare_systems`.
    drawn : bool
        Whether the run's images are drawn.
    """
    lines = []
    for row in rows:
        here = ["drawn pictures"] * drawn + ["a network made small"] * bool(row.changes)
        trained = row.published is not None or row.grouped is not None
        own = f" Here it had {listed(here)} as well." if here and trained else ""
        lines.append(f"- **{row.preset.title}.** {row.preset.why}{own}")
    return "\n".join(lines)


def gaps_in_words(rows: Sequence[SystemRow]) -> str:
    """Which systems score higher under their claim's protocol, by the gaps' whole intervals."""
    kinds: dict[str, list[str]] = {"higher": [], "lower": [], "no difference shown": []}
    for row in rows:
        if row.gap is not None and isfinite(row.gap.value):
            kinds[difference(row.gap)].append(row.preset.title)
    parts = []
    if kinds["higher"]:
        parts.append(
            f"under its claim's own protocol {listed(kinds['higher'])} scored **higher** than by "
            "lesion, with the whole interval"
        )
    if kinds["lower"]:
        parts.append(
            f"{listed(kinds['lower'])} scored **lower** there, with the whole interval, which no "
            "leak explains and the draw of images and one training may"
        )
    if kinds["no difference shown"]:
        parts.append(f"for {listed(kinds['no difference shown'])} **no difference is shown**")
    text = "; ".join(parts) or "no gap could be measured"
    return text[0].upper() + text[1:]


def comparable_in_words(rows: Sequence[SystemRow], drawn: bool) -> str:
    """Whether a run's numbers can be held against the claims, and what forbids it.

    Parameters
    ----------
    rows : sequence of SystemRow
        Of `compare_systems`.
    drawn : bool
        Whether the run's images are drawn.
    """
    trained = [row for row in rows if row.published is not None or row.grouped is not None]
    small = [row for row in trained if row.changes]
    left_out = [row.preset.title for row in rows if row not in trained]
    obstacles = ["the pictures are drawn"] if drawn else []
    if small:
        which = "each of them" if len(small) == len(trained) else f"{len(small)} of them"
        obstacles.append(f"the profile made {which} small, in all that the table names")
    if not trained:
        text = "None of the systems was trained in this run. "
    elif obstacles:
        text = (
            f"**No number here can be held against its claim**: {listed(obstacles)}. What can be "
            "read is the difference between the two protocols, since both trainings of a system "
            "are alike in all else. "
        )
    else:
        text = (
            "They were trained as published, so that a claim can be held against the number under "
            "its own protocol, as far as this book's choices allow. "
        )
    if left_out and trained:
        text += f"Not trained in this run: {listed(left_out)}. "
    return text
