# SPDX-License-Identifier: Apache-2.0
"""Processes share the cores: torch in one of them leaves cores to the others."""

import os
import sys

from semstego import concurrency


def threads_of_torch(early):
    """Of a process that torch is imported into before, or after, it is told its share."""
    share = os.environ["OMP_NUM_THREADS"]
    imported = "torch" in sys.modules
    import torch

    if early:
        concurrency._limit_torch(3)
    return share, imported, torch.get_num_threads()


def test_a_process_takes_its_share_of_the_cores():
    share = max(1, os.cpu_count() // 2)
    with concurrency.processes(2) as pool:
        assert pool.submit(threads_of_torch, early=False).result() == (str(share), False, share)
    with concurrency.processes(64) as pool:
        assert pool.submit(threads_of_torch, early=False).result() == ("1", False, 1)


def test_torch_that_is_there_already_is_told():
    with concurrency.processes(1) as pool:
        assert pool.submit(threads_of_torch, early=True).result()[2] == 3
