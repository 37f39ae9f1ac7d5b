"""Three looks at the memory of some processes, the second with the most."""

from __future__ import annotations

from benchmarks.process_memory import Sample, Use

SAMPLES = [
    Sample(10.0, (("command", Use(100, 90, 200)),), ("01_overview",)),
    Sample(
        11.0,
        (
            ("command", Use(80, 70, 200)),
            ("trainings", Use(400, 300, 600)),
            ("trainings", Use(300, 250, 500)),
        ),
        ("04_augmentation",),
    ),
    Sample(12.0, (("command", Use(150, 140, 260)),)),
]
