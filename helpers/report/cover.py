"""What the cover of a report says; its looks are in ``template.typ`` and ``page/page.html.j2``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from helpers.core import CLASSES, HAM10000_CLASSES, ReportError, device_line


@dataclass(frozen=True)
class Cover:
    """Title page of a report, and its date; see `Cover.of` for the runner's dictionary."""

    title: str
    subtitle: str = ""
    source: str = ""
    drawn: bool = False
    profile: str = ""
    date: str = "2000-01-01"
    devices: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    single: bool = False

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Cover:
        """Check the runner's dictionary.

        Parameters
        ----------
        values : mapping
            ``title`` and any of the other fields; ``date`` in ISO format; ``devices`` and
            ``notes`` a text or a list of texts.

        Returns
        -------
        Cover

        Raises
        ------
        ReportError
            If a key is unknown, the title is missing, or the date is not ISO.
        """
        known = set(cls.__dataclass_fields__) - {"single"}
        unknown = sorted(set(values) - known)
        if unknown or not values.get("title"):
            raise ReportError(
                f"cover: expected a title and any of {sorted(known)} but got {sorted(values)}"
            )
        cleaned = {key: value for key, value in values.items() if value is not None}
        for key in ("devices", "notes"):
            listed = cleaned.get(key, ())
            cleaned[key] = (listed,) if isinstance(listed, str) else tuple(map(str, listed))
        cleaned["date"] = str(cleaned.get("date", cls.date))
        cover = cls(**cleaned)
        try:
            _ = cover.moment
        except ValueError as error:
            raise ReportError(
                f"cover: expected a date such as 2026-01-31 but got: {error}"
            ) from error
        return cover

    @property
    def moment(self) -> datetime:
        """The date as a moment in universal time, midnight where it has no time."""
        moment = datetime.fromisoformat(self.date)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Rows of the table at the foot of the cover."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        rows = [
            ("Source", self.source),
            ("Profile", self.profile),
            ("Date", self.long_date),
            ("Devices", "; ".join(self.devices)),
            ("Versions", versions),
        ]
        return [(name, value) for name, value in rows if value]

    @property
    def long_date(self) -> str:
        """The date as it is read aloud, such as 5 March 2026."""
        day = date.fromisoformat(self.moment.date().isoformat())
        return f"{day.day} {day:%B} {day.year}"

    def as_dict(self) -> dict[str, Any]:
        """All that the templates use."""
        moment = self.moment
        return {
            "title": self.title,
            "subtitle": self.subtitle,
            "source": self.source,
            "drawn": self.drawn,
            "notes": list(self.notes),
            "facts": [list(row) for row in self.facts if row[0] != "Source"],
            "day": {"year": moment.year, "month": moment.month, "day": moment.day},
            "running": self.title,
            "single": self.single,
        }


def make_cover(
    manifest: Mapping[str, Any], profile: Mapping[str, Any], run: str, date: str
) -> dict[str, Any]:
    """Facts for the cover of the report.

    Returns
    -------
    dict
        ``title``, ``subtitle``, ``source`` (its title), ``drawn`` (bool), ``profile``,
        ``date`` (ISO), ``devices`` (one line), ``versions`` (by package) and ``notes``.
    """
    subject = "HAM10000" if CLASSES == HAM10000_CLASSES else "pictures of skin lesions"
    source = manifest["source"]
    asked = str(manifest["configuration"]["parameters"]["source"] or profile.get("source", ""))
    notes = [f"Run {run}"]
    if "n_images" in source:
        notes.append(
            f"{source['n_images']:,} images of {source['n_lesions']:,} lesions, catalogue "
            f"fingerprint {source['fingerprint']}"
        )
    if file := manifest.get("split", {}).get("file"):
        sha256 = manifest["split"]["sha256"]
        notes.append(f"Split of the file {Path(file).name}, SHA-256 {sha256[:16]}")
    shown = ("python", "tensorflow", "tensorflow-cpu", "keras", "numpy", "pandas", "dermbook")
    versions = manifest["versions"]
    return {
        "title": "DermBook",
        "subtitle": f"An executable report on {subject}",
        "source": source.get("title", asked),
        "drawn": bool(source.get("drawn", asked == "sample")),
        "profile": str(profile.get("name", "")),
        "date": date,
        "devices": device_line(manifest["devices"]),
        "versions": {name: versions[name] for name in shown if name in versions},
        "notes": notes,
    }
