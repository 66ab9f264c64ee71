"""Shared by all tests: the environment that worker processes have."""

import os

# Before torch loads: products whose bits don't depend on the batch (see mindgap.study.workers).
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
os.environ.setdefault("OMP_NUM_THREADS", "1")
