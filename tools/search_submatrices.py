# SPDX-License-Identifier: Apache-2.0
"""Search good columns for the syndrome-trellis codes and write src/semstego/coding/submatrix_table.py.

    python -m tools.search_submatrices --heights 10     # two to three minutes of one core; all heights: 13

For every height and width a pool of random column sets, first and last row all ones, is raced on
random syndromes: each round the better quarter survives and meets four times as many symbols.
Then the survivors are mutated (one or two columns replaced) and raced again. The score is the
mean of the coding losses with constant and with linear costs. Everything follows from --seed.

The table is part of the format: a new one makes old files unreadable.
"""

import argparse
import functools
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semstego.coding import stc

TABLE = Path(__file__).parents[1] / "src/semstego/coding/submatrix_table.py"
WIDTHS = range(1, 21)
PROFILES = ("constant", "linear")
EFFORT = {6: (128, 3), 7: (128, 3), 8: (128, 5), 9: (128, 3), 10: (128, 5), 11: (64, 2), 12: (64, 3)}
"""Per height: column sets in a pool, and generations."""

HEADER = '''# SPDX-License-Identifier: Apache-2.0
"""Columns found by tools/search_submatrices.py --seed {seed}; do not edit, they are part of the format.

TABLE[height][width - 1] holds the columns of a block of that width, hexadecimal; bit r of a column
stands r rows below the row of the block's message bit.
"""

TABLE = {{
'''


@functools.cache
def profile(name: str, n: int) -> NDArray[np.float32]:
    """Costs of one profile: all 1, or the ramp (i + 1/2) / n in random order."""
    if name == "constant":
        return np.ones(n, dtype=np.float32)
    return ((np.random.Generator(np.random.PCG64(n)).permutation(n) + 0.5) / n).astype(np.float32)


@functools.cache
def bound(name: str, n: int, m: int) -> float:
    """Least expected cost of m bits in n symbols of a profile, for binary changes (rate-distortion bound)."""
    costs = profile(name, n).astype(np.float64)
    low, high = -30.0, 30.0
    for _ in range(60):
        middle = (low + high) / 2
        p = 1 / (1 + np.exp(np.minimum(np.exp(middle) * costs, 700)))
        entropy = -(p * np.log2(np.maximum(p, 1e-300)) + (1 - p) * np.log2(1 - p)).sum()
        low, high = (middle, high) if entropy > m else (low, middle)
    return float((p * costs).sum())


def losses(height: int, cycles: tuple[NDArray[np.uint16], NDArray[np.uint16]], n: int, m: int, seed: list[int]):
    """Extra distortion over the bound, as a fraction, for each profile."""
    rng = np.random.Generator(np.random.PCG64(seed))
    syndrome = rng.integers(0, 2, m, dtype=np.uint8)
    found = []
    for name in PROFILES:
        costs = profile(name, n)
        total = 0.0
        # Segments keep the decisions small enough for the allocator to reuse their memory.
        pieces = max(1, (n << height) >> 26)
        for part in range(pieces):
            rows = slice(part * m // pieces, (part + 1) * m // pieces)
            columns = slice(part * n // pieces, (part + 1) * n // pieces)
            changes = stc._changes(costs[columns], syndrome[rows], *cycles, height)
            total += float(costs[columns][changes == 1].sum(dtype=np.float64))
        found.append(total / bound(name, n, m) - 1)
    return found


def race(height: int, pool: list, partner, ratio: float, seed: list[int], keep: int) -> list:
    """The best column sets of a pool, best first."""
    n, scores = 20_000, np.zeros(len(pool))
    seen = 0
    while True:
        for k, columns in enumerate(pool):
            both = (columns, partner if partner is not None else columns)
            scores[k] += n * np.mean(losses(height, both, n, round(n / ratio), [*seed, n]))
        seen += n
        order = np.argsort(scores, kind="stable")
        if len(pool) <= 4 * keep:
            return [(scores[k] / seen, pool[k]) for k in order[:keep]]
        order = order[: len(pool) // 4]
        pool, scores, n = [pool[k] for k in order], scores[order], 4 * n


def draw(height: int, width: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Random columns with first and last bit set; different ones as long as there are enough."""
    count = 1 << (height - 2)
    inner = np.concatenate([rng.permutation(count) for _ in range(-(-width // count))])[:width]
    return (inner << 1 | 1 | 1 << (height - 1)).astype(np.uint16)


def mutate(columns: NDArray[np.uint16], height: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Replace one or two columns by columns that are not yet there, if there are such."""
    child = columns.copy()
    fresh = np.setdiff1d(draw(height, 1 << (height - 2), rng), child)
    if fresh.size < 2:
        return draw(height, columns.size, rng)
    places = rng.choice(columns.size, size=min(columns.size, int(rng.integers(1, 3))), replace=False)
    child[places] = rng.choice(fresh, size=places.size, replace=False)
    return child


def search(height: int, width: int, wider, seed: int) -> NDArray[np.uint16]:
    """Best columns found for one height and width."""
    rng = np.random.Generator(np.random.PCG64([seed, height, width]))
    size, generations = EFFORT[height]
    # Width 1 alone leaves no choice of changes, so it is judged in a mixture with width 2.
    ratio, partner = (1.5, wider) if width == 1 else (float(width), None)
    best: list = []
    for generation in range(generations):
        parents = [columns for _, columns in best]
        new = [
            draw(height, width, rng) if not parents else mutate(parents[k % len(parents)], height, rng)
            for k in range(size - len(parents))
        ]
        best = race(height, parents + new, partner, ratio, [seed, height, width, generation], 4)
    print(f"height {height} width {width}: mean loss {100 * best[0][0]:.2f} %", flush=True)
    return np.sort(best[0][1]) if width > 1 else best[0][1]


def write(tables: dict[int, list[list[int]]], seed: int) -> None:
    """Write the module."""
    lines = [HEADER.format(seed=seed)]
    for height in sorted(tables):
        lines.append(f"    {height}: (\n")
        lines += [f'        "{" ".join(f"{c:x}" for c in columns)}",\n' for columns in tables[height]]
        lines.append("    ),\n")
    TABLE.write_text("".join(lines) + "}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heights", type=int, nargs="+", default=list(EFFORT))
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    for height in arguments.heights:
        start, found = time.time(), {}
        for width in reversed(WIDTHS):  # width 1 needs width 2
            found[width] = search(height, width, found.get(2), arguments.seed)
        tables = {}
        if TABLE.exists():  # other heights stay; read here, as another run may have written meanwhile
            scope: dict = {}
            exec(TABLE.read_text(), scope)
            tables = {h: [[int(c, 16) for c in row.split()] for row in rows] for h, rows in scope["TABLE"].items()}
        tables[height] = [[int(c) for c in found[width]] for width in WIDTHS]
        write(tables, arguments.seed)
        print(f"height {height}: {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
