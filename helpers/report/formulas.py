r"""TeX of notebooks as MathJax reads it, put into the TeX that pandoc prints right.

pandoc converts formulas with texmath, which for Typst rounds all spaces to whole ems
(https://github.com/jgm/texmath/issues/295), sets ``array`` and ``matrix`` without gaps between
their columns and a determinant as a norm, and knows fewer commands than MathJax. What it does
not do is marked before, in texts that pass through it, and done on the Typst that comes out.
"""

from __future__ import annotations

import re

_ENVIRONMENTS = (
    "align alignat aligned alignedat array Bmatrix bmatrix cases dcases displaymath eqnarray "
    "equation flalign gather gathered math matrix multline pmatrix rcases smallmatrix split "
    "subarray Vmatrix vmatrix"
)
ENVIRONMENTS = frozenset(_ENVIRONMENTS.split())
"""What MathJax takes for a formula without dollar signs, each with and without a star."""

_SPACES = {
    "!": -3 / 18, "negthinspace": -3 / 18, "thinspace": 3 / 18, "medspace": 4 / 18, ";": 5 / 18,
    "thickspace": 5 / 18, "enspace": 0.5, "enskip": 0.5, "qquad": 2.0, "hfill": 2.0,
}  # fmt: skip
"""In em, as plain TeX has them; 18 mu are an em."""
_EM = {"em": 1.0, "ex": 0.43, "mu": 1 / 18, "pt": 0.1, "px": 0.075, "mm": 0.285, "cm": 2.85,
       "in": 7.23, "pc": 1.2, "bp": 0.1, "sp": 0.0, "dd": 0.1, "cc": 1.2}  # fmt: skip
