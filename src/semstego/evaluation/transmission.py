# SPDX-License-Identifier: Apache-2.0
"""Many small pictures through the system: what the receiver's task gets to see, with a message and without.

clean ──codec──▶ cover reconstruction            the task looks at all three
  └─────hide 0.1 to 1 bpp──▶ stego reconstruction
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from semstego.codecs.base import Picture
from semstego.codecs.block import operating_point
from semstego.errors import InfeasibleError
from semstego.message import frame
from semstego.message.cipher import Key
from semstego.progress import Progress
from semstego.system.stego_system import NONCES_TRIED, StegoSystem

CHUNK = 50  # pictures a process gets at once


@dataclass(frozen=True)
class Received:
    """Pictures at the receiver.

    Attributes:
        covers: Reconstructions without a message, uint8 ``(n, h, w, 3)``.
        stegos: Reconstructions with one, the same shape; None if none was asked for.
        carried: bool ``(n,)``: the message fitted; where it did not, the stego is the cover's reconstruction.
    """

    covers: NDArray[np.uint8]
    stegos: NDArray[np.uint8] | None
    carried: NDArray[np.bool_]


def transmit(
    pictures: NDArray[np.uint8], codec: str | Path, bpp: float, *, seed: int, workers: int, progress: Progress
) -> Received:
    """Send pictures, each with a fresh random message under a fresh nonce, at 1 bpp = 1 coded bit a pixel.

    Args:
        pictures: uint8 ``(n, h, w, c)``; grey ones are sent as RGB, as the tasks see them.
        codec: Operating point.
        bpp: Payload, frame included; 0 sends the covers alone.
        seed: Fixes key, nonces and messages.
        workers: Processes.
        progress: Told the share that is done.
    """
    colour = np.broadcast_to(pictures, (*pictures.shape[:3], 3))
    chunks = [np.ascontiguousarray(colour[start : start + CHUNK]) for start in range(0, len(colour), CHUNK)]
    jobs = (delayed(_send_some)(chunk, codec, bpp, (seed, index)) for index, chunk in enumerate(chunks))
    results = []
    for result in Parallel(n_jobs=workers, return_as="generator")(jobs):
        results.append(result)
        progress(f"{codec} at {bpp:g} bpp", len(results) / len(chunks))
    covers, stegos, carried = (np.concatenate(parts) for parts in zip(*results, strict=True))
    return Received(covers, stegos if bpp else None, carried)


def _send_some(
    pictures: NDArray[np.uint8], codec: str | Path, bpp: float, seed: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """Cover and stego reconstructions of a chunk, and which pictures carried their message."""
    system, rng = StegoSystem(operating_point.load(codec)), np.random.default_rng(seed)
    covers, stegos, carried = np.empty_like(pictures), np.empty_like(pictures), np.zeros(len(pictures), bool)
    for place, picture in enumerate(pictures):
        covers[place], stego = _send(system, picture, bpp, rng)
        carried[place] = stego is not None
        stegos[place] = covers[place] if stego is None else stego
    return covers, stegos, carried


def _send(
    system: StegoSystem, picture: Picture, bpp: float, rng: np.random.Generator
) -> tuple[Picture, Picture | None]:
    encoding = system.point.codec.encode_for_hiding(picture)
    cover = system.point.codec.decode(encoding.symbols)
    message_bytes = round(bpp * picture.shape[0] * picture.shape[1]) // 8 - frame.OVERHEAD_BYTES
    if message_bytes < 0:
        return cover, None
    key = Key(hashlib.sha256(rng.bytes(32)).digest())
    for _ in range(NONCES_TRIED):
        sealed = frame.seal(rng.bytes(message_bytes), None, key, rng.bytes(frame.NONCE_BYTES))
        try:
            return cover, system.embed(encoding, cover, sealed, key).picture
        except InfeasibleError:
            continue
    return cover, None
