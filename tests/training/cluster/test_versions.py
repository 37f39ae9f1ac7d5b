"""What has to be the same on all machines."""

from __future__ import annotations

import sys

from helpers.training.cluster.versions import differences, facts_here


def test_facts_differ_by_name() -> None:
    """A line each; a machine like this one has none."""
    here = facts_here("tensorflow")
    assert here["Python"].split(".")[:2] == [str(part) for part in sys.version_info[:2]]
    assert here["tensorflow"] != "none" and facts_here("jax").keys() >= {"jax", "keras"}
    assert differences(here, dict(here)) == []
    there = here | {"Python": "3.9.1"}
    del there["keras"]
    found = differences(here, there)
    assert found == [
        f"Python is 3.9.1 there and {here['Python']} here",
        f"keras is none there and {here['keras']} here",
    ]