"""Units in em of a type of 10 pt, which is TeX's own."""
_SPACE = re.compile(
    r"\\(?:(?:hspace|mspace)\*?\s*\{\s*(-?[\d.]+)\s*(\w\w)\s*\}"
    r"|(?:hskip|kern|mkern|mskip)\s*(-?[\d.]+)\s*(\w\w)"
    r"|(negthinspace|thinspace|medspace|thickspace|enspace|enskip|qquad|hfill)(?![A-Za-z])|([!;]))"
)
_RENAMED = {
    "dcases": "cases", "displaymath": "gathered", "math": "gathered", "subarray": "array",
    "xalignat": "alignat", "bmatrix*": "bmatrix", "pmatrix*": "pmatrix",
}  # fmt: skip
_WORDS = {
    "LaTeX": r"\text{LaTeX}", "TeX": r"\text{TeX}", "newline": r"\\", "cr": r"\\",
    "degree": r"{}^\circ", "fbox": r"\boxed", "S": "§", "P": "¶", "pounds": "£", "AA": "Å",
    "R": r"\mathbb{R}", "N": r"\mathbb{N}", "Z": r"\mathbb{Z}", "Q": r"\mathbb{Q}",
    "C": r"\mathbb{C}", "cfrac": r"\frac", "idotsint": r"\int\cdots\int",
    "textsf": r"\text", "textup": r"\text", "textsc": r"\text", "emph": r"\textit",
    "varliminf": r"\liminf", "varlimsup": r"\limsup", "dbinom": r"\binom", "thicksim": r"\sim",
    "thickapprox": r"\approx", "xmapsto": r"\xrightarrow", "copyright": r"\text{©}",
    "lgroup": "(", "rgroup": ")", "vcentcolon": ":", "dblcolon": "::", "nicefrac": r"\frac",
}  # fmt: skip
_BRACKETS = {
    "bra": (r"\langle ", "|"), "ket": ("|", r"\rangle "), "braket": (r"\langle ", r"\rangle "),
    "Bra": (r"\left\langle ", r"\right|"), "Ket": (r"\left|", r"\right\rangle "),
    "Braket": (r"\left\langle ", r"\right\rangle "),
}  # fmt: skip
"""Of physics, around one argument, as MathJax's package ``braket`` sets them."""
_IGNORED = (
    "nolimits scriptsize tiny small footnotesize normalsize large Large LARGE huge Huge "
    "hline displaylines allowbreak nobreak noindent strut mathstrut relax notag nonumber "
    "mathsurround bigstrut break"
)
_DROPPED = frozenset(_IGNORED.split())
_UNWRAPPED = {
    # command: how many arguments are dropped before the one that stays
    "mathclap": 0, "mathrlap": 0, "mathllap": 0, "smash": 0, "rlap": 0, "llap": 0, "clap": 0,
    "textcolor": 1, "class": 1, "cssId": 1, "style": 1, "enclose": 1, "href": 1, "bbox": 0,
    "hphantom": -1, "vphantom": -1, "label": -1, "require": -1, "vspace": -1, "vspace*": -1,
    "rule": -2, "colorbox": 1, "mathtoolsset": -1, "tag": -9, "tag*": -9, "ref": -8, "eqref": -8,
}  # fmt: skip
_COMMAND = re.compile(r"\\([A-Za-z]+\*?|.)", re.DOTALL)
_TEXT = re.compile(r"text(?!style|color)\w*|mbox|hbox|operatorname\*?|mathrm")
_OLD_FONT = re.compile(r"\{\s*\\(rm|bf|it|cal|tt|sf|frak)(?![A-Za-z])\s*")
_BARE_FONT = re.compile(r"\\(rm|bf|it|cal|tt|sf)(?![A-Za-z])\s*(?=(.))", re.DOTALL)
_CASES = re.compile(
    r"\\left\s*\\(?:\{|lbrace)\s*\\begin\{array\}\s*\{[^{}]*\}(.*?)\\end\{array\}\s*\\right\s*\.",
    re.DOTALL,
)
_GRID = re.compile(
    r"\\begin\{(array|matrix|smallmatrix|vmatrix)\}(?:\[\w\])?(\s*\{(?:[^{}]|\{[^{}]*\})*\})?"
)
_RENAMED_SIGNS = {
    "sect": "∩", "sect.sq": "⊓", "sect.big": "⋂", "sect.double": "⋒", "lt.tri": "⊲",
    "gt.tri": "⊳", "lt.tri.eq": "⊴", "gt.tri.eq": "⊵", "minus.circle": "⊖",
    "times.circle": "⊗", "dot.circle": "⊙", "dot.circle.big": "⨀", "times.circle.big": "⨂",
    "dash.circle": "⊝", "tack.r.double": "⊨", "plus.circle": "⊕", "plus.circle.big": "⨁",
}  # fmt: skip
"""Names of texmath that Typst 0.15 does not know any more, as the signs themselves."""
_FORMULA = re.compile(r"(?<=\)\[)\$(?:[^$\\]|\\.)*\$(?=\];)", re.DOTALL)
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\w.\\#])[a-z]+(?:\.[a-z]+)*(?![\w(])')
_MARK = re.compile(r'upright\("⟦(-?[\d.]+)⟧"\)')
_GRID_MARK = re.compile(r'upright\("⟦grid ([^⟧]*)⟧"\)\s*(mat|vec)\((?:delim: "\(", )?')


def _argument(text: str, start: int) -> tuple[str, int]:
    """Argument of a command, a group or one token, and where it ends."""
    while start < len(text) and text[start].isspace():
        start += 1
    if start >= len(text):
        return "", start
    if text[start] != "{":
        token = _COMMAND.match(text, start)
        end = token.end() if token else start + 1
        return text[start:end], end
    depth, place = 0, start
    while place < len(text):
        if text[place] == "\\":
            place += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        place += 1
        if not depth:
            return text[start + 1 : place - 1], place
    return text[start + 1 :], len(text)


def readable(tex: str) -> str:
    r"""TeX that MathJax reads, in commands that pandoc reads too.

    Parameters
    ----------
    tex : str
        What stands between the dollar signs.

    Returns
    -------
    str
        On one line. What neither side knows is left as it is.

    >>> readable("{\\rm KL} \\label{x} \\textcolor{red}{y} % note")
    '\\mathrm{KL} y'
    """
    tex = re.sub(r"(?<!\\)%.*", "", tex)
    tex = " ".join(tex.split())
    tex = tex.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    tex = re.sub(
        r"\\(begin|end)\{([A-Za-z]+\*?)\}",
        lambda match: rf"\{match[1]}{{{_RENAMED.get(match[2], match[2])}}}",
        tex,
    )
    tex = re.sub(r"(\\begin\{(?:aligned|split|gathered|cases|[bp]matrix)\})\s*\[\w\]", r"\1", tex)
    tex = _OLD_FONT.sub(lambda match: rf"\math{match[1]}{{", tex)
    tex = _BARE_FONT.sub(lambda match: rf"\math{match[1]}" + ("" if match[2] == "{" else " "), tex)
    tex = _known_spaces(_commands(tex))
    tex = re.sub(r"(?<![\\&])#", r"\\#", tex)
    return _broken(" ".join(tex.split()))


