"""Fonts of figures and pages: where they are, what they cover, one regular cut for matplotlib."""

from __future__ import annotations

import hashlib
import io
import shutil
import string
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from helpers.core.classes import NAMES_ZH
from helpers.core.errors import ReportError
from helpers.core.files import atomic_file, cache_home

CUT_FAMILY = "DermBook CJK"
"""Family of the small regular cut that matplotlib draws class names with."""

_CJK_FILE = "NotoSansCJK-VF.otf.ttc"
_TC_FACE = 3
_WEIGHT = 400
_UNUSED_TABLES = (
    "GSUB",
    "GPOS",
    "GDEF",
    "BASE",
    "VORG",
    "vhea",
    "vmtx",
    "VVAR",
    "MVAR",
)


def cjk_file() -> Path:
    """Find the Chinese, Japanese and Korean font among the installed packages.

    Returns
    -------
    Path

    Raises
    ------
    ReportError
        If the package ``manimgx-fonts-cjk`` or its font is missing.
    """
    spec = find_spec("manimgx_fonts_cjk")
    path = Path(spec.origin).with_name(_CJK_FILE) if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ReportError(
            f"missing font: expected {_CJK_FILE} in the package manimgx-fonts-cjk but found "
            "none; install the packages of requirements.lock again"
        )
    return path


def cjk_cut(text: str | None = None) -> Path:
    """Cut a static font out of the variable one, which matplotlib draws hair-thin.

    Parameters
    ----------
    text : str or None
        Characters to keep besides ASCII; by default those of the Chinese class names.

    Returns
    -------
    Path
        An OpenType file of a few kilobytes in the cache folder, made once (about two seconds).
    """
    kept = "".join(sorted(set("".join(NAMES_ZH.values()) if text is None else text)))
    source = cjk_file()
    key = hashlib.sha256(f"{source.stat().st_size} {_WEIGHT} {kept}".encode()).hexdigest()[:12]
    target = cache_home() / "fonts" / f"cjk-{key}.otf"
    if target.exists():
        return target

    from fontTools import subset  # type: ignore[import-untyped]
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
    from fontTools.varLib import instancer  # type: ignore[import-untyped]

    font = TTFont(source, fontNumber=_TC_FACE, lazy=True)
    for table in _UNUSED_TABLES:  # before the subset: their closure takes seconds
        if table in font:
            del font[table]
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=kept + string.printable)
    subsetter.subset(font)
    buffer = io.BytesIO()
    font.save(buffer)  # the instancer needs the subset as it will be read again
    static = instancer.instantiateVariableFont(TTFont(buffer), {"wght": _WEIGHT})
    for name_id in (1, 4, 16):
        static["name"].setName(CUT_FAMILY, name_id, 3, 1, 0x409)
    with atomic_file(target) as temporary:
        static.save(temporary)
    return target


@cache
def cjk_characters() -> frozenset[int]:
    """Code points that the Chinese font covers."""
    from fontTools.ttLib import TTFont

    return frozenset(TTFont(cjk_file(), fontNumber=_TC_FACE, lazy=True).getBestCmap())


def gather_fonts(folder: Path) -> list[Path]:
    """Folders of the fonts that pages are set in, none of them the system's.

    Typst brings Libertinus Serif, New Computer Modern and DejaVu Sans Mono itself. DejaVu Sans,
    for symbols, comes from matplotlib; its font of last resort must not come along, as it
    covers every character with an empty box.

    Parameters
    ----------
    folder : Path
        Folder to copy the symbols' font to.

    Returns
    -------
    list of Path
    """
    found = find_spec("matplotlib")  # its import takes half a second
    if found is None or found.origin is None:
        raise ReportError("missing fonts: expected those of matplotlib, which is not installed")
    source = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf"
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
        if not (source / name).is_file():
            raise ReportError(f"missing font: expected {source / name} of matplotlib")
        shutil.copy(source / name, folder)
    return [cjk_file().parent, folder]
