"""Why a file was refused, in the session's language."""

from __future__ import annotations

from helpers.serving.apps import Refusal, Wording


def reason_of(say: Wording, refusal: Refusal) -> str:
    """The reason; a code without a text is said in general terms."""
    known = isinstance(say.find(f"errors.{refusal.code}"), str)
    return say(f"errors.{refusal.code if known else 'unknown'}", **refusal.fields)
