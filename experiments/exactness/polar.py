# SPDX-License-Identifier: Apache-2.0
"""Polar codes: certificates against divergences, exact and drawn; rounding, and speed; writes results/polar.json.

    python -m experiments.exactness.polar

Two minutes, one core. Exact: all laws of short codes written out, with chances 0, 2^-14, 1/2, 1 - 2^-14, 1 and others.
True divergence: the mean of the exact sum of the chain rule over words that are drawn from the law, in codes that carry
what their certificate allows. Rounding: half the sum of what float64 and 80-bit numbers differ in by where an index is
drawn, which bounds the total variation. Speed: processor time, least of several runs on one core.
"""

import argparse
import time
from collections.abc import Callable
from itertools import product

import numpy as np

from experiments import record
from semstego.coding import permutation, polar
from semstego.coding import polar_reference as reference
from semstego.coding.polar_order import public_order

ODD = (0, 1, 2**13, 2**14 - 1, 2**14)
LENGTHS = (3, 4, 5, 8, 11, 16)
WET = (0.0, 0.35, 0.7)
TARGETS = {"0.49": polar.kl_for(0.49), "0.499": polar.kl_for(0.499)}


def chances_of(rng: np.random.Generator, symbols: int, wet: float) -> np.ndarray:
    """Chances of a dither of width 1, uniform up to a half, where symbols are not wet."""
    return (rng.integers(0, 2**13 + 1, symbols) * (rng.random(symbols) >= wet)).astype(np.int16)


def exact(cases: int, seed: int) -> dict:
    """The least distance of a certificate from the exact divergence over codes that can be written out."""
    rng = np.random.default_rng(seed)
    laws = [np.array(chances, np.int16) for chances in product(ODD, repeat=4)]
    for symbols in LENGTHS:
        for _ in range(cases):
            odd = rng.random(symbols) < rng.random()
            chances = np.where(odd, rng.choice(ODD, symbols), rng.integers(0, 2**14 + 1, symbols))
            laws.append(chances.astype(np.int16))
    least, indices = np.inf, 0
    for chances in laws:
        order = public_order(chances.size)
        parity = rng.integers(0, 2, chances.size).astype(np.uint8)
        law = reference.of_indices(reference.symbols(parity, chances))
        divergences = np.cumsum(reference.shortfalls(law)[order])
        least = min(least, float((polar.certificate(chances, order) - divergences).min()))
        indices += order.size
    return {"codes": len(laws), "indices": indices, "least_certificate_minus_divergence_nats": least}


def read_back(trials: int, seed: int) -> dict:
    """Messages at full capacity: bits read wrong, symbols that may not move and do, and indices that are forced."""
    rng, found = np.random.default_rng(seed), {"messages": 0, "bits": 0, "wrong": 0, "wet_moved": 0, "forced": 0}
    for wet, kl in product(WET, TARGETS.values()):
        for _ in range(trials):
            symbols = int(rng.integers(2**12, 2**13 + 1))
            chances, parity = chances_of(rng, symbols, wet), rng.integers(0, 2, symbols).astype(np.uint8)
            order = public_order(symbols)
            bits = rng.integers(0, 2, polar.certificate(chances, order, kl).size).astype(np.uint8)
            moves, forced = polar.sample(parity, chances, order, bits, rng.random(order.size))
            found["messages"] += 1
            found["bits"] += bits.size
            found["wrong"] += int((polar.read(parity ^ moves, order)[: bits.size] != bits).sum())
            found["wet_moved"] += int(moves[chances == 0].sum())
            found["forced"] += forced
    return found


