# SPDX-License-Identifier: Apache-2.0
"""Coding loss and speed of the syndrome-trellis codes; writes results/stc.json. A quarter of a minute, one core.

    python -m experiments.speed.codes

Loss: extra distortion over the rate-distortion bound of binary (or ternary) changes, for constant
costs and for the ramp of costs in random order. Speed: processor time per symbol and layer, least of
several runs on one core. Floor: one trellis step without the code around it, a Numba loop with
load, load, add, compare, min and the decisions stored, over contiguous arrays of 2^h states.
"""

import argparse
import re
import time
from collections.abc import Callable

import numba
import numpy as np
from numba import njit

from experiments import record
from semstego.coding import stc, ternary, trellis
from tools.search_submatrices import PROFILES, bound, profile

RATES = {"1/2": 2, "3/10": 10 / 3, "1/4": 4, "1/10": 10, "1/20": 20, "1/100": 100}
SEGMENT = 65_536
BUDGET = 1 << 26  # state updates in one measurement of the floor


def random_bits(count: int, rng: np.random.Generator):
    return rng.integers(0, 2, count, dtype=np.uint8)


def least_seconds(work: Callable[[], object], repeats: int) -> float:
    """Least processor time of several runs, after one that compiles; other processes do not count."""
    work()
    seen = []
    for _ in range(repeats):
        start = time.thread_time()
        work()
        seen.append(time.thread_time() - start)
    return min(seen)


def coding_loss(height: int, ratio: float, name: str, n: int, seeds: list[int]) -> dict[str, float]:
    """Mean and spread of the loss [%] over messages."""
    m, costs, seen = round(n / ratio), profile(name, n), []
    for seed in seeds:
        rng = np.random.Generator(np.random.PCG64(seed))
        cover = random_bits(n, rng)
        stego = stc.embed(cover, costs, random_bits(m, rng), height)
        total = float(costs[stego != cover].sum(dtype=np.float64))
        seen.append(100 * (total / bound(name, n, m) - 1))
    return {"mean": round(float(np.mean(seen)), 2), "standard_deviation": round(float(np.std(seen, ddof=1)), 2)}


@njit(cache=True)
def floor_step(keep, other, rho, out, flags, rounds):
    for _ in range(rounds):
        for s in range(keep.size):
            moved = other[s] + rho
            flags[s] = moved < keep[s]
            out[s] = min(moved, keep[s])
        rho += np.float32(1e-6)  # or the compiler takes the loop out of the rounds


def floor_time(height: int) -> float:
    """Microseconds of one bare trellis step."""
    keep, other, out = (trellis.states(height) for _ in range(3))
    keep[:], other[:] = 2, 1
    flags, rounds = np.zeros(1 << height, dtype=np.bool_), BUDGET >> height
    seconds = least_seconds(lambda: floor_step(keep, other, np.float32(1), out, flags, rounds), 7)
    return 1e6 * seconds / rounds


def speed(height: int, ratio: float) -> dict[str, float]:
    """Embedding and extraction [us per symbol and layer]."""
    rng = np.random.Generator(np.random.PCG64(1))
    m = round(SEGMENT / ratio)
    cover, message = random_bits(SEGMENT, rng), random_bits(m, rng)
    costs = rng.random(SEGMENT, dtype=np.float32)
    embed = least_seconds(lambda: stc.embed(cover, costs, message, height), 15)
    extract = least_seconds(lambda: stc.extract(cover, m, height), 15)
    return {"embed": 1e6 * embed / SEGMENT, "extract": 1e6 * extract / SEGMENT}


