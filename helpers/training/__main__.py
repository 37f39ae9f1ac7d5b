"""Run ``python -m helpers.training``: the child process in which trials are trained."""

from __future__ import annotations

from helpers.training.worker import run

if __name__ == "__main__":
    run()
