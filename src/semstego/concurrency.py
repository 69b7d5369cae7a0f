# SPDX-License-Identifier: Apache-2.0
"""Work spread over the cores by threads: the compiled kernels and NumPy let go of Python's lock.

NUMBA_NUM_THREADS tells how many cores a process may take; joblib sets it in its workers, which share the cores.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TypeVar

from numba import config

CORES: int = config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]

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


def slices(length: int, least: int) -> list[tuple[int, int]]:
    """``length`` cut into (first, last) pieces of at least ``least``, a few for each core, so that none waits long."""
    pieces = max(1, min(4 * CORES, length // least))
    bounds = [length * i // pieces for i in range(pieces + 1)]
    return list(pairwise(bounds))