def ternary_row(bits_per_symbol: float, height: int) -> dict[str, float]:
    """Speed of both layers together [us per symbol], and cost against the ternary bound and binary changes."""
    rng = np.random.Generator(np.random.PCG64(2))
    symbols = rng.integers(1, 255, SEGMENT, dtype=np.uint8)
    plus, minus = (rng.random(SEGMENT, dtype=np.float32) for _ in range(2))
    m = round(bits_per_symbol * SEGMENT)
    message = random_bits(m, rng)
    upper = ternary.split(plus, minus, symbols, m)

    def cost(share: int) -> float:
        step = ternary.embed(symbols, plus, minus, message, share, height).astype(int) - symbols
        return float(plus[step == 1].sum(dtype=np.float64) + minus[step == -1].sum(dtype=np.float64))

    splitting = least_seconds(lambda: ternary.split(plus, minus, symbols, m), 15)
    embedding = least_seconds(lambda: ternary.embed(symbols, plus, minus, message, upper, height), 15)
    rate = ternary._solve(*ternary._by_pair(symbols, plus, minus), m)
    costs = np.stack([np.zeros(SEGMENT), plus, minus])
    p = np.exp(-rate * costs) / np.exp(-rate * costs).sum(axis=0)
    return {
        "split_us": splitting / SEGMENT * 1e6,
        "embed_us": embedding / SEGMENT * 1e6,
        "loss_percent": 100 * (cost(upper) / float((p * costs).sum()) - 1),
        "cost_over_binary": cost(upper) / cost(0),
    }


def vector_instructions() -> dict[str, int]:
    """Instructions of the compiled trellis that work on whole vectors (x86 names)."""
    fresh = njit(nogil=True)(trellis.solve.py_func)  # Numba shows no assembly of what it took from its cache
    fresh.compile(trellis.solve.signatures[0])
    assembly = "\n".join(fresh.inspect_asm().values())
    return {name: len(re.findall(rf"\b{name}\b", assembly)) for name in ("vaddps", "vcmpltps", "vminps", "kmovw")}


def speed_table() -> dict[str, object]:
    table = {}
    for height in stc.HEIGHTS:
        floor = floor_time(height)
        row: dict[str, object] = {"floor": floor}
        for name in ("1/2", "1/10"):
            row[name] = speed(height, RATES[name])
            row[name]["embed_over_floor"] = row[name]["embed"] / floor
        table[str(height)] = row
        print("speed", height, record.rounded(row, 4), flush=True)
    return table


def bars_of(loss, speeds) -> dict:
    """The issue's bars, the losses for each profile of costs; of several rates the worst counts."""

    def worst(height: int, rates: tuple[str, ...], name: str) -> float:
        return max(loss[str(height)][rate][name]["mean"] for rate in rates)

    bars = {}
    for name in PROFILES:
        half, lower = worst(10, ("1/2",), name), worst(10, ("1/4", "1/10", "1/20"), name)
        bars[f"loss_percent_h10_rate_1/2_{name}"] = record.bar(half, at_most=10)
        bars[f"loss_percent_h10_rates_1/4_to_1/20_{name}"] = record.bar(lower, at_most=14)
        every = worst(12, ("1/2", "1/4", "1/10", "1/20"), name)
        bars[f"loss_percent_h12_{name}"] = record.bar(every, at_most=10)
    slowest = max(speeds["10"][rate]["embed"] for rate in ("1/2", "1/10"))
    return bars | {"speed_us_h10": record.bar(slowest, at_most=1.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=100_000, help="symbols in a loss measurement")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    arguments = parser.parse_args()
    loss: dict[str, object] = {}
    for height in stc.HEIGHTS:
        loss[str(height)] = {
            rate: {name: coding_loss(height, ratio, name, arguments.n, arguments.seeds) for name in PROFILES}
            for rate, ratio in RATES.items()
        }
        print("loss", height, loss[str(height)], flush=True)
    speeds = speed_table()
    figures = {
        "loss_percent_by_height_rate_profile": loss,
        "speed_us_per_symbol_and_layer": speeds,
        "ternary_height_10_linear_costs": {str(r): ternary_row(r, 10) for r in (0.05, 0.1, 0.4, 0.8)},
        "vector_instructions": vector_instructions(),
        "llvm_target": numba.core.registry.cpu_target.target_context.codegen().magic_tuple()[1],
    }
    config = {"n": arguments.n, "segment": SEGMENT, "threads": 1}
    record.write("stc", figures, config=config, seed=arguments.seeds, data=None, bars=bars_of(loss, speeds), codecs=())


if __name__ == "__main__":
    main()
