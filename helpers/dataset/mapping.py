"""Mappings: a small YAML that says what the columns and names of a data set of one's own mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from helpers.core import HAM10000_CLASSES, ConfigError, DataError, explain_validation, name_some
from helpers.dataset.picture_names import Pictures
from helpers.dataset.reading import Found, Labels, NamedTable
from helpers.dataset.recognisers.folders import class_folders
from helpers.dataset.recognisers.joining import FACTS
from helpers.dataset.vocabulary import class_name, diagnosis_code, folded, is_unknown

MAPPING_NAMES = ("dermbook.yml", "dermbook.yaml")
"""Names under which a mapping is found in the folder that it is about."""

FOLDERS = "folders"
"""What stands for a table where the names of folders are the labels."""

_MOST_NAMES = 40
_SYNONYMS = {
    **FACTS,
    "lesion_id": ("lesion_id", "lesion", "case_id", "case"),
    "patient_id": ("patient_id", "patient", "subject_id", "subject"),
    "age": ("age_approx", "age", "alter"),
    "sex": ("sex", "gender", "geschlecht"),
    "localization": (*FACTS["localization"], "location", "body_site", "region", "lokalisation"),
}
_IMAGE_WORDS = (
    "image",
    "image_id",
    "file",
    "filename",
    "file_name",
    "path",
    "img",
    "picture",
    "id",
)
_LABEL_WORDS = ("dx", "diagnosis", "label", "class", "target", "category", "diagnose", "befund")


class Columns(BaseModel):
    """Which column says what; those that nobody names are unknown."""

    model_config = ConfigDict(extra="forbid")

    image: str
    dx: str
    lesion_id: str | None = None
    patient_id: str | None = None
    age: str | None = None
    sex: str | None = None
    localization: str | None = None
    dx_type: str | None = None


class Mapping(BaseModel):
    """What a data set's columns and names mean.

    Attributes
    ----------
    folder : str, optional
        Where the pictures are, beside the mapping or anywhere; where None, the mapping lies in the
        folder, or is named beside it.
    table : str
        The name of the table's file, or ``folders`` where each class has a folder.
    columns : Columns, optional
        Needed where there is a table.
    diagnoses : dict of str to str or None
        Codes by the names that the table has; nothing (``~``) leaves rows out. A code of none of
        the known diagnoses is a class of its own.
    """

    model_config = ConfigDict(extra="forbid")

    folder: str | None = None
    table: str
    columns: Columns | None = None
    diagnoses: dict[str | int | float | bool, str | None] = Field(default_factory=dict)


def read_mapping(path: str | Path) -> Mapping:
    """Read a mapping.

    Raises
    ------
    ConfigError
        If it cannot be read, or is no mapping; every field that is wrong is named.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8-sig"))
        return Mapping.model_validate(content)
    except ValidationError as error:
        reason = explain_validation(error)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error)
    raise ConfigError(
        f"{path}: expected a mapping as 'dermbook data inspect FOLDER' drafts it but got\n{reason}"
    )


def _column(table: NamedTable, name: str, field: str) -> str:
    if name.casefold() not in table.columns:
        raise ConfigError(
            f"mapping: columns.{field}: expected a column of {table.name} "
            f"({name_some(table.text.rows.columns, 12)}) but got {name!r}"
        )
    return name.casefold()


def mapped_labels(found: Found, mapping: Mapping) -> Labels:
    """The labels of a source by a mapping, which says all: nothing is guessed.

    Raises
    ------
    ConfigError
        If the table or a column is not there.
    DataError
        If the table cannot be read.
    """
    codes = {
        str(name): "" if code is None else diagnosis_code(code) or class_name(code)
        for name, code in mapping.diagnoses.items()
    }
    if mapping.table == FOLDERS:
        rows = class_folders(found)
        rows = rows.assign(where=rows["key"], table=FOLDERS)
        by = "names of folders"
    else:
        tables = [t for t in found.tables if mapping.table in (t.name, t.name.rpartition("/")[2])]
        if not tables:
            unread = [text for text in found.unread if mapping.table in text]
            if unread:
                raise DataError(unread, where=str(found.layout.root))
            names = name_some(t.name for t in found.tables) or "none"
            raise ConfigError(
                f"mapping: table: expected 'folders' or one of the source's tables ({names}) but "
                f"got {mapping.table!r}"
            )
        if mapping.columns is None:
            raise ConfigError("mapping: columns: expected image and dx at least but got nothing")
        (table, *_) = tables
        chosen = {k: v for k, v in mapping.columns.model_dump().items() if v is not None}
        columns = {k: _column(table, v, k) for k, v in chosen.items()}
        columns["key"] = columns.pop("image")
        rows = table.rows(**columns)
        by = f"column {chosen['dx']}"
    strange = [
        name for name in rows["dx"].unique() if name not in codes and diagnosis_code(name) is None
    ]
    problems = []
    told = {name.casefold() for name in codes}
    strange = [name for name in strange if name.casefold() not in told and not is_unknown(name)]
    if strange:
        problems.append(
            f"mapping: diagnoses: {name_some(map(repr, strange))} in the data "
            f"{'is' if len(strange) == 1 else 'are'} neither named there nor known; say what each "
            "means, or ~ to leave it out"
        )
    return Labels("own data by a mapping", by, rows, open_classes=True, codes=codes,
                  problems=problems)  # fmt: skip


