"""Training steps of plain torch: its eager loop, channels last, fused Adam."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from benchmarks.peers.line_protocol import serve


def start(settings: dict[str, Any]) -> tuple[dict[str, Any], Callable[[], int]]:
    """Build the network and take the first step; see `benchmarks.training_peer`."""
    began = time.perf_counter()
    import torch

    from benchmarks.peers.torch_networks import build

    imported = time.perf_counter()
    torch.set_num_threads(settings["threads"])
    torch.set_num_interop_threads(1)
    torch.manual_seed(0)
    network = build(settings).to(memory_format=torch.channels_last)
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=settings["learning_rate"], fused=True)
    loss_of = torch.nn.CrossEntropyLoss()
    n, (height, width) = settings["batch_size"], settings["size"]
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (n, height, width, 3), generator=random, dtype=torch.uint8)
    classes = torch.randint(0, settings["n_classes"], (n,), generator=random)
    built = time.perf_counter()

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        # The bytes lie channels last already: this moves nothing but makes them float32.
        loss = loss_of(network(pixels.permute(0, 3, 1, 2).float()), classes)
        loss.backward()
        optimizer.step()

    def work() -> int:
        for _ in range(settings["steps"]):
            step()
        return int(settings["steps"] * n)

    step()
    facts = {
        "import": imported - began,
        "build": built - imported,
        "first_step": time.perf_counter() - built,
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "learning": sum(parameter.numel() for parameter in learning),
        "version": torch.__version__,
    }
    return facts, work


if __name__ == "__main__":
    serve(start)
