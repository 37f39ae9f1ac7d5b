"""The shared module of DermBook: chapters tell, helpers compute."""

import os

# TensorFlow reads it when it starts. On CPUs without AVX-512 it leaves oneDNN off, with which a
# convolution takes half the time there too. What the user has set stays.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"
