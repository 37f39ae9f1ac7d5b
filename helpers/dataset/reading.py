"""Reading a source: from the files found, by what is in them, to one table and its pictures."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from helpers.core import ARCHIVE_MARK, HAM10000_CLASSES, DataError, name_some, read_bytes
from helpers.dataset.layout import (
    IMAGE_SUFFIXES,
    OTHER_SUFFIXES,
    Entry,
    Layout,
    short_name,
)
from helpers.dataset.metadata import METADATA_COLUMNS, clean_rows, lesion_problems, value_problems
from helpers.dataset.tables import TableError, TextTable, read_text_table
from helpers.dataset.vocabulary import (
    class_name,
    class_order,
    diagnosis_code,
    folder_of,
    is_unknown,
    proof_word,
)

LEAST_CLASSES, MOST_CLASSES = 2, 20
_LISTS = (".json", ".jsonl", ".xml", ".yaml", ".txt")
"""What labels are written in too, by other programs."""

LARGEST_TABLE = 2**30
"""Bytes; a larger file is left alone."""

_NUMBER = re.compile(r"(\d+)(?:\.0)?")
_NUMBERED = re.compile(r"(.*?)(\d+)")
_VERSION_OF = re.compile(r"(.+)_(?:jpe?g|png)\.rf\.[0-9A-Za-z]+")
"""How Roboflow names what it exports: several augmented versions of a picture among it."""

_DOWNSAMPLED = "_downsampled"
_SHOWN = 5


@dataclass(frozen=True)
class NamedTable:
    """One table of a source.

    Attributes
    ----------
    name : str
        Of the file, within the source.
    text : TextTable
        Its content.
    columns : dict of str to str
        Names of its columns by what they are in small letters.
    """

    name: str
    text: TextTable
    columns: Mapping[str, str]

    def has(self, *names: str) -> bool:
        """Whether it has all of these columns, in any case."""
        return all(name in self.columns for name in names)

    def column(self, name: str) -> pd.Series:
        """A column as text; empty where the table has none."""
        rows = self.text.rows
        return rows[self.columns[name]] if name in self.columns else pd.Series("", rows.index)

    def rows(self, **columns: str) -> pd.DataFrame:
        """Rows under other names, with ``where`` and ``table``; columns that lack are left out."""
        rows = pd.DataFrame(index=self.text.rows.index)
        for ours, theirs in columns.items():
            if theirs in self.columns:
                rows[ours] = self.column(theirs)
        return rows.assign(where=[f"line {line}" for line in self.text.lines], table=self.name)


@dataclass(frozen=True)
class Found:
    """What lies in a source: files, and tables that could be read."""

    layout: Layout
    tables: tuple[NamedTable, ...]
    unread: tuple[str, ...] = ()


@dataclass
class Labels:
    """What a recogniser has understood: a row a picture, in the words of the source.

    Attributes
    ----------
    kind : str
        What the source is, such as "ISIC 2019 challenge".
    labelled_by : str
        Where the diagnoses come from, such as "one-hot table".
    rows : DataFrame of str
        ``key`` (name of the picture, with or without folders and ending), ``dx``, ``where``,
        ``table``, and whatever is known of ``lesion_id, patient_id, age, sex, localization,
        dx_type, dataset``.
    strict : bool
        Whether only the words of HAM10000 are allowed.
    open_classes : bool
        Whether names that mean none of the known codes become classes of their own.
    codes : mapping of str to str
        What names mean, where the source or the user says it; "" leaves rows out.
    problems, notes : list of str
        As sentences.
    """

    kind: str
    labelled_by: str
    rows: pd.DataFrame
    strict: bool = False
    open_classes: bool = False
    codes: Mapping[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Reading:
    """A source as it was understood.

    Attributes
    ----------
    kind : str
        What it is.
    read_as : str
        One line: what was read as what.
    table : DataFrame
        ``METADATA_COLUMNS``, ``dataset``, and ``group`` where patients are known.
    images, masks : dict of str to Entry
        By ``image_id``.
    classes : tuple of str
        Those that are there, in order.
    fixed_classes : bool
        Whether it stands for the seven of HAM10000, even where some are absent.
    lesions_known : bool
        Whether it says which pictures show the same lesion.
    problems, notes : list of str
        What is wrong with rows, and what is odd but harmless.
    tables : tuple of str
        Names of the tables that were found, within the source.
    """

    kind: str
    read_as: str
    table: pd.DataFrame
    images: dict[str, Entry]
    masks: dict[str, Entry]
    classes: tuple[str, ...]
    fixed_classes: bool
    lesions_known: bool
    problems: list[str]
    notes: list[str]
    tables: tuple[str, ...] = ()


Recogniser = Callable[[Found], Labels | None]
"""A pure function: from what was found to what it means, or None where it is something else."""


def find_tables(layout: Layout) -> Found:
    """Read every table of a layout.

    Parameters
    ----------
    layout : Layout
        Of `helpers.dataset.layout.list_layout`.

    Returns
    -------
    Found
        With a sentence for each table that cannot be read.
    """
    tables, unread = [], []
    for entry in layout.tables:
        name = short_name(entry.locator, layout.root)
        if entry.size > LARGEST_TABLE:
            unread.append(
                f"{name}: expected a table of {LARGEST_TABLE // 2**20:,} MiB at most but got "
                f"{entry.size // 2**20:,} MiB; take out the rows that belong to no image"
            )
            continue
        try:
            text = read_text_table(read_bytes(entry.locator))
        except TableError as error:
            unread.append(f"{name}: {error}")
        except OSError as error:
            unread.append(f"{name}: expected a table that may be read but got {error}")
        else:
            columns = {str(column).casefold(): str(column) for column in text.rows.columns}
            tables.append(NamedTable(name, text, columns))
    return Found(layout, tuple(tables), tuple(unread))


def folded_key(text: str) -> str:
    r"""A name of a picture as it is compared.

    No ending and no query of an address, small letters, slashes, and each letter with a mark as
    one character, however a system writes it.

    >>> folded_key(r"D:\Moles\ISIC_0024306.JPG")
    'd:/moles/isic_0024306'
    >>> folded_key("https://host/full/ISIC_0024306.jpg?size=full#1")
    'https://host/full/isic_0024306'
    """
    text = unicodedata.normalize("NFC", text.strip().replace("\\", "/")).casefold()
    if "://" in text:
        text = re.split("[?#]", text)[0]
    stem, suffix = os.path.splitext(text)
    text = stem if suffix in IMAGE_SUFFIXES + OTHER_SUFFIXES else text
    return text.removesuffix(_DOWNSAMPLED).removeprefix("./")


class Pictures:
    """Finds pictures by what tables call them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._by_base: dict[str, list[str]] = {}
        for name in layout.pictures:
            self._by_base.setdefault(folded_key(name).rpartition("/")[2], []).append(name)

    @cached_property
    def _by_number(self) -> dict[int, list[str]]:
        """Pictures by the number that their names end in, where these differ in it alone.

        A spreadsheet takes 0024306 for a number and writes 24306.
        """
        numbered = {base: _NUMBERED.fullmatch(base) for base in self._by_base}
        found = {base: match for base, match in numbered.items() if match is not None}
        numbers = [int(match[2]) for match in found.values()]
        if len({match[1] for match in found.values()}) != 1 or len(set(numbers)) < len(numbers):
            return {}
        return {int(match[2]): self._by_base[base] for base, match in found.items()}

    def find(self, key: str) -> list[str]:
        """Names of the pictures that a key may mean; copies count once."""
        if key in self._layout.pictures:
            return [key]
        wanted = folded_key(key)
        base = wanted.rpartition("/")[2]
        names = self._by_base.get(base, [])
        if not names and (number := _NUMBER.fullmatch(base)):
            names = self._by_number.get(int(number[1]), [])
        if "/" in wanted:
            ends = [n for n in names if ("/" + folded_key(n)).endswith("/" + wanted)]
            names = ends or names
        stems = {_stem(name) for name in names}
        if len(stems) > 1 and _stem(key.replace("\\", "/")) in stems:
            stems = {_stem(key.replace("\\", "/"))}
        if len(stems) == 1:
            best = self._layout.images.get(stems.pop())
            # Two members of an archive may have one name: the first is as good.
            return [next((n for n in names if self._layout.pictures[n] == best), names[0])]
        return names


