"""Sentences with placeholders: filled in, quoted, chosen by rule; and what a wrong one says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers.core.errors import ConfigError
from helpers.notebook.prose import condition, plural, register, render, undeclared, written
from helpers.statistics.intervals import Estimate


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """A notebook of this process."""
    shell = InteractiveShell.instance()
    yield shell
    shell.reset()
    InteractiveShell.clear_instance()


@pytest.fixture
def told(shell: InteractiveShell) -> tuple[list[tuple[str, Any, str | None]], list[str]]:
    """What cells quote, and what they show."""
    numbers: list[tuple[str, Any, str | None]] = []
    shown: list[str] = []

    def quote(key: str, value: Any, fmt: str | None) -> str:
        numbers.append((key, value, fmt))
        return written(value, fmt)

    register(quote, shown.append)
    return numbers, shown


def test_a_cell_says_what_the_notebook_computed(shell: InteractiveShell, told: Any) -> None:
    """Names of the notebook, quoted as `Run.quote` has them; no name is left behind."""
    numbers, shown = told
    shell.run_cell("gain, absent = -0.124, ['df']")
    before = set(shell.user_ns)
    result = shell.run_cell(
        '%%say\nIt is {{ gain | quote("gain", ".1%") }}\nof {{ (1 / 6) | fmt(".0%") }}.\n'
        "{% set n = 3 %}\n{% if absent %}\nNone of {{ absent | listed }}.\n{% endif %}\n\n"
        "Next {{ n }}."
    )
    assert result.success
    assert shown == ["It is −12.4%\nof 17%.\nNone of df.\n\nNext 3."]
    assert numbers == [("gain", -0.124, ".1%")]
    assert {name for name in set(shell.user_ns) - before if not name.startswith("_")} == set()


def test_a_number_at_the_start_of_a_line_ends_its_sentence(
    shell: InteractiveShell, told: Any
) -> None:
    """Markdown would make a list of it, and print no number; a list that is meant stays."""
    shell.run_cell("n = 1")
    shell.run_cell("%%say\nIt is\n{{ n }}. On all {{ n }}.\n{{ n }}.5 of it\n\n1. one")
    assert told[1] == ["It is\n1\\. On all 1.\n1.5 of it\n\n1. one"]


def test_a_cell_without_words_shows_nothing(shell: InteractiveShell, told: Any) -> None:
    """All of it may hang on a condition; and a number of the other branch is not recorded."""
    numbers, shown = told
    shell.run_cell('%%say\n{% if 0 %}\nWords {{ 5 | quote("five") }}.\n{% endif %}')
    assert (numbers, shown) == ([], [])


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("a {% if yes %}b{% endif %}\nc", "a b\nc"),
        ("{% if no %}\na\n{% else %}\nb\n{% endif %}\nc", "b\nc"),
        ("a\n\n{% if no %}\nb\n{% endif %}\n\nc", "a\n\nc"),
        ("{% set x = [\n  1, 2] %}\n{{ x | length }}", "2"),
        ("{% for x in [1, 2] %}\n- {{ x }}\n{% endfor %}", "- 1\n- 2"),
        ("{% do 3 | quote('k') %}\na", "a"),
        ("{{ score | against(0.5) }}, {{ score | fmt('.0%') }}", "above, 70% [60%, 80%], n = 9"),
        ("{{ score | interval('.0%') }} {{ 2 | plural('nevus', 'nevi') }}", "70% [60%, 80%] nevi"),
        ("{{ [] | listed('nobody') }}, {{ range(3) | listed }}", "nobody, 0, 1 and 2"),
        ('{{ 0.1 | points }} {{ len(score.unit) }} <b> & "q"', '+10 0 <b> & "q"'),
    ],
)
def test_templates(template: str, text: str) -> None:
    """Line breaks, rules and words as the page has them."""
    names = {"yes": True, "no": False, "score": Estimate(0.7, 0.6, 0.8, 9)}
    assert render(template, names, lambda key, value, fmt: written(value, fmt)) == text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "All\nof {{ areaa }}",
            "'All of {{ areaa }}', line 3: 'areaa' is undefined (near it: area)",
        ),
        ("{{ area | quot('k') }}", "line 2: No filter named 'quot'; there are against, fmt"),
        ("a\n\n{% if area %}b", "line 4: Unexpected end of template"),
        ("{{ area | fmt('.1q') }}", "line 2: ValueError: Unknown format code"),
        ("{{ area.gone }}", "line 2: 'float object' has no attribute 'gone'"),
        (
            "{{ area | quote('k') }}\n{{ 2 | quote('k') }}",
            "line 3: the key 'k' stands for two numbers, 0.5 and 2; give each a key of its own",
        ),
        (
            "{{ names.append(1) }}",
            "line 2: access to attribute 'append' of 'list' object is unsafe",
        ),
        ("{{ area.__class__ }}", "line 2: access to attribute '__class__' of 'float' object"),
    ],
)
def test_a_wrong_cell_says_where(
    shell: InteractiveShell, told: Any, body: str, message: str
) -> None:
    """One error that names the cell by its first words, the line of the cell, and what to do."""
    shell.run_cell("area, names = 0.5, []")
    error = shell.run_cell(f"%%say\n{body}").error_in_exec
    assert isinstance(error, ConfigError)
    assert str(error).startswith("the cell %%say '") or str(error).startswith('the cell %%say "')
    assert message in str(error)
    assert told[1] == []


def test_text_belongs_on_the_next_line(shell: InteractiveShell, told: Any) -> None:
    """Words behind the magic would be lost."""
    error = shell.run_cell("%%say Words\nMore").error_in_exec
    assert "begin the text on the next line" in str(error)


def test_names_of_a_template() -> None:
    """What it takes from the notebook: not what it sets, nor what every sentence has."""
    template = (
        "{% if a %}{% set b = c %}{{ b }}{% endif %}{{ len(d) }}{% for e in f %}{{ e }}{% endfor %}"
    )
    assert undeclared(template) == {"a", "c", "d", "f"}


def test_written_and_plural() -> None:
    """A true minus sign for numbers, none for text."""
    assert written(-3) == "−3" and written("-3") == "-3" and written(1234, ",") == "1,234"
    assert [plural(n, "image") for n in (0, 1, 2)] == ["images", "image", "images"]


def test_a_condition_is_read_as_a_placeholder_is() -> None:
    """With filters and names; one that cannot be read, or takes another name, is told."""
    rises = condition('gain | against(0) == "above"', {"gain"})
    assert rises({"gain": Estimate(0.2, 0.1, 0.3, 9)})
    assert not rises({"gain": Estimate(0.0, -0.1, 0.1, 9)})
    with pytest.raises(ConfigError, match=r"'gain >': .*; correct it"):
        condition("gain >", {"gain"})
    with pytest.raises(ConfigError, match="takes drop but has gain"):
        condition("drop > 0", {"gain"})
