# SPDX-License-Identifier: Apache-2.0
"""Throw damaged streams and pictures at the reader: the very message or a SemstegoError, and nothing else.

    python benchmarks/fuzz.py                      # 100,000 cases, results/fuzz.json
    python benchmarks/fuzz.py --only 4711          # one case again, with its traceback

    stego streams, pictures ──mutation──▶ bytes ──reveal──▶ message | SemstegoError | anything else: recorded

Case i follows from (seed, i) alone. Where a checksum would stop the damage at the door (`.sem`, PNG) some mutations
repair it, so that it reaches the decoder. The bases are small crops of the bundled photographs, so that one case takes
milliseconds; the key is the same for all, so that only the reader can tell them apart.
"""

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
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Annotated

import numpy as np
import typer
from PIL import Image

import record
import semstego
from semstego.codec import container, operating_point
from semstego.codec.operating_point import PICTURE_POINTS
from semstego.data.io import load_picture
from semstego.errors import SemstegoError, StreamError
from semstego.message.cipher import Key

KEY = Key(bytes(range(32)))
SIDES = ((32, 32), (64, 64), (47, 38), (40, 64))  # height, width
LOSSLESS = ("PNG", "BMP", "TIFF", "WEBP", "PPM")
SLOW, HANG = 5.0, 60.0  # seconds: what is recorded, and when a case is interrupted
GROWTH_KIB, GROWTH_PER_PIXEL = 64 << 10, 16  # peak memory that one case may add: KiB, bytes per pixel it claims
CHUNK = 250  # cases of one task
SEED = 20261122


@dataclass(frozen=True)
class Base:
    """A stego stream, what it shows, and what it hides."""

    name: str
    stream: bytes
    picture: np.ndarray
    message: bytes


@lru_cache
def bases() -> list[Base]:
    """One base for each codec, kind and size; the same in every run."""
    folder = resources.files("semstego") / "data" / "photographs"
    covers = [load_picture((folder / f"{name}.png").read_bytes()) for name in ("chelsea", "coffee", "astronaut")]
    made = []
    for codec in PICTURE_POINTS:
        for index, (height, width) in enumerate(SIDES):
            cover = covers[index % len(covers)][40 : 40 + height, 90 : 90 + width]
            for kind, picture in (("colour", cover), ("grey", record.grey(cover))):
                name = f"{codec} {kind} {height}x{width}"
                message = hashlib.sha256(name.encode()).digest()[: 8 + 4 * index]
                nonce = hashlib.sha256(b"nonce " + name.encode()).digest()[:8]
                try:
                    out = semstego.hide(picture, message, key=KEY, codec=codec, nonce=nonce)
                except SemstegoError:  # too little room
                    continue
                made.append(Base(name, out.stream, out.picture, message))
    return made


def damaged(data: bytes, rng: np.random.Generator, step: int = 1) -> bytes:
    """A copy with bits flipped, bytes cut, added, exchanged or moved, at multiples of ``step``."""
    copy = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(copy) // step + 1)) * step
        match int(rng.integers(7)):
            case 0:
                del copy[at:]
            case 1:
                copy[at:at] = rng.bytes(step * int(rng.integers(1, 9)))
            case 2:
                copy[at : at + 4] = rng.bytes(4)
            case 3:
                copy[at : at + 4] = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x80"][rng.integers(3)]
            case 4:
                del copy[at : at + step * int(rng.integers(1, 9))]
            case 5:
                copy = copy[at:] + copy[:at]
            case _:
                if at < len(copy):
                    copy[at] ^= 1 << int(rng.integers(8))
    return bytes(copy)


def sealed(header: bytes, coded: bytes) -> bytes:
    """A stream whose length field and checksum are right."""
    header = header[:38] + struct.pack("<I", len(coded))
    return header + hashlib.sha256(header + coded).digest()[:8] + coded


def stream_bytes(base: Base, rng: np.random.Generator) -> bytes:
    """Any damage; the checksum should catch it."""
    return damaged(base.stream, rng)