def _stem(name: str) -> str:
    base = name.rpartition("/")[2]
    stem, suffix = os.path.splitext(base)
    return stem if suffix.lower() in IMAGE_SUFFIXES + OTHER_SUFFIXES else base


def _match(
    rows: pd.DataFrame, layout: Layout
) -> tuple[pd.DataFrame, dict[str, Entry], list[str], list[str]]:
    """Rows with ``image_id``, the picture of each, keys that mean several, and notes."""
    pictures = Pictures(layout)
    found = {key: pictures.find(key) for key in rows["key"].unique() if key}
    several = [key for key, names in found.items() if len(names) > 1]
    chosen = {key: names[0] for key, names in found.items() if len(names) == 1}
    stems = pd.Series({key: _stem(name) for key, name in chosen.items()}, dtype=str)
    shared = set(stems[stems.duplicated(keep=False)])
    ids, images = {}, {}
    for key, name in chosen.items():
        stem = stems[key]
        # Pictures of one name in several folders are told apart by their folders.
        image_id = os.path.splitext(name)[0].replace("/", "-") if stem in shared else stem
        ids[key] = image_id
        images[image_id] = layout.pictures[name]
    ids |= {key: _stem(key.replace("\\", "/")) for key in found if key not in ids}
    problems = []
    if several:
        named = name_some((f"{key} ({' and '.join(found[key][:2])})" for key in several), _SHOWN)
        problems.append(
            f"{len(several):,} names mean more than one picture: {named}; name the folder in the "
            "table too, or keep one of each"
        )
    notes = []
    by_number = [
        f"{key} as {ids[key]}"
        for key in chosen
        if _NUMBER.fullmatch(key) and _stem(chosen[key]) != key
    ]
    if by_number:
        noun = "name was" if len(by_number) == 1 else "names were"
        notes.append(
            f"{len(by_number):,} {noun} understood by the number alone: {name_some(by_number, 3)}"
        )
    if len({entry.locator for entry in images.values()}) < len(layout.pictures):
        notes += layout.copies
    return rows.assign(image_id=rows["key"].map(ids).fillna("")), images, problems, notes