def _known_spaces(tex: str) -> str:
    """Spaces in the few commands that pandoc knows, in em where it knows none."""

    def known(match: re.Match[str]) -> str:
        return match[0] if match[6] else rf"\hspace{{{_em(match):.3g}em}}"

    return _SPACE.sub(known, tex.replace(r"\\", "⟦newline⟧")).replace("⟦newline⟧", r"\\")


def _em(space: re.Match[str]) -> float:
    size, unit = (space[1] or space[3]), (space[2] or space[4])
    if size is not None:
        return float(size) * _EM.get(unit, 0.0)
    return _SPACES[space[5] or space[6]]


def _commands(tex: str) -> str:
    """Put commands that pandoc does not know in words that it knows."""
    parts: list[str] = []
    place = 0
    while (match := _COMMAND.search(tex, place)) is not None:
        parts.append(tex[place : match.start()])
        name, place = match[1], match.end()
        if _TEXT.fullmatch(name):
            content, place = _argument(tex, place)
            parts.append(rf"\{name}{{{content}}}")
        elif name in _BRACKETS:
            left, right = _BRACKETS[name]
            content, place = _argument(tex, place)
            parts.append(f"{left}{_commands(content)}{right}")
        elif name in _UNWRAPPED:
            replacement, place = _unwrapped(name, tex, place)
            parts.append(replacement)
        elif name == "unicode":
            content, place = _argument(tex, place)
            digits = re.fullmatch(r"(x?)([0-9A-Fa-f]+)", content.strip())
            if digits:
                parts.append(rf"\text{{{chr(int(digits[2], 16 if digits[1] else 10))}}}")
        elif name in ("color", "colour"):
            _, place = _argument(tex, place)
        elif name == "over" or name == "atop":
            before, after = _groups("".join(parts), tex[place:])
            parts = [before[0], rf"\frac{{{before[1]}}}{{"]
            tex, place = after[0] + "}" + after[1], 0
        elif name in _WORDS:
            parts.append(_WORDS[name] + " " * tex[place : place + 1].isalpha())
        elif name in _DROPPED:
            parts.append(" ")
        else:
            parts.append(match[0])
    return "".join([*parts, tex[place:]])


