"""Results to take away."""

from __future__ import annotations

from helpers.serving.desk import ModelDesk
from helpers.serving.tray import Tray
from helpers.serving.wording import Wording


def downloads(say: Wording, desk: ModelDesk, tray: Tray, threshold: float, anyway: bool) -> None:
    """Draw the buttons that download the results."""
