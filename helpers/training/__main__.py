"""Run ``python -m helpers.training``: the child process in which trials are trained."""

from __future__ import annotations

import os
import sys

from helpers.training.worker import main

if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # the reader of standard input and TensorFlow's threads are not waited for
