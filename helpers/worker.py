"""The child process of the ``local`` executor: one task in, events out, one trial made."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from typing import Any

from helpers.trials import Task


def _exit_with_parent() -> None:
    """End this process when its standard input closes: the parent is gone."""
    sys.stdin.read()
    os._exit(3)


def main() -> int:
    """Read one task from standard input and train it."""
    payload = json.loads(sys.stdin.readline())
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    # Libraries print; only events may reach the parent, so stdout becomes the log.
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        channel.write(json.dumps(event) + "\n")
        channel.flush()

    try:
        from helpers.training import train

        train(Task.from_payload(payload), emit)
    except BaseException as error:
        traceback.print_exc()
        emit({"kind": "failed", "error": f"{type(error).__name__}: {error}", "text": "failed"})
        return 1
    return 0


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # the reader of standard input and TensorFlow's threads are not waited for