def true_divergence(symbols: int, wet: float, kl: float, words: int, seed: int) -> dict:
    """Mean and standard error over words [nats], beside the certificate; and what rounding adds to the variation."""
    rng = np.random.default_rng(seed)
    chances, order = chances_of(rng, symbols, wet), public_order(symbols)
    sums = polar.certificate(chances, order, kl)
    d = 1 - 2 * chances / 2**14
    x = (2 * rng.random((words, symbols)) >= 1 + d).astype(np.uint8)
    differences = reference.differences(np.broadcast_to(d, x.shape), x)
    given = np.abs(differences[:, order[: sums.size]])
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.nan_to_num(sum(p * np.log(p) for p in ((1 + given) / 2, (1 - given) / 2)))
        series = given**2 / 2 + given**4 / 12  # the same without cancellation
        found = np.where(given < 1e-3, series, np.log(2) + entropy).sum(axis=1)
        extended = reference.differences(np.broadcast_to(d.astype(np.longdouble), x.shape)[:4], x[:4])
    lost = np.abs(differences[:4] - extended)[:, order[sums.size :]].sum(axis=1).astype(float) / 2
    return {
        "bits_per_symbol": sums.size / symbols,
        "certificate_nats": float(sums[-1]),
        "divergence_nats": {"mean": float(found.mean()), "standard_error": float(found.std() / np.sqrt(words))},
        "variation_by_rounding_per_symbol": float(lost.max()) / symbols,
    }


def least_seconds(work: Callable[[], object], repeats: int = 15) -> float:
    """Least processor time of several runs, after one that compiles; other processes do not count."""
    seen = []
    for _ in range(repeats + 1):
        start = time.thread_time()
        work()
        seen.append(time.thread_time() - start)
    return min(seen[1:])


def speed(symbols: int, wet: float, seed: int) -> dict:
    """Microseconds a symbol at full capacity, and without a message; and milliseconds for the order."""
    rng = np.random.default_rng(seed)
    chances, parity = chances_of(rng, symbols, wet), rng.integers(0, 2, symbols).astype(np.uint8)
    order, uniform = public_order(symbols), rng.random(symbols)
    bits = rng.integers(0, 2, polar.certificate(chances, order, TARGETS["0.499"]).size).astype(np.uint8)
    work = {
        "sample": lambda: polar.sample(parity, chances, order, bits, uniform),
        "sample_no_message": lambda: polar.sample(parity, chances, order, bits[:0], uniform),
        "certificate": lambda: polar.certificate(chances, order, TARGETS["0.499"]),
        "read": lambda: polar.read(parity, order),
        "permutation": lambda: permutation.positions(symbols, 0, symbols),
    }
    found = {name: 1e6 * least_seconds(run) / symbols for name, run in work.items()}
    return found | {"order_ms": 1e3 * least_seconds(lambda: public_order.__wrapped__(symbols), 5)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=500, help="random laws for each length")
    parser.add_argument("--trials", type=int, default=200, help="messages for each wet share and target")
    parser.add_argument("--words", type=int, default=200, help="drawn words for each true divergence")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    exhaustive = exact(options.cases, options.seed)
    print(exhaustive)
    messages = read_back(options.trials, options.seed)
    print(messages)
    divergences = {
        f"{symbols} symbols, {wet} wet, P_E {p_e}": true_divergence(symbols, wet, kl, options.words, options.seed)
        for symbols, wet, (p_e, kl) in product((2**10, 2**13), (0.0, 0.35, 0.6), TARGETS.items())
    }
    speeds = {
        f"{symbols} symbols, {wet} wet": speed(symbols, wet, options.seed)
        for symbols in (2**14, 2**18, 2**20)
        for wet in WET
    }
    rounding = max(found["variation_by_rounding_per_symbol"] for found in divergences.values())
    large = [speeds[f"{2**18} symbols, {wet} wet"] for wet in WET]
    bars = {
        "least certificate minus divergence, nats": record.bar(
            exhaustive["least_certificate_minus_divergence_nats"], at_least=-1e-9
        ),
        "bits wrong, wet symbols moved, indices forced": record.bar(
            messages["wrong"] + messages["wet_moved"] + messages["forced"], at_most=0
        ),
        "variation by rounding, 2^27 symbols": record.bar(rounding * 2**27, at_most=1e-7),
        "sampler, us a symbol": record.bar(max(found["sample"] for found in large), at_most=0.06),
    }
    record.write(
        "polar",
        {"exact": exhaustive, "messages": messages, "divergences": divergences, "speed_us_a_symbol": speeds},
        config={key: value for key, value in vars(options).items() if key != "seed"},
        seed=options.seed,
        data=None,
        codecs=(),
        bars=bars,
    )


if __name__ == "__main__":
    main()