def _groups(before: str, after: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """The open group around a place: what is outside and inside of it, on both sides."""
    depth, start = 0, 0
    for index in range(len(before) - 1, -1, -1):
        depth += {"}": 1, "{": -1}.get(before[index], 0)
        if depth < 0:
            start = index + 1
            break
    depth, end = 0, len(after)
    for index, letter in enumerate(after):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth < 0:
            end = index
            break
    return (before[:start], before[start:]), (after[:end], after[end:])


def _unwrapped(name: str, tex: str, place: int) -> tuple[str, int]:
    if tex[place : place + 1] == "[":
        place = tex.find("]", place) + 1 or place
    count = _UNWRAPPED[name]
    if count in (-8, -9):
        content, place = _argument(tex, place)
        if name == "tag*":
            return rf"\qquad\text{{{content}}}", place
        return (r"\qquad" if count == -9 else "") + rf"\text{{({content})}}", place
    for _ in range(abs(count)):
        _, place = _argument(tex, place)
    if count < 0:
        return " ", place
    content, place = _argument(tex, place)
    return f"{{{_commands(content)}}}" if len(content) > 1 else content, place


def _broken(tex: str) -> str:
    r"""Several lines without an environment, which MathJax breaks at ``\\``."""
    outside = re.sub(r"\\begin\{.*\\end\{[^}]*\}", "", tex)
    outside = re.sub(r"\{[^{}]*\}", "", outside)
    if r"\\" not in outside and not re.search(r"(?<!\\)&", outside):
        return tex
    lines = re.sub(r"^(\s*\\\\)+|(\\\\\s*)+$", "", tex)
    if r"\\" not in lines and not re.search(r"(?<!\\)&", outside):
        return lines
    return rf"\begin{{aligned}}{lines}\end{{aligned}}"


def for_typst(tex: str) -> str:
    r"""Mark what texmath does not do in Typst; see `from_texmath`.

    >>> for_typst("a\\;b")
    'a\\text{⟦0.278⟧}b'
    """
    tex = _CASES.sub(r"\\begin{cases}\1\\end{cases}", tex)
    tex = tex.replace(r"\\", "⟦newline⟧").replace(r"\&", r"\text{\&}")
    tex = _SPACE.sub(_marked_space, tex).replace("⟦newline⟧", r"\\")
    return _grids(tex)


def _marked_space(match: re.Match[str]) -> str:
    return rf"\text{{⟦{_em(match):.3g}⟧}}"


def _grids(tex: str) -> str:
    """Matrices that texmath sets without gaps, or between wrong bars."""
    while (match := _GRID.search(tex)) is not None:
        name = match[1]
        columns = re.sub(r"[@!]\{[^}]*\}|[{}\s]", "", match[2] or "") if name == "array" else ""
        rest = tex[match.end() :]
        if name != "array" and match[2]:
            rest = match[2] + rest
        end = re.search(rf"\\end\{{{name}\}}", rest)
        if end is None:
            return tex
        inner = rest[: end.start()]
        depth = inner.count(rf"\begin{{{name}}}")
        for _ in range(depth):  # of the same name inside
            further = re.search(rf"\\end\{{{name}\}}", rest[end.end() :])
            if further is None:
                return tex
            end = re.compile(rf"\\end\{{{name}\}}").search(rest, end.end())
            assert end is not None
            inner = rest[: end.start()]
        inner = re.sub(r"\\\\\s*$", "", inner.strip())
        mark = " ".join(["bar" if name == "vmatrix" else "none", *_layout(columns)])
        tex = (
            tex[: match.start()]
            + rf"\text{{⟦grid {mark}⟧}}\begin{{pmatrix}}{inner}\end{{pmatrix}}"
            + rest[end.end() :]
        )
    return tex


def _layout(columns: str) -> list[str]:
    """Alignment and rules of a TeX ``array``, as ``left v1 v2``."""
    letters = re.sub(r"[^lcr]", "", columns)
    found = []
    if letters and set(letters) <= {"l"}:
        found.append("left")
    elif letters and set(letters) <= {"r"}:
        found.append("right")
    count = 0
    for letter in columns:
        if letter in "lcr":
            count += 1
        elif letter == "|" and 0 < count < len(letters):
            found.append(f"v{count}")
    return found


def from_texmath(markup: str) -> str:
    """Typst as texmath writes it, with the marks of `for_typst` carried out, in today's names.

    >>> from_texmath('#with-alt("")[$ a upright("⟦0.278⟧") b sect c $];')
    '#with-alt("")[$ a #h(0.278em) b ∩ c $];'
    """
    markup = _FORMULA.sub(
        lambda formula: _SIGN.sub(lambda m: _RENAMED_SIGNS.get(m[0], m[0]), formula[0]), markup
    )
    markup = _GRID_MARK.sub(_grid, markup)
    markup = _MARK.sub(r"#h(\1em)", markup)
    return re.sub(r"⟦(?:grid [^⟧]*|-?[\d.]+)⟧", " ", markup)


def _grid(match: re.Match[str]) -> str:
    words = match[1].split()
    options = ["delim: #none" if words[0] == "none" else 'delim: "|"']
    options += [f"align: #{word}" for word in words if word in ("left", "right")]
    rules = sorted({int(word[1:]) for word in words if word[0] == "v" and word[1:].isdigit()})
    if rules and match[2] == "mat":
        options.append(f"augment: #(vline: ({', '.join(map(str, rules))},))")
    return f"{match[2]}({', '.join(options)}, "