def _coded(labels: Labels, rows: pd.DataFrame) -> tuple[pd.Series, pd.Series, list[str], list[str]]:
    """Codes of the diagnoses, which rows have none, notes, and problems."""
    told = {name.casefold(): code for name, code in labels.codes.items()}
    codes, renamed, own = {}, [], []
    for text in rows["dx"].unique():
        known = told.get(text.casefold())
        code = known if known is not None else diagnosis_code(text)
        if code is None and is_unknown(text):
            code = text if labels.strict else ""
        elif code is None:
            code = class_name(text) if labels.open_classes else text
            own += [f"{text} as {code}"] if labels.open_classes else []
        elif labels.strict and code not in HAM10000_CLASSES:
            code = text
        elif code and code != text and known is None and text.casefold() != code:
            renamed.append(f"{text} as {code}")
        codes[text] = code
    dx = rows["dx"].map(codes)
    notes = []
    if renamed:
        notes.append(f"diagnoses were understood by their names: {name_some(renamed, 8)}")
    if own:
        notes.append(f"names of no known diagnosis are classes of their own: {name_some(own, 8)}")
    empty = dx == ""
    if empty.any() and not labels.strict:
        words = name_some(sorted({repr(text) for text in rows.loc[empty, "dx"]}), _SHOWN)
        noun = "row has" if empty.sum() == 1 else "rows have"
        notes.append(f"{int(empty.sum()):,} {noun} no diagnosis ({words}) and are left out")
    return dx, empty & (not labels.strict), notes, []


def _other_folders(rows: pd.DataFrame, dx: pd.Series, layout: Layout) -> list[str]:
    """A note on pictures that lie in a folder of another diagnosis than the table's."""
    known = {code for code in dx.unique() if diagnosis_code(code)}
    said = {name: code for name, code in zip(rows["image_id"], dx, strict=True) if code in known}
    folders = {name: folder_of(name) for name in layout.pictures if _stem(name) in said}
    codes = {folder: diagnosis_code(folder) for folder in set(folders.values())}
    differ = [
        f"{name} ({said[_stem(name)]})"
        for name, folder in folders.items()
        if codes[folder] not in (None, said[_stem(name)])
    ]
    if not differ:
        return []
    noun = "picture lies" if len(differ) == 1 else "pictures lie"
    return [
        f"{len(differ):,} {noun} in a folder of another diagnosis than the table gives, which is "
        f"what counts: {name_some(differ, _SHOWN)}"
    ]


