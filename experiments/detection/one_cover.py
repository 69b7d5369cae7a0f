# SPDX-License-Identifier: Apache-2.0
"""Thousands of sends and hides of one cover, as a warden sees them who holds the original and all but the key.

    python -m experiments.detection.one_cover data     # results/one_cover.json; data/plain must be there; minutes

Covers: the first crops of test photographs that hold a frame, squares of 96 to 512 pixels, Lanczos to 64, deviation 8
or more. Full capacity is the longest payload at the P_E that `hide` certifies by default; beside it that at 0.49, which
the first broken sender exceeds.

    every symbol moves as often as its law says    exact binomial tests, two-sided, Holm's correction over all
    likelihood ratio of hiding against sending     AUC of hides against sends, 0.5
    senders that are broken                        AUC of the statistic that is made for each
"""

import argparse
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import binom

from experiments import record
from semstego.codecs import registry
from semstego.codecs.base import CHANCE_SCALE, Encoding, Law, Symbols, within
from semstego.codecs.block.law import HIGH, LOW, chances_by_error
from semstego.datasets.built import crops
from semstego.message.bits import NONE
from semstego.message.draws import SEED_BYTES, Draws
from semstego.metrics.detection import auc
from semstego.schemes.base import Cover
from semstego.schemes.certified.sampling import drawn, read
from semstego.schemes.certified.scheme import CertifiedScheme
from semstego.steganalysis.features.informed import log2_ratio, moves_of

CODEC, P_E, LESS = "cr085", 0.499, 0.49
SEED = 20261127
MANY, FEW, FURTHER = 8000, 500, 12  # sends and hides of the first cover, of each further one, number of those
TOO_LONG, UNFAIR = 1.25, 0.51  # times the capacity; share of ones
POPULATION = 1000  # covers on which the sender with redraws is measured, one send and one hide of each
REDRAWS = 1000
BATCH = 50  # words whose likelihood is computed at once
NORMAL = 1.96  # standard deviations, half of an interval of 95 %
LEVEL = 0.05


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="DATA_FOLDER", type=Path)
    parser.add_argument("--workers", default=None, type=int)
    options = parser.parse_args()
    pictures = [one for one in crops.load(options.folder / "plain", "test").pictures if capacity(one)]
    tasks = [(picture, FEW if number else MANY, number) for number, picture in enumerate(pictures[: 1 + FURTHER])]
    found = list(record.spread(of_cover, tasks, "covers", workers=options.workers))
    redraws = [(picture, number) for number, picture in enumerate(pictures[:POPULATION])]
    clipped = np.array(list(record.spread(with_redraws, redraws, "redraws", workers=options.workers, chunk=25)))
    ratio = {"one cover": found[0]["ratio"], "further covers": mean([one["ratio"] for one in found[1:]])}
    less = {"one cover": found[0]["ratio at 0.49"], "further covers": mean([one["ratio at 0.49"] for one in found[1:]])}
    broken = {name: mean([one[name] for one in found]) for name in ("too long", "unfair")}
    broken["wet by the draw"] = area(*-clipped.T)  # hides have fewer
    record.write(
        "one_cover",
        {
            "covers": found,
            "likelihood_ratio": ratio,
            "likelihood_ratio_at_0.49": less | {"most_by_the_certificate": 0.5 + 2 * (0.5 - LESS)},
            "broken_senders": broken,
            "sends_that_clip_if_wet_by_the_draw": float((clipped[:, 0] > 0).mean()),
        },
        config={
            "codec": CODEC, "p_e": P_E, "less_p_e": LESS, "draws": [MANY, FEW],
            "further_covers": FURTHER, "too_long": TOO_LONG,
            "share_of_ones": UNFAIR, "covers_with_redraws": len(clipped), "half_width": "95 %, of two equal laws",
        },
        seed=SEED,
        data={"set": "crops, 64x64: test", "squares": list(crops.SQUARES), "least_deviation": crops.LEAST_DEVIATION},
        bars=bars(found, ratio, broken),
        codecs=[CODEC],
    )  # fmt: skip


