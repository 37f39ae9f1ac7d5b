"""TeX as MathJax reads it, in commands that pandoc reads, and what is done on its Typst."""

from __future__ import annotations

import pytest

from helpers.report.formulas import for_typst, from_texmath, readable
from helpers.report.pandoc import write


def typst(tex: str) -> str:
    """Typst of a formula, as a page has it."""
    math = {"t": "Math", "c": [{"t": "InlineMath"}, for_typst(readable(tex))]}
    raw = [{"t": "RawInline", "c": ["typst", part]} for part in ('#with-alt("")[', "];")]
    return from_texmath(write([{"t": "Para", "c": [raw[0], math, raw[1]]}], "typst"))


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"{\rm KL}", r"\mathrm{KL}"),
        (r"x_{\bf w} \label{a} % b", r"x_\mathbf{w}"),
        (r"\textcolor{red}{y} + \bbox[3px]{z}", "y + z"),
        (r"a \over b", r"\frac{a }{ b}"),
        (r"{a \over b} + c", r"{\frac{a }{ b}} + c"),
        (r"a = b \\ c = d", r"\begin{aligned}a = b \\ c = d\end{aligned}"),
        (r"x \tag{3}", r"\hspace{2em}\text{(3)}"),
        (r"a &lt; b", "a < b"),
        (r"\begin{dcases}a\\b\end{dcases}", r"\begin{cases}a\\b\end{cases}"),
        (r"a\kern 3pt b", r"\hspace{0.3em}"),
        (r"\bra{\phi} + \ket{0}", r"\langle \phi| + |0\rangle"),
    ],
)
def test_commands_of_mathjax_are_put_in_those_of_pandoc(tex: str, expected: str) -> None:
    """Old fonts, colours, fractions, lines without an environment, numbers, units."""
    assert expected in readable(tex)


def test_signs_have_the_names_of_todays_typst() -> None:
    """Names that Typst dropped are the signs themselves; words of a formula are left alone."""
    written = typst(r"A \cap B \otimes C \text{ sect }")
    assert "∩" in written and "⊗" in written and '" sect "' in written


def test_tables_of_formulas_have_gaps_rules_and_bars() -> None:
    """``array`` and ``matrix`` are grids, a determinant stands between single bars."""
    assert "mat(delim: #none, augment: #(vline: (1,)), a, b; c, d)" in typst(
        r"\begin{array}{c|c}a & b \\ c & d\end{array}"
    )
    assert 'mat(delim: "|", a, b; c, d)' in typst(r"\begin{vmatrix}a & b \\ c & d\end{vmatrix}")
    assert "cases(" in typst(r"\left\{\begin{array}{ll}a & b \\ c & d\end{array}\right.")
