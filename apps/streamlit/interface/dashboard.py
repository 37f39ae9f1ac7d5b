"""The dashboard: the metadata of a data set, filtered, counted and taken away."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from helpers.core import COLOURS, MALIGNANT
from helpers.dataset import AGE_RANGE, METADATA_COLUMNS
from helpers.serving.apps import REST, Filters, Wording, short_file_name
from helpers.serving.apps import dashboard as counting
from helpers.serving.uploads import (
    UNKNOWN,
    UPLOAD_MB,
    Metadata,
    TableError,
    drawn_table,
    read_table,
)
from interface import components
from interface.language import words

_SHOWN_ROWS = 100
_GREY = "#7d8a8a"
_KEYS = ("filter_dx", "filter_sex", "filter_site", "filter_age", "filter_without_age")


def _name(say: Wording, column: str, value: str) -> str:
    """What a value is called; values that the app does not know are shown as they are."""
    if value == UNKNOWN:
        return say("dashboard.missing")
    if value == REST:
        return say("dashboard.rest")
    place = {"dx": f"classes.{value}.name", "sex": f"sexes.{value}"}.get(column)
    found = say.find(place) if place else (say.find("sites") or {}).get(value)
    return found if isinstance(found, str) else value[:60]


def _uploaded(say: Wording) -> Metadata | None:
    """The uploaded table, the example where there is none, None where it cannot be shown."""
    file = st.file_uploader(
        say("dashboard.upload"), type=None, key="table", max_upload_size=UPLOAD_MB
    )
    if file is None:
        st.session_state.pop("read_table", None)
        components.show(components.soft(say("dashboard.example")))
        return drawn_table()
    known = st.session_state.get("read_table")
    if known is None or known[0] != file.file_id:
        try:
            known = (file.file_id, read_table(file.getvalue()))
        except TableError as error:
            known = (file.file_id, error)
        st.session_state["read_table"] = known
        _reset()
    name = short_file_name(file.name)
    read = known[1]
    if isinstance(read, TableError):
        reason = say(f"errors.{read.code}", **read.fields)
        components.show(components.warning(say("dashboard.bad", name=name), [reason]))
        return None
    notes = [say(f"table_notes.{note.code}", **note.fields) for note in read.notes]
    if notes:
        components.show(components.warning(say("dashboard.yours", name=name), notes))
    else:
        components.show(components.soft(say("dashboard.yours", name=name)))
    return read


def _reset() -> None:
    for key in _KEYS:
        st.session_state.pop(key, None)


def _choose(say: Wording, rows: pd.DataFrame) -> Filters:
    """Draw the filters."""
    chosen: dict[str, tuple[str, ...]] = {}
    with st.container(border=True):
        columns = st.columns(3)
        triples = (
            ("dx", "filter_dx", "dashboard.dx"),
            ("sex", "filter_sex", "dashboard.sex"),
            ("localization", "filter_site", "dashboard.site"),
        )
        for place, (column, key, label) in zip(columns, triples, strict=True):
            options = counting.values_of(rows, column)
            kept = [value for value in st.session_state.get(key, []) if value in options]
            if key in st.session_state:
                st.session_state[key] = kept
            chosen[column] = tuple(
                place.multiselect(
                    say(label),
                    options,
                    format_func=lambda value, c=column: _name(say, c, value),
                    key=key,
                    placeholder=say("dashboard.all"),
                    persist_state="session",
                )
            )
        left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
        ages = left.slider(
            say("dashboard.age"),
            *AGE_RANGE,
            value=AGE_RANGE,
            step=5,
            key="filter_age",
            persist_state="session",
        )
        without = middle.toggle(
            say("dashboard.without_age"),
            value=True,
            key="filter_without_age",
            persist_state="session",
        )
        right.button(say("dashboard.reset"), on_click=_reset, width="stretch", key="reset")
    return Filters(
        chosen["dx"], chosen["sex"], chosen["localization"], (int(ages[0]), int(ages[1])), without
    )


def _draw_figures(say: Wording, rows: pd.DataFrame, kept: pd.DataFrame) -> None:
    malignant = int(kept["dx"].isin(MALIGNANT).sum())
    share = components.percent(malignant / len(kept)) if len(kept) else ""
    lesions, all_lesions = counting.count_lesions(kept), counting.count_lesions(rows)
    numbers = (
        ("images", f"{len(kept):,}", say("dashboard.of_all", n=f"{len(rows):,}")),
        ("lesions", f"{lesions:,}", say("dashboard.of_all", n=f"{all_lesions:,}")),
        ("malignant", f"{malignant:,}", share),
        ("no_age", f"{int(kept['age'].isna().sum()):,}", ""),
    )
    components.show(
        components.tiles(
            (
                components.tile(say(f"dashboard.figures.{name}"), number, of)
                for name, number, of in numbers
            ),
            kind="db-small",
        )
    )


def _draw_bars(say: Wording, kept: pd.DataFrame, column: str, title: str) -> None:
    st.subheader(say(title), anchor=False)
    counts = counting.count_by(kept, column)
    most = int(counts["images"].max())
    colours = COLOURS if column == "dx" else {}
    rows = [
        components.Bar(
            _name(say, column, value),
            images / most,
            (f"{images:,}", f"{lesions:,}"),
            _GREY if value in (UNKNOWN, REST) else colours.get(value, components.ACCENT),
        )
        for value, images, lesions in counts.itertuples(index=False)
    ]
    heads = [say("dashboard.value"), say("dashboard.images"), say("dashboard.lesions")]
    components.show(components.bars(say(title), heads, rows))


def _draw_ages(say: Wording, kept: pd.DataFrame) -> None:
    st.subheader(say("dashboard.by_age"), anchor=False)
    counts, images, lesions = counting.count_ages(kept)
    if len(counts):
        last = counting.AGE_STEP - 1
        steps = [
            (int(low), say("dashboard.age_step", low=low, high=low + last), int(n), int(m))
            for low, n, m in counts.itertuples(index=False)
        ]
        heads = [say("dashboard.age"), say("dashboard.images"), say("dashboard.lesions")]
        caption = say("dashboard.age_alt", step=counting.AGE_STEP)
        components.show(components.column_chart(caption, steps, heads))
    missing = say("dashboard.age_missing", images=f"{images:,}", lesions=f"{lesions:,}")
    components.show(components.soft(missing))


def _draw_rows(say: Wording, table: Metadata, kept: pd.DataFrame) -> None:
    st.header(say("dashboard.table"), anchor=False)
    columns = [*METADATA_COLUMNS, *(["dataset"] if table.has_dataset else [])]
    shown = kept[columns].head(_SHOWN_ROWS)
    n = f"{len(kept):,}"
    text = say("dashboard.table_all", n=n)
    if len(shown) < len(kept):
        text = say("dashboard.table_some", shown=len(shown), n=n)
    components.show(components.soft(text))

    def cell(value: object) -> str | None:
        if isinstance(value, float):
            return None if pd.isna(value) else f"{value:g}"
        return None if value in ("", UNKNOWN) else str(value)

    rows = ([cell(value) for value in row] for row in shown.itertuples(index=False))
    components.show(components.row_table(text, columns, rows, say("dashboard.missing")))
    st.download_button(
        say("dashboard.download", n=n),
        # Made when it is asked for: a million rows take seconds.
        data=lambda: counting.table_csv(table, kept),
        file_name="dermbook-metadata.csv",
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="download_table",
    )
    components.show(components.soft(say("dashboard.download_note")))


def draw() -> None:
    """Draw the page."""
    say = words()
    st.title(say("dashboard.title"), anchor=False)
    components.show(components.lead(say("dashboard.lead")))
    table = _uploaded(say)
    if table is None:
        return
    st.header(say("dashboard.filters"), anchor=False)
    kept = counting.filter_rows(table.rows, _choose(say, table.rows))
    _draw_figures(say, table.rows, kept)
    if kept.empty:
        components.show(components.empty(say("dashboard.none_left")))
        return
    left, right = st.columns(2, gap="large")
    with left:
        _draw_bars(say, kept, "dx", "dashboard.by_dx")
        _draw_ages(say, kept)
    with right:
        _draw_bars(say, kept, "localization", "dashboard.by_site")
        _draw_bars(say, kept, "sex", "dashboard.by_sex")
    _draw_rows(say, table, kept)
