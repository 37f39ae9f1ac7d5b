"""Imported before NumPy, which reads it then: BLAS and OpenMP have one thread in a process of tests.

Their threads wait busily, and more processes than cores run tests.
"""

import os

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
