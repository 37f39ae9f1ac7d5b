"""Sentences with placeholders, filled in from what a chapter has computed.

A cell that begins with ``%%say`` holds Markdown with Jinja placeholders. It is rendered with the
names of the notebook and shown as the prose of the chapter; captions are rendered alike.
"""

from __future__ import annotations

import difflib
import re
import textwrap
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Any, cast

from jinja2 import (
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
    meta,
    nodes,
    pass_context,
)
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from helpers.core import ConfigError
from helpers.notebook.marks import MAGIC
from helpers.statistics import against, in_points, listed, with_interval

Quote = Callable[[str, Any, str | None], str]

# Where Jinja's placeholders end matters to the line break behind them.
_TAG = r"\{%(?:(?!%\})[\s\S])*%\}"
_TAGS_ALONE = re.compile(rf"^[ \t]*(?:{_TAG}[ \t]*)+$", re.MULTILINE)
_ENDS_IN_TAG = re.compile(r"%\}$", re.MULTILINE)
_ENDS_SENTENCE = re.compile(r"^([ \t]*\{\{(?:(?!\}\})[\s\S])*\}\})(?=[.)](?:\s|$))", re.MULTILINE)
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)

_BUILTINS: dict[str, Any] = {
    one.__name__: one
    for one in (
        *(abs, dict, enumerate, float, int, len, list, max, min, range, round, set, sorted),
        *(str, sum, zip),
    )
}


def written(value: Any, fmt: str | None = None) -> str:
    """Write a value for a sentence, with a minus sign where it is negative.

    Parameters
    ----------
    value : object
        A number, an `Estimate`, or a text.
    fmt : str, optional
        A format such as ".1%".

    Examples
    --------
    >>> written(-0.124, ".1%"), written(10015, ","), written("nv")
    ('−12.4%', '10,015', 'nv')
    """
    text = format(value, fmt) if fmt else str(value)
    return text if isinstance(value, str) else re.sub(r"^-", "−", text)


def plural(number: float, one: str, many: str | None = None) -> str:
    """Give the noun that goes with a number.

    Parameters
    ----------
    number : float
        How many there are.
    one, many : str
        The noun for one and for several; an s is added where no other plural is given.

    Examples
    --------
    >>> plural(1, "image"), plural(0, "image"), plural(2, "nevus", "nevi")
    ('image', 'images', 'nevi')
    """
    return one if number == 1 else many or f"{one}s"


def _listed(names: Iterable[object], none: str = "none") -> str:
    """Join the items of anything, for a sentence."""
    return listed([str(name) for name in names], none)


FILTERS: dict[str, Callable[..., Any]] = {
    "against": against,
    "fmt": written,
    "interval": with_interval,
    "listed": _listed,
    "plural": plural,
    "points": in_points,
}
"""What a sentence may do with a value besides ``quote`` and what Jinja brings."""

WORDS: dict[str, Any] = _BUILTINS | {
    "against": against,
    "listed": _listed,
    "with_interval": with_interval,
}
"""Names that a sentence may use without the notebook defining them."""


@cache
def environment() -> ImmutableSandboxedEnvironment:
    """The one way in which sentences are read: strict about names, and changing nothing."""
    env = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
        extensions=["jinja2.ext.do"],
    )
    env.filters |= FILTERS | {"quote": _no_quote}
    env.globals = dict(WORDS)
    return env


@pass_context
def _no_quote(_: Context, value: Any, key: str, fmt: str | None = None) -> str:
    raise ConfigError("a caption cannot quote a number: quote it in a sentence, write `fmt` here")


def undeclared(template: str) -> set[str]:
    """Names that a template takes from the notebook.

    Parameters
    ----------
    template : str
        A sentence, or a caption.

    Raises
    ------
    jinja2.TemplateSyntaxError
        If it cannot be read.
    """
    tree = environment().parse(prepared(template))
    taken = set(meta.find_undeclared_variables(tree)) - set(WORDS)
    # Jinja counts a name that is set in one branch, even where it is used in that one alone.
    return taken - {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}


def condition(text: str, known: Collection[str]) -> Callable[[Mapping[str, Any]], bool]:
    """Read a condition as ``{% if %}`` takes one.

    Parameters
    ----------
    text : str
        Such as ``quoted("gain") | against(0) == "above"``.
    known : collection of str
        The names that it may take, besides `WORDS`.

    Returns
    -------
    callable
        Takes the names with their values.

    Raises
    ------
    ConfigError
        If it cannot be read, or takes another name.
    """
    try:
        unknown = undeclared("{% if " + text + " %}{% endif %}") - set(known)
        compiled = environment().compile_expression(text, undefined_to_none=False)
    except TemplateSyntaxError as error:
        raise ConfigError(f"the condition {text!r}: {error.message}; correct it") from None
    if unknown:
        there = ", ".join(sorted(known))
        raise ConfigError(f"the condition {text!r} takes {listed(sorted(unknown))} but has {there}")
    return lambda names: bool(compiled(dict(names)))


