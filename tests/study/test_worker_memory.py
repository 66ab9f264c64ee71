"""Workers don't give memory back to the system in every step, only to fetch it again."""

import os
import platform
import subprocess
import sys

import pytest

from mindgap.study.execute import WORKER_ENVIRONMENT

PAGES = """
import resource
import numpy as np

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def step():
    np.ones(10_000_000, np.float32)

step()
before = faults()
for _ in range(5):
    step()
print(faults() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other allocators have other ways")
def test_what_is_freed_is_kept():
    def fetched(**environment):
        ended = subprocess.run(
            [sys.executable, "-c", PAGES],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return int(ended.stdout)

    assert fetched(**WORKER_ENVIRONMENT) < fetched() / 5
