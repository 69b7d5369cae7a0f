# SPDX-License-Identifier: Apache-2.0
"""Throw damaged streams at the readers for a while: each must end in a picture's worth of symbols or in StreamError.

    python benchmarks/fuzz_streams.py --seconds 60 --seed 1

Two readers are tried: ``container.unpack``, which may let nothing but the original pass, and, behind the checksum's
back, ``EntropyModel.decode``. A crash, a foreign exception or a wrong shape ends the run with a traceback.
"""

import argparse
import time

import numpy as np

from semstego.codec import container
from semstego.codec.entropy import EntropyModel
from semstego.codec.entropy_fitting import fit
from semstego.errors import StreamError

KEPT = 6


def laplacian_symbols(rng: np.random.Generator, height: int, width: int):
    """Symbols ``(KEPT, height, width)``, uint8: a random walk and planes of rising quiet."""
    walk = np.cumsum(rng.normal(0, 2, (height, width)), axis=1) + np.cumsum(rng.normal(0, 2, (height, 1)), axis=0)
    details = [rng.laplace(0, 3 / plane, (height, width)) for plane in range(1, KEPT)]
    return np.clip(np.rint(np.stack([walk, *details])) + 128, 0, 255).astype(np.uint8)


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A copy with bits flipped, bytes cut, added or exchanged."""
    copy = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(len(copy) + 1))
        match int(rng.integers(5)):
            case 0:
                del copy[at:]
            case 1:
                copy[at:at] = rng.bytes(int(rng.integers(1, 9)))
            case 2:
                copy[at : at + 4] = rng.bytes(4)
            case 3:
                copy[at : at + 4] = rng.choice([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\x80"])
            case _:
                if at < len(copy):
                    copy[at] ^= 1 << int(rng.integers(8))
    return bytes(copy)


def attempt(model: EntropyModel, rng: np.random.Generator) -> bool:
    """One damaged stream through both readers; whether the entropy decoder noticed."""
    height, width = (int(n) for n in rng.integers(1, 48, 2))
    symbols = laplacian_symbols(rng, height, width)
    coded = model.encode(symbols)
    if not np.array_equal(model.decode(coded, symbols.shape), symbols):
        raise AssertionError("a sound stream was misread")
    stream = container.Stream(
        codec="fuzz", fingerprint=bytes(8), height=2 * height, width=2 * width, channels=3, coded=coded
    )
    data = container.pack(stream)
    bad = damaged(data, rng)
    try:
        if container.unpack(bad) != stream:
            raise AssertionError("a damaged container passed")
    except StreamError:
        pass
    try:
        if model.decode(damaged(coded, rng), symbols.shape).shape != symbols.shape:
            raise AssertionError("a damaged stream changed its shape")
    except StreamError:
        return True
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    model = fit([laplacian_symbols(rng, 40, 60) for _ in range(4)])
    count, noticed, end = 0, 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        noticed += attempt(model, rng)
        count += 1
    print(f"{count} damaged streams, none crashed a reader; the entropy decoder alone noticed {noticed}")


if __name__ == "__main__":
    main()