def capacity(picture: np.ndarray, p_e: float = P_E) -> int:
    """The longest payload [bits] of a picture."""
    return CertifiedScheme(p_e=p_e).capacity_bits(Cover(picture, registry.load(CODEC)))


def of_cover(task: tuple[np.ndarray, int, int]) -> dict:
    """A cover's sends and hides, and what two broken senders hide."""
    picture, count, number = task
    encoding, bits, rng = registry.load(CODEC).encode(picture), capacity(picture), np.random.default_rng([SEED, number])
    more = capacity(picture, LESS)
    longer = int(TOO_LONG * more)
    sent, sent_again = (moves_of_draws(encoding, count, rng, 0) for _ in range(2))
    hidden, fuller = (moves_of_draws(encoding, count, rng, length) for length in (bits, more))
    too_long = moves_of_draws(encoding, FEW, rng, longer)
    unfair = moves_of_draws(encoding, FEW, rng, bits, share=UNFAIR)
    ratios, fuller_ratios = (log2_ratios(encoding, sent, length) for length in (bits, more))
    return {
        "bits": bits,
        "moves": {"sent": binomial(encoding, sent), "hidden": binomial(encoding, hidden)},
        "ratio": area(ratios, log2_ratios(encoding, hidden, bits)),
        "ratio at 0.49": area(fuller_ratios, log2_ratios(encoding, fuller, more)),
        "ratio, sends and sends": area(ratios, log2_ratios(encoding, sent_again, bits)),
        "mean ratio of sends": float(np.mean(2.0**ratios)),  # 1, if both laws are what they are taken for
        "total variation": float(np.abs(1 - 2.0**ratios).mean()) / 2,
        "total variation at 0.49": float(np.abs(1 - 2.0**fuller_ratios).mean()) / 2,
        "likelihood": area(*(likelihoods(encoding, one) for one in (sent, hidden))),
        "ones": area(*(ones(encoding, one, bits) for one in (sent, hidden))),
        "too long": area(*(log2_ratios(encoding, one, longer) for one in (sent[:FEW], too_long))),
        "unfair": area(*(ones(encoding, one, bits) for one in (sent[:FEW], unfair))),
    }


def moves_of_draws(
    encoding: Encoding, count: int, rng: np.random.Generator, bits: int, share: float = 0.5
) -> np.ndarray:
    """Which carriers move in so many draws, uint8 ``(count, carriers)``; each has a payload with this share of ones."""
    found = []
    for _ in range(count):
        payload = (rng.random(bits) < share).astype(np.uint8)
        moves, forbidden = moves_of(encoding, drawn(encoding, payload, Draws(rng.bytes(SEED_BYTES))))
        assert not forbidden
        found.append(moves)
    return np.stack(found)


def chances(encoding: Encoding) -> np.ndarray:
    """Probability of each carrier's move."""
    return np.abs(within(encoding.symbols, encoding.law.chances).ravel()) / CHANCE_SCALE


def binomial(encoding: Encoding, moves: np.ndarray) -> dict:
    """Exact tests of how often each symbol moved; the least p is what Holm's method looks at first."""
    p, count = chances(encoding), len(moves)
    free = (p > 0) & (p < 1)
    times, p = moves[:, free].sum(0, dtype=np.int64), p[free]
    tails = np.minimum(binom.cdf(times, count, p), binom.sf(times - 1, count, p))
    scores = (times - count * p) / np.sqrt(count * p * (1 - p))
    return {
        "symbols": len(p),
        "least_p": float(min(1.0, 2 * tails.min())),
        "largest_score": float(np.abs(scores).max()),
        "mean_square_score": float((scores**2).mean()),
    }


def log2_ratios(encoding: Encoding, moves: np.ndarray, bits: int) -> np.ndarray:
    """Logarithm of the likelihood ratio of each word, ``(words,)``."""
    starts = range(0, len(moves), BATCH)
    return np.concatenate([log2_ratio(encoding, moves[start : start + BATCH], bits) for start in starts])


def likelihoods(encoding: Encoding, moves: np.ndarray) -> np.ndarray:
    """Logarithm of the probability of moves by the law, but for a constant."""
    p = chances(encoding)
    free = (p > 0) & (p < 1)
    return moves[:, free] @ np.log(p[free] / (1 - p[free]))


