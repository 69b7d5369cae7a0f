# SPDX-License-Identifier: Apache-2.0
"""How well a linear judge finds the message: P_E of SPAM-686 per channel, at both stages, by rate and method.

    python benchmarks/detectability.py ../shared/photos            # results/detectability.json

    photographs ──▶ squares of 96 to 512 px ──Lanczos──▶ 64 x 64 ──codec──▶ cover symbols, cover reconstruction
                                                                     └─embed─▶ stego symbols, stego reconstruction
    judge: trained on photographs of the fit part, ridge and threshold from validation, P_E on test

Every method hides the same number of coded bits in the same closed symbols under a key of its own for each picture; the
warden knows codec, method and rate, but no key. LSB matching is the positive control: a judge that misses it would
say nothing by missing another. A judge trained and tested on pairs whose two labels were swapped by coin flips is the
negative control and must end at 0.5. A picture on which one method fails at one rate is left out for all of them.
"""

import argparse
import csv
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice, product
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

import record
from record import PARTS, SIDE, SQUARES
from semstego.codec import operating_point
from semstego.data import crops
from semstego.data.io import load_picture
from semstego.errors import InfeasibleError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.metrics.detection import auc, bootstrap_interval, missed_detection_at, paired_bootstrap_interval
from semstego.metrics.image import feature_snr_db, psnr_db
from semstego.schemes.syndrome import SyndromeScheme
from semstego.steganalysis.judge import LinearJudge, pair_errors
from semstego.steganalysis.spam import spam_per_channel

RATES = (0.1, 0.25, 0.5, 1.0)  # bpp, coded bits
SCHEMES = {"side-informed HILL": SyndromeScheme(), "HILL": SyndromeScheme(side_informed=False)}
METHODS = (*SCHEMES, "LSB matching")
CASES = [(method, rate) for rate in RATES for method in METHODS]
STAGES = ("features", "picture")
FIGURES = ("changed_symbols", "psnr1_db", "psnr2_db", "feature_snr_db")
RETRIES = 8  # codings of one segment
ROOM = 1.12  # more pictures than wanted are tried, for some are left out


@dataclass(frozen=True)
class Examined:
    """Pictures as the warden sees them; index 0 of the middle axis is cover, then follow the ``CASES``."""

    features: dict[str, np.ndarray]  # by stage, float32 (n, 1 + cases, p)
    figures: np.ndarray  # (n, cases, 4): FIGURES
    photographs: np.ndarray  # (n,)
    left_out: int


def squares(path: str, downscale: float, rng: np.random.Generator):
    """Pictures of 64 x 64 from one colour photograph, reduced at least 2x counted from the original file."""
    picture = load_picture(path, flatten=True)
    least = max(SQUARES[0], int(np.ceil(2 * SIDE / downscale)))
    return crops.crops(picture, rng, least=least) if picture.shape[2] == 3 else iter(())


def match_lsb(values, dry, bits, rng):
    """LSB matching: ``bits`` dry symbols chosen by key; half of them have the wrong parity and move by one."""
    places = np.flatnonzero(np.broadcast_to(dry, values.shape))
    if len(places) < bits:
        raise InfeasibleError
    chosen = rng.permutation(places)[:bits]
    wrong = chosen[rng.random(bits) < 0.5]
    stego = values.flatten()
    moved = stego[wrong] + rng.choice([-1, 1], len(wrong))
    stego[wrong] = np.where(moved < 0, 1, np.where(moved > 255, 254, moved))
    return stego.reshape(values.shape)