def _two_labels(rows: pd.DataFrame, dx: pd.Series) -> list[str]:
    """Pictures that stand in the table with two diagnoses, named."""
    pairs = pd.DataFrame({"image_id": rows["image_id"], "dx": dx}).drop_duplicates()
    torn = pairs[(pairs["image_id"] != "") & pairs.duplicated("image_id", keep=False)]
    if torn.empty:
        return []
    both = torn.groupby("image_id", sort=True)["dx"].agg(lambda found: " and ".join(sorted(found)))
    named = name_some((f"{image_id} ({found})" for image_id, found in both.items()), _SHOWN)
    return [
        f"{rows['table'].iloc[0]}: {len(both):,} images have more than one diagnosis: {named}; "
        "keep the right one"
    ]


def finish(found: Found, labels: Labels) -> Reading:
    """Make of a recogniser's rows what the catalogue needs.

    Parameters
    ----------
    found : Found
        The source.
    labels : Labels
        What a recogniser has understood.

    Returns
    -------
    Reading
        Problems are in it, not raised.

    Raises
    ------
    DataError
        If no row has a diagnosis.
    """
    where = str(found.layout.root)
    rows, images, problems, told = _match(labels.rows.reset_index(drop=True), found.layout)
    problems = [*labels.problems, *problems]
    dx, left_out, notes, more = _coded(labels, rows)
    problems += more
    notes = [*labels.notes, *told, *notes, *_other_folders(rows, dx, found.layout)]
    kept = ~left_out
    rows, dx = rows[kept].reset_index(drop=True), dx[kept].reset_index(drop=True)
    if rows.empty:
        named = name_some((table.name for table in found.tables), _SHOWN) or "folders"
        raise DataError(
            f"{named}: read as {labels.kind}: expected a row with a diagnosis for each image but "
            "the table is empty; fetch it again",
            where=where,
        )
    if not labels.strict:
        problems += _two_labels(rows, dx)
        if "dx_type" in rows:
            rows["dx_type"] = rows["dx_type"].map(
                {text: proof_word(text) for text in rows["dx_type"].unique()}
            )
    known = "lesion_id" in rows and bool((rows["lesion_id"] != "").any())
    lesions = rows["lesion_id"] if "lesion_id" in rows else pd.Series("", index=rows.index)
    if not known or not labels.strict:
        originals = rows["image_id"].str.replace(_VERSION_OF, r"\1", regex=True)
        lesions = lesions.mask(lesions == "", originals)
        n_versions = len(set(rows["image_id"])) - originals.nunique()
        if not known and n_versions:
            notes.append(
                f"{n_versions:,} pictures are further versions of others by their names (as in "
                "NAME_jpg.rf.1f0c.jpg): all versions count as one lesion"
            )
    lacking = [column for column in ("dx_type", "localization") if column not in rows]
    fill = {column: "unknown" for column in lacking}
    clean = clean_rows(rows.assign(lesion_id=lesions, dx=dx, **fill))
    if not labels.strict:
        clean["dx_type"] = clean["dx_type"].mask(clean["dx_type"] == "", "unknown")
    classes = class_order(clean["dx"])
    if len(classes) < LEAST_CLASSES:
        problems.append(
            f"expected {LEAST_CLASSES} diagnoses at least, to tell one from the other, but got "
            f"{name_some(classes)} alone; add pictures of another"
        )
    elif not labels.strict and len(classes) > MOST_CLASSES:
        problems.append(
            f"expected {LEAST_CLASSES} to {MOST_CLASSES} diagnoses but got {len(classes)} "
            f"({name_some(classes, 25)}); join or leave out some by a mapping: 'dermbook data "
            "inspect FOLDER'"
        )
    allowed = HAM10000_CLASSES if labels.strict or not labels.open_classes else classes
    problems += value_problems(
        clean, rows.assign(dx=rows["dx"]), classes=allowed, strict=labels.strict and not lacking
    )
    problems += lesion_problems(clean, str(rows["table"].iloc[0]))
    if "patient_id" in rows and (rows["patient_id"] != "").any():
        patients = rows["patient_id"].mask(rows["patient_id"] == "", clean["lesion_id"])
        clean["group"] = patients
        notes.append(f"{patients.nunique():,} patients: the pictures of one stay in one split")
    elif not known:
        notes.append(
            "no lesions are known: each picture counts as a lesion of its own, so that pictures of "
            "one lesion may stand in training and in test, and scores be too good"
        )
    stems = {
        image_id: _stem(re.split(r"[/\\]", entry.locator.rpartition(ARCHIVE_MARK)[2])[-1])
        for image_id, entry in images.items()
    }
    shared = Counter(stems.values())
    # A mask is known by the picture's name, which must not be that of another too.
    masks = {
        image_id: found.layout.masks[stem]
        for image_id, stem in stems.items()
        if stem in found.layout.masks and shared[stem] == 1
    }
    of_lesions = "lesions known" if known else "no lesions known"
    read_as = f"{labels.kind}; labels by {labels.labelled_by}; {of_lesions}"
    return Reading(
        labels.kind, read_as, clean, images, masks, classes, labels.strict, known, problems,
        [*found.layout.notes, *notes], tuple(table.name for table in found.tables),
    )  # fmt: skip


