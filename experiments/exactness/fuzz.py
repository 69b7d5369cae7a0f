# SPDX-License-Identifier: Apache-2.0
"""Throw damaged streams and pictures at the reader: the very message or a SemstegoError, and nothing else.

    python -m experiments.exactness.fuzz                      # 100,000 cases, results/fuzz.json
    python -m experiments.exactness.fuzz --only 4711          # one case again, with its traceback

    stego streams, pictures ──mutation──▶ bytes ──reveal──▶ message | SemstegoError | anything else: recorded

Case i follows from (seed, i) alone; `mutations.py` makes it.
"""

import contextlib
import hashlib
import io
import json
import os
import resource
import signal
import struct
import time
import traceback
import warnings
from collections import Counter
from functools import lru_cache
from typing import Annotated

import typer
from PIL import Image

import semstego
from experiments import record
from experiments.exactness.mutations import KEY, MUTATIONS, Base, bases, case, saved
from semstego.codecs import stream as container
from semstego.errors import NothingFoundError, SemstegoError, StreamError
from semstego.message.cipher import Key

SLOW, HANG = 5.0, 60.0  # seconds: what is recorded, and when a case is interrupted
GROWTH_KIB, GROWTH_PER_PIXEL = 64 << 10, 16  # peak memory that one case may add: KiB, bytes per pixel it claims
CHUNK = 250  # cases of one task
SEED = 20261122
NOBODY = Key(bytes(32))


def judge(kind: str, base: Base, data: bytes) -> tuple[str, str]:
    """How the readers answer: "exact", "refused: Error", or what is wrong with them; and a detail."""
    try:
        found = semstego.reveal(data, key=KEY).message
    except SemstegoError as error:
        answer = f"refused: {type(error).__name__}"
    else:
        allowed = {b.message for b in bases()} if "exchanged" in kind else {base.message}
        if found not in allowed:
            return "wrong bytes", found[:64].hex()
        answer = "exact"
    if kind.startswith("stream") and data != base.stream:
        return second_reader(kind, data, answer)
    return answer, ""


def second_reader(kind: str, data: bytes, answer: str) -> tuple[str, str]:
    """Reading without a key: the container lets no accident pass, and symbols have the shape that was promised."""
    try:
        stream = container.unpack(data)
        if "repaired" not in kind:
            return "damaged container passed", ""
        picture = semstego.reconstruct(data)
    except StreamError:
        return answer, ""
    if picture.shape[:2] != (stream.height, stream.width):
        return "wrong shape", str(picture.shape)
    return answer, ""


class Hang(BaseException):  # no Exception, so that nothing catches it on the way
    """A case takes longer than anybody would wait."""


def interrupt(*_) -> None:
    raise Hang


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def claimed_pixels(data: bytes) -> int:
    """Size that a stream or picture claims, 0 where it claims none or more than is allowed."""
    if data.startswith(container.MAGIC):
        height, width = struct.unpack_from("<II", data.ljust(container.HEADER_BYTES), 30)
    else:
        try:
            with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as image:
                warnings.simplefilter("ignore")
                height, width = image.size
        except Exception:  # whatever Pillow says of it
            return 0
    return height * width if height * width <= container.MAX_PIXELS else 0