def embed(scheme, encoding, cover, codec, bits, rng):
    """Stego symbols that both stages read; blocks that stage II misreads go wet, as the sender does it."""
    key = Key(rng.bytes(32))
    sealed = frame.seal(rng.bytes(bits // 8 - frame.OVERHEAD_BYTES), None, key, rng.bytes(frame.NONCE_BYTES))
    embedding = scheme.embed(encoding, cover, codec, sealed, key)
    for _ in range(RETRIES):
        symbols = embedding.symbols
        read = codec.encode(codec.decode(symbols))
        misread = (codec.carriers(read) != codec.carriers(symbols)).any(axis=0)
        if not misread.any():
            return symbols.values
        embedding.avoid(misread)
    raise InfeasibleError


def examine_picture(picture, codec, rng):
    """Symbols and reconstructions, cover first and then every case, and their figures."""
    encoding = codec.encode_for_hiding(picture)
    cover = codec.decode(encoding.symbols)
    steps = codec.basis(3).steps
    symbols, pictures, figures = [encoding.symbols.values], [cover], []
    for method, rate in CASES:
        bits = int(rate * SIDE * SIDE) // 8 * 8
        if method in SCHEMES:
            stego = embed(SCHEMES[method], encoding, cover, codec, bits, rng)
        else:
            stego = match_lsb(symbols[0], ~encoding.wet, bits, rng)
        shown = codec.decode(encoding.symbols.with_values(stego))
        changed = float(np.mean(stego != symbols[0]))
        snr = feature_snr_db(symbols[0], stego, steps)
        figures.append((changed, psnr_db(symbols[0], stego), psnr_db(cover, shown), snr))
        symbols.append(stego)
        pictures.append(shown)
    return np.stack(symbols), np.stack(pictures).transpose(0, 3, 1, 2), np.array(figures)


def examine(path: str, downscale: float, wanted: int, seed: int, name: str) -> Examined:
    """Pictures of one photograph, with codec ``name``."""
    rng = crops.generator(seed, path)
    codec = operating_point.load(name).codec
    rows, figures, left_out = {stage: [] for stage in STAGES}, [], 0
    for picture in islice(squares(path, downscale, rng), 2 * wanted):
        if len(figures) == wanted:
            break
        try:
            symbols, pictures, measured = examine_picture(picture, codec, rng)
        except InfeasibleError:
            left_out += 1
            continue
        rows["features"].append(spam_per_channel(symbols))
        rows["picture"].append(spam_per_channel(pictures))
        figures.append(measured)
    features = {stage: np.array(part, np.float32) for stage, part in rows.items()}
    return Examined(features, np.array(figures), np.full(len(figures), path), left_out)


def examine_part(part: str, wanted: int, options, downscales, pool) -> Examined:
    """About equally many pictures from every photograph of a part, ``wanted`` in all."""
    files = [file for file in (PARTS / f"{part}.txt").read_text().split("\n") if file in downscales]
    each = int(np.ceil(ROOM * wanted / len(files)))
    work = partial(examine, wanted=each, seed=options.seed, name=options.codec)
    paths = [str(options.photographs / file) for file in files]
    done, start = [], time.monotonic()
    for index, result in enumerate(pool.map(work, paths, [downscales[file] for file in files]), start=1):
        done.append(result)
        if index % 25 == 0 or index == len(files):
            count, seconds = sum(len(r.figures) for r in done), time.monotonic() - start
            print(f"{part}: {index}/{len(files)} photographs, {count} pictures, {seconds:.0f} s", flush=True)
    left_out = sum(result.left_out for result in done)
    done = [result for result in done if len(result.figures)]
    photographs = np.concatenate([result.photographs for result in done])
    keep = np.sort(np.random.default_rng(options.seed).permutation(len(photographs))[:wanted])
    features = {stage: np.concatenate([r.features[stage] for r in done])[keep] for stage in STAGES}
    return Examined(features, np.concatenate([r.figures for r in done])[keep], photographs[keep], left_out)


def judge_case(parts, stage, case, swap_rng=None):
    """The judge of one case, and its scores on test pairs; with ``swap_rng`` labels are swapped by coin flips."""
    pairs = {}
    for part, examined in parts.items():
        cover, stego = examined.features[stage][:, 0], examined.features[stage][:, case]
        if swap_rng is not None:
            swap = swap_rng.random((len(cover), 1)) < 0.5
            cover, stego = np.where(swap, stego, cover), np.where(swap, cover, stego)
        pairs[part] = cover, stego
    (val_cover, val_stego), (cover, stego) = pairs["validation"], pairs["test"]
    judge = LinearJudge.fit(*pairs["fit"], validation_cover=val_cover, validation_stego=val_stego)
    return judge, judge.score(cover), judge.score(stego), pair_errors(judge, cover, stego)


def mean_of(errors):
    """P_E as a function of the test pairs drawn."""
    return lambda rows: float(errors[rows].mean())


def p_e_interval(errors, examined, seed):
    found = bootstrap_interval(mean_of(errors), examined.photographs, np.random.default_rng(seed))
    return rounded(found._asdict())


def rounded(row):
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}


def judge_row(parts, stage, index, seed):
    """One row of the table, and the errors of every test pair, for the differences."""
    method, rate = CASES[index]
    judge, cover, stego, wrong = judge_case(parts, stage, index + 1)
    found = p_e_interval(wrong, parts["test"], seed)
    row = {"stage": stage, "method": method, "bpp": rate, "p_e": found}
    row |= {"auc": auc(cover, stego), "missed_at_5_percent": missed_detection_at(cover, stego)}
    row |= {"p_fa": float(np.mean(cover > judge.threshold)), "p_md": float(np.mean(stego <= judge.threshold))}
    means = np.mean(parts["test"].figures[:, index], axis=0)
    row |= {"ridge": judge.ridge} | dict(zip(FIGURES, means.tolist(), strict=True))
    limits = f"{found['estimate']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"
    print(f"{stage:8} {rate:4} bpp {method:18} P_E {limits}", flush=True)
    return rounded(row), wrong


def judge_all(parts, options):
    """A row for every stage, rate and method; the errors by the same."""
    cases = [(stage, index) for stage in STAGES for index in range(len(CASES))]
    # One thread of linear algebra for each judge: OpenBLAS's own threads wait for one another on a busy machine.
    with threadpool_limits(1), ThreadPoolExecutor(options.workers) as pool:
        judged = list(pool.map(lambda case: judge_row(parts, *case, options.seed), cases))
    errors = {(stage, *CASES[index]): wrong for (stage, index), (_, wrong) in zip(cases, judged, strict=True)}
    return [row for row, _ in judged], errors


def differences(errors, examined, seed):
    """Side-informed minus the others on the same pictures; above 0 it is the harder one to find."""
    rows = []
    for stage, rate, other in product(STAGES, RATES, METHODS[1:]):
        first, second = (mean_of(errors[stage, method, rate]) for method in (METHODS[0], other))
        rng = np.random.default_rng(seed)
        found = paired_bootstrap_interval(first, second, examined.photographs, rng)
        what = {"stage": stage, "bpp": rate, "p_e_of": METHODS[0], "minus_that_of": other}
        rows.append(what | rounded(found._asdict()))
    return rows


def negative_control(parts, seed):
    """P_E where there is nothing to learn: LSB matching at the highest rate with labels swapped at random."""
    case, found = 1 + CASES.index((METHODS[-1], RATES[-1])), {}
    for stage in STAGES:
        *_, wrong = judge_case(parts, stage, case, np.random.default_rng(seed))
        found[stage] = p_e_interval(wrong, parts["test"], seed)
    return found


def data_of(options, parts):
    """The lists, and the pictures made of each."""
    found = {}
    for part, e in parts.items():
        counts = {"pictures": len(e.figures), "photographs_used": len(set(e.photographs)), "left_out": e.left_out}
        found[part] = record.describe(options.photographs, part) | counts
    return found


def bars_of(differences):
    """Side-informed embedding must not be found more easily than the others, at any stage and rate."""
    least = min(row["estimate"] for row in differences)
    least_upper = min(row["high"] for row in differences)
    return {
        "least_difference_of_p_e": record.bar(least, at_least=0),
        "upper_limit_of_every_difference": record.bar(least_upper, at_least=0),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", type=Path, help="folder with manifest.csv")
    parser.add_argument("--name", default="detectability", help="of the file in results/")
    parser.add_argument("--codec", default="cr085")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--pictures", type=int, nargs=3, default=(2000, 500, 1000), help="fit, validation, test")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with open(options.photographs / "manifest.csv", newline="") as file:
        downscales = {row["file"]: float(row["downscale"]) for row in csv.DictReader(file) if row["file"] != "file"}
    with ProcessPoolExecutor(options.workers) as pool:
        parts = {
            part: examine_part(part, wanted, options, downscales, pool)
            for part, wanted in zip(("fit", "validation", "test"), options.pictures, strict=True)
        }
    rows, errors = judge_all(parts, options)
    figures = {"rows": rows, "differences": differences(errors, parts["test"], options.seed)}
    with threadpool_limits(1):
        figures["negative_control_p_e"] = negative_control(parts, options.seed)
    config = {"side": SIDE, "squares": SQUARES, "least_deviation": crops.LEAST_DEVIATION, "codec": options.codec}
    config |= {"judge": "ridge Fisher discriminant", "features": "SPAM-686 per channel, joint shares, T = 3"}
    config |= {"interval": record.INTERVAL}
    record.write(
        options.name,
        figures,
        config=config,
        seed=options.seed,
        data=data_of(options, parts),
        bars=bars_of(figures["differences"]),
        codecs=[options.codec],
    )


if __name__ == "__main__":
    main()
