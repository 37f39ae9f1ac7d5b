"""Imported before NumPy, which reads it: in a process of tests BLAS and OpenMP have one thread.

Their threads wait busily, and more processes than cores run tests.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