def recognise(
    found: Found, by_table: Sequence[Recogniser], by_folder: Sequence[Recogniser] = ()
) -> Labels:
    """Let recognisers look at a source; exactly one has to know it.

    Parameters
    ----------
    found : Found
        The source.
    by_table : sequence of Recogniser
        Asked first, each of them. The layout of HAM10000 wins over the challenge's, whose tables
        say less of the same pictures.
    by_folder : sequence of Recogniser
        Asked where none of the others knows it.

    Raises
    ------
    DataError
        If none knows it, or several do; the message says what to do.
    """
    where = str(found.layout.root)
    known = [labels for ask in by_table if (labels := ask(found)) is not None]
    known = known or [labels for ask in by_folder if (labels := ask(found)) is not None]
    if len(known) > 1 and known[0].strict:
        known = known[:1]
    if len(known) > 1:
        kinds = " and ".join(f"{labels.kind} ({labels.rows['table'].iloc[0]})" for labels in known)
        raise DataError(
            f"expected one reading but two are possible: {kinds}; take one table out, or write "
            "down what is meant: dermbook data inspect FOLDER",
            where=where,
        )
    if known:
        (labels,) = known
        labels.notes += [f"{problem}; not used" for problem in found.unread]
        return labels
    unknown = _unknown(found) if found.tables or not found.unread else []
    raise DataError([*found.unread, *unknown], where=where)


def _unknown(found: Found) -> list[str]:
    """What to say of a source that nobody knows."""
    problems = []
    for table in found.tables:
        if table in _like_metadata(found):
            problems.append(
                f"{table.name}: expected the columns {', '.join(METADATA_COLUMNS)}, or at least "
                f"image_id and dx, but got {name_some(table.text.rows.columns, 12)}"
            )
    if not problems and found.tables:
        shown = found.tables[0]
        problems.append(
            f"expected a table whose columns are known but got others, such as {shown.name} "
            f"({name_some(shown.text.rows.columns, 8)})"
        )
    folders = sorted({folder_of(name) for name in found.layout.pictures} - {""})
    if not problems:
        problems.append(
            "expected a table named HAM10000_metadata or HAM10000_metadata.csv, another that is "
            "known, or a folder for each class, but found none"
        )
        if len(folders) == 1:
            problems.append(f"all pictures lie in one folder, {folders[0]}: add those of another")
        elif folders:
            problems.append(
                f"fewer than two of the folders are called like a diagnosis: "
                f"{name_some(folders, 8)}"
            )
        lists = [suffix for suffix in _LISTS if suffix in found.layout.others]
        if lists:
            problems.append(f"{' and '.join(lists)} files are not read")
        if len(folders) < 2:
            problems.append(
                "write a CSV table with image_id and dx, or put the pictures into a folder for "
                "each class"
            )
            return problems
    problems.append(
        "write down what your columns and names mean: 'dermbook data inspect FOLDER' drafts a file "
        "to correct"
    )
    return problems


def _like_metadata(found: Found) -> list[NamedTable]:
    names = {short_name(entry.locator, found.layout.root) for entry in found.layout.metadata}
    return [table for table in found.tables if table.name in names]
