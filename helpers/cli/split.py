"""What ``dermbook data split`` does: divide a source by lesion and write the split as a file."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from helpers.core import CLASSES, ConfigError, sha256_file
from helpers.dataset import (
    SPLITS,
    check_new,
    keep_together,
    load_catalogue,
    open_source,
    split_catalogue,
    write_split,
)


def read_fractions(text: str) -> tuple[float, ...]:
    """Shares of train, valid and test from text such as ``0.7,0.15,0.15``.

    Raises
    ------
    ConfigError
        If these are not three numbers above 0; that they sum to 1 is seen when they are used.
    """
    try:
        shares = tuple(float(part) for part in text.split(","))
    except ValueError:
        shares = ()
    if len(shares) != len(SPLITS) or not all(share > 0 for share in shares):
        raise ConfigError(
            f"--fractions: expected three shares above 0 such as 0.7,0.15,0.15 but got {text!r}"
        )
    return shares


def split_source(
    source: str,
    path: Path,
    console: Console,
    *,
    fractions: str = "0.6,0.2,0.2",
    seed: int = 0,
    group_duplicates: bool = False,
    replace: bool = False,
) -> None:
    """Divide a source as a report does, write the file, and print what is where.

    Parameters
    ----------
    source : str
        "sample", "ham10000", a folder or an archive.
    path : Path
        The file.
    console : Console
        Where to print.
    fractions : str
        Shares of train, valid and test.
    seed : int, default=0
        Of the split, and of a drawn sample.
    group_duplicates : bool, default=False
        Whether lesions that share a picture stay together.
    replace : bool, default=False
        Whether a file of this name may be replaced.

    Raises
    ------
    ConfigError
        If the file is there already or the fractions are none.
    DataError
        If the source has problems or cannot be divided so.
    """
    shares = read_fractions(fractions)
    check_new(path, replace=replace)
    opened = open_source(source, seed=seed)
    catalogue = keep_together(load_catalogue(opened), group_duplicates)
    divided = split_catalogue(catalogue, shares, seed=seed)
    write_split(divided, path, replace=replace)

    def say(text: str) -> None:
        console.print(text, highlight=False, soft_wrap=True)

    say(f"{path}: {opened.title}, SHA-256 {sha256_file(path)}")
    table = Table(box=None, pad_edge=False, header_style="bold")
    present = [dx for dx in CLASSES if (divided["dx"] == dx).any()]
    for column in ("split", "images", "lesions", *present):
        table.add_column(column, justify="left" if column == "split" else "right")
    for name in SPLITS:
        rows = divided[divided["split"] == name]
        counts = [len(rows), rows["lesion_id"].nunique()]
        counts += [int((rows["dx"] == dx).sum()) for dx in present]
        table.add_row(name, *(f"{count:,}" for count in counts))
    console.print(table)
    if group_duplicates:
        lesions = catalogue.drop_duplicates("lesion_id")
        joined = lesions["group"].duplicated(keep=False)
        say(
            f"{int(joined.sum()):,} lesions share a picture with another, in "
            f"{lesions.loc[joined, 'group'].nunique():,} groups that stay together."
        )