def ones(encoding: Encoding, moves: np.ndarray, bits: int) -> np.ndarray:
    """Number of ones among the message bits of each word."""
    symbols = encoding.symbols
    steps = np.sign(within(symbols, encoding.law.chances)).ravel()
    values = (symbols.carriers.ravel() + moves * steps).astype(np.uint8)
    return np.array([read(symbols.with_carriers(one.reshape(symbols.carriers.shape)), bits).sum() for one in values])


def with_redraws(task: tuple[np.ndarray, int]) -> tuple[int, int]:
    """Clipped blocks of a send and of a hide by a sender that draws hides again until no block clips.

    Its law forbids only blocks without headroom for two moves, as syndrome codes do; more moves than two can clip.
    """
    picture, number = task
    codec, rng = registry.load(CODEC), np.random.default_rng([SEED, number, 1])
    encoding = codec.encode(picture)
    steps = np.where(encoding.wet, 0, np.sign(encoding.side))
    steps[encoding.symbols.values == np.where(steps > 0, 255, 0)] = 0  # those that would leave the alphabet
    sizes = chances_by_error(codec.dither)[np.abs(encoding.side.astype(np.int64))]
    loose, bits = replace(encoding, law=Law((steps * sizes).astype(np.int16))), capacity(picture)
    sent = clipped_blocks(drawn(loose, NONE, Draws(rng.bytes(SEED_BYTES))), encoding.symbols)
    for _ in range(REDRAWS):
        payload = rng.integers(0, 2, bits).astype(np.uint8)
        hidden = clipped_blocks(drawn(loose, payload, Draws(rng.bytes(SEED_BYTES))), encoding.symbols)
        if not hidden:
            break
    return sent, hidden


def clipped_blocks(symbols: Symbols, undithered: Symbols) -> int:
    """Blocks of which a pixel clips, and would not without the dither."""
    synthesis = registry.load(CODEC).basis(symbols.channels).synthesis.astype(np.int64)

    def clips(one: Symbols) -> np.ndarray:
        values = (one.carriers.reshape(len(synthesis), -1).T.astype(np.int64) - 128) @ synthesis
        return ((values < LOW) | (values > HIGH)).any(1)

    return int(np.count_nonzero(clips(symbols) & ~clips(undithered)))


def area(sent: np.ndarray, hidden: np.ndarray) -> dict[str, float]:
    """AUC of hides against sends, and half an interval of 95 % of what it is if both have one law (Mann, Whitney)."""
    n, m, total = len(sent), len(hidden), len(sent) + len(hidden)
    ties = np.unique(np.concatenate([sent, hidden]), return_counts=True)[1].astype(float)
    spread = (total + 1 - (ties**3 - ties).sum() / (total * (total - 1))) / (12 * n * m)
    return {"auc": auc(sent, hidden), "half_width": NORMAL * math.sqrt(spread)}


def mean(areas: list[dict[str, float]]) -> dict[str, float]:
    """Mean of independent AUCs."""
    width = math.sqrt(sum(one["half_width"] ** 2 for one in areas)) / len(areas)
    return {"auc": float(np.mean([one["auc"] for one in areas])), "half_width": width}


def bars(found: list[dict], ratio: dict, broken: dict) -> dict:
    tests = [one["moves"][name] for one in found for name in ("sent", "hidden")]
    least = min(1.0, sum(one["symbols"] for one in tests) * min(one["least_p"] for one in tests))
    made = {"moves follow the law: least p of all symbols, Holm": record.bar(least, at_least=LEVEL)}
    for name, one in ratio.items():
        made[f"likelihood ratio, {name}: half-width"] = record.bar(one["half_width"], at_most=0.02)
        distance = abs(one["auc"] - 0.5)
        made[f"likelihood ratio, {name}: distance of AUC from 0.5"] = record.bar(distance, at_most=one["half_width"])
    for name, one in broken.items():
        distance = abs(one["auc"] - 0.5)
        made[f"broken sender, {name}: distance of AUC from 0.5"] = record.bar(distance, at_least=one["half_width"])
    return made


if __name__ == "__main__":
    main()
