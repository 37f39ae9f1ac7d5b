"""Run ``python -m helpers.sample``: a process that draws lesions for `helpers.sample.workers`."""

from __future__ import annotations

from helpers.sample.workers import main

if __name__ == "__main__":
    main()
