"""Run ``python -m helpers.serving.exports SAVED_MODEL PRECISION=FOLDER ...``: for TensorFlow.js."""

from __future__ import annotations

import sys

from helpers.serving.exports.tfjs_convert import main

if __name__ == "__main__":
    main(sys.argv[1:])