def prepared(template: str) -> str:
    """A template in which only tags on lines of their own take their line break with them.

    The lines keep their numbers. Without this, a tag at the end of a line would glue the last word
    to the first of the next line.
    """
    text = _TRAILING.sub("", template)
    alone = {match.end() for match in _TAGS_ALONE.finditer(text)}
    return _ENDS_IN_TAG.sub(
        lambda match: match[0] if match.end() in alone else match[0] + "{{ '' }}", text
    )


def render(
    template: str,
    names: Mapping[str, Any],
    quote: Quote | None = None,
    where: str = "",
    first_line: int = 1,
) -> str:
    """Fill in a template.

    Parameters
    ----------
    template : str
        Markdown with placeholders; ``{{ value | quote("key", ".1%") }}`` records a number.
    names : mapping
        What the placeholders may name, besides `WORDS`.
    quote : callable, optional
        Gets key, value and format of a number, and gives its text; None where no number can be
        recorded.
    where : str, optional
        What an error calls the template; its first words where empty.
    first_line : int, default=1
        The number that an error gives to the template's first line.

    Returns
    -------
    str
        Without blank lines around, and with one blank line at most between paragraphs.

    Raises
    ------
    ConfigError
        If the template is wrong or a value cannot be written: with the place, the line, and what
        to do.
    """
    where = where or f"the text {textwrap.shorten(template, 50, placeholder=' ...')!r}"
    env = environment()
    if quote is not None:
        env = env.overlay()
        env.filters = env.filters | {"quote": _quoting(quote)}
    try:
        text = env.from_string(prepared(template)).render(dict(names))
    except Exception as error:
        line, what = _told(error, names)
        raise ConfigError(f"{where}, line {line + first_line - 1}: {what}") from None
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _quoting(quote: Quote) -> Callable[..., str]:
    """The filter ``quote`` for one text, in which a key may stand for one number only."""
    given: dict[str, str] = {}

    # With the context as its first argument, Jinja calls it when the text gets there and not
    # before, whatever its arguments are.
    @pass_context
    def quoted(_: Context, value: Any, key: str, fmt: str | None = None) -> str:
        now = repr(value)
        if given.setdefault(key, now) != now:
            raise ConfigError(
                f"the key {key!r} stands for two numbers, {given[key]} and {now}; give each "
                "a key of its own, and write a number again with `fmt`"
            )
        return quote(key, value, fmt)

    return quoted


def _told(error: Exception, names: Mapping[str, Any]) -> tuple[int, str]:
    """Line of a template at which an error arose, from 1, and what to do about it."""
    if isinstance(error, TemplateSyntaxError):
        what = str(error.message)
        if "filter named" in what:
            known = sorted({"quote", *FILTERS})
            return (
                error.lineno,
                f"{what.rstrip('.')}; there are {', '.join(known)}, and Jinja's own",
            )
        return error.lineno, f"{what}; correct the placeholder"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == "<template>"]
    line = (frames[-1].lineno or 1) if frames else 1
    if isinstance(error, UndefinedError):
        what = str(error.message)
        name = re.match(r"'(\w+)' is undefined", what)
        near = difflib.get_close_matches(name[1], [*names, *WORDS], 3) if name else []
        told = f" (near it: {', '.join(near)})" if near else ""
        return line, f"{what}{told}; define it in a cell above, or correct the placeholder"
    if isinstance(error, ConfigError):
        return line, str(error)
    kind = "" if isinstance(error, TemplateError) else f"{type(error).__name__}: "
    return line, f"{kind}{error}; correct the placeholder, or what it is computed from"


def notebook_names() -> dict[str, Any]:
    """The names of the notebook that runs here."""
    from IPython.core.getipython import get_ipython

    import __main__

    shell = get_ipython()
    return vars(__main__) if shell is None else shell.user_ns


def register(quote: Quote, show: Callable[[str], None]) -> None:
    """Give the notebook that runs here, if one does, the magic ``%%say``.

    Parameters
    ----------
    quote : callable
        Records key, value and format of a number, and gives its text.
    show : callable
        Shows Markdown.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    if shell is None:
        return

    def say(line: str, cell: str) -> None:
        """Show the cell's Markdown, with its placeholders filled in."""
        if line.strip():
            raise ConfigError(f"{MAGIC} {line.strip()}: begin the text on the next line")
        # Markdown would read a number that ends a sentence on a line of its own as a list.
        cell = _ENDS_SENTENCE.sub(r"\1\\", cell)
        text = render(cell, shell.user_ns, quote, where=where(cell), first_line=2)
        if text:
            show(text)

    shell.register_magic_function(cast("Any", say), "cell", "say")


def where(body: str) -> str:
    """What an error calls a cell: its magic and its first words."""
    return f"the cell {MAGIC} {textwrap.shorten(body, 50, placeholder=' ...')!r}"


__all__ = ["condition", "plural", "register", "render", "undeclared", "written"]
