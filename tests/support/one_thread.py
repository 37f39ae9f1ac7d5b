"""Imported before NumPy: in a process of tests libraries compute with one thread.

Threads that have nothing to do wait busily, and more processes than cores run tests. BLAS reads
this when NumPy is first imported, TensorFlow when it first computes.
"""

import os

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
)
os.environ |= dict.fromkeys(THREADS, "1")