def run_case(seed: int, index: int) -> dict:
    """One case: kind, outcome, seconds, growth of the peak memory."""
    kind, base, data = case(seed, index)
    before, start, detail = peak_kib(), time.perf_counter(), ""
    signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, HANG)
    try:
        outcome, detail = judge(kind, base, data)
    except Hang:
        outcome = "hang"
    except BaseException as error:
        outcome, detail = f"crash: {type(error).__name__}", traceback.format_exc(limit=-4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    facts = {"index": index, "kind": kind, "base": base.name, "outcome": outcome, "detail": detail}
    facts |= {"seconds": time.perf_counter() - start, "peak_growth_kib": peak_kib() - before}
    facts |= {"bytes": len(data), "claimed_pixels": claimed_pixels(data)}
    return facts | {"sha256": hashlib.sha256(data).hexdigest()}


def grown(facts: dict) -> bool:
    """Whether a case took more memory than what it claims to be allows."""
    return facts["peak_growth_kib"] > GROWTH_KIB + GROWTH_PER_PIXEL * facts["claimed_pixels"] // 1024


def run_chunk(task: tuple[int, int, int]) -> tuple[Counter, list[dict], dict, float]:
    """Cases [first, last): counts by kind and outcome, suspicious ones, the slowest, seconds."""
    seed, first, last = task
    quiet_c_libraries()
    warm_up()
    counts, suspicious, slowest, start = Counter(), [], {"seconds": 0.0}, time.perf_counter()
    for index in range(first, last):
        facts = run_case(seed, index)
        counts[facts["kind"], facts["outcome"]] += 1
        slowest = max(slowest, facts, key=lambda f: f["seconds"])
        good = facts["outcome"] == "exact" or facts["outcome"].startswith("refused")
        if not good or facts["seconds"] > SLOW or grown(facts):
            suspicious.append(facts)
    return counts, suspicious, slowest, time.perf_counter() - start


@lru_cache
def quiet_c_libraries() -> None:
    """The C library of TIFF prints to the terminal whatever Python does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


@lru_cache
def warm_up() -> None:
    """Load every kernel, so that what they take is not charged to a case."""
    for base in bases():
        assert semstego.reveal(base.stream, key=KEY).message == base.message
        assert semstego.reveal(base.picture, key=KEY).message == base.message
        assert semstego.reveal(saved(base.picture, "PNG"), key=KEY).message == base.message
        with contextlib.suppress(NothingFoundError):  # every codec and scheme is tried
            semstego.reveal(base.picture, key=NOBODY)


def fuzz(count: int, seed: int, workers: int = 2) -> dict:
    """The figures of ``count`` cases."""
    tasks = [(seed, first, min(first + CHUNK, count)) for first in range(0, count, CHUNK)]
    counts, suspicious, slowest, seconds = Counter(), [], {"seconds": 0.0}, 0.0
    for found, bad, slow, took in record.spread(run_chunk, tasks, "fuzzing", workers=workers):
        counts += found
        suspicious += bad
        slowest = max(slowest, slow, key=lambda f: f["seconds"])
        seconds += took
    table: dict[str, dict[str, int]] = {kind: {} for kind in MUTATIONS}
    for (kind, outcome), number in sorted(counts.items()):
        table[kind][outcome] = number
    by_outcome = Counter()
    for (_, outcome), number in counts.items():
        by_outcome[outcome] += number
    wrong = sum(n for o, n in by_outcome.items() if o != "exact" and not o.startswith("refused"))
    slow = sum(facts["seconds"] > SLOW for facts in suspicious)
    large = sum(grown(facts) for facts in suspicious)
    return {
        "cases": count,
        "by_outcome": dict(by_outcome),
        "by_kind_and_outcome": table,
        "crashes_hangs_or_wrong_bytes": wrong,
        "slower_than_5_s": slow,
        "memory_beyond_what_is_claimed": large,
        "milliseconds_per_case": 1000 * seconds / count,
        "slowest": slowest,
        "suspicious": suspicious[:200],
    }


def main(
    count: Annotated[int, typer.Option(help="Number of cases.")] = 100_000,
    seed: int = SEED,
    only: Annotated[int | None, typer.Option(help="Run this case alone and say what happens.")] = None,
) -> None:
    """Throw damaged streams and pictures at the reader."""
    if only is not None:
        warm_up()
        print(json.dumps(run_case(seed, only), indent=1))
        return
    figures = fuzz(count, seed)
    bars = {
        "cases": record.bar(count, at_least=100_000),
        "crashes_hangs_or_wrong_bytes": record.bar(figures["crashes_hangs_or_wrong_bytes"], at_most=0),
        "slower_than_5_s": record.bar(figures["slower_than_5_s"], at_most=0),
        "memory_beyond_what_is_claimed": record.bar(figures["memory_beyond_what_is_claimed"], at_most=0),
    }
    config = {"bases": [base.name for base in bases()], "slow_s": SLOW, "hang_s": HANG, "growth_kib": GROWTH_KIB}
    config |= {"growth_bytes_per_claimed_pixel": GROWTH_PER_PIXEL}
    config |= {"mutations": {kind: weight for kind, (_, weight) in MUTATIONS.items()}}
    config |= {"reproduce": "python -m experiments.exactness.fuzz --only INDEX"}
    record.write("fuzz", figures, config=config, seed=seed, data={"covers": "bundled photographs"}, bars=bars)


if __name__ == "__main__":
    typer.run(main)
