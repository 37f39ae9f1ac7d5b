"""The plan of a drawn sample: how many lesions and images of each class, and their metadata."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.core import CLASSES, PUBLISHED, ConfigError

MARGINALS = PUBLISHED / "marginals.csv"

FEWEST_IMAGES = 42
FEWEST_LESIONS = 5
"""Lesions that every class has at least, so that a grouped split reaches every split."""

SHARES = {
    "akiec": 0.085,
    "bcc": 0.105,
    "bkl": 0.160,
    "df": 0.067,
    "mel": 0.165,
    "nv": 0.350,
    "vasc": 0.068,
}
"""Share of images by class: HAM10000's order of sizes, flattened."""

IMAGES_A_LESION = {
    "akiec": 327 / 228,
    "bcc": 514 / 327,
    "bkl": 1099 / 727,
    "df": 115 / 73,
    "mel": 1113 / 614,
    "nv": 6705 / 5403,
    "vasc": 142 / 98,
}
"""HAM10000's images over lesions."""

MOST_VIEWS = 4

_IMAGE_PREFIX, _LESION_PREFIX = "ISIC_9", "HAM_9"

COHORTS = ("drawn_a", "drawn_b", "drawn_c", "drawn_d")
COHORT_SHARES = {
    "akiec": (0.20, 0.25, 0.45, 0.10),
    "bcc": (0.20, 0.28, 0.42, 0.10),
    "bkl": (0.28, 0.32, 0.30, 0.10),
    "df": (0.30, 0.32, 0.28, 0.10),
    "mel": (0.18, 0.38, 0.34, 0.10),
    "nv": (0.48, 0.27, 0.15, 0.10),
    "vasc": (0.38, 0.34, 0.18, 0.10),
}
"""Share of each cohort by class: a mild form of the shortcut in HAM10000's ``dataset``."""

COLUMNS = (
    "lesion_id",
    "image_id",
    "dx",
    "dx_type",
    "age",
    "sex",
    "localization",
    "dataset",
)


def count_images(n_images: int) -> dict[str, int]:
    """Images of each class; they sum to ``n_images``.

    Raises
    ------
    ConfigError
        If ``n_images`` is not a whole number of at least 42.
    """
    if isinstance(n_images, bool) or not isinstance(n_images, int | np.integer):
        raise ConfigError(f"n_images: expected a whole number but got {n_images!r}")
    if n_images < FEWEST_IMAGES:
        raise ConfigError(
            f"n_images: expected at least {FEWEST_IMAGES}, so that each of the seven classes has "
            f"{FEWEST_LESIONS} lesions, but got {n_images}; ask for more images"
        )
    counts = {dx: max(FEWEST_LESIONS, round(SHARES[dx] * n_images)) for dx in CLASSES}
    counts["nv"] = int(n_images) - sum(n for dx, n in counts.items() if dx != "nv")
    return counts


def _views(rng: np.random.Generator, n_images: int, dx: str) -> list[int]:
    """Number of images of each lesion of a class, 1 to 4."""
    n_lesions = max(FEWEST_LESIONS, round(n_images / IMAGES_A_LESION[dx]))
    views = np.ones(n_lesions, dtype=int)
    for _ in range(n_images - n_lesions):
        open_ = np.flatnonzero(views < MOST_VIEWS)
        views[rng.choice(open_)] += 1
    return [int(n) for n in views]


def load_marginals() -> pd.DataFrame:
    """Shares of ages, sexes, sites and kinds of diagnosis in each class of HAM10000.

    Returns
    -------
    DataFrame
        Columns ``dx``, ``field``, ``value`` (text; a missing age is ``"missing"``) and
        ``share``, which sums to about 1 for each class and field.

    References
    ----------
    .. [1] Tschandl, Rosendahl and Kittler, "The HAM10000 dataset", Scientific Data 5 (2018)
       180161; computed from its metadata, one row a lesion.
    """
    return pd.read_csv(MARGINALS, dtype={"value": str}, keep_default_na=False)


def plan_sample(n_images: int, seed: int) -> pd.DataFrame:
    """Metadata of a drawn sample, before anything is drawn.

    Parameters
    ----------
    n_images : int
        At least 42.
    seed : int

    Returns
    -------
    DataFrame
        A row an image, sorted by ``image_id``: the eight columns of HAM10000's metadata
        (``age`` is float, NaN where missing), and ``lesion_number`` and ``view``, from which
        the drawing takes its random numbers. Neither order nor numbers of the ids tell the
        class.

    Raises
    ------
    ConfigError
        If ``n_images`` is too small.
    """
    counts = count_images(n_images)
    rng = np.random.default_rng([seed, 2**31])
    views = {dx: _views(rng, counts[dx], dx) for dx in CLASSES}
    n_lesions = sum(map(len, views.values()))
    numbers = rng.permutation(n_lesions)
    marginals = {key: group for key, group in load_marginals().groupby(["dx", "field"])}
    lesions: list[dict[str, object]] = []
    for dx in CLASSES:
        n = len(views[dx])
        drawn = {"dataset": rng.choice(COHORTS, n, p=COHORT_SHARES[dx])}
        for name in ("dx_type", "age", "sex", "localization"):
            group = marginals[dx, name]
            share = group["share"].to_numpy(float)
            drawn[name] = rng.choice(group["value"].to_numpy(str), n, p=share / share.sum())
        for i, n_views in enumerate(views[dx]):
            number = int(numbers[len(lesions)])
            facts: dict[str, object] = {name: str(values[i]) for name, values in drawn.items()}
            lesions.append({"dx": dx, "lesion_number": number, "n_views": n_views, **facts})
    table = pd.DataFrame(lesions)
    table["age"] = pd.to_numeric(table["age"].where(table["age"] != "missing"))
    table["lesion_id"] = [f"{_LESION_PREFIX}{number:06d}" for number in table["lesion_number"]]
    table = table.loc[table.index.repeat(table["n_views"])].reset_index(drop=True)
    table["view"] = table.groupby("lesion_number").cumcount() + 1
    table["image_id"] = [f"{_IMAGE_PREFIX}{number:06d}" for number in rng.permutation(n_images)]
    table = table.sort_values("image_id", ignore_index=True)
    return table[[*COLUMNS, "lesion_number", "view"]]


def has_drawn_ids(table: pd.DataFrame) -> bool:
    """Whether all images and lesions of a table are named as the drawn sample names its own.

    Parameters
    ----------
    table : DataFrame
        With ``image_id`` and ``lesion_id``. HAM10000's numbers begin with 00 and 000; no other
        data set is known to name lesions HAM_9.

    Returns
    -------
    bool
        False for a table without rows.
    """
    named = (("image_id", _IMAGE_PREFIX), ("lesion_id", _LESION_PREFIX))
    return len(table) > 0 and all(
        bool(table[column].astype(str).str.fullmatch(rf"{prefix}\d{{6}}").all())
        for column, prefix in named
    )
