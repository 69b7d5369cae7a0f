# SPDX-License-Identifier: Apache-2.0
"""Work spread over the cores: by threads, for the compiled kernels and NumPy let go of Python's lock, or by processes.

NUMBA_NUM_THREADS tells how many cores a process may take; joblib sets it in its workers, which share the cores.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import pairwise
from multiprocessing import get_context
from typing import TypeVar

from semstego.compiled import CORES

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_threads(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Results of ``work`` in the order of ``items``; one item, or one core, needs no thread."""
    workers = min(CORES, len(items))
    if workers <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(work, items)


def in_processes(work: Callable[[Item], Result], items: Sequence[Item], workers: int) -> Iterator[Result]:
    """Results of ``work`` in the order of ``items``, by so many fresh processes; by this one, if it is one."""
    if workers == 1:
        yield from map(work, items)
        return
    with processes(workers) as pool:
        yield from pool.map(work, items)


def processes(count: int) -> ProcessPoolExecutor:
    """Fresh processes that share the cores; threads of torch that outnumber the cores wait for each other for long."""
    threads = max(1, (os.cpu_count() or 1) // count)
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_limit_torch, initargs=(threads,))


def _limit_torch(threads: int) -> None:
    """Let torch take so many threads, whether it has been imported or will be."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def slices(length: int, least: int) -> list[tuple[int, int]]:
    """``length`` cut into (first, last) pieces of at least ``least``, a few for each core, so that none waits long."""
    pieces = max(1, min(4 * CORES, length // least))
    bounds = [length * i // pieces for i in range(pieces + 1)]
    return list(pairwise(bounds))