def stream_coded(base: Base, rng: np.random.Generator) -> bytes:
    """Damaged symbols under a good checksum."""
    header, coded = base.stream[:42], base.stream[50:]
    match int(rng.integers(4)):
        case 0:
            coded = rng.bytes(4 * int(rng.integers(len(coded) // 2)))
        case 1:
            coded = bytes(len(coded) // 4 * 4)
        case 2:
            coded = damaged(coded, rng)
        case _:
            coded = damaged(coded, rng, step=4)
    return sealed(header, coded)


def stream_header(base: Base, rng: np.random.Generator) -> bytes:
    """Other fields under a good checksum: channels, codec, fingerprint, size."""
    header, coded = bytearray(base.stream[:42]), base.stream[50:]
    point = operating_point.load(PICTURE_POINTS[rng.integers(3)])
    for _ in range(rng.integers(1, 3)):
        match int(rng.integers(6)):
            case 0:
                header[5] = int(rng.choice([0, 1, 2, 3, 4, 255]))
            case 1:
                header[6:22], header[22:30] = point.name.encode().ljust(16, b"\0"), point.fingerprint
            case 2:
                header[6:22] = [rng.bytes(16), bytes(16), b"cr085\0cr025".ljust(16, b"\0")][rng.integers(3)]
            case 3:
                at = int(rng.choice([30, 34]))
                header[at : at + 4] = struct.pack("<I", max(0, base.picture.shape[at > 30] + int(rng.integers(-9, 10))))
            case 4:
                at = int(rng.choice([30, 34]))
                header[at : at + 4] = struct.pack("<I", int(rng.choice([0, 1, 31, 2**20, 2**20 + 1, 2**32 - 1])))
            case _:
                side = int(2 ** rng.uniform(5, 13))
                header[30:38] = struct.pack("<II", side, int(rng.integers(32, 8192)))
    return sealed(bytes(header), coded)


def stream_sized(base: Base, rng: np.random.Generator) -> bytes:
    """Symbols as the entropy coder leaves what does not shrink, of any small size, below the least picture too."""
    header = bytearray(base.stream[:42])
    height, width = rng.integers(1, 100, 2).tolist()
    header[30:38] = struct.pack("<II", height, width)
    stream = container.unpack(base.stream)
    shape = operating_point.load(stream.codec).codec.symbol_shape(height, width, stream.channels)
    return sealed(bytes(header), rng.bytes(int(np.prod(shape))))


def stream_bomb(base: Base, rng: np.random.Generator) -> bytes:
    """Next to no symbols under a good checksum, and a size that would take long and much memory to fill."""
    header = bytearray(base.stream[:42])
    header[30:38] = struct.pack("<II", int(2 ** rng.uniform(8, 12.6)), int(rng.integers(256, 8192)))
    return sealed(bytes(header), bytes(4 * int(rng.integers(12))))


def stream_swapped(base: Base, rng: np.random.Generator) -> bytes:
    """One stream's header before another's symbols, or both halves of the symbols exchanged."""
    other = bases()[rng.integers(len(bases()))].stream
    header, coded = base.stream[:42], base.stream[50:]
    if rng.random() < 0.5:
        return sealed(header, other[50:])
    at = int(rng.integers(len(coded) // 4)) * 4
    return sealed(header, coded[at:] + coded[:at])


def saved(picture: np.ndarray, form: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, form, **options)
    return buffer.getvalue()


def lossless(picture: np.ndarray, rng: np.random.Generator) -> bytes:
    form = LOSSLESS[rng.integers(len(LOSSLESS))]
    return saved(picture, form, **({"lossless": True} if form == "WEBP" else {}))


def picture_pixels(base: Base, rng: np.random.Generator) -> bytes:
    """Some pixels changed, in a sound file."""
    picture = base.picture.copy()
    flat = picture.reshape(-1)
    where = rng.integers(flat.size, size=int(2 ** rng.uniform(0, 8)))
    match int(rng.integers(3)):
        case 0:
            flat[where] ^= 1
        case 1:
            flat[where] = rng.integers(256, size=len(where))
        case _:
            top, left = rng.integers(picture.shape[0] - 8), rng.integers(picture.shape[1] - 8)
            picture[top : top + 8, left : left + 8] = rng.choice([0, 255])
    return lossless(picture, rng)


def picture_geometry(base: Base, rng: np.random.Generator) -> bytes:
    """Turned, mirrored, cut, shifted, pasted, resized, or through JPEG and lossy WebP."""
    picture = base.picture
    other = bases()[rng.integers(len(bases()))].picture
    match int(rng.integers(7)):
        case 0:
            picture = np.rot90(picture, rng.integers(1, 4))
        case 1:
            picture = picture[:, ::-1] if rng.random() < 0.5 else picture[::-1]
        case 2:
            picture = picture[rng.integers(9) :, rng.integers(9) :]
        case 3:
            picture = np.roll(picture, rng.integers(-8, 9, 2), (0, 1))
        case 4 if other.ndim == picture.ndim:
            rows = int(rng.integers(1, min(len(other), len(picture)) // 8)) * 8
            columns = min(other.shape[1], picture.shape[1])
            picture = picture.copy()
            picture[:rows, :columns] = other[:rows, :columns]
        case 5:
            size = rng.integers(32, 80, 2).tolist()
            picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
        case _:
            form = ("JPEG", "WEBP")[rng.integers(2)]
            return saved(picture, form, quality=int(rng.integers(1, 101)))
    return lossless(np.ascontiguousarray(picture), rng)


def picture_file(base: Base, rng: np.random.Generator) -> bytes:
    """A damaged file of any format."""
    form = (*LOSSLESS, "JPEG")[rng.integers(len(LOSSLESS) + 1)]
    options = {"lossless": bool(rng.integers(2))} if form == "WEBP" else {}
    if form == "TIFF":
        options = {"compression": ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"][rng.integers(4)]}
    return damaged(saved(base.picture, form, **options), rng)


def picture_png_chunks(base: Base, rng: np.random.Generator) -> bytes:
    """A PNG whose chunks are damaged, doubled, dropped or exchanged, with good CRCs."""
    data = saved(base.picture, "PNG", compress_level=1)
    chunks, at = [], 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    for _ in range(rng.integers(1, 3)):
        which = int(rng.integers(len(chunks)))
        kind, body = chunks[which]
        match int(rng.integers(6)):
            case 0:
                chunks[which] = kind, damaged(body, rng)
            case 1:
                chunks.insert(int(rng.integers(len(chunks))), chunks[which])
            case 2 if len(chunks) > 1:
                del chunks[which]
            case 3:
                other = [b"PLTE", b"tRNS", b"gAMA", b"acTL", b"fcTL", b"eXIf", b"iCCP", b"zTXt", b"IDAT"]
                chunks.insert(int(rng.integers(1, len(chunks) + 1)), (other[rng.integers(9)], rng.bytes(24)))
            case 4 if chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 13:
                size = [int(2 ** rng.uniform(0, 31)) for _ in range(2)]
                chunks[0] = b"IHDR", struct.pack(">II", *size) + chunks[0][1][8:]
            case _:
                text = zlib.compress(bytes(1 << int(rng.integers(10, 27))))
                chunks.insert(1, (b"zTXt", b"comment\0\0" + text))  # a bomb
    parts = [struct.pack(">I", len(b)) + k + b + struct.pack(">I", zlib.crc32(k + b)) for k, b in chunks]
    return data[:8] + b"".join(parts)


MUTATIONS = {  # kind: (mutation, weight)
    "stream, any bytes": (stream_bytes, 3),
    "stream, symbols, checksum repaired": (stream_coded, 4),
    "stream, header, checksum repaired": (stream_header, 2),
    "stream, any size, checksum repaired": (stream_sized, 0.5),
    "stream, bomb, checksum repaired": (stream_bomb, 0.005),
    "stream, sections exchanged, checksum repaired": (stream_swapped, 2),
    "picture, pixels": (picture_pixels, 3),
    "picture, geometry and lossy formats": (picture_geometry, 2),
    "picture, file bytes": (picture_file, 4),
    "picture, PNG chunks, CRC repaired": (picture_png_chunks, 2),
}


def case(seed: int, index: int) -> tuple[str, Base, bytes]:
    """The kind, the base and the mutated bytes of a case."""
    rng = np.random.default_rng([seed, index])
    weights = np.array([weight for _, weight in MUTATIONS.values()], float)
    kind = list(MUTATIONS)[rng.choice(len(weights), p=weights / weights.sum())]
    base = bases()[rng.integers(len(bases()))]
    return kind, base, MUTATIONS[kind][0](base, rng)


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
    config |= {"reproduce": "python benchmarks/fuzz.py --only INDEX"}
    record.write("fuzz", figures, config=config, seed=seed, data={"covers": "bundled photographs"}, bars=bars)


if __name__ == "__main__":
    typer.run(main)