def draft_mapping(found: Found) -> str:
    """Draft a mapping of a source, for its owner to correct.

    Parameters
    ----------
    found : Found
        The source.

    Returns
    -------
    str
        YAML with comments; what had to be guessed, and what else it may be, is said in them.
    """
    chosen = _best_table(found)
    lines = [
        "# What the columns and names of this data set mean. Correct it, and save it as",
        f"# {MAPPING_NAMES[0]} in the folder, or name it with --mapping.",
    ]
    if chosen is None:
        names = class_folders(found)["dx"].value_counts()
        lines += [f"table: {FOLDERS}  # the name of the folder that a picture lies in"]
        return "\n".join([*lines, *_diagnosis_lines(names)]) + "\n"
    table, image, dx = chosen
    labelled = table.text.rows.columns
    lines += [
        f"table: {_quoted(table.name)}",
        f"# its columns: {name_some(labelled, 40)}",
        "columns:",
    ]
    image_note = "" if image else "  # no column names pictures of this folder"
    dx_note = "" if dx else "  # no column looks like diagnoses"
    lines += [
        f"  image: {_quoted(image) if image else '~'}{image_note}",
        f"  dx: {_quoted(dx) if dx else '~'}{dx_note}",
    ]
    for ours, words in _SYNONYMS.items():
        theirs = next((word for word in words if word in table.columns), None)
        shown = _quoted(table.columns[theirs]) if theirs else "~"
        lines.append(f"  {ours}: {shown}")
    if dx:
        lines += _diagnosis_lines(table.column(dx.casefold()).value_counts())
    return "\n".join(lines) + "\n"


def _quoted(text: Any) -> str:
    return yaml.safe_dump(str(text), allow_unicode=True, width=1000).splitlines()[0]


def _diagnosis_lines(counts: pd.Series) -> list[str]:
    lines = [
        f"diagnoses:  # {', '.join(HAM10000_CLASSES)}, or a name of your own; ~ leaves rows out"
    ]
    for name, count in counts.head(_MOST_NAMES).items():
        code = diagnosis_code(str(name))
        shown = code or "~"
        hint = "" if code or is_unknown(str(name)) else f"; of its own: {class_name(str(name))}"
        lines.append(f"  {_quoted(name)}: {shown}  # {count:,} rows{hint}")
    if len(counts) > _MOST_NAMES:
        lines.append(f"  # ... and {len(counts) - _MOST_NAMES} more")
    return lines


def _best_table(found: Found) -> tuple[NamedTable, str | None, str | None] | None:
    """The table that names most pictures, and its columns of pictures and of diagnoses."""
    pictures = found.pictures
    best, best_rank = None, (0.0, 0.0)
    for table in found.tables:
        shares = {
            str(name): _share_found(table.text.rows[name], pictures) for name in table.text.rows
        }
        image = max(
            shares, key=lambda name: (shares[name], folded(name) in _IMAGE_WORDS), default=""
        )
        dx, known = _label_column(table, image)
        rank = (shares.get(image, 0.0), known)
        if best is None or rank > best_rank:
            best, best_rank = (table, image if shares.get(image) else None, dx), rank
    return best


def _share_found(values: pd.Series, pictures: Pictures) -> float:
    some = [value for value in values.head(200) if value]
    return sum(len(pictures.find(value)) == 1 for value in some) / max(len(values.head(200)), 1)


def _label_column(table: NamedTable, image: str) -> tuple[str | None, float]:
    """The column whose names are diagnoses, and which share of them is known."""
    best, best_rank = None, (0.0, False)
    for name in table.text.rows:
        values = table.text.rows[name]
        distinct = values.unique()
        if name == image or not 2 <= len(distinct) <= max(_MOST_NAMES, 2):
            continue
        share = values.map(lambda text: diagnosis_code(text) is not None).mean()
        rank = (float(share), folded(str(name)) in _LABEL_WORDS)
        if rank > best_rank:
            best, best_rank = str(name), rank
    return best, best_rank[0]
